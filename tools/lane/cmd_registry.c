/* landfall lane enrol, revoke, list. */
#include "control/site/site.h"
#include "dataplane/lsp.h"
#include "dataplane/lsp_cert.h"
#include "tools/commands.h"
#include "tools/lane/commands.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: landfall lane enrol NAME --site DIR --out BUNDLE --address HOST [--port N] [--days N]\n"
    "                           [--passphrase-file FILE] [--json]\n"
    "       landfall lane revoke NAME --site DIR [--json]\n"
    "       landfall lane list --site DIR [--json]\n"
    "       landfall lane query --help\n"
    "\n"
    "enrol makes BUNDLE, which the lane needs to ask: certificate, key, the site's authority and lane.conf.\n"
    "revoke is durable when it returns; a running appliance follows within a second.\n"
    "\n"
    "  --address HOST  where the lane reaches landfall-control\n"
    "  --port N        its key exchange (default 4761)\n"
    "  --days N        life of the certificate (default 365)\n";

struct arguments {
        const char *site, *name, *out, *address, *passphrase_file;
        unsigned port, days;
        bool json;
};

static int usage(bool asked)
{
        fputs(help, asked ? stdout : stderr);
        return asked ? LF_EXIT_OK : LF_EXIT_USAGE;
}

/* -1: go on; else the exit code. */
static int read_arguments(int argc, char **argv, int names, struct arguments *a)
{
        static const struct option options[] = {
            {"site", 1, 0, 's'}, {"out", 1, 0, 'o'},  {"address", 1, 0, 'a'},
            {"port", 1, 0, 'p'}, {"days", 1, 0, 'd'}, {"passphrase-file", 1, 0, 'f'},
            {"json", 0, 0, 'j'}, {"help", 0, 0, 'h'}, {0}};
        char *end = "";
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (c == 's')
                        a->site = optarg;
                else if (c == 'o')
                        a->out = optarg;
                else if (c == 'a')
                        a->address = optarg;
                else if (c == 'p')
                        a->port = (unsigned)strtoul(optarg, &end, 10);
                else if (c == 'd')
                        a->days = (unsigned)strtoul(optarg, &end, 10);
                else if (c == 'f')
                        a->passphrase_file = optarg;
                else if (c == 'j')
                        a->json = true;
                else
                        return usage(c == 'h');
                if (*end)
                        return usage(false);
        }
        if (argc - optind != names || !a->site || a->port > 65535)
                return usage(false);
        a->name = names ? argv[optind] : NULL;
        return -1;
}

static int failed(const char *what, int r)
{
        fprintf(stderr, "landfall: %s: %s\n", what, strerror(-r));
        return LF_EXIT_FAILED;
}

static json_t *lane_json(const struct lf_site_lane *l)
{
        char digest[65];
        lsp_hex_write(l->certificate, 32, digest);
        return json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:s}", "lane", (int)l->number, "name", l->name,
                         "state", l->active ? "active" : "revoked", "enrolled", (json_int_t)l->enrolled,
                         "revoked", (json_int_t)l->revoked, "expiry", (json_int_t)l->expiry,
                         "certificate_sha256", digest);
}

