/* Screening again: when the galleries change, the messages of the window are asked about once more, under the
 * agreements whose datasets changed, and a hit that was not there before is reported. */
#include "control/gateway/gateway.h"

#include "base/log.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATUS_FILE "control.json" /* of landfall-control, in the run directory */

/* The oldest galleries that an answer came from; 0: there is none. */
static uint64_t oldest_generation(const struct lf_job *job)
{
        uint64_t oldest = UINT64_MAX;
        for (uint32_t i = 0; i < job->probes; i++)
                if (job->probe[i].out.generation && job->probe[i].out.generation < oldest)
                        oldest = job->probe[i].out.generation;
        return oldest == UINT64_MAX ? 0 : oldest;
}

void lf_rescreen_keep(struct lf_gateway *g, const struct lf_job *job, const struct lf_versions *versions)
{
        if (!g->options->rescreen)
                return;
        if (g->n_kept == g->kept_room) {
                size_t room = g->kept_room ? g->kept_room * 2 : 64;
                struct lf_kept *bigger = realloc(g->kept, room * sizeof *bigger);
                if (!bigger) {
                        lf_log_error("no memory to remember a message for screening again");
                        return;
                }
                g->kept = bigger;
                g->kept_room = room;
        }
        struct lf_kept *k = &g->kept[g->n_kept++];
        *k = (struct lf_kept){
            .received = job->sealed.received, .generation = oldest_generation(job), .versions = *versions};
        memcpy(k->id, job->sealed.id, LF_VAULT_ID);
}

/* What control says is in the galleries; only while no other generation is on its way. */
static bool read_versions(const struct lf_gateway *g, struct lf_versions *ret, uint64_t *ret_generation)
{
        char path[LF_PATH_MAX];
        json_int_t in_force = 0, newest = 0;
        int building = 1;
        snprintf(path, sizeof path, "%s/" STATUS_FILE, g->config->run);
        json_t *j = json_load_file(path, 0, NULL), *feed;
        const json_t *feeds = json_object_get(j, "feeds");
        bool good = j &&
                    json_unpack(j, "{s:{s:I, s:I, s:b}}", "generation", "number", &in_force, "newest",
                                &newest, "building", &building) == 0 &&
                    !building && in_force > 0 && in_force == newest;
        struct lf_versions v = {0};
        size_t i;
        json_array_foreach(feeds, i, feed)
        {
                int number;
                json_int_t built, records;
                if (json_unpack(feed, "{s:i, s:I, s:I}", "number", &number, "built", &built, "records",
                                &records) == 0 &&
                    number >= 0 && number < LF_DATASETS_MAX)
                        v.size[number] =
                            (uint64_t)built * 1000003 + (uint64_t)records; /* keys may come later */
                else
                        good = false;
        }
        json_decref(j);
        if (!good)
                return false;
        *ret = v;
        *ret_generation = (uint64_t)in_force;
        return true;
}

void lf_rescreen_look(struct lf_gateway *g)
{
        struct lf_versions v;
        uint64_t generation;
        if (!read_versions(g, &v, &generation))
                return;
        g->versions = v;
        g->seen_generation = generation;
        g->versions_known = true;
}

static uint64_t changes(const struct lf_gateway *g, const struct lf_versions *before)
{
        uint64_t mask = 0;
        for (unsigned i = 0; i < LF_DATASETS_MAX; i++)
                if (g->versions.size[i] != before->size[i])
                        mask |= 1ull << i;
        return mask;
}

/* What of a change is asked about together: the datasets of agreements that demand one purpose, that of the
 * first that permits screening again. Those that demand another come later. 0: none permits it. */
static uint32_t purpose_for(const struct lf_gateway *g, uint32_t purpose, uint64_t changed,
                            uint64_t *ret_together, uint64_t *ret_later)
{
        uint32_t first = 0;
        *ret_together = *ret_later = 0;
        for (uint32_t i = 0; i < g->config->datasets; i++) {
                const struct lf_config_dataset *d = &g->config->dataset[i];
                const struct lf_config_agreement *a = lf_config_agreement_by_number(g->config, d->agreement);
                uint64_t bit = 1ull << d->number;
                if (!(changed & bit) || !a || a->rescreening == LF_RESCREEN_NO ||
                    !(g->options->agreements >> a->number & 1))
                        continue;
                uint32_t wanted = a->rescreening == LF_RESCREEN_SAME ? purpose : a->rescreening;
                if (first == 0)
                        first = wanted;
                *(wanted == first ? ret_together : ret_later) |= bit;
        }
        return first;
}

