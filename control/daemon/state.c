#include "control/daemon/state.h"

#include "control/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "landfall-state 1\nruleset %u\npolicy %64[0-9a-f]\ngeneration %lu\nlegal_time %lu\n%n"
#define CLOCK  "machine_start %lx\nclock_began %lu\n%n" /* may be missing */

struct kept {
        uint32_t ruleset;
        char policy[65]; /* digest in hex */
        uint64_t generation;
        uint64_t legal_time; /* none later was given out */
        uint64_t machine_start, clock_began;
};

struct lf_state {
        struct kept kept;
        uint64_t given; /* the latest legal time that was given out */
        char path[];
};

static int save(struct lf_state *state, const struct kept *kept)
{
        char text[256];
        int n = snprintf(text, sizeof text,
                         "landfall-state 1\nruleset %u\npolicy %s\ngeneration %lu\nlegal_time %lu\n"
                         "machine_start %lx\nclock_began %lu\n",
                         kept->ruleset, kept->policy, kept->generation, kept->legal_time, kept->machine_start,
                         kept->clock_began);
        int r = lf_file_replace(AT_FDCWD, state->path, text, (size_t)n, 0600, true);
        if (r == 0)
                state->kept = *kept;
        return r;
}

static int load(struct lf_state *state)
{
        int fd = open(state->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        char text[512];
        ssize_t n = read(fd, text, sizeof text - 1);
        int r = n < 0 ? -errno : 0;
        close(fd);
        if (r < 0)
                return r;
        text[n] = 0;
        struct kept k = {0};
        int end = 0, more = 0;
        if (sscanf(text, FORMAT, &k.ruleset, k.policy, &k.generation, &k.legal_time, &end) != 4 || end == 0 ||
            strlen(k.policy) != 64)
                return -EBADMSG;
        if (end != n &&
            (sscanf(text + end, CLOCK, &k.machine_start, &k.clock_began, &more) != 2 || end + more != n))
                return -EBADMSG;
        state->kept = k;
        state->given = k.legal_time;
        return 0;
}

int lf_state_open(const char *path, struct lf_state **ret)
{
        size_t size = strlen(path) + 1;
        struct lf_state *state = calloc(1, sizeof *state + size);
        if (!state)
                return -ENOMEM;
        memcpy(state->path, path, size);
        memset(state->kept.policy, '0', 64);
        int r = load(state);
        if (r < 0) {
                free(state);
                return r;
        }
        *ret = state;
        return 0;
}

void lf_state_close(struct lf_state *state)
{
        struct kept k;
        if (state && state->given < state->kept.legal_time) {
                k = state->kept;
                k.legal_time = state->given;
                save(state, &k); /* if that fails the reserve stays: legal time then is ahead for so long */
        }
        free(state);
}

int lf_state_ruleset(struct lf_state *state, const uint8_t digest[32], uint32_t *ret)
{
        struct kept k = state->kept;
        for (unsigned i = 0; i < 32; i++)
                snprintf(k.policy + 2 * i, 3, "%02x", digest[i]);
        if (k.ruleset == 0 || strcmp(k.policy, state->kept.policy) != 0) {
                k.ruleset++;
                int r = save(state, &k);
                if (r < 0)
                        return r;
        }
        *ret = k.ruleset;
        return 0;
}

int lf_state_generation(struct lf_state *state, uint64_t above, uint64_t *ret)
{
        struct kept k = state->kept;
        k.generation = (k.generation > above ? k.generation : above) + 1;
        int r = save(state, &k);
        if (r < 0)
                return r;
        *ret = k.generation;
        return 0;
}

uint64_t lf_state_legal_time(struct lf_state *state, uint64_t clock)
{
        if (clock > state->given) {
                struct kept k = state->kept;
                if (clock > k.legal_time) {
                        k.legal_time = clock + LF_STATE_RESERVE_S;
                        if (save(state, &k) < 0)
                                return state->given;
                }
                state->given = clock;
        }
        return state->given;
}

uint64_t lf_state_last(const struct lf_state *state)
{
        return state->given;
}

uint64_t lf_state_clock(const struct lf_state *state, uint64_t machine_start)
{
        return machine_start && state->kept.machine_start == machine_start ? state->kept.clock_began : 0;
}

int lf_state_set_clock(struct lf_state *state, uint64_t machine_start, uint64_t began)
{
        struct kept k = state->kept;
        if (k.machine_start == machine_start && k.clock_began == began)
                return 0;
        k.machine_start = machine_start;
        k.clock_began = began;
        return save(state, &k);
}
