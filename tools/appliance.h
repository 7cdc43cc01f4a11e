/* What `landfall status` and `landfall top` look at: the counters page, control's status file, and what both
 * say about the appliance's health. */
#pragma once

#include "dataplane/counters.h"
#include "tools/disturb.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define LF_REASONS_MAX 32

struct lf_appliance {
        const char *run_dir;
        const struct lf_counters *page; /* NULL: there is none */
        int page_error;                 /* -errno why */
        struct lf_counters *then, *now; /* copies, `interval` seconds apart */
        double interval;
        bool alive; /* landfalld runs and keeps its page */
        bool balanced;
        char balance[400];
        json_t *control;    /* control.json, or NULL */
        bool control_alive; /* it is fresh */
        struct lf_disturb_verdict disturbance;
        unsigned n;
        struct {
                char cause[400];
                const char *cure; /* static text */
        } reason[LF_REASONS_MAX];
};

/* Looks twice, `wait_ms` apart. -ENOMEM. What cannot be read shows in the struct. */
int lf_appliance_read(const char *run_dir, unsigned wait_ms, struct lf_appliance *ret);
/* Looks once more: now becomes then. */
void lf_appliance_again(struct lf_appliance *a);
void lf_appliance_free(struct lf_appliance *a);

/* Fills the reasons: everything that keeps the appliance from being well. */
void lf_appliance_assess(struct lf_appliance *a);

/* Share of the interval in which the core found work, 0..1. */
double lf_core_busy(const struct lf_appliance *a, unsigned core);
/* "io+match" */
const char *lf_core_roles(uint32_t roles);
/* Arguments of commands that look at the appliance: --json, --run-dir, --help and one word of the command's
 * own. */
struct lf_look {
        const char *run_dir;
        bool json, word;
};
/* The command's exit status if it ends here (help, wrong usage), else -1. */
int lf_look_parse(int argc, char **argv, const char *word, int (*usage)(FILE *to), struct lf_look *ret);
/* The run directory that the environment or the default names. */
const char *lf_default_run_dir(void);
