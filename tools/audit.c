#include "tools/audit.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/audit/audit_check.h"
#include "control/file/file.h"
#include "dataplane/audit/leaf.h"
#include "dataplane/audit/wal_read.h"
#include "tools/audit_words.h"
#include "tools/commands.h"

#include <fcntl.h>

struct request {
        bool json;
        struct lf_audit_check_options check;
        struct lf_note_verifier verifier;
        uint8_t wal_key[LF_WAL_KEY_SIZE];
        const char *query; /* hex */
        const char *what;  /* index or leaf hash */
};

static int usage(FILE *to)
{
        fprintf(to, "usage: landfall audit verify DIR [OPTIONS]\n"
                    "       landfall audit show DIR INDEX [OPTIONS]\n"
                    "       landfall audit show DIR --query QUERYID [OPTIONS]\n"
                    "       landfall audit receipt DIR LEAFHASH [OPTIONS]\n\n"
                    "DIR holds log/, verifier, and usually wal/ and vault/.\n"
                    "  --key KEY       the log's verifier key, as text or as a file; else DIR/verifier\n"
                    "  --wal DIR       the write-ahead log, if not DIR/wal; twice for mirrors\n"
                    "  --wal-key FILE  its key (32 bytes): checks the keyed chain too\n"
                    "  --json          for programs\n\n"
                    "Exit status: 0 sound or found, 1 damaged or not found, 2 usage.\n");
        return to == stdout ? LF_EXIT_OK : LF_EXIT_USAGE;
}

static bool unhex(const char *text, uint8_t *ret, unsigned n)
{
        if (strlen(text) != 2 * n || strspn(text, "0123456789abcdefABCDEF") != 2 * n)
                return false;
        for (unsigned i = 0; i < n; i++) {
                char two[3] = {text[2 * i], text[2 * i + 1], 0};
                ret[i] = (uint8_t)strtoul(two, NULL, 16);
        }
        return true;
}

static int failed(const char *what, int rc)
{
        fprintf(stderr, "landfall audit: %s: %s\n", what, strerror(-rc));
        return LF_EXIT_FAILED;
}

/* ---- verify ---- */

static void print_check(const struct request *q, const struct lf_audit_check *c, int rc)
{
        if (rc == 0) {
                printf("log: %" PRIu64 " entries of %s, every tile and entry is what the checkpoint says\n",
                       c->checkpoint.size, c->checkpoint.origin);
                if (c->wal)
                        printf("write-ahead log: entries %" PRIu64 " to %" PRIu64 " whole%s; %" PRIu64
                               " of them are also in the log, and the same\n",
                               c->wal_first, c->wal_entries, q->check.wal_key ? ", their chain keyed" : "",
                               c->joined);
                else
                        printf("write-ahead log: none here\n");
                if (!q->check.verifier)
                        printf("the key is the directory's own: this shows consistency, not origin\n");
                return;
        }
        printf("DAMAGED: entry %" PRIu64 ", %s, byte %" PRIu64 ": %s\n", c->index, c->file, c->offset,
               c->reason);
}

