/* The reader of segments against a plain one that looks at a byte at a time, on input that is heavy with
 * separators, release characters and line breaks, and with these at the borders of blocks, windows and
 * pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/manifest/edifact.h"
#include "tools/generate/random.h"

#define SEED   9736
#define SIZE   16384
#define WINDOW 4096 /* of the reader under test */

/* What was seen of an input, in bytes that can be compared. */
struct seen {
        uint8_t bytes[16 * SIZE];
        size_t n;
};

static void see(struct seen *to, const void *bytes, size_t n)
{
        assert_true(to->n + n <= sizeof to->bytes);
        memcpy(to->bytes + to->n, bytes, n);
        to->n += n;
}

static void see_numbers(struct seen *to, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
        const uint64_t all[] = {a, b, c, d};
        see(to, all, sizeof all);
}

/* ---- The plain reader ---- */
struct plain {
        const uint8_t *p;
        size_t n, at;
        uint64_t line, segment;
        uint8_t component, element, terminator;
        int release, repetition; /* -1: not used */
        bool x12;
        struct seen *seen;
};

static bool blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint8_t next(struct plain *r)
{
        uint8_t c = r->p[r->at++];
        r->line += c == '\n';
        return c;
}

static bool skip_blanks(struct plain *r)
{
        while (r->at < r->n && blank(r->p[r->at]))
                next(r);
        return r->at < r->n;
}

static void plain_fail(struct plain *r, enum lf_manifest_rule rule, uint64_t offset, uint64_t line)
{
        see(r->seen, "!", 1);
        see_numbers(r->seen, rule, offset, line, r->segment + 1);
}

/* Separators from where an interchange begins: UNA, UNB or ISA. */
static void plain_begin(struct plain *r)
{
        const uint8_t *p = r->p + r->at;
        r->segment = 0;
        r->x12 = p[0] == 'I';
        if (r->x12) {
                r->element = p[3];
                r->component = p[104];
                r->terminator = p[105];
                r->release = -1;
                r->repetition = p[82] == 'U' ? -1 : p[82];
        } else if (p[2] == 'A') {
                r->component = p[3];
                r->element = p[4];
                r->release = p[6] == ' ' ? -1 : p[6];
                r->repetition = p[7] == ' ' ? -1 : p[7];
                r->terminator = p[8];
                for (unsigned i = 0; i < 9; i++)
                        next(r);
                skip_blanks(r);
        } else {
                r->component = ':';
                r->element = '+';
                r->release = '?';
                r->terminator = '\'';
                r->repetition = memchr(p, '4', 10) ? '*' : -1;
        }
}

/* One segment; false: the reading is over. *ret_last: the interchange is. */
static bool plain_segment(struct plain *r, bool *ret_last)
{
        const uint64_t offset = r->at, line = r->line;
        uint64_t repeat = UINT32_MAX, flags = 0, components = 1, bad = UINT64_MAX, bad_line = 0;
        static struct seen whole;
        struct seen *text = &whole;
        bool released = false, broken = false, ended = false;
        text->n = 0;
        while (r->at < r->n && !ended) {
                uint64_t here = r->at;
                uint8_t c = next(r);
                bool acts = !released;
                released = acts && c == r->release;
                ended = acts && c == r->terminator;
                if (released) {
                        flags |= LF_EDI_RELEASED;
                } else if (acts && (ended || c == r->element || c == r->component || c == r->repetition)) {
                        components += !ended;
                        if (c == r->repetition && repeat == UINT32_MAX)
                                repeat = components - 1;
                        see(text, c == r->element ? "\1" : ended ? "" : "\2", !ended);
                        continue;
                } else if (c == '\r' || c == '\n') {
                        flags |= LF_EDI_BROKEN;
                        broken |= !acts;
                        continue;
                } else if (c < 0x20 || c > 0x7e) {
                        flags |= LF_EDI_ODD;
                        if ((c < 0x80 || r->x12) && bad == UINT64_MAX) {
                                bad = here;
                                bad_line = r->line - (c == '\n');
                        }
                }
                see(text, &c, 1);
        }
        const uint8_t *t = text->bytes;
        size_t tag = 0;
        while (tag < text->n && t[tag] > 2 && ((t[tag] >= 'A' && t[tag] <= 'Z') || t[tag] == '0'))
                tag++;
        bool right = (tag == 3 || (tag == 2 && r->x12)) && (tag == text->n || t[tag] <= 2), go_on = false;
        if (!ended)
                plain_fail(r, LF_RULE_UNTERMINATED, offset, line);
        else if (bad != UINT64_MAX)
                plain_fail(r, r->p[bad] < 0x80 ? LF_RULE_CHARACTER : LF_RULE_MIXED_SETS, bad, bad_line);
        else if (broken)
                plain_fail(r, LF_RULE_RELEASED_BREAK, offset, line);
        else if (!right)
                plain_fail(r, LF_RULE_TAG, offset, line);
        else
                go_on = true;
        if (go_on) {
                see(r->seen, text->bytes, text->n);
                see_numbers(r->seen, flags, repeat, components, 0);
                see_numbers(r->seen, offset, line, ++r->segment, tag);
                *ret_last = memcmp(t, "UNZ", 3) == 0 || memcmp(t, "IEA", 3) == 0;
        }
        return go_on;
}

