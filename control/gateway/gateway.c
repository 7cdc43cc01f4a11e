/* The loop: what comes in, what is asked, what was answered, what is finished. */
#include "control/gateway/ask.h"

#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#define SCAN_MS  500  /* in/ is looked at this often even without a word from the kernel */
#define OPEN_MS  2000 /* between two tries for a session */
#define LISTENED 3    /* descriptors besides the clients': lane, socket, inotify */

static volatile sig_atomic_t ending;

static void on_end(int number)
{
        ending = 1;
}

uint64_t lf_gateway_now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

const char *lf_printable(const char *name, char text[LF_NAME_LENGTH])
{
        size_t i = 0;
        for (; name[i] && i + 1 < LF_NAME_LENGTH; i++)
                text[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : name[i] == ' ' ? ' ' : '?';
        text[i] = 0;
        return text;
}

const struct lf_config_recipient *lf_gateway_recipient(const struct lf_gateway *g, const char *name)
{
        for (uint32_t i = 0; i < g->options->recipients; i++)
                if (strcmp(g->options->recipient[i].name, name) == 0)
                        return &g->options->recipient[i];
        return NULL;
}

static bool permits(const struct lf_config_agreement *a, uint32_t purpose)
{
        for (uint32_t i = 0; i < a->rules; i++)
                if (a->rule[i].purpose == purpose && (a->rule[i].encounters >> LSP_ENCOUNTER_ADVANCE & 1))
                        return true;
        return false;
}

static bool has_change(const struct lf_gateway *g, const struct lf_config_agreement *a, uint64_t changed)
{
        for (uint32_t i = 0; i < g->config->datasets; i++) {
                const struct lf_config_dataset *d = &g->config->dataset[i];
                if (d->agreement == a->number && (changed >> d->number & 1))
                        return true;
        }
        return false;
}

void lf_gateway_agreements(const struct lf_gateway *g, struct lf_job *job)
{
        job->agreements = 0;
        for (uint32_t i = 0; i < g->config->agreements && job->agreements < 8; i++) {
                const struct lf_config_agreement *a = &g->config->agreement[i];
                if (!(g->options->agreements >> a->number & 1) || !permits(a, job->purpose))
                        continue;
                if (job->kind == LF_JOB_RESCREEN && !has_change(g, a, job->changed))
                        continue;
                job->agreement[job->agreements++] = (uint16_t)a->number;
        }
}

void lf_gateway_add_agreement(const struct lf_gateway *g, struct lf_job *job, uint32_t dataset)
{
        for (uint32_t i = 0; i < g->config->datasets; i++) {
                const struct lf_config_dataset *d = &g->config->dataset[i];
                bool known = d->number != dataset;
                for (unsigned k = 0; k < job->agreements; k++)
                        known |= job->agreement[k] == d->agreement;
                if (!known && job->agreements < sizeof job->agreement / sizeof job->agreement[0])
                        job->agreement[job->agreements++] = (uint16_t)d->agreement;
        }
}

void lf_gateway_add(struct lf_gateway *g, struct lf_job *job)
{
        static const uint8_t place[] = {
            [LF_JOB_RULING] = 0, [LF_JOB_CALL] = 1, [LF_JOB_FILE] = 2, [LF_JOB_RESCREEN] = 3};
        struct lf_job **at = &g->jobs;
        /* who waits comes first, what is screened again last */
        while (*at && place[(*at)->kind] <= place[job->kind])
                at = &(*at)->next;
        job->next = *at;
        *at = job;
}

bool lf_gateway_works_on(const struct lf_gateway *g, const uint8_t id[LF_VAULT_ID])
{
        for (const struct lf_job *j = g->jobs; j; j = j->next)
                if (memcmp(j->sealed.id, id, LF_VAULT_ID) == 0)
                        return true;
        return false;
}

/* ---- the session ---- */

static void open_lane(struct lf_gateway *g, uint64_t now_ms)
{
        if (g->lane || now_ms < g->next_open_ms)
                return;
        int r = lf_lane_open(
            &(struct lf_lane_options){.bundle = g->options->bundle, .in_flight = g->options->in_flight},
            &g->lane);
        if (r == 0)
                lf_log_info("lane %s has a session with the appliance", g->options->lane);
        else if (r != g->open_error)
                lf_log_error("no session with the appliance: %s%s", strerror(-r),
                             r == -EKEYREJECTED ? " (the lane is revoked)" : "; tried again");
        g->open_error = r;
        g->next_open_ms = lf_gateway_now_us() / 1000 + OPEN_MS;
}

/* ---- answers ---- */

static void collect(struct lf_gateway *g)
{
        struct lf_slot settled[512];
        uint32_t probes[512];
        unsigned n = 0, taken = 0;
        struct lf_lane_result result;
        while (n < 512 && lf_lane_collect(g->lane, &result) == 0) {
                struct lf_slot *slot = result.user, was = *slot;
                *slot = (struct lf_slot){0};
                g->outstanding--;
                lf_give_way(&taken, 16);
                if (was.job->kind == LF_JOB_RULING)
                        lf_ruling_answer(g, was.job, &result);
                else if (lf_job_answer(was.job, &was.job->probe[was.probe], &result))
                        settled[n++] = was;
                if (result.error && !was.job->waiting_said && was.job->kind != LF_JOB_CALL) {
                        lf_log_error("the appliance does not answer (%s): messages wait",
                                     strerror(-result.error));
                        was.job->waiting_said = true;
                }
        }
        for (struct lf_job *job = g->jobs; job && n; job = job->next) {
                unsigned k = 0;
                for (unsigned i = 0; i < n; i++)
                        if (settled[i].job == job)
                                probes[k++] = settled[i].probe;
                if (k && job->kind == LF_JOB_FILE && lf_journal_outcomes(g, job, probes, k) < 0 &&
                    !job->abandoned)
                        lf_log_error(
                            "a journal cannot be written: after a restart answers are asked for again");
        }
}

static void finish(struct lf_gateway *g, struct lf_job *job)
{
        switch (job->kind) {
        case LF_JOB_CALL:
                lf_serve_finish(g, job);
                break;
        case LF_JOB_FILE:
                lf_drop_finish(g, job);
                break;
        case LF_JOB_RESCREEN:
                lf_rescreen_finish(g, job);
                break;
        case LF_JOB_RULING:
                lf_ruling_finish(g, job);
                break;
        }
}

/* The window of a message that is still waiting has ended: that is its report. */
static void check_window(struct lf_gateway *g, struct lf_job *job)
{
        if (job->kind != LF_JOB_FILE || job->refusal != LF_TAKEN ||
            (uint64_t)time(NULL) < job->sealed.received + g->options->window_us / 1000000)
                return;
        job->refusal = LF_EMPTY;
        strcpy(job->reason, "the window ended before all answers were there");
}

static void step_jobs(struct lf_gateway *g)
{
        uint64_t now_ms = lf_gateway_now_us() / 1000;
        for (struct lf_job **at = &g->jobs; *at;) {
                struct lf_job *job = *at;
                check_window(g, job);
                if (!lf_job_ask(g, job, now_ms) || (now_ms < job->again_ms && !job->abandoned)) {
                        if (job->kind == LF_JOB_CALL)
                                lf_serve_progress(g, job);
                        at = &job->next;
                        continue;
                }
                *at = job->next;
                if (job->abandoned)
                        lf_job_free(job);
                else
                        finish(g, job);
                at = &g->jobs; /* finishing may have added one */
        }
}

static uint64_t wait_us(const struct lf_gateway *g)
{
        uint64_t now = lf_gateway_now_us(), until = g->next_scan_ms * 1000;
        if (g->told_at < g->told_size && lf_drop_has_room(g))
                return 0;
        uint64_t lane = g->lane ? now + (uint64_t)lf_lane_timeout_ms(g->lane) * 1000 : until;
        if (lane < until)
                until = lane;
        for (const struct lf_job *j = g->jobs; j; j = j->next) {
                if (j->cursor >= j->probes || !g->lane || g->outstanding >= lf_job_window(g, j) ||
                    j->again_ms * 1000 > now + 1000)
                        continue;
                uint64_t soon = lf_job_next_us(g, j); /* or the rate lets more go */
                if (soon <= now)
                        soon = now + 1000;
                if (soon < until)
                        until = soon;
        }
        return until > now ? until - now : 0;
}

static void look_around(struct lf_gateway *g)
{
        uint64_t now = lf_gateway_now_us() / 1000;
        open_lane(g, now);
        if (now >= g->next_scan_ms) {
                lf_drop_scan(g);
                g->next_scan_ms = lf_gateway_now_us() / 1000 + SCAN_MS;
        }
        if (now >= g->next_second_ms) {
                lf_rescreen_second(g);
                g->next_second_ms = lf_gateway_now_us() / 1000 + 1000;
        }
}

/* What the kernel tells of in/, as long as there is room: the rest waits where it is. */
static void hear_of_files(struct lf_gateway *g)
{
        while (g->watch >= 0 && lf_drop_has_room(g)) {
                if (g->told_at == g->told_size) {
                        ssize_t n = read(g->watch, g->told, sizeof g->told);
                        g->told_at = 0;
                        g->told_size = n > 0 ? (size_t)n : 0;
                        if (n <= 0)
                                return;
                }
                const struct inotify_event *e = (const void *)(g->told + g->told_at);
                g->told_at += sizeof *e + e->len;
                if (e->len > 0)
                        lf_drop_arrived(g, e->name);
        }
}

int lf_gateway_run(struct lf_gateway *g)
{
        struct sigaction end = {.sa_handler = on_end};
        sigaction(SIGTERM, &end, NULL);
        sigaction(SIGINT, &end, NULL);
        g->tokens = g->rules->query_burst;
        g->tokens_us = lf_gateway_now_us();
        lf_rescreen_look(g);
        lf_drop_resume(g);
        lf_log_info("running: %s", g->options->directory);
        while (!ending) {
                struct pollfd fds[LISTENED + LF_CLIENTS_MAX] = {
                    {.fd = g->lane ? lf_lane_fd(g->lane) : -1, .events = POLLIN},
                    {.fd = g->listener, .events = POLLIN},
                    {.fd = lf_drop_has_room(g) ? g->watch : -1, .events = POLLIN}};
                unsigned n = lf_serve_poll(g, fds + LISTENED);
                lf_share_urgent(g, lf_serve_waits(g));
                uint64_t us = wait_us(g);
                struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
                if (ppoll(fds, LISTENED + n, &t, NULL) < 0 && errno != EINTR)
                        return -errno;
                if (fds[2].revents || g->told_at < g->told_size)
                        hear_of_files(g);
                if (g->lane) {
                        lf_lane_process(g->lane);
                        collect(g);
                }
                lf_serve_events(g, fds + LISTENED, n);
                look_around(g);
                step_jobs(g);
        }
        lf_log_info("ending");
        return 0;
}

void lf_gateway_close(struct lf_gateway *g)
{
        lf_lane_close(g->lane); /* what is under way is forgotten with it */
        lf_serve_close(g);
        while (g->jobs) {
                struct lf_job *job = g->jobs;
                g->jobs = job->next;
                lf_job_free(job);
        }
        lf_lane_query_destroy(g->query);
        lf_vault_close(g->vault);
        free(g->slot);
        free(g->kept);
        free(g->late);
}