static bool is_under_way(const struct lf_gateway *g)
{
        for (const struct lf_job *j = g->jobs; j; j = j->next)
                if (j->kind == LF_JOB_RESCREEN)
                        return true;
        return false;
}

/* True: a job began. False: there was nothing to ask. What comes later stays as changed as it was. */
static bool begin(struct lf_gateway *g, struct lf_kept *k, const struct lf_versions *before)
{
        uint64_t later;
        struct lf_vault_message sealed;
        struct lf_job *job = NULL;
        uint8_t *plain;
        size_t size;
        int r = lf_vault_unseal(g->vault, k->id, &sealed, &plain, &size);
        if (r == 0)
                r = lf_job_new(g, LF_JOB_RESCREEN, plain, size, &job);
        if (r < 0)
                return false;
        job->sealed = sealed;
        struct lf_past past = {0};
        r = lf_journal_read(g, &job->sealed, &past);
        job->generation = g->seen_generation;
        job->purpose = purpose_for(g, job->meta.purpose, changes(g, before), &job->changed, &later);
        job->versions = g->versions;
        for (unsigned i = 0; i < LF_DATASETS_MAX; i++)
                if (later >> i & 1)
                        job->versions.size[i] = before->size[i];
        k->versions = job->versions;
        if (r == 0 && job->purpose && job->refusal == LF_TAKEN)
                lf_gateway_agreements(g, job);
        if (r == 0 && job->agreements) {
                job->fresh = calloc(job->probes + 1, sizeof *job->fresh);
                if (job->fresh) {
                        char name[LF_NAME_LENGTH];
                        lf_log_info("%s: screened again: generation %lu changed datasets (bit mask %lx)",
                                    lf_printable(job->meta.name, name), job->generation, job->changed);
                        lf_gateway_add(g, job);
                        return true;
                }
        }
        if (r == 0)
                lf_journal_covered(g, &job->sealed, &job->versions);
        lf_job_free(job);
        return false;
}

static void forget_old(struct lf_gateway *g, uint64_t now)
{
        for (size_t i = 0; i < g->n_kept;) {
                if (now < g->kept[i].received + g->options->window_us / 1000000)
                        i++;
                else
                        g->kept[i] = g->kept[--g->n_kept];
        }
        unsigned n = lf_vault_expire(g->vault, now);
        if (n)
                lf_log_info("%u messages and keys are past their window: destroyed", n);
}

static bool may_ask(const struct lf_gateway *g, uint64_t changed)
{
        uint64_t together, later;
        return purpose_for(g, LSP_PURPOSE_BORDER_CHECK, changed, &together, &later) != 0;
}

/* The next message to screen again, if none is being. */
static void begin_next(struct lf_gateway *g)
{
        if (!g->versions_known || !g->lane)
                return;
        for (size_t i = 0; i < g->n_kept && !is_under_way(g); i++) {
                struct lf_kept *k = &g->kept[i];
                if (lf_gateway_works_on(g, k->id))
                        continue; /* in the next second */
                struct lf_versions before = k->versions;
                k->versions = g->versions;
                if (k->generation != g->seen_generation && /* else its answers knew them */
                    may_ask(g, changes(g, &before)))
                        begin(g, k, &before);
        }
}

void lf_rescreen_second(struct lf_gateway *g)
{
        forget_old(g, (uint64_t)time(NULL));
        lf_rescreen_look(g);
        begin_next(g);
}

static bool is_known(const struct lf_probe *known, const struct lsp_candidate *c)
{
        for (unsigned i = 0; i < known->out.candidates; i++)
                if (known->candidate[i].dataset == c->dataset &&
                    memcmp(known->candidate[i].reference, c->reference, sizeof c->reference) == 0)
                        return true;
        return false;
}

/* What was known stays known, as far as an outcome has room: the appliance was asked under the agreements
 * that changed only. */
