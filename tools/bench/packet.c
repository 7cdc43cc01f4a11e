#include "tools/bench/packet.h"

#include "tools/bench/bench.h"
#include "tools/bench/site.h"
#include "tools/commands.h"

#include <errno.h>
#include <getopt.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SESSIONS    256
#define WINDOW      1024
#define FRAMES_MAX  (1u << 20)
#define WARM_FRAMES 50000
#define WARM_MS     2000
#define SAMPLE_MS   20
#define PATIENCE_MS 120000

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
        interrupted = 1;
}

static int say(int error, const char *what)
{
        fprintf(stderr, "landfall bench: %s: %s\n", what, interrupted ? "interrupted" : strerror(-error));
        return error;
}

static void progress(const char *text)
{
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%s", text);
}

/* A helper process, and the socket to it. */
struct peer {
        pid_t pid;
        int socket;
};

/* What is looked at while a helper works. */
struct watch {
        struct lf_site *site; /* NULL: nothing */
        double commit_us;     /* sum */
        unsigned samples;
};

static int wait_result(struct peer *p, struct watch *w, struct lf_peer_result *ret)
{
        for (unsigned waited = 0; waited < PATIENCE_MS; waited += SAMPLE_MS) {
                struct pollfd f = {.fd = p->socket, .events = POLLIN};
                int r = poll(&f, 1, SAMPLE_MS);
                if (interrupted)
                        return say(-EINTR, "packet");
                if (w && w->site) {
                        lf_site_consume(w->site);
                        w->commit_us += (double)lf_read(&w->site->counters->audit_commit_us);
                        w->samples++;
                }
                if (r <= 0)
                        continue;
                if (recv(p->socket, ret, sizeof *ret, 0) != sizeof *ret)
                        return say(-ECONNRESET, "landfall-load");
                if (ret->error)
                        fprintf(stderr, "landfall bench: %s\n", ret->why);
                return ret->error;
        }
        return say(-ETIMEDOUT, "landfall-load");
}

static int command(struct peer *p, struct watch *w, struct lf_peer_command c, struct lf_peer_result *ret)
{
        if (send(p->socket, &c, sizeof c, MSG_NOSIGNAL) != sizeof c)
                return say(-errno, "landfall-load");
        return wait_result(p, w, ret);
}

static int peer_start(struct peer *p, const struct lf_site_dirs *d, struct lf_peer_start *start)
{
        int pair[2], r;
        struct lf_peer_result result;
        *p = (struct peer){.socket = -1};
        r = lf_site_dirs_child(d, d->top, start->role == LF_PEER_ECHO ? "echo" : "load", start->run_dir,
                               sizeof start->run_dir);
        if (r < 0)
                return r;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return say(-errno, "socketpair");
        p->socket = pair[0];
        r = lf_site_spawn("landfall-load", (char *[]){"landfall-load", NULL}, pair[1], &p->pid);
        close(pair[1]);
        if (r == 0 && send(p->socket, start, sizeof *start, MSG_NOSIGNAL) != sizeof *start)
                r = say(-errno, "landfall-load");
        return r < 0 ? r : wait_result(p, NULL, &result);
}

static void peer_stop(struct peer *p)
{
        if (p->socket >= 0)
                close(p->socket);
        lf_site_end(p->pid);
}

static void settle(struct lf_bench_rate *r)
{
        double s[LF_BENCH_REPEATS];
        memcpy(s, r->each, sizeof s);
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++)
                for (unsigned j = i + 1; j < LF_BENCH_REPEATS; j++)
                        if (s[j] < s[i]) {
                                double t = s[i];
                                s[i] = s[j];
                                s[j] = t;
                        }
        r->median = s[LF_BENCH_REPEATS / 2];
        r->spread = r->median > 0 ? (s[LF_BENCH_REPEATS - 1] - s[0]) / r->median : 0;
}

/* The counters that the figures are made of. */
struct snapshot {
        uint64_t answered, busy, idle, stage[LF_STAGE_COUNT], drops, commits, appended;
};

