/* landfall manifest check: what messages hold, or why they are refused. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "tools/commands.h"
#include "tools/manifest/check.h"
#include "tools/manifest/manifest.h"

#define PIECE   (64u << 10)
#define MRZ_MAX (1u << 20) /* bytes of a file of MRZ */

static const char usage[] =
    "usage: landfall manifest check FILE... [--json] [--travellers]\n"
    "\n"
    "Reads PAXLST, PNRGOV, CUSCAR, CUSREP and X12 309, and files of machine-readable "
    "zones (alone, or one in\n"
    "each line of a table: format, valid|invalid, the lines parted by '|'). One line "
    "a file, or a zone: what it\n"
    "is, its version, how many travellers or parties it has, and whether it was read "
    "to its end; else segment,\n"
    "position and rule. Exit status 1 when something was refused.\n"
    "\n"
    "  --travellers  in JSON, each traveller or party, flight and zone as it was read, for who "
    "connects a\n"
    "                carrier; of a message that is refused, too, up to where it is wrong\n";

struct run {
        bool json, travellers;
        json_t *rows;
        unsigned refused, labelled, agreed;
};

static void finish_row(void *context, struct lf_check_row *row)
{
        struct run *run = context;
        row->tell = run->travellers;
        run->refused += row->result < 0;
        run->labelled += row->label[0] != 0;
        run->agreed += row->label[0] && (row->result == 0) == !strcmp(row->label, "valid");
        if (run->json)
                json_array_append_new(run->rows, lf_check_json(row));
        else
                lf_check_print(row);
        json_decref(row->travellers);
        json_decref(row->legs);
        row->travellers = row->legs = NULL;
}

static int begin(void *context, const struct lf_manifest_header *h)
{
        struct lf_check_row *row = context;
        row->messages++;
        if (row->tell && !row->travellers) {
                row->travellers = json_array();
                row->legs = json_array();
        }
        if (row->tell)
                json_array_append_new(row->travellers, json_array());
        snprintf(row->type, sizeof row->type, "%s", lf_manifest_kind_name(h->kind));
        snprintf(row->version, sizeof row->version, "%s", h->version);
        return 0;
}

static int party(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        struct lf_check_row *row = context;
        row->parties++;
        row->notes |= p->notes;
        if (row->tell)
                json_array_append_new(json_array_get(row->travellers, row->messages - 1),
                                      lf_check_traveller(p));
        return 0;
}

static int end(void *context, const struct lf_manifest_header *h, const struct lf_manifest_summary *s)
{
        struct lf_check_row *row = context;
        row->segments += s->segments;
        row->notes |= s->notes;
        if (row->tell)
                json_array_append_new(row->legs, lf_check_legs(h));
        return 0;
}

/* What a message is that gave no party before it failed. */
static void name_refused(const struct lf_manifest_reader *r, struct lf_check_row *row)
{
        const struct lf_manifest_header *h = lf_manifest_header(r);
        const struct lf_manifest_error *e = lf_manifest_error(r);
        if (row->type[0])
                return;
        if (h->kind != LF_MANIFEST_UNKNOWN) {
                snprintf(row->type, sizeof row->type, "%s", lf_manifest_kind_name(h->kind));
                snprintf(row->version, sizeof row->version, "%s", h->version);
        } else if (e->rule == LF_RULE_UNSUPPORTED || e->rule == LF_RULE_VERSION) {
                snprintf(row->type, sizeof row->type, "%.*s", (int)sizeof row->type - 1, e->detail);
        }
}

/* The whole file through a reader, in pieces. */
static int read_messages(int fd, struct lf_check_row *row)
{
        static const struct lf_manifest_calls calls = {begin, party, end};
        static uint8_t piece[PIECE];
        struct lf_manifest_reader *r;
        int ret = lf_manifest_reader_new(&calls, row, &r);
        if (ret < 0)
                return ret;
        ssize_t n;
        while ((n = read(fd, piece, sizeof piece)) > 0 && ret == 0)
                ret = lf_manifest_push(r, piece, (size_t)n);
        if (n < 0)
                ret = -errno;
        if (ret == 0)
                ret = lf_manifest_finish(r);
        if (ret == -EBADMSG || ret == -ENOTSUP || ret == -EMSGSIZE) {
                name_refused(r, row);
                row->where = *lf_manifest_error(r);
                lf_manifest_error_text(&row->where, row->error, sizeof row->error);
        } else if (ret < 0) {
                snprintf(row->error, sizeof row->error, "%s", strerror(-ret));
        }
        lf_manifest_reader_free(r);
        return ret;
}

/* Whether it was a file of MRZ: their rows are done then. */
static bool read_zones(int fd, const char *file, struct run *run)
{
        char *text = malloc(MRZ_MAX);
        ssize_t n = text && lseek(fd, 0, SEEK_SET) == 0 ? read(fd, text, MRZ_MAX) : -1;
        unsigned found = n > 0 ? lf_check_mrz(file, text, (size_t)n, finish_row, run) : 0;
        free(text);
        return found > 0;
}

static void check(const char *file, struct run *run)
{
        struct lf_check_row row = {.file = file, .tell = run->travellers};
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
                row.result = -errno;
                snprintf(row.error, sizeof row.error, "%s", strerror(errno));
        } else {
                row.result = read_messages(fd, &row);
        }
        bool zones = row.result == -EBADMSG && row.where.rule == LF_RULE_FORMAT && read_zones(fd, file, run);
        if (fd >= 0)
                close(fd);
        if (!zones)
                finish_row(run, &row);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
        return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void check_all(char *path, struct run *run)
{
        char *const paths[] = {path, NULL};
        FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
        if (!tree) {
                check(path, run);
                return;
        }
        for (const FTSENT *f; (f = fts_read(tree));)
                if (f->fts_info != FTS_D && f->fts_info != FTS_DP && f->fts_info != FTS_DC)
                        check(f->fts_path, run);
        fts_close(tree);
}

int lf_manifest_check(int argc, char **argv)
{
        struct run run = {0};
        int files = 0;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--help")) {
                        fputs(usage, stdout);
                        return LF_EXIT_OK;
                }
                if (!strcmp(argv[i], "--json"))
                        run.json = true;
                else if (!strcmp(argv[i], "--travellers"))
                        run.json = run.travellers = true;
                else if (argv[i][0] == '-') {
                        fputs(usage, stderr);
                        return LF_EXIT_USAGE;
                } else
                        files++;
        }
        if (files == 0) {
                fputs(usage, stderr);
                return LF_EXIT_USAGE;
        }
        run.rows = json_array();
        if (!run.json)
                lf_check_print_head();
        for (int i = 1; i < argc; i++)
                if (argv[i][0] != '-')
                        check_all(argv[i], &run);
        if (run.json) {
                json_dumpf(run.rows, stdout, JSON_INDENT(2));
                putchar('\n');
        } else if (run.labelled > 0) {
                printf("machine-readable zones with a label: %u, judged as it says: %u\n", run.labelled,
                       run.agreed);
        }
        json_decref(run.rows);
        return run.refused ? LF_EXIT_FAILED : LF_EXIT_OK;
}
