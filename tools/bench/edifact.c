/* landfall bench edifact: how fast one core reads messages, beside what it could read at most.
 *
 * The messages of the given files are repeated within interchanges of their own separators, with right
 * trailers, until there is enough to measure; messages that are refused are left out, and it says so. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "control/manifest/edifact.h"
#include "matcher/isa.h"
#include "tools/bench/bench.h"
#include "tools/bench/cpu.h"

#define FILE_MAX     (64u << 20)
#define CORPUS_MIB   32
#define CORPUS_MAX   (192u << 20)
#define MIB_MAX      128
#define PIECE        (64u << 10) /* as a program reads files */
#define REPEATS      5
#define PARTS        4096 /* messages of one file */
#define REPLACED_MAX 4096

static const char usage[] =
    "usage: landfall bench edifact FILE... [--mib N] [--json]\n"
    "\n"
    "One core, time of the thread's own. The files' PAXLST, PNRGOV, CUSCAR and CUSREP messages are repeated "
    "to at\n"
    "least N MiB (32, at most 128). `tokenise_mb_s`: every segment, element and component found, characters "
    "checked.\n"
    "`typed_mb_s`: envelopes checked, travellers and parties given. `memory_scan_mb_s`: memchr over the "
    "same\n"
    "bytes. Millions of bytes a second, the median of 5 runs. LANDFALL_ISA=scalar|avx2|avx512 forces an\n"
    "instruction set.\n";

struct text {
        char *p;
        size_t n, room;
};

/* ---- What a file holds ---- */
struct part {
        size_t start, end; /* from UNH to before UNT */
        uint64_t segments; /* UNH to UNT */
        char reference[80];
};

struct found {
        const char *text;
        size_t head; /* bytes before the first UNH: UNA, UNB and UNG */
        struct part *part;
        unsigned parts;
        char control[80], group[80];
        char element, terminator;
        uint64_t segments;
        bool open;
};

static void raw(const struct lf_edi_segment *s, unsigned e, char *to, size_t size)
{
        struct lf_edi_view v = lf_edi_component(s, e, 0);
        snprintf(to, size, "%.*s", (int)v.n, (const char *)v.p);
}

static int find(void *context, const struct lf_edi_segment *s)
{
        struct found *f = context;
        f->segments++;
        switch (s->tag) {
        case LF_EDI_TAG('U', 'N', 'B'):
                f->element = (char)s->p[s->end[s->first[0]]];
                f->terminator = (char)s->p[s->end[s->first[s->elements] - 1]];
                raw(s, 5, f->control, sizeof f->control);
                break;
        case LF_EDI_TAG('U', 'N', 'G'):
                if (f->head == 0)
                        raw(s, 5, f->group, sizeof f->group);
                break;
        case LF_EDI_TAG('U', 'N', 'H'):
                if (f->parts == PARTS)
                        return -ECANCELED;
                if (f->head == 0)
                        f->head = s->at.offset;
                f->part[f->parts] = (struct part){.start = s->at.offset};
                raw(s, 1, f->part[f->parts].reference, sizeof f->part[0].reference);
                f->segments = 1;
                f->open = true;
                break;
        case LF_EDI_TAG('U', 'N', 'T'):
                if (f->open) {
                        f->part[f->parts].end = s->at.offset;
                        f->part[f->parts++].segments = f->segments;
                }
                f->open = false;
                break;
        case LF_EDI_TAG('U', 'N', 'Z'):
                return -ECANCELED; /* one interchange of a file is enough */
        default:
                break;
        }
        return 0;
}

/* ---- The corpus ---- */
static int append(struct text *t, const char *p, size_t n)
{
        if (n > t->room - t->n)
                return -ENOSPC;
        memcpy(t->p + t->n, p, n);
        t->n += n;
        return 0;
}

static int trailer(struct text *t, const struct found *f, const char *tag, uint64_t count,
                   const char *reference)
{
        char line[160];
        int n = snprintf(line, sizeof line, "%s%c%" PRIu64 "%c%s%c\n", tag, f->element, count, f->element,
                         reference, f->terminator);
        return append(t, line, (size_t)n);
}

