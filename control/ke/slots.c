#include "control/ke/slots.h"

#include "control/file/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAGIC 0x31544f4c53464cull /* "LFSLOT1" */
/* How much is reserved with one write of the file. */
#define TURNS_RESERVED    256
#define SESSIONS_RESERVED 65536

/* Minutes are counted from 2026-01-01: turns last for 31 years. */
#define TURN_EPOCH_S 1767225600ull

struct slot {
        uint64_t session; /* 0: never given out in this process */
        uint64_t expiry;
        uint32_t turn; /* last given out; at first what the file and the clock say */
        uint32_t lane;
};

/* The file: everything below these may have been given out. */
struct reserved {
        uint64_t magic;
        uint64_t session;
        uint32_t turn;
        uint32_t check; /* of the fields above */
};

struct lf_slots {
        char *file;
        struct reserved reserved;
        uint64_t session; /* the next */
        uint32_t n;
        struct slot slot[];
};

static uint32_t check_of(const struct reserved *r)
{
        uint64_t x = (r->magic ^ r->session * 0x9e3779b97f4a7c15ull ^ r->turn) * 0xff51afd7ed558ccdull;
        return (uint32_t)(x >> 32);
}

static int read_reserved(const char *file, struct reserved *ret)
{
        struct reserved r = {0};
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT) {
                *ret = r;
                return 0;
        }
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, &r, sizeof r);
        int error = n < 0 ? -errno : 0;
        close(fd);
        if (error)
                return error;
        if (n != sizeof r || r.magic != FILE_MAGIC || r.check != check_of(&r))
                return -EBADMSG;
        *ret = r;
        return 0;
}

static int write_reserved(const char *file, struct reserved *r)
{
        r->magic = FILE_MAGIC;
        r->check = check_of(r);
        return lf_file_replace(AT_FDCWD, file, r, sizeof *r, 0600, true);
}

int lf_slots_create(const char *file, uint32_t n, uint64_t now_us, struct lf_slots **ret)
{
        if (n < 1 || n > LF_SLOTS_MAX)
                return -EINVAL;
        struct lf_slots *s = calloc(1, sizeof *s + n * sizeof s->slot[0]);
        if (!s)
                return -ENOMEM;
        s->n = n;
        s->file = strdup(file);
        int r = s->file ? read_reserved(file, &s->reserved) : -ENOMEM;
        if (r < 0) {
                lf_slots_destroy(s);
                return r;
        }
        uint64_t minute = now_us / 1000000 > TURN_EPOCH_S ? (now_us / 1000000 - TURN_EPOCH_S) / 60 : 0;
        if (minute > LF_SLOT_TURN_MAX)
                minute = LF_SLOT_TURN_MAX;
        uint32_t turn = s->reserved.turn > minute ? s->reserved.turn : (uint32_t)minute;
        for (uint32_t i = 0; i < n; i++)
                s->slot[i].turn = turn;
        s->session = s->reserved.session > now_us ? s->reserved.session : now_us;
        if (s->session == 0)
                s->session = 1;
        *ret = s;
        return 0;
}

void lf_slots_destroy(struct lf_slots *s)
{
        if (!s)
                return;
        free(s->file);
        free(s);
}

/* The lane's oldest when it holds its share, else one that is free; NULL: none. */
static struct slot *choose(struct lf_slots *s, uint32_t lane, uint64_t now)
{
        struct slot *free_slot = NULL, *oldest = NULL;
        unsigned held = 0;
        for (uint32_t i = 0; i < s->n; i++) {
                struct slot *t = &s->slot[i];
                if (t->turn >= LF_SLOT_TURN_MAX)
                        continue;
                if (t->session == 0 || t->expiry <= now) {
                        if (!free_slot)
                                free_slot = t;
                        continue;
                }
                if (t->lane != lane)
                        continue;
                held++;
                if (!oldest || t->session < oldest->session)
                        oldest = t;
        }
        return free_slot && held < LF_SLOTS_PER_LANE ? free_slot : oldest;
}

/* Makes sure that the file covers what is about to be given out. */
static int reserve(struct lf_slots *s, uint32_t turn, uint64_t session)
{
        if (turn < s->reserved.turn && session < s->reserved.session)
                return 0;
        struct reserved r = s->reserved;
        if (turn >= r.turn)
                r.turn = turn + TURNS_RESERVED;
        if (session >= r.session)
                r.session = session + SESSIONS_RESERVED;
        int error = write_reserved(s->file, &r);
        if (error == 0)
                s->reserved = r;
        return error;
}

int lf_slots_take(struct lf_slots *s, uint32_t lane, uint64_t now, uint64_t expiry, struct lf_slot_grant *ret)
{
        struct slot *t = choose(s, lane, now);
        if (!t)
                return -ENOSPC;
        int r = reserve(s, t->turn + 1, s->session);
        if (r < 0)
                return r;
        t->turn++;
        t->session = s->session++;
        t->expiry = expiry;
        t->lane = lane;
        *ret = (struct lf_slot_grant){
            .session = t->session,
            .slot = (uint32_t)(t - s->slot),
            .slot_turn = t->turn,
        };
        return 0;
}