static int print_json(json_t *j)
{
        json_dumpf(j, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(j);
        return LF_EXIT_OK;
}

static void print_date(uint64_t seconds, char text[16])
{
        time_t t = (time_t)seconds;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(text, 16, "%Y-%m-%d", &tm);
}

int lf_lane_cmd_enrol(int argc, char **argv)
{
        struct arguments a = {0};
        struct lf_site *site = NULL;
        struct lf_site_lane lane;
        int r = read_arguments(argc, argv, 1, &a);
        if (r >= 0)
                return r;
        if (!a.out || !a.address)
                return usage(false);
        r = lf_site_open(a.site, &site);
        if (r < 0)
                return failed(a.site, r);
        const struct lf_site_enrol_options o = {.name = a.name,
                                                .bundle = a.out,
                                                .address = a.address,
                                                .port = (uint16_t)a.port,
                                                .days = a.days,
                                                .passphrase_file = a.passphrase_file};
        r = lf_site_enrol(site, &o, &lane);
        lf_site_close(site);
        if (r == -EEXIST)
                fprintf(stderr, "landfall: an active lane is called %s, or %s exists\n", a.name, a.out);
        else if (r == -EACCES)
                fprintf(stderr, "landfall: the authority's key needs its passphrase: --passphrase-file\n");
        else if (r == -EINVAL)
                fprintf(stderr, "landfall: a name, address or number of days that cannot be\n");
        else if (r < 0)
                return failed(a.name, r);
        if (r < 0)
                return r == -EINVAL ? LF_EXIT_USAGE : LF_EXIT_FAILED;
        if (a.json)
                return print_json(lane_json(&lane));
        char date[16];
        print_date(lane.expiry, date);
        printf("lane %u, %s, enrolled until %s: %s\n", (unsigned)lane.number, lane.name, date, a.out);
        return LF_EXIT_OK;
}

int lf_lane_cmd_revoke(int argc, char **argv)
{
        struct arguments a = {0};
        struct lf_site *site = NULL;
        struct lf_site_lane lane;
        int r = read_arguments(argc, argv, 1, &a);
        if (r >= 0)
                return r;
        r = lf_site_open(a.site, &site);
        if (r < 0)
                return failed(a.site, r);
        r = lf_site_revoke(site, a.name, &lane);
        lf_site_close(site);
        if (r == -ENOENT) {
                fprintf(stderr, "landfall: no active lane is called %s\n", a.name);
                return LF_EXIT_FAILED;
        }
        if (r < 0)
                return failed(a.name, r);
        if (a.json)
                return print_json(lane_json(&lane));
        printf("lane %u, %s, revoked\n", (unsigned)lane.number, lane.name);
        return LF_EXIT_OK;
}

static int print_lanes(const struct lf_site_lane *lanes, unsigned n, bool json)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < n; i++) {
                char enrolled[16], expiry[16];
                if (json) {
                        json_array_append_new(list, lane_json(&lanes[i]));
                        continue;
                }
                print_date(lanes[i].enrolled, enrolled);
                print_date(lanes[i].expiry, expiry);
                printf("%4u  %-8s %-24s enrolled %s, certificate until %s\n", (unsigned)lanes[i].number,
                       lanes[i].active ? "active" : "revoked", lanes[i].name, enrolled, expiry);
        }
        if (json)
                return print_json(list);
        json_decref(list);
        return LF_EXIT_OK;
}

int lf_lane_cmd_list(int argc, char **argv)
{
        struct arguments a = {0};
        struct lf_site *site = NULL;
        unsigned n = 0;
        int r = read_arguments(argc, argv, 0, &a);
        if (r >= 0)
                return r;
        r = lf_site_open(a.site, &site);
        if (r < 0)
                return failed(a.site, r);
        struct lf_site_lane *lanes = calloc(LF_SITE_LANES_MAX, sizeof *lanes);
        r = lanes ? lf_site_lanes(site, lanes, &n) : -ENOMEM;
        r = r < 0 ? failed(a.site, r) : print_lanes(lanes, n, a.json);
        free(lanes);
        lf_site_close(site);
        return r;
}

int lf_cmd_lane(int argc, char **argv)
{
        static const struct {
                const char *name;
                int (*run)(int argc, char **argv);
        } commands[] = {{"enrol", lf_lane_cmd_enrol},
                        {"revoke", lf_lane_cmd_revoke},
                        {"list", lf_lane_cmd_list},
                        {"query", lf_lane_cmd_query}};
        for (size_t i = 0; argc >= 2 && i < sizeof commands / sizeof *commands; i++)
                if (strcmp(argv[1], commands[i].name) == 0)
                        return commands[i].run(argc - 1, argv + 1);
        return usage(argc >= 2 && strcmp(argv[1], "--help") == 0);
}