static void take_snapshot(const struct lf_counters *c, struct snapshot *s)
{
        const struct lf_core_counters *k = &c->core[0];
        *s = (struct snapshot){.answered = lf_read(&k->answered),
                               .busy = lf_read(&k->busy_cycles),
                               .idle = lf_read(&k->idle_cycles),
                               .commits = lf_read(&c->audit_commits),
                               .appended = lf_read(&c->audit_appended)};
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++)
                s->stage[i] = lf_read(&k->stage_cycles[i]);
        for (unsigned i = 0; i < LF_DROP_COUNT; i++)
                s->drops += lf_read(&k->drop[i]);
}

static void add(struct snapshot *sum, const struct snapshot *a, const struct snapshot *b)
{
        uint64_t *s = (uint64_t *)sum;
        for (size_t i = 0; i < sizeof *sum / sizeof *s; i++)
                s[i] += ((const uint64_t *)b)[i] - ((const uint64_t *)a)[i];
}

static void judge(struct lf_bench_load *l, const struct snapshot *sum, double seconds)
{
        double n = sum->answered ? (double)sum->answered : 1, staged = 0;
        l->busy = (double)sum->busy / (double)(sum->busy + sum->idle);
        l->drops = sum->drops;
        for (unsigned i = 0; i < LF_STAGE_COUNT; i++) {
                l->stage[i] = (double)sum->stage[i] / n;
                staged += l->stage[i];
        }
        /* On a core with both roles the stages lie within its busy turns. */
        l->loop = (double)sum->busy / n - staged;
        l->commits = (double)sum->commits / seconds;
        l->entries_per_commit = sum->commits ? (double)sum->appended / (double)sum->commits : 0;
        settle(&l->queries);
}

static int repeat(struct peer *p, struct watch *w, uint64_t frames, uint64_t ms, struct snapshot *sum,
                  struct lf_bench_load *l, unsigned i, struct lf_peer_result *res)
{
        struct snapshot before, after;
        int r = command(p, NULL, (struct lf_peer_command){.order = LF_PEER_PREPARE, .frames = frames}, res);
        take_snapshot(w->site->counters, &before);
        if (r == 0)
                r = command(p, w, (struct lf_peer_command){LF_PEER_ASK, WINDOW, frames, ms}, res);
        if (r < 0)
                return r;
        take_snapshot(w->site->counters, &after);
        add(sum, &before, &after);
        l->queries.each[i] = (double)res->answered * 1e9 / (double)(res->ns ? res->ns : 1);
        l->generator_busy += res->busy / LF_BENCH_REPEATS;
        l->answered += res->answered;
        l->lost += res->lost;
        l->notices += res->other;
        l->opened += res->opened;
        l->wrong += res->wrong;
        return 0;
}

/* Warm-up, which also says how many queries fill the time; then the repeats. */
static int load(struct peer *p, struct lf_site *site, double wanted, struct lf_bench_load *ret)
{
        struct lf_peer_result res[LF_BENCH_REPEATS + 1];
        struct lf_bench_load warm = {0}, l = {0};
        struct snapshot sum = {0}, none = {0};
        struct watch w = {.site = site};
        int r = repeat(p, &w, WARM_FRAMES, WARM_MS, &none, &warm, 0, &res[LF_BENCH_REPEATS]);
        if (r == 0 && warm.answered == 0)
                r = say(-ENODATA, "no query was answered");
        double frames = warm.queries.each[0] * wanted, seconds = 0;
        w = (struct watch){.site = site};
        for (unsigned i = 0; r == 0 && i < LF_BENCH_REPEATS; i++) {
                r = repeat(p, &w, frames < FRAMES_MAX ? (uint64_t)frames + 1 : FRAMES_MAX,
                           (uint64_t)(wanted * 4000) + 1, &sum, &l, i, &res[i]);
                seconds += (double)res[i].ns / 1e9;
        }
        if (r < 0)
                return r;
        judge(&l, &sum, seconds);
        for (unsigned i = 0; i < LF_BENCH_REPEATS; i++)
                if (l.queries.each[i] == l.queries.median) {
                        l.p50_us = (double)res[i].p50_us;
                        l.p99_us = (double)res[i].p99_us;
                }
        l.commit_us = w.samples ? w.commit_us / w.samples : 0;
        *ret = l;
        return 0;
}