static void print_check_json(const struct lf_audit_check *c, int rc)
{
        char root[65];
        lf_hex(c->checkpoint.root, 32, root);
        json_t *o = json_pack("{s:b, s:s, s:I, s:s, s:b, s:I, s:I, s:I}", "sound", rc == 0, "origin",
                              c->checkpoint.origin, "entries", (json_int_t)c->checkpoint.size, "root", root,
                              "wal", (int)c->wal, "wal_first", (json_int_t)c->wal_first, "wal_entries",
                              (json_int_t)c->wal_entries, "joined", (json_int_t)c->joined);
        if (rc < 0)
                json_object_set_new(o, "damage",
                                    json_pack("{s:s, s:s, s:I, s:I, s:s}", "part", c->part, "file", c->file,
                                              "index", (json_int_t)c->index, "offset", (json_int_t)c->offset,
                                              "reason", c->reason));
        json_dumpf(o, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(o);
}

static int verify(const struct request *q)
{
        struct lf_audit_check c;
        int rc = lf_audit_check(&q->check, &c);
        if (rc < 0 && rc != -EBADMSG)
                return failed(q->check.directory, rc);
        if (q->json)
                print_check_json(&c, rc);
        else
                print_check(q, &c, rc);
        return rc == 0 ? LF_EXIT_OK : LF_EXIT_FAILED;
}

/* ---- show and receipt ---- */

static int open_log(const struct request *q, struct lf_tlog_reader **ret)
{
        char path[4096];
        struct lf_note_verifier own;
        int rc = 0;
        if (!q->check.verifier) {
                snprintf(path, sizeof path, "%s/verifier", q->check.directory);
                rc = lf_note_verifier_read(path, &own);
        }
        snprintf(path, sizeof path, "%s/log", q->check.directory);
        return rc < 0 ? rc
                      : lf_tlog_reader_open(path, q->check.verifier ? q->check.verifier : &own, 1, ret, NULL);
}

/* What to look for: exactly one is set. */
struct wanted {
        const uint64_t *index;
        const uint8_t *query_id;
        const uint8_t *leaf;
};

static bool is_wanted(const struct wanted *w, uint64_t index, const struct lf_entry *e)
{
        uint8_t leaf[32];
        if (w->index)
                return index == *w->index;
        if (w->query_id)
                return memcmp(e->query_id, w->query_id, sizeof e->query_id) == 0;
        lf_entry_leaf_hash(e, leaf);
        return memcmp(leaf, w->leaf, sizeof leaf) == 0;
}

static void print_entry(const struct request *q, uint64_t index, const struct lf_entry *e, uint64_t size)
{
        if (q->json) {
                json_t *o = lf_audit_json(index, e);
                json_object_set_new(o, "included", json_boolean(index < size));
                json_object_set_new(o, "checkpoint", json_integer((json_int_t)size));
                json_dumpf(o, stdout, JSON_INDENT(2));
                printf("\n");
                json_decref(o);
                return;
        }
        lf_audit_print(index, e);
        if (index < size)
                printf("  included in the signed checkpoint of %" PRIu64 " entries\n", size);
        else
                printf("  durable in the write-ahead log, not yet in a signed checkpoint\n");
}

/* Looks through the tiles; what fits is verified before it is shown. Returns how many, or -errno. */
static int find_in_log(const struct request *q, struct lf_tlog_reader *log, const struct wanted *w)
{
        uint64_t size = lf_tlog_reader_checkpoint(log)->size, i = w->index ? *w->index : 0;
        int found = 0;
        for (; i < size && !(w->index && found); i++) {
                const uint8_t *data;
                size_t n;
                struct lf_entry e;
                int rc = lf_tlog_reader_peek(log, i, &data, &n);
                if (rc < 0)
                        return rc;
                if (n != sizeof e)
                        continue;
                memcpy(&e, data, sizeof e);
                if (!is_wanted(w, i, &e))
                        continue;
                rc = lf_tlog_reader_entry(log, i, &data, &n);
                if (rc < 0)
                        return rc;
                print_entry(q, i, &e, size);
                found++;
        }
        return found;
}

/* Looks through what the write-ahead log has beyond the tiles. */
static int find_in_wal(const struct request *q, uint64_t size, const struct wanted *w)
{
        char path[4096];
        const char *directories[LF_WAL_MIRRORS] = {q->check.wal[0], q->check.wal[1]};
        struct lf_wal_reader *wal;
        const struct lf_wal_record *record;
        int found = 0;
        snprintf(path, sizeof path, "%s/wal", q->check.directory);
        if (!directories[0])
                directories[0] = path;
        int rc = lf_wal_reader_open(directories, q->check.wal_key, &wal);
        if (rc < 0)
                return rc == -ENOENT ? 0 : rc;
        rc = lf_wal_reader_seek(wal, size);
        while (rc >= 0 && (rc = lf_wal_reader_next(wal, &record)) > 0)
                if (is_wanted(w, record->index, &record->entry)) {
                        print_entry(q, record->index, &record->entry, size);
                        found++;
                }
        lf_wal_reader_close(wal);
        return rc < 0 && rc != -ENOENT ? rc : found;
}

static int find(const struct request *q, const struct wanted *w)
{
        struct lf_tlog_reader *log;
        int rc = open_log(q, &log);
        if (rc < 0)
                return failed(q->check.directory, rc);
        int found = find_in_log(q, log, w);
        if (found == -EBADMSG) {
                const struct lf_tlog_fault *f = lf_tlog_reader_fault(log);
                fprintf(stderr, "landfall audit: entry %" PRIu64 ", %s, byte %" PRIu64 ": %s\n", f->index,
                        f->file, f->offset, f->reason);
        } else if (found < 0) {
                failed(q->check.directory, found);
        }
        if (found == 0)
                found = find_in_wal(q, lf_tlog_reader_checkpoint(log)->size, w);
        lf_tlog_reader_close(log);
        if (found == 0)
                fprintf(stderr, "landfall audit: no such entry\n");
        return found > 0 ? LF_EXIT_OK : LF_EXIT_FAILED;
}

static int show(const struct request *q)
{
        uint8_t id[16];
        uint64_t index;
        if (q->query && !q->what) {
                if (!unhex(q->query, id, sizeof id))
                        return usage(stderr);
                return find(q, &(struct wanted){.query_id = id});
        }
        if (q->query || !q->what || *q->what < '0' || *q->what > '9')
                return usage(stderr);
        char *end;
        errno = 0;
        index = strtoull(q->what, &end, 10);
        if (*end || errno)
                return usage(stderr);
        return find(q, &(struct wanted){.index = &index});
}

static int receipt(const struct request *q)
{
        uint8_t leaf[32];
        if (!q->what || q->query || !unhex(q->what, leaf, sizeof leaf))
                return usage(stderr);
        return find(q, &(struct wanted){.leaf = leaf});
}

/* ---- Arguments ---- */

static int take_key(struct request *q, const char *arg)
{
        int rc = lf_note_verifier_parse(arg, &q->verifier);
        if (rc < 0)
                rc = lf_note_verifier_read(arg, &q->verifier);
        q->check.verifier = &q->verifier;
        return rc;
}

static int take_wal_key(struct request *q, const char *path)
{
        uint8_t *data;
        size_t n;
        int rc = lf_file_read(AT_FDCWD, path, LF_WAL_KEY_SIZE, &data, &n);
        if (rc < 0)
                return rc;
        if (n == LF_WAL_KEY_SIZE)
                memcpy(q->wal_key, data, n);
        else
                rc = -EBADMSG;
        OPENSSL_cleanse(data, n);
        free(data);
        q->check.wal_key = q->wal_key;
        return rc;
}

static int take_options(int argc, char **argv, struct request *q)
{
        static const struct option options[] = {{"key", required_argument, NULL, 'k'},
                                                {"wal", required_argument, NULL, 'w'},
                                                {"wal-key", required_argument, NULL, 'c'},
                                                {"query", required_argument, NULL, 'q'},
                                                {"json", no_argument, NULL, 'j'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                int rc = 0;
                if (o == 'h')
                        return usage(stdout);
                if (o == 'k')
                        rc = take_key(q, optarg);
                else if (o == 'c')
                        rc = take_wal_key(q, optarg);
                else if (o == 'w' && !q->check.wal[1])
                        q->check.wal[q->check.wal[0] ? 1 : 0] = optarg;
                else if (o == 'q')
                        q->query = optarg;
                else if (o == 'j')
                        q->json = true;
                else
                        return usage(stderr);
                if (rc < 0)
                        return failed(optarg, rc);
        }
        return -1;
}

int lf_cmd_audit(int argc, char **argv)
{
        struct request q = {0};
        int status = take_options(argc, argv, &q);
        if (status >= 0)
                return status;
        int left = argc - optind;
        if (left < 2 || left > 3)
                return usage(stderr);
        const char *verb = argv[optind];
        q.check.directory = argv[optind + 1];
        q.what = left > 2 ? argv[optind + 2] : NULL;
        status = strcmp(verb, "verify") == 0 && !q.what && !q.query ? verify(&q)
                 : strcmp(verb, "show") == 0                        ? show(&q)
                 : strcmp(verb, "receipt") == 0                     ? receipt(&q)
                                                                    : usage(stderr);
        OPENSSL_cleanse(q.wal_key, sizeof q.wal_key);
        return status;
}