/* One interchange of these messages, over and over until it has `least` bytes. */
static int interchange(struct text *t, const struct found *f, const bool *wanted, size_t least)
{
        size_t before = t->n;
        uint64_t messages = 0;
        int r = append(t, f->text, f->head);
        while (r == 0 && (messages == 0 || t->n - before < least))
                for (unsigned i = 0; i < f->parts && r == 0; i++) {
                        const struct part *p = &f->part[i];
                        if (!wanted[i])
                                continue;
                        r = append(t, f->text + p->start, p->end - p->start);
                        if (r == 0)
                                r = trailer(t, f, "UNT", p->segments, p->reference);
                        messages++;
                }
        if (r == 0 && f->group[0])
                r = trailer(t, f, "UNE", messages, f->group);
        return r == 0 ? trailer(t, f, "UNZ", f->group[0] ? 1 : messages, f->control) : r;
}

/* Which messages are read when their trailers are right. */
static unsigned choose(const struct found *f, bool *wanted, const char *file)
{
        static const struct lf_manifest_calls none;
        unsigned right = 0;
        struct text t = {.room = f->head + FILE_MAX + 1024};
        t.p = malloc(t.room);
        for (unsigned i = 0; t.p && i < f->parts; i++) {
                bool *one = calloc(f->parts, sizeof *one);
                struct lf_manifest_error e = {0};
                char why[400] = "";
                if (!one)
                        break;
                one[i] = true;
                t.n = 0;
                int r = interchange(&t, f, one, 0);
                if (r == 0)
                        r = lf_manifest_read(t.p, t.n, &none, NULL, &e);
                if (r < 0 && e.rule)
                        lf_manifest_error_text(&e, why, sizeof why);
                if (r < 0)
                        lf_log_info("%s: message %u left out: %s", file, i + 1, why[0] ? why : strerror(-r));
                wanted[i] = r == 0;
                right += wanted[i];
                free(one);
        }
        free(t.p);
        return right;
}

static int read_file(const char *file, struct text *ret)
{
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        struct text t = {.p = malloc(FILE_MAX), .room = FILE_MAX};
        ssize_t n = 0;
        while (t.p && t.n < t.room && (n = read(fd, t.p + t.n, t.room - t.n)) > 0)
                t.n += (size_t)n;
        int r = !t.p ? -ENOMEM : n < 0 ? -errno : t.n == t.room ? -EFBIG : 0;
        close(fd);
        if (r < 0)
                free(t.p);
        else
                *ret = t;
        return r;
}

/* Looks for messages; bytes that the declared character set lacks become 'X' on the way. */
static int find_messages(const char *file, const struct text *t, struct found *f)
{
        struct part *part = f->part;
        for (unsigned replaced = 0; replaced <= REPLACED_MAX; replaced++) {
                struct lf_edi *edi;
                int r = lf_edi_new(find, f, &edi);
                if (r < 0)
                        return r;
                r = lf_edi_push(edi, t->p, t->n);
                const struct lf_manifest_error e = *lf_edi_error(edi);
                bool x12 = lf_edi_x12(edi);
                lf_edi_free(edi);
                if (x12)
                        f->parts = 0;
                if (r != -EBADMSG || (e.rule != LF_RULE_MIXED_SETS && e.rule != LF_RULE_CHARACTER)) {
                        if (replaced > 0)
                                lf_log_info("%s: %u bytes that its character set lacks are replaced", file,
                                            replaced);
                        return 0;
                }
                t->p[e.at.offset] = 'X';
                *f = (struct found){.text = t->p, .part = part};
        }
        f->parts = 0;
        return 0;
}

/* Adds a file's messages to the corpus. 1: it had some. */
static int add_file(const char *file, size_t least, struct text *corpus)
{
        struct text t = {0};
        struct found f = {0};
        int r = read_file(file, &t);
        if (r < 0) {
                lf_log_error("%s: %s", file, strerror(-r));
                return r;
        }
        f.text = t.p;
        f.part = calloc(PARTS, sizeof *f.part);
        bool *wanted = calloc(PARTS, sizeof *wanted);
        r = f.part && wanted ? find_messages(file, &t, &f) : -ENOMEM;
        if (r == 0 && f.parts == 0)
                lf_log_info("%s: no EDIFACT message, left out", file);
        else if (r == 0 && choose(&f, wanted, file) > 0)
                r = interchange(corpus, &f, wanted, least) == 0 ? 1 : -ENOSPC;
        free(wanted);
        free(f.part);
        free(t.p);
        return r;
}

/* ---- Measuring ---- */
struct count {
        uint64_t segments, components, parties;
};

static int on_segment(void *context, const struct lf_edi_segment *s)
{
        struct count *c = context;
        c->segments++;
        c->components += s->first[s->elements] - s->first[0];
        return s->tag == LF_EDI_TAG('U', 'N', 'Z') ? LF_EDI_END : 0;
}