static void plain_read(const uint8_t *p, size_t n, struct seen *to)
{
        struct plain r = {.p = p, .n = n, .line = 1, .seen = to};
        bool last = true;
        while (skip_blanks(&r)) {
                if (last)
                        plain_begin(&r);
                last = false;
                if (!plain_segment(&r, &last))
                        return;
        }
        if (!last)
                plain_fail(&r, LF_RULE_NO_TRAILER, r.at, r.line);
}

/* ---- The reader under test ---- */
static int tested_segment(void *context, const struct lf_edi_segment *s)
{
        struct seen *to = context;
        for (uint32_t e = 0; e < s->elements; e++)
                for (uint32_t c = 0; c < lf_edi_components(s, e); c++) {
                        struct lf_edi_view v = lf_edi_component(s, e, c);
                        see(to, c ? "\2" : "\1", e + c > 0);
                        see(to, v.p, v.n);
                }
        uint64_t repeat = s->repeat == UINT32_MAX ? UINT32_MAX : s->repeat - s->first[0];
        see_numbers(to, s->flags, repeat, s->first[s->elements] - s->first[0], 0);
        see_numbers(to, s->at.offset, s->at.line, s->at.segment, s->tag & 0xff ? 3 : 2);
        return s->tag == LF_EDI_TAG('U', 'N', 'Z') || s->tag == LF_EDI_TAG('I', 'E', 'A') ? LF_EDI_END : 0;
}

static bool may_release(uint8_t c)
{
        return c == '?' || c == '\\';
}

static size_t cut(struct lf_random *r, const uint8_t *p, size_t n, unsigned way)
{
        static const unsigned most[] = {UINT32_MAX, 9, 200, 200};
        size_t at = way == 0 ? n : 1 + lf_random_below(r, most[way]);
        while (way == 3 && at < n && !may_release(p[at - 1]))
                at++; /* behind what may release */
        return at < n ? at : n;
}

static void tested_read(const uint8_t *p, size_t n, struct lf_random *random, unsigned way, struct seen *to)
{
        struct lf_edi *e;
        assert_int_equal(lf_edi_new(tested_segment, to, &e), 0);
        int r = 0;
        for (size_t at = 0, some; at < n && r == 0; at += some) {
                some = cut(random, p + at, n - at, way);
                uint8_t *piece = malloc(some); /* of its own, so that no byte beyond it is looked at */
                memcpy(piece, p + at, some);
                r = lf_edi_push(e, piece, some);
                free(piece);
        }
        if (r == 0)
                r = lf_edi_finish(e);
        if (r < 0) {
                const struct lf_manifest_error *error = lf_edi_error(e);
                see(to, "!", 1);
                see_numbers(to, error->rule, error->at.offset, error->at.line, error->at.segment);
        }
        lf_edi_free(e);
}

/* ---- Input ---- */
static size_t put(uint8_t *to, size_t at, const char *text)
{
        memcpy(to + at, text, strlen(text));
        return at + strlen(text);
}

static size_t put_blanks(uint8_t *to, size_t at, struct lf_random *r)
{
        static const char *const blanks[] = {"", "", "", "\n", "\r\n", " ", "\n\n \t\r"};
        return put(to, at, blanks[lf_random_below(r, 7)]);
}

