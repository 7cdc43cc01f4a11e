/* landfalld: takes its options from control, opens everything, gives up what it no longer needs, and keeps
 * house while the cores answer. */
#include "base/log.h"
#include "base/slice.h"
#include "dataplane/appliance.h"
#include "dataplane/control_link.h"
#include "dataplane/handover.h"
#include "dataplane/intake.h"
#include "dataplane/run_dir.h"
#include "dataplane/sandbox.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define TURN_MS 50 /* of the housekeeping loop */

static struct landfalld {
        struct lf_control_link link;
        struct lf_control_message message; /* locked: keys pass through */
        struct lf_handover_options options;
        struct lf_appliance appliance;
        struct lf_intake *intake; /* NULL: not configured */
        struct lf_counters *counters;
        uint8_t boot[16];
        int signals;
        uint32_t control_gid;
        uint64_t untold[LF_GENERATIONS_MAX]; /* let go while control was away */
        unsigned untold_n;
} d;

static const char usage[] =
    "usage: landfalld [--run-dir DIR] [--control-user USER]\n"
    "\n"
    "The screening appliance's dataplane. landfall-control configures it over DIR/" LF_HANDOVER_SOCKET ".\n"
    "\n"
    "  --run-dir DIR        sockets and counters (default /run/landfall)\n"
    "  --control-user USER  who may configure it, beside root: a name or number (default: who starts it; if "
    "that is\n"
    "                     root: " LF_HANDOVER_CONTROL_USER ")\n"
    "  --help, --version\n";

static uint64_t now_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void say_hello(void)
{
        struct lf_handover_hello h = {.pid = (uint32_t)getpid()};
        memcpy(h.boot, d.boot, sizeof h.boot);
        if (d.intake) {
                h.configured = 1;
                h.match_cores = lf_dataplane_match_cores(d.appliance.dp);
                h.ruleset = lf_intake_ruleset(d.intake);
                h.generation = lf_intake_generation(d.intake);
                h.audit_durable = lf_read(&d.counters->audit_durable);
        }
        lf_control_link_send(&d.link, LF_HANDOVER_HELLO, &h, sizeof h);
}

static void reply(const struct lf_control_message *m, int error, const char *text)
{
        struct lf_handover_done done = {.error = error};
        if (m->size >= sizeof(struct lf_handover_head))
                done.sequence = ((const struct lf_handover_head *)m->bytes)->sequence;
        snprintf(done.text, sizeof done.text, "%s", text);
        lf_control_link_send(&d.link, error ? LF_HANDOVER_ERROR : LF_HANDOVER_DONE, &done, sizeof done);
}

static _Noreturn void fail(const char *why)
{
        lf_log_error("%s", why);
        fflush(NULL);
        _exit(1);
}

/* A wanted end before anything was opened, too. */
static _Noreturn void end(void)
{
        int r = 0;
        if (d.intake) {
                r = lf_appliance_stop(&d.appliance);
                lf_intake_destroy(d.intake);
                lf_set(&d.counters->updated_ns, now_ns());
                atomic_store(&d.counters->pid, 0);
        }
        lf_control_link_forget(&d.message);
        explicit_bzero(&d.options, sizeof d.options);
        if (r < 0)
                fail("the last audit entries could not be written: their queries were not answered");
        fflush(NULL);
        _exit(0); /* libraries' own endings would open files and start threads */
}

static bool signal_came(void)
{
        struct signalfd_siginfo info;
        return read(d.signals, &info, sizeof info) == (ssize_t)sizeof info;
}

/* Everything is opened, then all that opening needs is given up. */
static void configure(const struct lf_control_message *m, int run_dir_fd, const char *run_dir)
{
        char why[256];
        memcpy(&d.options, m->bytes, sizeof d.options);
        int r = lf_appliance_open(&d.options, run_dir, d.boot, d.counters, &d.appliance, why);
        explicit_bzero(d.options.audit_key, sizeof d.options.audit_key);
        struct lf_limits *limits;
        if (r == 0 && (r = lf_run_dir_limits(run_dir_fd, d.control_gid, &limits)) < 0)
                snprintf(why, sizeof why,
                         "%.150s/" LF_LIMITS_FILE ": %s; delete it, and what it counted begins anew", run_dir,
                         strerror(-r));
        if (r == 0)
                lf_dataplane_use_limits(d.appliance.dp, limits);
        if (r == 0 && (r = lf_intake_create(d.appliance.dp, &d.intake)) < 0)
                snprintf(why, sizeof why, "out of memory");
        if (r == 0 && (r = lf_run_dir_show_counters(run_dir_fd)) < 0)
                snprintf(why, sizeof why, "counters page: %s", strerror(-r));
        if (r == 0)
                r = lf_appliance_bare(&d.appliance, &d.options, why);
        if (r == 0 && (r = lf_appliance_launch(&d.appliance)) < 0)
                snprintf(why, sizeof why, "starting the cores: %s", strerror(-r));
        if (r < 0) {
                reply(m, r, why);
                fail(why);
        }
        d.counters->memory_locked = d.appliance.locked;
        lf_set(&d.counters->updated_ns, now_ns());
        atomic_store(&d.counters->pid, (uint32_t)getpid());
        reply(m, 0, "");
        struct lf_handover_head ready;
        lf_control_link_send(&d.link, LF_HANDOVER_READY, &ready, sizeof ready);
}

