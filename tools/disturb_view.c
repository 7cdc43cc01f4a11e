#include "tools/disturb_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/counters.h"
#include "tools/observe_read.h"

_Static_assert(LF_OBSERVE_BUCKETS == LF_GAP_BUCKETS, "both histograms have one shape");

static uint64_t now_ns(void)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t less(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

static uint64_t to_ns(uint64_t cycles, uint64_t hz)
{
        return hz ? (uint64_t)((double)cycles * 1e9 / (double)hz) : 0;
}

static void sum(struct lf_disturb_core *core)
{
        core->taken_ns = core->given_ns = 0;
        for (uint32_t cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                if (lf_cause_kind_of(cause) == LF_CAUSE_TAKEN)
                        core->taken_ns += core->tally.cause[cause].total_ns;
                else if (lf_cause_kind_of(cause) == LF_CAUSE_GIVEN)
                        core->given_ns += core->tally.cause[cause].total_ns;
        }
        core->unexplained_ns = core->measured && core->observed ? less(core->gap_ns, core->taken_ns) : 0;
}

static void take_gaps(struct lf_disturb_core *core, const struct lf_counters *counters, uint32_t slot,
                      const struct lf_observe_core *seen)
{
        const struct lf_core_counters *c = &counters->core[slot];
        uint64_t count = lf_read(&c->gap_count), cycles = lf_read(&c->gap_cycles);
        core->measured = true;
        core->gap_count = less(count, seen ? seen->gap_count_before : 0);
        core->gap_ns = to_ns(less(cycles, seen ? seen->gap_cycles_before : 0), counters->tsc_hz);
        core->gap_longest_ns = to_ns(lf_read(&c->gap_max_cycles), counters->tsc_hz);
        for (uint32_t i = 0; i < LF_GAP_BUCKETS; i++)
                core->gap_histogram[i] = lf_read(&c->gap_histogram[i]);
}

static void join(const struct lf_counters *counters, const struct lf_observe_page *page,
                 struct lf_disturb_view *ret)
{
        uint64_t now = now_ns();
        for (uint32_t slot = 0; slot < LF_OBSERVE_CORES; slot++) {
                const struct lf_core_counters *c =
                    counters && slot < counters->cores && counters->core[slot].present ? &counters->core[slot]
                                                                                       : NULL;
                const struct lf_observe_core *seen = page && page->core[slot].tid ? &page->core[slot] : NULL;
                if (c && seen && c->tid != seen->tid) /* landfalld began anew, or other threads are watched */
                        seen = NULL;
                if (!c && !seen)
                        continue;
                struct lf_disturb_core *core = &ret->core[ret->count++];
                *core = (struct lf_disturb_core){.core = slot,
                                                 .cpu = c ? c->cpu : seen->cpu,
                                                 .tid = c ? c->tid : seen->tid,
                                                 .observed = seen != NULL};
                core->seconds = (double)less(now, seen ? seen->since_ns : counters->started_ns) / 1e9;
                if (seen)
                        core->tally = seen->tally;
                if (c)
                        take_gaps(core, counters, slot, seen);
                sum(core);
        }
}

int lf_disturb_look(const char *run_dir, struct lf_disturb_view *ret)
{
        const struct lf_counters *counters = NULL;
        struct lf_observe_page *page = malloc(sizeof *page);
        if (!page)
                return -ENOMEM;
        memset(ret, 0, sizeof *ret);
        ret->has_counters = lf_counters_map(run_dir, &counters) == 0;
        ret->has_page = lf_observe_read(run_dir, page) == 0;
        if (ret->has_page) {
                ret->is_alive = lf_observe_is_alive(page);
                ret->events = page->events;
                ret->missing_count = page->missing_count;
                memcpy(ret->missing, page->missing, sizeof ret->missing);
        }
        join(ret->has_counters ? counters : NULL, ret->has_page ? page : NULL, ret);
        if (ret->has_counters)
                lf_counters_unmap(counters);
        free(page);
        return 0;
}

static void subtract_tally(struct lf_observe_tally *now, const struct lf_observe_tally *before)
{
        for (int cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                struct lf_observe_stat *a = &now->cause[cause];
                const struct lf_observe_stat *b = &before->cause[cause];
                a->count = less(a->count, b->count);
                a->total_ns = less(a->total_ns, b->total_ns);
                for (int i = 0; i < LF_OBSERVE_BUCKETS; i++)
                        a->histogram[i] = less(a->histogram[i], b->histogram[i]);
        }
        for (int i = 0; i < LF_OBSERVE_CULPRITS; i++) {
                struct lf_observe_culprit *a = &now->culprit[i];
                const struct lf_observe_culprit *b = &before->culprit[i];
                if (a->cause != b->cause || a->id != b->id || a->count < b->count)
                        continue; /* the place changed hands */
                a->count -= b->count;
                a->total_ns = less(a->total_ns, b->total_ns);
        }
        now->unlisted = less(now->unlisted, before->unlisted);
}

void lf_disturb_subtract(struct lf_disturb_view *view, const struct lf_disturb_view *before)
{
        for (uint32_t i = 0; i < view->count; i++) {
                struct lf_disturb_core *a = &view->core[i];
                for (uint32_t j = 0; j < before->count; j++) {
                        const struct lf_disturb_core *b = &before->core[j];
                        if (a->core != b->core || a->tid != b->tid || a->observed != b->observed)
                                continue;
                        a->seconds -= b->seconds;
                        a->gap_count = less(a->gap_count, b->gap_count);
                        a->gap_ns = less(a->gap_ns, b->gap_ns);
                        for (int k = 0; k < LF_OBSERVE_BUCKETS; k++)
                                a->gap_histogram[k] = less(a->gap_histogram[k], b->gap_histogram[k]);
                        subtract_tally(&a->tally, &b->tally);
                        sum(a);
                }
        }
}