static const struct {
        const char *begin, *trailer, *special; /* bytes that matter, the terminator first */
        const char *release;
} kinds[] = {
    {"UNB+UNOC:3+A", "UNZ+1'", "'+:?", "?"},
    {"UNB+UNOC:4+A", "UNZ+1'", "'+:?*", "?"},
    {"UNA:+.? '\r\nUNB+UNOC:4+A", "UNZ+1'", "'+:?", "?"},
    {"UNA|*.\\^~UNB*UNOC|3*A", "UNZ*1~", "~*|\\^", "\\"},
    {"UNA:+.  ~UNB+UNOC:3+A", "UNZ+1~", "~+:?", ""},
    {"UNA:+.? \nUNB+UNOC:3+A", "UNZ+1\n", "\n+:?", "?"},
    {"ISA*00*          *00*          *ZZ*L              *ZZ*C              "
     "*240310*0815*^*00501*000000042*0*P*>~ABC*",
     "IEA*1~", "~*>^?", ""},
    {"ISA*00*          *00*          *ZZ*L              *ZZ*C              "
     "*240310*0815*U*00401*000000042*0*P*>\nABC*",
     "IEA*1\n", "\n*>?", ""},
};

/* Plain bytes up to a border, or some before or behind it. */
static size_t put_to_border(uint8_t *to, size_t at, struct lf_random *r)
{
        size_t border = lf_random_below(r, 30) ? 64 : WINDOW;
        size_t end = (at / border + 1) * border - 3 + lf_random_below(r, 5);
        while (at < end)
                to[at++] = 'A';
        return at;
}

static size_t put_some(uint8_t *to, size_t at, struct lf_random *r, const char *special, char release)
{
        const unsigned last = (unsigned)strlen(special) - 1;
        switch (lf_random_below(r, 24)) {
        case 0:
                return put_to_border(to, at, r);
        case 1:
                return may_release(to[at - 1]) && lf_random_below(r, 20)
                           ? at
                           : put(to, at, lf_random_below(r, 2) ? "\n" : "\r\n");
        case 2:
                to[at++] = 0xe4;
                return at;
        case 3:
                to[at++] = lf_random_below(r, 200) ? 'Z' : 0x07;
                return at;
        case 4: /* where it may be released: the terminator else comes with a tag behind it */
                if (release && may_release(to[at - 1]))
                        to[at++] = (uint8_t)special[0];
                return at;
        case 5 ... 9:
                to[at++] = (uint8_t) "A0 z"[lf_random_below(r, 4)];
                return at;
        default:
                to[at++] = (uint8_t)special[1 + lf_random_below(r, last)];
                return at;
        }
}

static size_t make(uint8_t *to, struct lf_random *r)
{
        size_t at = put_blanks(to, 0, r), most = 60 + lf_random_below(r, lf_random_below(r, 16) ? 500 : 9000);
        unsigned kind = lf_random_below(r, 8);
        at = put(to, at, kinds[kind].begin);
        while (at < most) {
                const char *special = kinds[kind].special, end[2] = {special[0]};
                const char *release = kinds[kind].release;
                for (unsigned i = lf_random_below(r, 12); i > 0; i--)
                        at = put_some(to, at, r, special, *release);
                if (may_release(to[at - 1]) && lf_random_below(r, 4))
                        at = put(to, at, "A");
                if (lf_random_below(r, 4) == 0)
                        at = put(to, put(to, at, release), release);
                at = put_blanks(to, put(to, at, end), r);
                if (lf_random_below(r, 12) == 0) {
                        at = put_blanks(to, put(to, at, kinds[kind].trailer), r);
                        kind = lf_random_below(r, 8);
                        at = put(to, at, kinds[kind].begin);
                } else {
                        at = put(to, at, lf_random_below(r, 300) ? "ABC" : "aB");
                        to[at++] = (uint8_t)special[1 + (lf_random_below(r, 4) == 0)];
                }
        }
        if (lf_random_below(r, 8) == 0)
                return at;
        at = put(to, at, (const char[]){kinds[kind].special[0], 0});
        return lf_random_below(r, 8) ? put_blanks(to, put(to, at, kinds[kind].trailer), r) : at;
}

static void test_against_plain_reader(void **state)
{
        static struct seen right, got;
        static uint8_t bytes[2 * SIZE];
        struct lf_random r = lf_random_seed(SEED);
        printf("seed %u\n", SEED);
        for (unsigned round = 0; round < 20000; round++) {
                size_t n = make(bytes, &r);
                right.n = got.n = 0;
                plain_read(bytes, n, &right);
                printf("%zu %d\n", n,
                       memchr(right.bytes, 33, right.n) ? *((uint8_t *)memchr(right.bytes, 33, right.n) + 1)
                                                        : 0);
                tested_read(bytes, n, &r, round % 4, &got);
                if (right.n != got.n || memcmp(right.bytes, got.bytes, got.n) != 0) {
                        print_error("round %u:\n%.*s\n", round, (int)n, bytes);
                        fail();
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_plain_reader)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