static void take_message(struct lf_control_message *m, int run_dir_fd, const char *run_dir)
{
        char text[LF_INTAKE_TEXT] = "";
        int r = m->cut ? -EBADMSG : lf_intake_check(m->bytes, m->size, m->fds, text);
        if (r == 0 && !d.intake) {
                if (((const struct lf_handover_head *)m->bytes)->type == LF_HANDOVER_OPTIONS) {
                        configure(m, run_dir_fd, run_dir);
                        return;
                }
                r = -ENOTCONN;
                snprintf(text, sizeof text, "options come first");
        }
        if (r == 0)
                r = lf_intake_take(d.intake, m->bytes, m->size, m->fd, m->fds, text);
        if (m->cut)
                snprintf(text, sizeof text, "the message is too long or has too many descriptors");
        reply(m, r, r < 0 ? text : "");
}

static void serve_control(int run_dir_fd, const char *run_dir)
{
        int r;
        if (lf_control_link_accept(&d.link)) {
                if (d.intake)
                        lf_intake_reset(d.intake);
                say_hello();
        }
        while ((r = lf_control_link_receive(&d.link, &d.message)) > 0) {
                take_message(&d.message, run_dir_fd, run_dir);
                lf_control_link_forget(&d.message);
                if (d.intake)
                        lf_set(&d.counters->control_seen_ns, now_ns());
        }
        if (r < 0 && d.intake)
                lf_intake_reset(d.intake);
}

/* Generations that were let go; what control was not there to hear is kept for it. */
static void tell_retired(void)
{
        uint64_t id;
        while (d.untold_n < LF_GENERATIONS_MAX && lf_intake_retired(d.intake, &id))
                d.untold[d.untold_n++] = id;
        while (d.untold_n) {
                struct lf_handover_generation g = {.generation = d.untold[0]};
                if (lf_control_link_send(&d.link, LF_HANDOVER_RETIRED, &g, sizeof g) < 0)
                        return;
                memmove(d.untold, d.untold + 1, --d.untold_n * sizeof *d.untold);
        }
}

/* Says that the clock was set, once. */
static void watch_clock(void)
{
        static int before; /* legal time then was behind the clock, with it, ahead */
        int64_t ahead =
            (int64_t)(lf_read(&d.counters->legal_ns) - lf_read(&d.counters->updated_ns)) / 1000000000;
        int now = (ahead > 0) - (ahead < 0);
        if (now > before)
                lf_log_info(
                    now ? "the clock was set back: legal time stands still until it is there, in %lld s"
                        : "legal time and the clock agree again",
                    (long long)ahead);
        else if (now < before)
                lf_log_info(now ? "the clock was set forward: legal time stays %lld s behind it until two "
                                  "officers approve"
                                : "legal time and the clock agree again",
                            (long long)-ahead);
        before = now;
}

static void keep_house(void)
{
        lf_dataplane_housekeep(d.appliance.dp);
        watch_clock();
        tell_retired();
        lf_set(&d.counters->control_connected, d.link.peer >= 0);
        lf_set(&d.counters->updated_ns, now_ns());
}

static _Noreturn void run(int run_dir_fd, const char *run_dir)
{
        for (;;) {
                struct pollfd p[] = {{.fd = d.signals, .events = POLLIN},
                                     {.fd = d.link.listener, .events = POLLIN},
                                     {.fd = d.link.peer, .events = POLLIN}};
                poll(p, 3, TURN_MS);
                if (signal_came())
                        end();
                serve_control(run_dir_fd, run_dir);
                if (d.intake)
                        keep_house();
        }
}

static void block_signals(void)
{
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(SIG_BLOCK, &set, NULL); /* every thread inherits it */
        signal(SIGPIPE, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        d.signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        if (d.signals < 0)
                fail("signalfd is not available");
}

/* When root starts both, control becomes another user than us and root. */
static uint32_t control_user(const char *name)
{
        uint32_t uid = geteuid(), gid = getegid();
        if (!name)
                name = uid == 0 ? LF_HANDOVER_CONTROL_USER : NULL;
        if (name && lf_sandbox_user(name, &uid, &gid) < 0) {
                fprintf(stderr, "landfalld: --control-user %s is not a user\n%s", name, usage);
                exit(2);
        }
        d.control_gid = gid;
        return uid;
}

int main(int argc, char **argv)
{
        static const struct option known[] = {{"run-dir", required_argument, NULL, 'r'},
                                              {"control-user", required_argument, NULL, 'c'},
                                              {"help", no_argument, NULL, 'h'},
                                              {"version", no_argument, NULL, 'v'},
                                              {0}};
        const char *run_dir = "/run/landfall", *control = NULL;
        char why[256];
        int c, dir, r;
        lf_sandbox_prepare();
        lf_short_slices(0); /* cores and the audit thread may share their CPUs */
        lf_log_program("landfalld");
        while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
                if (c == 'r') {
                        run_dir = optarg;
                } else if (c == 'c') {
                        control = optarg;
                } else if (c == 'h') {
                        fputs(usage, stdout);
                        return 0;
                } else if (c == 'v') {
                        printf("landfalld %s\n", LANDFALL_VERSION);
                        return 0;
                } else {
                        fputs(usage, stderr);
                        return 2;
                }
        }
        if (optind < argc) {
                fputs(usage, stderr);
                return 2;
        }
        uint32_t control_uid = control_user(control);
        block_signals();
        if (mlock(&d, sizeof d) < 0)
                fail("memory for keys cannot be locked: raise the limit of locked memory (ulimit -l)");
        if (getrandom(d.boot, sizeof d.boot, 0) != (ssize_t)sizeof d.boot)
                fail("getrandom failed");
        if (lf_run_dir_open(run_dir, &dir, why) < 0)
                fail(why);
        if ((r = lf_run_dir_counters(dir, &d.counters)) < 0 ||
            (r = lf_control_link_listen(&d.link, run_dir, control_uid)) < 0) {
                snprintf(why, sizeof why, "%s: %s; may this user write there?", run_dir, strerror(-r));
                fail(why);
        }
        run(dir, run_dir);
}