static int on_party(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        struct count *c = context;
        c->parties++;
        return 0;
}

static int tokenise(const struct text *t, struct count *c)
{
        struct lf_edi *edi;
        int r = lf_edi_new(on_segment, c, &edi);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n && r == 0; i += PIECE)
                r = lf_edi_push(edi, t->p + i, t->n - i < PIECE ? t->n - i : PIECE);
        if (r == 0)
                r = lf_edi_finish(edi);
        lf_edi_free(edi);
        return r;
}

static int type(const struct text *t, struct count *c)
{
        static const struct lf_manifest_calls calls = {.party = on_party};
        struct lf_manifest_reader *reader;
        int r = lf_manifest_reader_new(&calls, c, &reader);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n && r == 0; i += PIECE)
                r = lf_manifest_push(reader, t->p + i, t->n - i < PIECE ? t->n - i : PIECE);
        if (r == 0)
                r = lf_manifest_finish(reader);
        lf_manifest_reader_free(reader);
        return r;
}

static int scan(const struct text *t, struct count *c)
{
        return memchr(t->p, 0, t->n) ? -EBADMSG : 0;
}

static int by_size(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;
        return (x > y) - (x < y);
}

static int measure(int (*work)(const struct text *t, struct count *c), const struct text *t, double *ret_mb_s,
                   struct count *ret)
{
        double each[REPEATS];
        for (unsigned i = 0; i < REPEATS; i++) {
                struct count c = {0};
                double start = lf_bench_cpu_seconds();
                int r = work(t, &c);
                if (r < 0)
                        return r;
                each[i] = (double)t->n / 1e6 / (lf_bench_cpu_seconds() - start);
                *ret = c;
        }
        qsort(each, REPEATS, sizeof *each, by_size);
        *ret_mb_s = each[REPEATS / 2];
        return 0;
}

static int run(const struct text *corpus, int files, bool json)
{
        double tokens = 0, typed = 0, memory = 0;
        struct count segments = {0}, parties = {0}, nothing;
        enum lf_isa isa;
        int r = lf_isa_choose(&isa);
        if (r == 0)
                r = measure(scan, corpus, &memory, &nothing);
        if (r == 0)
                r = measure(tokenise, corpus, &tokens, &segments);
        if (r == 0)
                r = measure(type, corpus, &typed, &parties);
        if (r < 0)
                return r;
        json_t *j = json_pack(
            "{s:f, s:f, s:f, s:s, s:I, s:I, s:I, s:I, s:i}", "tokenise_mb_s", tokens, "typed_mb_s", typed,
            "memory_scan_mb_s", memory, "isa", lf_isa_name(isa > LF_ISA_AVX512 ? LF_ISA_AVX512 : isa),
            "bytes", (json_int_t)corpus->n, "segments", (json_int_t)segments.segments, "components",
            (json_int_t)segments.components, "parties", (json_int_t)parties.parties, "files", files);
        json_dumpf(j, stdout, JSON_INDENT(json ? 2 : 4) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
        return 0;
}

int lf_bench_edifact(int argc, char **argv)
{
        bool json = false;
        int files = 0, used = 0;
        unsigned long mib = CORPUS_MIB;
        for (int i = 1; i < argc; i++) {
                if (!strcmp(argv[i], "--help")) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (!strcmp(argv[i], "--json"))
                        json = true;
                else if (!strcmp(argv[i], "--mib") && i + 1 < argc &&
                         (mib = strtoul(argv[i + 1], NULL, 10)) >= 1 && mib <= MIB_MAX)
                        argv[++i] = argv[0]; /* neither an option nor a file */
                else if (argv[i][0] == '-')
                        files = -argc;
                else
                        files++;
        }
        if (files <= 0) {
                fputs(usage, stderr);
                return 2;
        }
        struct text corpus = {.p = malloc(CORPUS_MAX), .room = CORPUS_MAX};
        int r = corpus.p ? 0 : -ENOMEM;
        for (int i = 1; i < argc && r >= 0; i++) {
                if (argv[i][0] == '-' || argv[i] == argv[0])
                        continue;
                r = add_file(argv[i], (mib << 20) / (unsigned)files, &corpus);
                used += r == 1;
        }
        if (r >= 0 && used == 0) {
                lf_log_error("no message to measure with");
                r = -ENOENT;
        } else if (r >= 0) {
                r = run(&corpus, used, json);
                if (r < 0)
                        lf_log_error("%s", strerror(-r));
        }
        free(corpus.p);
        return r < 0 ? 1 : 0;
}