static int measure_program(const char *program, const struct lf_site_dirs *d, struct lf_bench_packet *b,
                           struct lf_bench_load *ret)
{
        struct lf_site site = {0};
        struct peer p = {.socket = -1};
        int r = lf_site_start(program, d, b->cpu, b->load_cpu, b->sessions, &site);
        if (r < 0)
                return r;
        struct lf_peer_start start = {
            .role = LF_PEER_LOAD, .cpu = b->load_cpu, .frames = FRAMES_MAX, .traffic = site.traffic};
        memcpy(start.socket, site.memif, sizeof start.socket);
        r = peer_start(&p, d, &start);
        if (r == 0)
                r = load(&p, &site, b->seconds, ret);
        b->tsc_hz = (double)site.counters->tsc_hz;
        memcpy(b->isa, site.counters->isa, sizeof b->isa);
        peer_stop(&p);
        if (!lf_site_stop(&site) && r == 0)
                r = say(-EIO, program);
        return r;
}

static int bounce(struct peer *echo, struct peer *p, struct lf_bench_packet *b)
{
        struct lf_peer_result sent, back;
        int r = command(p, NULL, (struct lf_peer_command){.order = LF_PEER_PREPARE, .frames = WARM_FRAMES},
                        &sent);
        double busy = 0, limit[LF_BENCH_REPEATS];
        for (int i = -1; r == 0 && i < LF_BENCH_REPEATS; i++) { /* -1: warm-up */
                uint64_t ms = (uint64_t)(b->seconds * 1000) + 1;
                r = command(echo, NULL, (struct lf_peer_command){.order = LF_PEER_READ}, &back);
                if (r == 0)
                        r = command(p, NULL,
                                    (struct lf_peer_command){.order = LF_PEER_BOUNCE, .window = 1, .ms = ms},
                                    &sent);
                if (r == 0)
                        r = command(echo, NULL, (struct lf_peer_command){.order = LF_PEER_READ}, &back);
                if (r < 0 || i < 0)
                        continue;
                b->burst = sent.burst;
                b->echo.each[i] = (double)sent.answered * 1e9 / (double)sent.ns;
                busy += back.busy / LF_BENCH_REPEATS;
                limit[i] = (double)back.answered * 1e9 / ((double)back.ns * back.busy);
        }
        if (r < 0)
                return r;
        struct lf_bench_rate rate;
        memcpy(rate.each, limit, sizeof limit);
        settle(&rate);
        settle(&b->echo);
        b->echo_busy = busy;
        b->echo_limit = rate.median;
        return 0;
}

static int measure_echo(const struct lf_site_dirs *d, const struct lf_traffic_options *traffic,
                        struct lf_bench_packet *b)
{
        struct peer echo = {.socket = -1}, p = {.socket = -1};
        struct lf_peer_start start = {
            .role = LF_PEER_ECHO, .cpu = b->cpu, .contexts = LF_SITE_CONTEXTS, .traffic = *traffic};
        snprintf(start.socket, sizeof start.socket, "%s/echo.sock", d->top);
        int r = peer_start(&echo, d, &start);
        start.role = LF_PEER_LOAD;
        start.cpu = b->load_cpu;
        start.frames = WARM_FRAMES;
        if (r == 0)
                r = peer_start(&p, d, &start);
        if (r == 0)
                r = bounce(&echo, &p, b);
        peer_stop(&p);
        peer_stop(&echo);
        return r;
}

/* The first CPU is the core's, the second everybody else's; with one CPU they share. */
static int choose_cpus(struct lf_bench_packet *b, cpu_set_t *ret_ours)
{
        unsigned n = 0;
        if (sched_getaffinity(0, sizeof *ret_ours, ret_ours) < 0)
                return say(-errno, "sched_getaffinity");
        for (unsigned i = 0; i < CPU_SETSIZE && n < 2; i++)
                if (CPU_ISSET(i, ret_ours)) {
                        b->load_cpu = i;
                        if (n++ == 0)
                                b->cpu = i;
                }
        return 0;
}

static int measure_open_seal(const struct lf_traffic_options *traffic, struct lf_bench_packet *b)
{
        struct lf_bench_rate rate = {0};
        cpu_set_t ours, one;
        int r = sched_getaffinity(0, sizeof ours, &ours) < 0 ? -errno : 0;
        CPU_ZERO(&one);
        CPU_SET(b->cpu, &one);
        if (r == 0 && sched_setaffinity(0, sizeof one, &one) < 0)
                r = -errno;
        for (unsigned i = 0; r == 0 && i < LF_BENCH_REPEATS; i++)
                r = lf_traffic_open_seal(traffic, b->seconds / 2, &rate.each[i]);
        sched_setaffinity(0, sizeof ours, &ours);
        settle(&rate);
        b->open_seal_ns = rate.median;
        return r < 0 ? say(r, "AES-256-GCM") : 0;
}

