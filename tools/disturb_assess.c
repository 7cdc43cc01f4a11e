#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/disturb.h"
#include "tools/observe_read.h"

static void unknown(struct lf_disturb_verdict *ret, const char *why)
{
        *ret = (struct lf_disturb_verdict){.state = LF_DISTURB_UNKNOWN};
        snprintf(ret->text, sizeof ret->text, "disturbance is not known: %s", why);
}

static double share_of(const struct lf_observe_recent *recent)
{
        return recent->window_ns ? (double)(recent->taken_ns + recent->given_ns) / (double)recent->window_ns
                                 : 0;
}

static const char *why_unwatched(const struct lf_observe_page *page)
{
        if (!lf_observe_is_alive(page) && page->missing_count)
                return page->missing[0].what;
        if (!lf_observe_is_alive(page))
                return "landfall-observe has ended";
        return NULL;
}

static void judge(const struct lf_observe_page *page, double limit, struct lf_disturb_verdict *ret)
{
        const struct lf_observe_core *worst = NULL;
        const char *why = why_unwatched(page);
        if (why) {
                unknown(ret, why);
                return;
        }
        for (uint32_t i = 0; i < LF_OBSERVE_CORES; i++) {
                const struct lf_observe_core *core = &page->core[i];
                if (!core->tid || !core->recent.window_ns)
                        continue;
                if (!worst || share_of(&core->recent) > share_of(&worst->recent))
                        worst = core;
        }
        if (!worst) {
                unknown(ret, page->missing_count &&
                                     page->missing[page->missing_count - 1].code == LF_OBSERVE_NO_THREADS
                                 ? page->missing[page->missing_count - 1].what
                                 : "watching has just begun");
                return;
        }
        const struct lf_observe_recent *recent = &worst->recent;
        *ret = (struct lf_disturb_verdict){
            .core = (uint32_t)(worst - page->core),
            .cpu = worst->cpu,
            .share = share_of(recent),
            .window = (double)recent->window_ns / 1e9,
            .culprit_share = (double)recent->worst.total_ns / (double)recent->window_ns,
        };
        ret->state = ret->share > limit ? LF_DISTURB_OVER : LF_DISTURB_CALM;
        memcpy(ret->culprit, recent->worst.name, sizeof ret->culprit - 1);
        snprintf(ret->text, sizeof ret->text,
                 "core %u (CPU %u) lost %.1f%% of the last %.1f s to others%s%s (%s, limit %.1f%%)",
                 ret->core, ret->cpu, ret->share * 100, ret->window, *ret->culprit ? ", most to " : "",
                 ret->culprit, recent->worst.count ? lf_cause_text(recent->worst.cause) : "nobody",
                 limit * 100);
}

int lf_disturb_assess(const char *run_dir, double limit_share, struct lf_disturb_verdict *ret)
{
        struct lf_observe_page *page = malloc(sizeof *page);
        if (!page) {
                unknown(ret, "out of memory");
                return -ENOMEM;
        }
        int error = lf_observe_read(run_dir, page);
        if (error)
                unknown(ret, error == -ENOENT ? "landfall-observe does not run" : strerror(-error));
        else
                judge(page, limit_share, ret);
        free(page);
        return error == -ENOENT ? 0 : error;
}
