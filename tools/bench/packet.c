#include "tools/bench/packet.h"

#include "tools/bench/bench.h"
#include "tools/bench/helper.h"
#include "tools/commands.h"

#include <errno.h>
#include <getopt.h>
#include <openssl/rand.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESSIONS   256
#define WINDOW     512  /* the audit log has as many entries under way: four commits of 128 */
#define WINDOW_MAX 1024 /* what a memif's ring holds */

static void progress(const char *text)
{
        if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[K%s", text);
}

/* The first CPU is the core's, the second everybody else's; with one CPU they share. */
static int choose_cpus(struct lf_bench_packet *b)
{
        cpu_set_t ours;
        unsigned n = 0;
        if (sched_getaffinity(0, sizeof ours, &ours) < 0)
                return lf_bench_say(-errno, "sched_getaffinity");
        for (unsigned i = 0; i < CPU_SETSIZE && n < 2; i++)
                if (CPU_ISSET(i, &ours)) {
                        b->load_cpu = i;
                        if (n++ == 0)
                                b->cpu = i;
                }
        return 0;
}

static int measure(const struct lf_site_dirs *d, struct lf_bench_packet *b)
{
        if (RAND_bytes(b->traffic.cookie_key, sizeof b->traffic.cookie_key) != 1)
                return lf_bench_say(-EIO, "random bytes");
        progress("disk");
        int r = lf_disk_measure(d->audit, &b->disk);
        if (r < 0)
                return lf_bench_say(r, d->audit);
        progress("AES-256-GCM: open and seal");
        r = lf_bench_open_seal(b);
        if (r == 0)
                progress("echo");
        if (r == 0)
                r = lf_bench_echo(d, b);
        if (r == 0)
                progress("landfalld");
        if (r == 0)
                r = lf_bench_program("landfalld", d, b, &b->path);
        if (r == 0)
                progress("landfalld without audit");
        if (r == 0)
                r = lf_bench_program("landfalld-no-audit", d, b, &b->without_audit);
        progress("");
        b->limit = 1 / (1 / b->echo_limit + b->open_seal_ns / 1e9);
        return r;
}

static const char usage[] =
    "usage: landfall bench packet [--json] [--seconds N] [--probe document|name] [--window N]\n"
    "                             [--audit-dir DIR]\n"
    "\n"
    "Queries per second that one core answers over memif, with an empty gallery and answer_quantum 0; beside "
    "it,\n"
    "from the same run, what it could do at most: a plain echo over the same port, and AES-256-GCM open and "
    "seal.\n"
    "Starts its own landfalld in a directory of its own; an installed appliance is not touched.\n"
    "\n"
    "  --seconds N      for each of three repeats (default 3)\n"
    "  --probe KIND     what is asked for: a document's number and its holder's birth date and nationality\n"
    "                   (document, default), or a name as well (name), which the person engine takes longer\n"
    "                   to prepare\n"
    "  --window N       queries in flight at once (default 512)\n"
    "  --audit-dir DIR  on the disk that the audit log is to be measured on (default /var/tmp)\n"
    "  --json           for programs\n"
    "\n"
    "Exit status: 0 done, 1 failed, or an answer was not CLEAR, 2 usage.\n";

static int run(struct lf_bench_packet *b, const char *audit_parent, bool json)
{
        struct lf_site_dirs d;
        lf_bench_interruptible();
        getloadavg(&b->load_average, 1);
        int r = lf_site_dirs_make(audit_parent, &d);
        if (r == 0)
                r = choose_cpus(b);
        if (r == 0)
                r = measure(&d, b);
        lf_site_dirs_remove(&d);
        if (r < 0)
                return LF_EXIT_FAILED;
        (json ? lf_bench_packet_json : lf_bench_packet_table)(b);
        const struct lf_bench_load *p = &b->path, *n = &b->without_audit;
        return p->wrong || n->wrong ? LF_EXIT_FAILED : LF_EXIT_OK;
}

int lf_bench_packet(int argc, char **argv)
{
        static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                                {"seconds", required_argument, NULL, 's'},
                                                {"probe", required_argument, NULL, 'p'},
                                                {"audit-dir", required_argument, NULL, 'a'},
                                                {"window", required_argument, NULL, 'w'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        struct lf_bench_packet b = {
            .seconds = 3, .window = WINDOW, .traffic = {.sessions = SESSIONS, .key_id = 1}};
        const char *audit_parent = "/var/tmp";
        bool json = false;
        char *end;
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 'j') {
                        json = true;
                } else if (c == 'a') {
                        audit_parent = optarg;
                } else if (c == 'p' && strcmp(optarg, "document") == 0) {
                        b.traffic.probe = LF_TRAFFIC_DOCUMENT;
                } else if (c == 'p' && strcmp(optarg, "name") == 0) {
                        b.traffic.probe = LF_TRAFFIC_NAME;
                } else if (c == 'w') {
                        b.window = (uint32_t)strtoul(optarg, &end, 10);
                        if (end == optarg || *end || b.window < 1 || b.window > WINDOW_MAX) {
                                fprintf(stderr, "landfall bench: --window is from 1 to %d\n", WINDOW_MAX);
                                return LF_EXIT_USAGE;
                        }
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