static int measure(const struct lf_site_dirs *d, struct lf_bench_packet *b)
{
        struct lf_traffic_options traffic = {.sessions = b->sessions, .key_id = 1};
        if (RAND_bytes(traffic.cookie_key, sizeof traffic.cookie_key) != 1)
                return say(-EIO, "random bytes");
        progress("disk");
        int r = lf_disk_measure(d->audit, &b->disk);
        if (r < 0)
                return say(r, d->audit);
        progress("AES-256-GCM: open and seal");
        r = measure_open_seal(&traffic, b);
        if (r == 0)
                progress("echo");
        if (r == 0)
                r = measure_echo(d, &traffic, b);
        if (r == 0)
                progress("landfalld");
        if (r == 0)
                r = measure_program("landfalld", d, b, &b->path);
        if (r == 0)
                progress("landfalld without audit");
        if (r == 0)
                r = measure_program("landfalld-no-audit", d, b, &b->without_audit);
        progress("");
        b->limit = 1 / (1 / b->echo_limit + b->open_seal_ns / 1e9);
        return r;
}

static const char usage[] =
    "usage: landfall bench packet [--json] [--seconds N] [--audit-dir DIR]\n"
    "\n"
    "Queries per second that one core answers over memif, with an empty gallery and answer_quantum 0; beside "
    "it,\n"
    "from the same run, what it could do at most: a plain echo over the same port, and AES-256-GCM open and "
    "seal.\n"
    "Starts its own landfalld in a directory of its own; an installed appliance is not touched.\n"
    "\n"
    "  --seconds N      for each of three repeats (default 3)\n"
    "  --audit-dir DIR  on the disk that the audit log is to be measured on (default /var/tmp)\n"
    "  --json           for programs\n"
    "\n"
    "Exit status: 0 done, 1 failed, or an answer was lost or not CLEAR, 2 usage.\n";

static int run(struct lf_bench_packet *b, const char *audit_parent, bool json)
{
        struct lf_site_dirs d;
        cpu_set_t ours;
        struct sigaction stop = {.sa_handler = on_signal};
        sigaction(SIGINT, &stop, NULL);
        sigaction(SIGTERM, &stop, NULL);
        signal(SIGPIPE, SIG_IGN);
        int r = lf_site_dirs_make(audit_parent, &d);
        if (r == 0)
                r = choose_cpus(b, &ours);
        if (r == 0)
                r = measure(&d, b);
        lf_site_dirs_remove(&d);
        if (r < 0)
                return LF_EXIT_FAILED;
        (json ? lf_bench_packet_json : lf_bench_packet_table)(b);
        const struct lf_bench_load *p = &b->path, *n = &b->without_audit;
        return p->lost || p->wrong || n->lost || n->wrong ? LF_EXIT_FAILED : LF_EXIT_OK;
}

int lf_bench_packet(int argc, char **argv)
{
        static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                                {"seconds", required_argument, NULL, 's'},
                                                {"audit-dir", required_argument, NULL, 'a'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        struct lf_bench_packet b = {.seconds = 3, .sessions = SESSIONS, .window = WINDOW};
        const char *audit_parent = "/var/tmp";
        bool json = false;
        char *end;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 'j') {
                        json = true;
                } else if (c == 'a') {
                        audit_parent = optarg;
                } else if (c == 's') {
                        b.seconds = strtod(optarg, &end);
                        if (end == optarg || *end || !(b.seconds >= 0.05 && b.seconds <= 60)) {
                                fprintf(stderr, "landfall bench: --seconds is from 0.05 to 60\n");
                                return LF_EXIT_USAGE;
                        }
                } else {
                        fputs(usage, c == 'h' ? stdout : stderr);
                        return c == 'h' ? LF_EXIT_OK : LF_EXIT_USAGE;
                }
        }
        if (optind < argc) {
                fputs(usage, stderr);
                return LF_EXIT_USAGE;
        }
        return run(&b, audit_parent, json);
}
