#include "dataplane/intake.h"

#include "matcher/shard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Shards of one generation, mapped read-only. */
struct gallery {
        uint64_t id; /* 0: this place is free */
        size_t n;
        const void *image[LF_SHARDS_MAX];
        size_t mapped[LF_SHARDS_MAX];
};

struct lf_intake {
        struct lf_dataplane *dp;
        struct gallery held[LF_GENERATIONS_MAX];
        struct gallery *filling; /* its messages are still coming; NULL: none */
        uint64_t given_up;       /* what still comes of this generation is refused; 0: none */
        uint64_t generation;
        uint32_t ruleset;
};

static int fail(char *text, int error, const char *what)
{
        snprintf(text, LF_INTAKE_TEXT, "%s: %s", what, strerror(-error));
        return error;
}

int lf_intake_create(struct lf_dataplane *dp, struct lf_intake **ret)
{
        struct lf_intake *in = calloc(1, sizeof *in);
        if (!in)
                return -ENOMEM;
        in->dp = dp;
        *ret = in;
        return 0;
}

static void unmap(struct gallery *g)
{
        for (size_t i = 0; i < g->n; i++)
                munmap((void *)g->image[i], g->mapped[i]);
        g->n = 0;
        g->id = 0;
}

void lf_intake_destroy(struct lf_intake *in)
{
        if (!in)
                return;
        for (unsigned i = 0; i < LF_GENERATIONS_MAX; i++)
                unmap(&in->held[i]);
        free(in);
}

int lf_intake_check(const void *message, size_t size, unsigned fds, char text[LF_INTAKE_TEXT])
{
        static const struct {
                uint16_t type;
                size_t size;
        } known[] = {{LF_HANDOVER_OPTIONS, sizeof(struct lf_handover_options)},
                     {LF_HANDOVER_COOKIE_KEYS, sizeof(struct lf_handover_cookie_keys)},
                     {LF_HANDOVER_POLICY, sizeof(struct lf_handover_head)},
                     {LF_HANDOVER_GENERATION, sizeof(struct lf_handover_generation)},
                     {LF_HANDOVER_CONSUMED, sizeof(struct lf_handover_consumed)},
                     {LF_HANDOVER_CLOCK, sizeof(struct lf_handover_clock)}};
        struct lf_handover_generation g;
        memcpy(&g, message, size < sizeof g ? size : sizeof g);
        if (size < sizeof g.head || g.head.magic != LF_HANDOVER_MAGIC)
                return fail(text, -EPROTO, "not a handover message");
        if (g.head.abi != LF_HANDOVER_ABI) {
                snprintf(text, LF_INTAKE_TEXT,
                         "handover ABI %u, this landfalld has %d: install one version of both", g.head.abi,
                         LF_HANDOVER_ABI);
                return -EPROTO;
        }
        size_t wanted = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (known[i].type == g.head.type)
                        wanted = known[i].size;
        if (wanted == 0 || g.head.size != wanted || size != wanted)
                return fail(text, -EBADMSG, "unknown type or wrong size");
        unsigned expected = g.head.type == LF_HANDOVER_POLICY ? 1 : 0;
        if (g.head.type == LF_HANDOVER_GENERATION)
                expected = g.shards;
        if (fds != expected)
                return fail(text, -EBADMSG, "wrong number of descriptors");
        return 0;
}

/* Maps a sealed memfd, so that nobody can cut or write to it under us but through a mapping from before. */
static int map(int fd, size_t least, const void **ret, size_t *ret_size, size_t *ret_block, char *text)
{
        struct stat st;
        int seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW) ||
            !(seals & (F_SEAL_FUTURE_WRITE | F_SEAL_WRITE)))
                return fail(text, -EPERM, "a memfd is not sealed FUTURE_WRITE, SHRINK, GROW");
        if (fstat(fd, &st) < 0)
                return fail(text, -errno, "fstat of a memfd");
        if (st.st_size < 0 || (uint64_t)st.st_size < least)
                return fail(text, -EBADMSG, "a memfd is too short");
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
        if (p == MAP_FAILED)
                return fail(text, -errno, "mapping a memfd");
        *ret = p;
        *ret_size = (size_t)st.st_size;
        *ret_block = (size_t)st.st_blksize;
        return 0;
}

static int take_policy(struct lf_intake *in, int fd, char *text)
{
        const void *image;
        size_t size, block;
        int r = map(fd, sizeof(struct lf_policy), &image, &size, &block, text);
        if (r < 0)
                return r;
        uint32_t ruleset = ((const struct lf_policy *)image)->ruleset;
        r = lf_dataplane_set_policy(in->dp, image, size);
        munmap((void *)image, size);
        if (r < 0)
                return fail(text, r, "the policy table is refused");
        in->ruleset = ruleset;
        return 0;
}

