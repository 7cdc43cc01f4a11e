/* landfall feed: the originator's side of a feed. */
#include "control/feed/feed.h"
#include "base/bytes.h"
#include "control/feed/keyring.h"
#include "dataplane/lsp_cert.h"
#include "matcher/engine.h"
#include "matcher/person.h"
#include "tools/commands.h"
#include "tools/feed_ids.h"
#include "tools/import/sdn.h"
#include "tools/records.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: landfall feed init ORIGIN --name NAME\n"
    "       landfall feed add ORIGIN --modality fingerprint|iris|face|person --category N [--expiry "
    "YYYY-MM-DD]\n"
    "                         [--ids FILE] [--as FILE] RECORD... | --records FILE|-\n"
    "       landfall feed import-sdn ORIGIN --list SDN.CSV [--aliases ALT.CSV] --category N [--ids FILE]\n"
    "       landfall feed remove ORIGIN ID...\n"
    "       landfall feed heartbeat ORIGIN\n"
    "       landfall feed keyring ORIGIN --appliance HEX [--days 30]\n"
    "       landfall feed appliance-key SECRET-FILE\n"
    "       landfall feed verify FEED --key FILE\n"
    "\n"
    "An originator keeps ORIGIN to itself: the signing key and the record keys are in it. ORIGIN/feed is\n"
    "what it publishes: a transparency log, sealed payloads, and a keyring for each appliance. ORIGIN/key\n"
    "is the key that appliances verify with. Every change is signed and durable before the command ends.\n"
    "\n"
    "  --ids FILE    appends a line \"ID<tab>NAME\" for each record that was added: answers name records\n"
    "                by ID only\n"
    "  --as FILE     what --ids wrote elsewhere: a record gets the ID of the same NAME up to its last dot, "
    "so\n"
    "                that the modalities of one person are one candidate\n"
    "  RECORD        a file in wire form: an ISO/IEC 19794-2 or ANSI 378 record, irises (matcher/iris.h), "
    "an\n"
    "                embedding (matcher/face.h) or a person record (matcher/person.h)\n"
    "  --records     a stream of records with their IDs, as `landfall generate` writes\n"
    "  --json        what was done, for programs\n";

struct arguments {
        const char *name, *modality, *ids, *as, *records, *list, *aliases, *appliance, *key;
        int category;
        unsigned days;
        uint64_t expiry;
        bool json;
};

static int bad(const char *what, const char *value)
{
        fprintf(stderr, "landfall feed: %s %s\n", what, value ? value : "");
        return LF_EXIT_USAGE;
}

static int read_expiry(const char *text, uint64_t *ret)
{
        struct tm tm = {0};
        const char *end = strptime(text, "%Y-%m-%d", &tm);
        if (!end || *end)
                return -EINVAL;
        *ret = (uint64_t)timegm(&tm);
        return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
        static const struct option options[] = {
            {"name", 1, 0, 'n'},      {"modality", 1, 0, 'm'}, {"category", 1, 0, 'c'},
            {"expiry", 1, 0, 'e'},    {"ids", 1, 0, 'i'},      {"as", 1, 0, 's'},
            {"records", 1, 0, 'r'},   {"list", 1, 0, 'l'},     {"aliases", 1, 0, 'a'},
            {"appliance", 1, 0, 'A'}, {"days", 1, 0, 'd'},     {"key", 1, 0, 'k'},
            {"help", 0, 0, 'h'},      {"json", 0, 0, 'j'},     {0},
        };
        *a = (struct arguments){.category = -1, .days = 30};
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
                switch (c) {
                case 'n':
                        a->name = optarg;
                        break;
                case 'm':
                        a->modality = optarg;
                        break;
                case 'c':
                        a->category = atoi(optarg);
                        if (a->category < 0 || a->category > 31)
                                return bad("--category is 0 to 31, not", optarg);
                        break;
                case 'e':
                        if (read_expiry(optarg, &a->expiry) < 0)
                                return bad("--expiry is YYYY-MM-DD, not", optarg);
                        break;
                case 'i':
                        a->ids = optarg;
                        break;
                case 's':
                        a->as = optarg;
                        break;
                case 'r':
                        a->records = optarg;
                        break;
                case 'l':
                        a->list = optarg;
                        break;
                case 'a':
                        a->aliases = optarg;
                        break;
                case 'A':
                        a->appliance = optarg;
                        break;
                case 'd':
                        a->days = (unsigned)atoi(optarg);
                        if (a->days < 1 || a->days > 366)
                                return bad("--days is 1 to 366, not", optarg);
                        break;
                case 'k':
                        a->key = optarg;
                        break;
                case 'j':
                        a->json = true;
                        break;
                case 'h':
                        fputs(help, stdout);
                        exit(LF_EXIT_OK);
                default:
                        return LF_EXIT_USAGE;
                }
        }
        return 0;
}

