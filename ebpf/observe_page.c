#include "ebpf/observe_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint64_t lf_page_clock(void)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int lf_page_create(const char *run_dir, struct lf_observe_page **ret)
{
        char path[PATH_MAX];
        int length = snprintf(path, sizeof path, "%s/%s", run_dir, LF_OBSERVE_FILE);
        if (length < 0 || (size_t)length >= sizeof path)
                return -ENAMETOOLONG;
        if (unlink(path) < 0 && errno != ENOENT)
                return -errno;
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return -errno;
        int error = fchmod(fd, 0644) < 0 || ftruncate(fd, sizeof **ret) < 0 ? -errno : 0;
        struct lf_observe_page *page = MAP_FAILED;
        if (!error) {
                page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                error = page == MAP_FAILED ? -errno : 0;
        }
        close(fd);
        if (error)
                return error;
        page->abi = LF_OBSERVE_ABI;
        page->size = sizeof *page;
        page->pid = (uint32_t)getpid();
        page->started_ns = page->updated_ns = lf_page_clock();
        __atomic_store_n(&page->magic, LF_OBSERVE_MAGIC, __ATOMIC_RELEASE);
        *ret = page;
        return 0;
}

void lf_page_begin(struct lf_observe_page *page)
{
        __atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void lf_page_end(struct lf_observe_page *page)
{
        page->updated_ns = lf_page_clock();
        __atomic_store_n(&page->sequence, page->sequence + 1, __ATOMIC_RELEASE);
}

void lf_page_close(struct lf_observe_page *page)
{
        if (!page)
                return;
        lf_page_begin(page);
        page->pid = 0;
        lf_page_end(page);
        munmap(page, sizeof *page);
}

enum lf_cause_kind lf_cause_kind(uint32_t cause)
{
        static const enum lf_cause_kind kinds[LF_CAUSE_COUNT] = {
#define LF_CAUSE(name, kind, key, text) LF_CAUSE_##kind,
            LF_CAUSES(LF_CAUSE)
#undef LF_CAUSE
        };
        return cause < LF_CAUSE_COUNT ? kinds[cause] : LF_CAUSE_OWN;
}

static bool is_task(uint32_t cause)
{
        return cause == LF_CAUSE_TASK || cause == LF_CAUSE_YIELD || cause == LF_CAUSE_LATE;
}

static bool is_same(const struct lf_observe_culprit *a, const struct lf_observe_culprit *b)
{
        return a->id == b->id && (a->cause == b->cause || (is_task(a->cause) && is_task(b->cause)));
}

/* What the culprit at place `i` took since `before`; a place that changed hands began anew. */
static struct lf_observe_culprit since(const struct lf_observe_tally *now,
                                       const struct lf_observe_tally *before, uint32_t i)
{
        struct lf_observe_culprit c = now->culprit[i];
        const struct lf_observe_culprit *b = &before->culprit[i];
        if (b->count && b->cause == c.cause && b->id == c.id && b->total_ns <= c.total_ns &&
            b->count <= c.count) {
                c.count -= b->count;
                c.total_ns -= b->total_ns;
        }
        return c;
}

/* A task that took time in several ways is one culprit. */
static void find_worst(const struct lf_observe_tally *now, const struct lf_observe_tally *before,
                       struct lf_observe_culprit *ret)
{
        for (uint32_t i = 0; i < LF_OBSERVE_CULPRITS; i++) {
                struct lf_observe_culprit sum = since(now, before, i);
                if (!sum.count || lf_cause_kind(sum.cause) == LF_CAUSE_OWN)
                        continue;
                for (uint32_t j = 0; j < LF_OBSERVE_CULPRITS; j++) {
                        struct lf_observe_culprit other = since(now, before, j);
                        if (j == i || !other.count || !is_same(&sum, &other))
                                continue;
                        sum.count += other.count;
                        sum.total_ns += other.total_ns;
                        sum.max_ns = other.max_ns > sum.max_ns ? other.max_ns : sum.max_ns;
                }
                if (sum.total_ns > ret->total_ns)
                        *ret = sum;
        }
}

static void add_absence(const struct lf_observe_core *core, struct lf_observe_recent *recent)
{
        uint64_t ns = core->absent_ns < recent->window_ns ? core->absent_ns : recent->window_ns;
        recent->taken_ns += ns;
        if (ns <= recent->worst.total_ns)
                return;
        recent->worst =
            (struct lf_observe_culprit){.cause = LF_CAUSE_TASK, .count = 1, .total_ns = ns, .max_ns = ns};
        memcpy(recent->worst.name, core->absent_for, LF_OBSERVE_NAME);
}

void lf_page_judge(struct lf_observe_core *core, struct lf_page_period *period, uint64_t now_ns)
{
        if (period->start_ns && now_ns >= period->start_ns && now_ns - period->start_ns < LF_PAGE_PERIOD_NS)
                return;
        if (period->start_ns && now_ns > period->start_ns) {
                struct lf_observe_recent recent = {.window_ns = now_ns - period->start_ns};
                for (uint32_t cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                        uint64_t ns = core->tally.cause[cause].total_ns - period->tally.cause[cause].total_ns;
                        if (lf_cause_kind(cause) == LF_CAUSE_TAKEN)
                                recent.taken_ns += ns;
                        else if (lf_cause_kind(cause) == LF_CAUSE_GIVEN)
                                recent.given_ns += ns;
                }
                find_worst(&core->tally, &period->tally, &recent.worst);
                add_absence(core, &recent);
                if (recent.taken_ns > recent.window_ns) /* part of it lay before */
                        recent.taken_ns = recent.window_ns;
                if (recent.given_ns > recent.window_ns - recent.taken_ns)
                        recent.given_ns = recent.window_ns - recent.taken_ns;
                core->recent = recent;
        }
        period->start_ns = now_ns;
        period->tally = core->tally;
}