/* A file of huge pages is longer than the image in it: by less than one. */
static size_t image_size(const void *image, size_t mapped, size_t block)
{
        uint64_t size = ((const struct lf_shard *)image)->size;
        return size <= mapped && mapped - size < block ? (size_t)size : mapped;
}

static int add_shard(struct gallery *g, int fd, char *text)
{
        size_t block, at = g->n;
        if (at == LF_SHARDS_MAX)
                return fail(text, -EINVAL, "a generation has too many shards");
        int r = map(fd, sizeof(struct lf_shard), &g->image[at], &g->mapped[at], &block, text);
        if (r < 0)
                return r;
        g->n++;
        r = lf_dataplane_check_shard(g->image[at], image_size(g->image[at], g->mapped[at], block));
        return r < 0 ? fail(text, r, "a shard of the generation is refused") : 0;
}

static struct gallery *begin(struct lf_intake *in, uint64_t id)
{
        for (unsigned i = 0; i < LF_GENERATIONS_MAX; i++)
                if (in->held[i].id == 0) {
                        in->held[i].id = id;
                        return &in->held[i];
                }
        return NULL;
}

static int fill(struct lf_intake *in, const struct lf_handover_generation *m, const int *fd, char *text)
{
        if (!in->filling)
                in->filling = begin(in, m->generation);
        if (!in->filling)
                return fail(text, -EBUSY, "queries of older generations are in flight: try again");
        for (uint32_t i = 0; i < m->shards; i++) {
                int r = add_shard(in->filling, fd[i], text);
                if (r < 0)
                        return r;
        }
        if (m->more)
                return 0;
        struct gallery *g = in->filling;
        int r = lf_dataplane_publish(in->dp, g->id, g->image, g->n);
        if (r == -EBUSY)
                return fail(text, r, "queries of older generations are in flight: try again");
        if (r < 0)
                return fail(text, r, "the generation is refused");
        in->filling = NULL;
        in->generation = g->id;
        return 0;
}

static int take_generation(struct lf_intake *in, const struct lf_handover_generation *m, const int *fd,
                           char *text)
{
        if (in->given_up && in->given_up == m->generation) {
                if (!m->more)
                        in->given_up = 0;
                return fail(text, -ESTALE, "this generation was refused before its end");
        }
        in->given_up = 0;
        int r;
        if (m->generation == 0 || (in->filling && in->filling->id != m->generation)) {
                r = fail(text, -EINVAL, "another generation is being handed over, or number 0");
        } else {
                r = fill(in, m, fd, text);
                if (r < 0 && in->filling) {
                        unmap(in->filling);
                        in->filling = NULL;
                }
        }
        if (r < 0 && m->more)
                in->given_up = m->generation;
        return r;
}

int lf_intake_take(struct lf_intake *in, const void *message, size_t size, const int *fd, unsigned fds,
                   char text[LF_INTAKE_TEXT])
{
        int r = lf_intake_check(message, size, fds, text);
        if (r < 0)
                return r;
        switch (((const struct lf_handover_head *)message)->type) {
        case LF_HANDOVER_OPTIONS:
                return fail(text, -EALREADY, "options were taken at the start: they change with a restart");
        case LF_HANDOVER_COOKIE_KEYS:
                r = lf_dataplane_set_cookie_keys(in->dp, message);
                return r < 0 ? fail(text, r, "the cookie keys are refused") : 0;
        case LF_HANDOVER_POLICY:
                return take_policy(in, fd[0], text);
        case LF_HANDOVER_GENERATION:
                return take_generation(in, message, fd, text);
        case LF_HANDOVER_CLOCK:
                r = lf_dataplane_approve_clock(in->dp, message);
                return r < 0 ? fail(text, r, "the clock is not where two people saw it") : 0;
        }
        lf_dataplane_consumed(in->dp, ((const struct lf_handover_consumed *)message)->entries);
        return 0;
}

void lf_intake_reset(struct lf_intake *in)
{
        if (in->filling)
                unmap(in->filling);
        in->filling = NULL;
        in->given_up = 0;
}

bool lf_intake_retired(struct lf_intake *in, uint64_t *ret_id)
{
        uint64_t id;
        if (!lf_dataplane_retired(in->dp, &id))
                return false;
        for (unsigned i = 0; i < LF_GENERATIONS_MAX; i++)
                if (in->held[i].id == id)
                        unmap(&in->held[i]);
        *ret_id = id;
        return true;
}

uint64_t lf_intake_generation(const struct lf_intake *in)
{
        return in->generation;
}

uint32_t lf_intake_ruleset(const struct lf_intake *in)
{
        return in->ruleset;
}