/* What a command did: one object, whose reference it takes. */
static void say_json(json_t *j)
{
        json_dumpf(j, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(j);
}

static int hex_bytes(const char *text, uint8_t *out, size_t size)
{
        if (strlen(text) != 2 * size)
                return -EINVAL;
        for (size_t i = 0; i < size; i++) {
                unsigned v;
                if (sscanf(text + 2 * i, "%2x", &v) != 1)
                        return -EINVAL;
                out[i] = (uint8_t)v;
        }
        return 0;
}

static void print_hex(FILE *to, const uint8_t *p, size_t size)
{
        for (size_t i = 0; i < size; i++)
                fprintf(to, "%02x", p[i]);
}

struct session {
        struct lf_feed_writer *writer;
        FILE *ids;
        struct lf_feed_ids *as; /* NULL: every record is new */
        uint16_t category;
        uint8_t modality;
        uint64_t expiry;
        uint64_t added;
        char why[LF_FEED_WHY];
};

static int open_session(const char *origin, const struct arguments *a, struct session *s)
{
        *s = (struct session){.category = (uint16_t)(a->category < 0 ? 0 : a->category), .expiry = a->expiry};
        int r = lf_feed_writer_open(origin, &s->writer, s->why);
        if (r == 0 && a->as && (r = lf_feed_ids_open(a->as, &s->as)) < 0) {
                snprintf(s->why, sizeof s->why, "cannot read %.200s: %s", a->as, strerror(-r));
                lf_feed_writer_close(s->writer);
        }
        if (r == 0 && a->ids && !(s->ids = fopen(a->ids, "ae"))) {
                r = -errno;
                snprintf(s->why, sizeof s->why, "cannot write %.200s: %s", a->ids, strerror(errno));
                lf_feed_writer_close(s->writer);
                lf_feed_ids_close(s->as);
        }
        return r;
}

/* Publishes when all went well; otherwise nothing of the command is seen by anyone. */
static int end_session(struct session *s, int r)
{
        if (r == 0)
                r = lf_feed_publish(s->writer, s->why);
        lf_feed_writer_close(s->writer);
        lf_feed_ids_close(s->as);
        if (s->ids && fclose(s->ids) != 0 && r == 0)
                r = -errno;
        if (r < 0)
                fprintf(stderr, "landfall feed: %s\n", s->why);
        return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
}

/* `reference`: NULL, a new one or what --as says. `name` may be NULL where --as and --ids are not given. */
static int add_record(struct session *s, const uint8_t *reference, const char *name, const void *payload,
                      size_t size)
{
        struct lf_feed_leaf leaf = {
            .category = s->category, .modality = s->modality, .quality = 255, .expiry = s->expiry};
        int r = !reference && s->as ? lf_feed_ids_find(s->as, name, leaf.record) : 0;
        if (r < 0) {
                snprintf(s->why, sizeof s->why, "--as has no ID for %.80s", name);
                return r;
        }
        if (reference)
                memcpy(leaf.record, reference, sizeof leaf.record);
        r = lf_feed_add(s->writer, &leaf, payload, size, s->why);
        if (r < 0)
                return r;
        s->added++;
        if (s->ids) {
                print_hex(s->ids, leaf.record, sizeof leaf.record);
                fprintf(s->ids, "\t%s\n", name);
        }
        return 0;
}

static int read_file(const char *path, uint8_t **ret, size_t *ret_size)
{
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        uint8_t *p = malloc(LF_FEED_PAYLOAD_MAX + 1);
        size_t n = p ? fread(p, 1, LF_FEED_PAYLOAD_MAX + 1, f) : 0;
        int r = !p ? -ENOMEM : ferror(f) ? -EIO : n > LF_FEED_PAYLOAD_MAX ? -EFBIG : 0;
        fclose(f);
        if (r < 0) {
                free(p);
                return r;
        }
        *ret = p;
        *ret_size = n;
        return 0;
}

/* What `add` puts in: a modality's engine, and room to try its records. */
struct intake {
        const struct lf_engine *engine;
        void *probe;
        unsigned refused;
};

/* A record that the appliance could not search is left out here, where somebody can still mend it. Of a
 * stream, `name` is its place. */
static int take_record(struct session *s, struct intake *in, const uint8_t *reference, const char *name,
                       const uint8_t *wire, size_t size)
{
        struct lf_defect defect = {0};
        if (in->engine->prepare(wire, size, in->probe, &defect) == 0)
                return add_record(s, reference, name, wire, size);
        fprintf(stderr, "landfall feed: %s left out: %s, at byte %u\n", name, lf_defect_text(defect.code),
                defect.offset);
        in->refused++;
        return 0;
}

static int add_files(struct session *s, struct intake *in, char **files, int n)
{
        int r = 0;
        for (int i = 0; r == 0 && i < n; i++) {
                uint8_t *p = NULL;
                size_t size = 0;
                const char *base = strrchr(files[i], '/');
                r = read_file(files[i], &p, &size);
                if (r < 0)
                        snprintf(s->why, sizeof s->why, "cannot read %.200s: %s", files[i], strerror(-r));
                else
                        r = take_record(s, in, NULL, base ? base + 1 : files[i], p, size);
                free(p);
        }
        return r;
}

/* Long work says every ten seconds how far it is. */
static void say_progress(uint64_t records, time_t *said)
{
        time_t now = time(NULL);
        if (now < *said + 10)
                return;
        fprintf(stderr, "landfall feed: %lu records so far\n", (unsigned long)records);
        *said = now;
}

/* One record at a time: a stream may be of any length. */
static int add_stream(struct session *s, struct intake *in, const char *path)
{
        bool stdin_too = strcmp(path, "-") == 0;
        FILE *f = stdin_too ? stdin : fopen(path, "re");
        uint8_t *p = malloc(LF_FEED_PAYLOAD_MAX), reference[16];
        int r = !f ? -errno : p ? 1 : -ENOMEM;
        time_t said = time(NULL);
        for (uint64_t i = 1; r > 0; i++) {
                size_t size;
                if (i % 1024 == 0)
                        say_progress(i, &said);
                char id[33];
                r = lf_record_read(f, reference, p, LF_FEED_PAYLOAD_MAX, &size);
                if (r < 0)
                        snprintf(s->why, sizeof s->why, "record %lu of %.150s: %s", (unsigned long)i, path,
                                 r == -EBADMSG ? "not a stream of records, or cut" : strerror(-r));
                if (r <= 0)
                        break;
                lsp_hex_write(reference, sizeof reference, id);
                int added = take_record(s, in, reference, id, p, size);
                r = added < 0 ? added : 1;
        }
        if (!s->why[0] && r < 0)
                snprintf(s->why, sizeof s->why, "cannot read %.200s: %s", path, strerror(-r));
        free(p);
        if (f && !stdin_too)
                fclose(f);
        return r;
}

static int modality_of(const char *name)
{
        static const char *const names[LF_MODALITY_COUNT] = {[LF_MODALITY_FINGERPRINT] = "fingerprint",
                                                             [LF_MODALITY_IRIS] = "iris",
                                                             [LF_MODALITY_FACE] = "face",
                                                             [LF_MODALITY_PERSON] = "person"};
        for (int m = 0; m < LF_MODALITY_COUNT; m++)
                if (names[m] && strcmp(names[m], name) == 0)
                        return m;
        return -ENOENT;
}

static int cmd_add(const char *origin, const struct arguments *a, char **files, int n)
{
        struct session s;
        struct intake in = {0};
        if (!a->modality || a->category < 0 || (n == 0) == !a->records)
                return bad("add needs --modality, --category, and RECORDs or --records", NULL);
        int modality = modality_of(a->modality);
        if (modality < 0)
                return bad("no such modality:", a->modality);
        in.engine = lf_engines_init() == 0 ? lf_engine_for((enum lf_modality)modality) : NULL;
        if (!in.engine)
                return bad("this build has no engine for", a->modality);
        int r = open_session(origin, a, &s);
        if (r < 0)
                return bad(s.why, NULL), LF_EXIT_FAILED;
        s.modality = (uint8_t)modality;
        in.probe = aligned_alloc(64, (in.engine->probe_size + 63) & ~(size_t)63);
        if (!in.probe)
                r = -ENOMEM;
        if (r == 0)
                r = a->records ? add_stream(&s, &in, a->records) : add_files(&s, &in, files, n);
        free(in.probe);
        uint64_t added = s.added, records = lf_feed_writer_records(s.writer);
        r = end_session(&s, r);
        if (r == LF_EXIT_OK && a->json)
                say_json(json_pack("{s:I, s:i, s:I}", "added", (json_int_t)added, "left_out", (int)in.refused,
                                   "records", (json_int_t)records));
        else if (r == LF_EXIT_OK)
                printf("added %lu, left out %u; the feed holds %lu records\n", (unsigned long)added,
                       in.refused, (unsigned long)records);
        return r == LF_EXIT_OK && added == 0 ? LF_EXIT_FAILED : r;
}

static int import_one(void *context, const struct lf_import_record *record)
{
        struct session *s = context;
        return add_record(s, NULL, record->id, record->wire, record->size);
}

static int cmd_import_sdn(const char *origin, const struct arguments *a)
{
        struct session s;
        struct lf_import_error error = {0};
        if (!a->list || a->category < 0)
                return bad("import-sdn needs --list and --category", NULL);
        int r = open_session(origin, a, &s);
        if (r < 0)
                return bad(s.why, NULL), LF_EXIT_FAILED;
        s.modality = LF_MODALITY_PERSON;
        r = lf_import_sdn(a->list, a->aliases, import_one, &s, &error);
        if (r < 0 && !s.why[0])
                snprintf(s.why, sizeof s.why, "%.120s:%u:%u: %.100s", error.file, error.line, error.column,
                         error.text);
        uint64_t added = s.added, records = lf_feed_writer_records(s.writer);
        r = end_session(&s, r);
        if (r == LF_EXIT_OK && a->json)
                say_json(json_pack("{s:I, s:I}", "added", (json_int_t)added, "records", (json_int_t)records));
        else if (r == LF_EXIT_OK)
                printf("added %lu records of %s\n", (unsigned long)added, a->list);
        return r;
}

static int cmd_remove(const char *origin, const struct arguments *a, char **ids, int n)
{
        struct session s;
        if (n == 0)
                return bad("remove needs at least one ID", NULL);
        int r = open_session(origin, a, &s);
        if (r < 0)
                return bad(s.why, NULL), LF_EXIT_FAILED;
        for (int i = 0; r == 0 && i < n; i++) {
                uint8_t record[16];
                r = hex_bytes(ids[i], record, sizeof record);
                if (r < 0)
                        snprintf(s.why, sizeof s.why, "an ID is 32 hex digits, not %.100s", ids[i]);
                else
                        r = lf_feed_remove(s.writer, record, s.why);
        }
        uint64_t records = lf_feed_writer_records(s.writer);
        r = end_session(&s, r);
        if (r == LF_EXIT_OK && a->json)
                say_json(json_pack("{s:i, s:I}", "removed", n, "records", (json_int_t)records));
        return r;
}

static int cmd_heartbeat(const char *origin, const struct arguments *a)
{
        struct session s;
        int r = open_session(origin, a, &s);
        if (r < 0)
                return bad(s.why, NULL), LF_EXIT_FAILED;
        uint64_t records = lf_feed_writer_records(s.writer);
        r = end_session(&s, lf_feed_heartbeat(s.writer, s.why));
        if (r == LF_EXIT_OK && a->json)
                say_json(json_pack("{s:I}", "records", (json_int_t)records));
        return r;
}

static int cmd_keyring(const char *origin, const struct arguments *a)
{
        struct session s;
        uint8_t key[32];
        if (!a->appliance || hex_bytes(a->appliance, key, sizeof key) < 0)
                return bad(
                    "keyring needs --appliance with 64 hex digits: landfall feed appliance-key prints them",
                    NULL);
        int r = open_session(origin, a, &s);
        if (r < 0)
                return bad(s.why, NULL), LF_EXIT_FAILED;
        r = lf_feed_write_keyring(s.writer, key, a->days, s.why);
        r = end_session(&s, r);
        if (r == LF_EXIT_OK && a->json)
                say_json(json_pack("{s:o}", "keyring",
                                   json_sprintf("%s/feed/keyring/%.16s", origin, a->appliance)));
        else if (r == LF_EXIT_OK)
                printf("%s/feed/keyring/%.16s\n", origin, a->appliance);
        return r;
}

static int cmd_appliance_key(const char *secret, bool json)
{
        uint8_t private[32], public[32];
        int r = lf_keyring_appliance(secret, private, public);
        if (r < 0) {
                fprintf(stderr, "landfall feed: cannot read %s: %s\n", secret, strerror(-r));
                return LF_EXIT_FAILED;
        }
        explicit_bzero(private, sizeof private);
        if (json)
                fputs("{\"appliance\": \"", stdout);
        print_hex(stdout, public, sizeof public);
        fputs(json ? "\"}\n" : "\n", stdout);
        return LF_EXIT_OK;
}

static int cmd_verify(const char *feed, const struct arguments *a)
{
        struct lf_note_verifier key;
        struct lf_tlog_reader *log;
        char path[4096];
        if (!a->key)
                return bad("verify needs --key", NULL);
        int r = lf_note_verifier_read(a->key, &key);
        if (r < 0) {
                fprintf(stderr, "landfall feed: cannot read %s: %s\n", a->key, strerror(-r));
                return LF_EXIT_FAILED;
        }
        snprintf(path, sizeof path, "%s/log", feed);
        r = lf_tlog_reader_open(path, &key, 1, &log, NULL);
        if (r < 0) {
                fprintf(stderr, "landfall feed: the checkpoint of %s: %s\n", path, strerror(-r));
                return LF_EXIT_FAILED;
        }
        r = lf_tlog_reader_check(log);
        const struct lf_tlog_fault *fault = lf_tlog_reader_fault(log);
        if (a->json)
                say_json(
                    r < 0 ? json_pack("{s:b, s:s, s:I, s:I, s:s}", "sound", 0, "file", fault->file, "entry",
                                      (json_int_t)fault->index, "offset", (json_int_t)fault->offset, "reason",
                                      fault->reason ? fault->reason : strerror(-r))
                          : json_pack("{s:b, s:I, s:s}", "sound", 1, "leaves",
                                      (json_int_t)lf_tlog_reader_checkpoint(log)->size, "signer", key.name));
        else if (r < 0)
                fprintf(stderr, "landfall feed: %s: entry %lu, byte %lu: %s\n", fault->file,
                        (unsigned long)fault->index, (unsigned long)fault->offset,
                        fault->reason ? fault->reason : strerror(-r));
        else
                printf("%lu leaves, signed by %s\n", (unsigned long)lf_tlog_reader_checkpoint(log)->size,
                       key.name);
        lf_tlog_reader_close(log);
        return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
}

int lf_cmd_feed(int argc, char **argv)
{
        struct arguments a;
        int r = parse(argc, argv, &a);
        if (r)
                return r;
        if (argc - optind < 2) {
                fputs(help, stderr);
                return LF_EXIT_USAGE;
        }
        const char *what = argv[optind], *where = argv[optind + 1];
        char **rest = argv + optind + 2;
        int n = argc - optind - 2;
        char why[LF_FEED_WHY];
        if (strcmp(what, "init") == 0) {
                if (!a.name)
                        return bad("init needs --name", NULL);
                r = lf_feed_init(where, a.name, why);
                if (r < 0)
                        fprintf(stderr, "landfall feed: %s\n", why);
                else if (a.json)
                        say_json(
                            json_pack("{s:s, s:o}", "name", a.name, "key", json_sprintf("%s/key", where)));
                return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
        }
        if (strcmp(what, "add") == 0)
                return cmd_add(where, &a, rest, n);
        if (strcmp(what, "import-sdn") == 0)
                return cmd_import_sdn(where, &a);
        if (strcmp(what, "remove") == 0)
                return cmd_remove(where, &a, rest, n);
        if (strcmp(what, "heartbeat") == 0)
                return cmd_heartbeat(where, &a);
        if (strcmp(what, "keyring") == 0)
                return cmd_keyring(where, &a);
        if (strcmp(what, "appliance-key") == 0)
                return cmd_appliance_key(where, a.json);
        if (strcmp(what, "verify") == 0)
                return cmd_verify(where, &a);
        return bad("no such action:", what);
}
