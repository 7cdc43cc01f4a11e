/* landfalld, or a program like it, under load. */
#include "tools/bench/helper.h"
#include "tools/bench/packet.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define FRAMES_MAX  (1u << 20)
#define WARM_FRAMES 50000
#define WARM_MS     2000
#define FINISH_MS   5   /* until a core has counted the last turn of its loop */
#define PAGE_MS     150 /* until the counters page has the log's latest */

/* What is looked at while the load runs. */
struct watch {
        struct lf_site *site;
        double commit_us; /* sum of the samples */
        unsigned samples;
};

static void tick(void *arg)
{
        struct watch *w = arg;
        lf_site_consume(w->site);
        w->commit_us += (double)lf_read(&w->site->counters->audit_commit_us);
        w->samples++;
}

/* The counters that the figures are made of. */
struct snapshot {
        uint64_t answered, busy, stage[LF_STAGE_COUNT], dropped, commits, appended;
};

static void core_snapshot(const struct lf_counters *c, struct snapshot *s)
{
        const struct lf_core_counters *k = &c->core[0];
        s->answered = lf_read(&k->answered);
        s->busy = lf_read(&k->busy_cycles);
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++)
                s->stage[i] = lf_read(&k->stage_cycles[i]);
        s->dropped = 0;
        for (unsigned i = 0; i < LF_DROP_COUNT; i++)
                s->dropped += lf_read(&k->drop[i]);
}

static void log_snapshot(const struct lf_counters *c, struct snapshot *s)
{
        s->commits = lf_read(&c->audit_commits);
        s->appended = lf_read(&c->audit_appended);
}

static void add(struct snapshot *sum, const struct snapshot *a, const struct snapshot *b)
{
        uint64_t *s = (uint64_t *)sum;
        for (size_t i = 0; i < sizeof *sum / sizeof *s; i++)
                s[i] += ((const uint64_t *)b)[i] - ((const uint64_t *)a)[i];
}

static void sleep_ms(long ms)
{
        nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Seals, then sends; *ret_result is of the sending, *inout_sum grows by what landfalld counted meanwhile. */
static int repeat(struct lf_helper *h, struct watch *w, struct lf_peer_command ask,
                  struct snapshot *inout_sum, struct lf_peer_result *ret_result)
{
        const struct lf_counters *c = w->site->counters;
        const struct lf_helper_watch watch = {tick, w};
        struct snapshot before, after;
        int r = lf_helper_order(
            h, NULL, (struct lf_peer_command){.order = LF_PEER_PREPARE, .frames = ask.frames}, ret_result);
        core_snapshot(c, &before);
        log_snapshot(c, &before);
        if (r == 0)
                r = lf_helper_order(h, &watch, ask, ret_result);
        sleep_ms(FINISH_MS);
        core_snapshot(c, &after);
        sleep_ms(PAGE_MS);
        log_snapshot(c, &after);
        if (r == 0)
                add(inout_sum, &before, &after);
        return r;
}

static void take(struct lf_bench_load *l, unsigned i, const struct lf_peer_result *res)
{
        l->queries.each[i] = (double)res->answered * 1e9 / (double)(res->ns ? res->ns : 1);
        l->generator_busy += res->busy / LF_BENCH_REPEATS;
        l->sent += res->sent;
        l->answered += res->answered;
        l->other += res->other;
        l->lost += res->lost;
        l->opened += res->opened;
        l->wrong += res->wrong;
}

static void judge(struct lf_bench_load *l, const struct snapshot *sum, const struct lf_peer_result *res,
                  const struct watch *w)
{
        double n = sum->answered ? (double)sum->answered : 1, seconds = 0;
        lf_bench_settle(&l->queries);
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++) {
                seconds += (double)res[i].ns / 1e9;
                if (l->queries.each[i] == l->queries.median) {
                        l->p50_us = (double)res[i].p50_us;
                        l->p99_us = (double)res[i].p99_us;
                }
        }
        double share = (double)sum->busy / (seconds * (double)w->site->counters->tsc_hz);
        l->busy = share < 1 ? share : 1;
        l->dropped = sum->dropped;
        l->loop = (double)sum->busy / n; /* the stages lie within the busy turns */
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++) {
                l->stage[i] = (double)sum->stage[i] / n;
                l->loop -= l->stage[i];
        }
        l->commits = (double)sum->commits / seconds;
        l->entries_per_commit = sum->commits ? (double)sum->appended / (double)sum->commits : 0;
        l->commit_us = w->samples ? w->commit_us / w->samples : 0;
}

/* Warm-up, which also says how many queries fill the time; then the repeats. */
static int load(struct lf_helper *h, struct lf_site *site, const struct lf_bench_packet *b,
                struct lf_bench_load *ret)
{
        struct lf_peer_result res[LF_BENCH_REPEATS], warm;
        struct lf_bench_load l = {0};
        struct snapshot sum = {0}, unused = {0};
        struct watch w = {.site = site};
        struct lf_peer_command ask = {LF_PEER_ASK, b->window, WARM_FRAMES, WARM_MS};
        int r = repeat(h, &w, ask, &unused, &warm);
        if (r == 0 && warm.answered == 0)
                r = lf_bench_say(-ENODATA, "no query was answered");
        if (r < 0)
                return r;
        double frames = (double)warm.answered * 1e9 / (double)warm.ns * b->seconds + 1;
        ask.frames = frames < FRAMES_MAX ? (uint64_t)frames : FRAMES_MAX;
        ask.ms = (uint64_t)(b->seconds * 4000) + 1;
        w = (struct watch){.site = site};
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++) {
                r = repeat(h, &w, ask, &sum, &res[i]);
                if (r < 0)
                        return r;
                take(&l, i, &res[i]);
        }
        judge(&l, &sum, res, &w);
        *ret = l;
        return 0;
}

int lf_bench_program(const char *program, const struct lf_site_dirs *d, struct lf_bench_packet *b,
                     struct lf_bench_load *ret)
{
        struct lf_site site = {0};
        struct lf_helper h = {.socket = -1};
        int r = lf_site_start(program, d, b->cpu, b->load_cpu, &b->traffic, &site);
        if (r < 0)
                return r;
        struct lf_peer_start start = {
            .role = LF_PEER_LOAD, .cpu = b->load_cpu, .frames = FRAMES_MAX, .traffic = site.traffic};
        memcpy(start.socket, site.memif, sizeof start.socket);
        r = lf_helper_start(&h, d, &start);
        if (r == 0)
                r = load(&h, &site, b, ret);
        b->tsc_hz = (double)site.counters->tsc_hz;
        memcpy(b->isa, site.counters->isa, sizeof b->isa);
        lf_helper_stop(&h);
        if (!lf_site_stop(&site) && r == 0)
                r = lf_bench_say(-EIO, program);
        return r;
}