static void add_known(struct lf_probe *p, const struct lf_probe *known)
{
        struct lsp_candidate *more = realloc(p->candidate, LSP_CANDIDATES_MAX * sizeof *more);
        if (!more)
                return;
        p->candidate = more;
        for (unsigned i = 0; i < known->out.candidates && p->out.candidates < LSP_CANDIDATES_MAX; i++)
                if (!is_known(p, &known->candidate[i]))
                        p->candidate[p->out.candidates++] = known->candidate[i];
}

/* Marks what is new. */
static uint32_t compare(struct lf_job *job, const struct lf_job *before)
{
        uint32_t hits = 0;
        for (uint32_t i = 0; i < job->probes; i++) {
                const struct lf_probe *p = &job->probe[i];
                unsigned n = p->out.candidates;
                for (unsigned k = 0; k < n; k++)
                        if (!is_known(&before->probe[i], &p->candidate[k])) {
                                job->fresh[i] |= 1u << k;
                                hits++;
                        }
                if (job->fresh[i])
                        add_known(&job->probe[i], &before->probe[i]);
        }
        return hits;
}

/* The message as it was answered until now. -ENOENT, -ENOKEY, -EBADMSG: its window has ended; and errno. */
static int before(struct lf_gateway *g, const struct lf_job *job, struct lf_job **ret)
{
        struct lf_vault_message sealed;
        struct lf_job *then = NULL;
        uint8_t *plain;
        size_t size;
        int r = lf_vault_unseal(g->vault, job->sealed.id, &sealed, &plain, &size);
        if (r == 0)
                r = lf_job_new(g, LF_JOB_FILE, plain, size, &then);
        if (r < 0)
                return r;
        then->sealed = sealed;
        struct lf_past past = {.job = then};
        r = then->refusal != LF_TAKEN || then->probes != job->probes
                ? -EBADMSG
                : lf_journal_read(g, &then->sealed, &past);
        if (r < 0) {
                lf_job_free(then);
                return r;
        }
        *ret = then;
        return 0;
}

static void once_more(struct lf_gateway *g, struct lf_job *job)
{
        job->again_ms = lf_gateway_now_us() / 1000 + 5000;
        lf_gateway_add(g, job);
}

/* So that the next comparison knows them: written after the report is published. */
static void remember(struct lf_gateway *g, struct lf_job *job)
{
        for (uint32_t i = 0; i < job->probes; i++)
                if (job->fresh[i])
                        lf_journal_outcomes(g, job, &i, 1);
}

static void say_left_out(const struct lf_job *job, const char *name)
{
        struct lf_counts n = lf_job_counts(job);
        for (uint32_t i = 0; i < job->probes && n.error; i++) {
                const struct lf_outcome *o = &job->probe[i].out;
                if (o->verdict && o->verdict != LSP_REFUSED)
                        continue;
                lf_log_error("%s: %lu of its travellers or parties were not screened again: %s", name,
                             n.error, lf_report_cause(o) ? lf_report_cause(o) : "no answer");
                return;
        }
}

static void compare_and_report(struct lf_gateway *g, struct lf_job *job)
{
        char name[LF_NAME_LENGTH];
        struct lf_job *then;
        int r = before(g, job, &then);
        lf_printable(job->meta.name, name);
        if (r == -ENOENT || r == -ENOKEY || r == -EBADMSG) {
                lf_job_free(job);
                return;
        }
        if (r < 0) {
                lf_log_error("%s: screened again, but what was known cannot be read: %s; tried again in 5 s",
                             name, strerror(-r));
                once_more(g, job);
                return;
        }
        job->hits = compare(job, then);
        lf_job_free(then);
        say_left_out(job, name);
        if (job->hits == 0) {
                lf_journal_covered(g, &job->sealed, &job->versions);
                lf_job_free(job);
                return;
        }
        lf_log_info("%s: %u new hits after a change of the datasets", name, job->hits);
        if (lf_drop_publish(g, job) == 0) {
                remember(g, job);
                lf_job_free(job);
                return;
        }
        once_more(g, job);
}

void lf_rescreen_finish(struct lf_gateway *g, struct lf_job *job)
{
        compare_and_report(g, job);
        begin_next(g);
}
