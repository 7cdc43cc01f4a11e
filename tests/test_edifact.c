/* The syntax of messages: separators, release characters, character sets, counts, limits; and that neither
 * the instruction set nor how the input is cut makes a difference. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/manifest/scan.h"
#include "matcher/isa.h"
#include "tests/data.h"
#include "tests/manifest_messages.h"
#include "tests/manifest_transcript.h"
#include "tools/generate/random.h"

#define SEED 9735

#define ENVELOPE "UNB+UNOA:4+A+B+240310:0815+C'"
static const char *const whole[] = {PAXLST_RIGHT, PNRGOV_RIGHT, CUSCAR_RIGHT, X12_309_RIGHT,
                                    PAXLST_RIGHT "\r\n " PNRGOV_RIGHT};

static size_t random_piece(void *context)
{
        struct lf_random *r = context;
        return lf_random_below(r, 4) ? 1 + lf_random_below(r, 9) : 1 + lf_random_below(r, 300);
}

static size_t one(void *context)
{
        return 1;
}

/* ---- Kernels ---- */
static void test_kernels_agree(void **state)
{
        static const struct {
                enum lf_isa isa;
                lf_scan_fn *scan;
        } kernels[] = {{LF_ISA_AVX2, lf_scan_avx2}, {LF_ISA_AVX512, lf_scan_avx512}};
        struct lf_random r = lf_random_seed(SEED);
        printf("seed %u\n", SEED);
        for (unsigned round = 0; round < 300; round++) {
                uint8_t bytes[8 * LF_SCAN_BLOCK];
                for (unsigned i = 0; i < sizeof bytes; i++)
                        bytes[i] = round % 2 ? (uint8_t)lf_random_below(&r, 256)
                                             : (uint8_t) "+:'?* A\n\x7f\x80"[lf_random_below(&r, 10)];
                const struct lf_scan_chars c = {
                    (uint8_t)lf_random_below(&r, 256), '+', '*', '\'', '?', lf_random_below(&r, 2)};
                struct lf_scan_bits right[8], got[8];
                lf_scan_scalar(bytes, 8, &c, right);
                for (unsigned k = 0; k < 2; k++) {
                        if (!lf_isa_has(kernels[k].isa))
                                continue;
                        kernels[k].scan(bytes, 8, &c, got);
                        assert_memory_equal(right, got, sizeof right);
                }
        }
}

static void test_instruction_sets_agree(void **state)
{
        for (unsigned m = 0; m < sizeof whole / sizeof whole[0]; m++) {
                setenv("LANDFALL_ISA", "scalar", 1);
                struct transcript right = transcribe(whole[m], strlen(whole[m]), NULL, NULL);
                assert_int_equal(right.result, 0);
                for (int isa = LF_ISA_AVX2; isa <= LF_ISA_AVX512; isa++) {
                        if (!lf_isa_has((enum lf_isa)isa))
                                continue;
                        setenv("LANDFALL_ISA", lf_isa_name((enum lf_isa)isa), 1);
                        struct transcript t = transcribe(whole[m], strlen(whole[m]), NULL, NULL);
                        assert_string_equal(t.text, right.text);
                        transcript_free(&t);
                }
                unsetenv("LANDFALL_ISA");
                transcript_free(&right);
        }
        setenv("LANDFALL_ISA", "none", 1);
        struct lf_manifest_reader *r;
        const struct lf_manifest_calls calls = {0};
        assert_int_equal(lf_manifest_reader_new(&calls, NULL, &r), -EINVAL);
        unsetenv("LANDFALL_ISA");
}

/* ---- Pieces ---- */
static void assert_pieces_agree(const void *bytes, size_t n, struct lf_random *r, unsigned rounds)
{
        struct transcript right = transcribe(bytes, n, NULL, NULL);
        for (unsigned i = 0; i <= rounds; i++) {
                struct transcript t =
                    i ? transcribe(bytes, n, random_piece, r) : transcribe(bytes, n, one, NULL);
                if (n > 0 && strcmp(t.text ? t.text : "", right.text ? right.text : "") != 0)
                        print_error("whole:\n%s\nin pieces:\n%s\n", right.text, t.text);
                assert_int_equal(t.result, right.result);
                assert_string_equal(t.text ? t.text : "", right.text ? right.text : "");
                transcript_free(&t);
        }
        transcript_free(&right);
}

static void test_pieces_agree(void **state)
{
        struct lf_random r = lf_random_seed(SEED);
        printf("seed %u\n", SEED);
        for (unsigned m = 0; m < sizeof whole / sizeof whole[0]; m++)
                assert_pieces_agree(whole[m], strlen(whole[m]), &r, 20);
}

/* Where a piece ends behind a release character, the next begins with what is released. */
#define RELEASED                                                                                             \
        "UNB+UNOA:4+A+B+240310:0815+C\?\?'UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20+X1'LOC+125+LHR'"              \
        "NAD+FL+++O?'BR\?\?:A?'?+\?\?'ATT+2++F\?\?'DOC+P+\?\?\?\?\?\?'CNT+42:1'UNT+9+1'UNZ+1+C\?\?'"
static size_t cut_once(void *context)
{
        size_t *first = context, n = *first;
        *first = SIZE_MAX;
        return n;
}

static void test_cut_anywhere(void **state)
{
        static const char released[] = RELEASED RELEASED;
        struct transcript right = transcribe(released, strlen(released), NULL, NULL);
        assert_int_equal(right.result, 0);
        for (size_t at = 1; at < strlen(released); at++) {
                size_t first = at;
                struct transcript t = transcribe(released, strlen(released), cut_once, &first);
                assert_string_equal(t.text, right.text);
                transcript_free(&t);
        }
        transcript_free(&right);
}

/* Messages that were damaged in every way. */
static void test_damage_agrees(void **state)
{
        struct lf_random r = lf_random_seed(SEED + 1);
        printf("seed %u\n", SEED + 1);
        for (unsigned round = 0; round < 400; round++) {
                char text[4096];
                const char *from = whole[round % 4];
                size_t n = strlen(from);
                memcpy(text, from, n);
                for (unsigned k = 1 + lf_random_below(&r, 4); k > 0; k--) {
                        size_t at = lf_random_below(&r, (uint32_t)n);
                        switch (lf_random_below(&r, 4)) {
                        case 0:
                                text[at] = (char)lf_random_below(&r, 256);
                                break;
                        case 1:
                                text[at] = "+:'?*\n\r ~?"[lf_random_below(&r, 10)];
                                break;
                        case 2:
                                n = at + 1;
                                break;
                        default:
                                memmove(text + at, text + at + 1, n - at - 1);
                                n -= n > 1;
                        }
                }
                assert_pieces_agree(text, n, &r, 2);
        }
}

/* ---- Separators and characters ---- */
static void test_release(void **state)
{
        struct transcript t = transcribe(PAXLST_RIGHT, strlen(PAXLST_RIGHT), NULL, NULL);
        assert_non_null(strstr(t.text, "[SEAN O'NEIL|O'NEIL|SEAN]"));
        assert_non_null(strstr(t.text, "ref=UREF+1 "));
        transcript_free(&t);
}

/* The same message with every kind of separators. */
static void test_separators(void **state)
{
        static const char body[] = "+UNOB:3+A+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X1'"
                                   "NAD+FL+++SMITH:JO'UNT+5+1'UNZ+1+C'";
        static const struct {
                const char *advice, *to; /* of + : ' */
        } each[] = {{"", "+:'"},
                    {"UNA:+.? '", "+:'"},
                    {"UNA|^.\\*~", "^|~"},
                    {"UNA:*,! \n", "*:\n"},
                    {"", "\x1d\x1f\x1c"}};
        for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
                char text[512];
                size_t n = (size_t)snprintf(text, sizeof text, "%sUNB", each[i].advice);
                for (const char *c = body; *c; c++)
                        text[n++] = *c == '+'    ? each[i].to[0]
                                    : *c == ':'  ? each[i].to[1]
                                    : *c == '\'' ? each[i].to[2]
                                                 : *c;
                struct transcript t = transcribe(text, n, NULL, NULL);
                if (t.result)
                        print_error("%u: %s\n", i, t.text);
                assert_int_equal(t.result, 0);
                assert_non_null(strstr(t.text, "[JO SMITH|SMITH|JO]"));
                transcript_free(&t);
        }
}

struct wrong {
        const char *text;
        int result;
        enum lf_manifest_rule rule;
        const char *tag;
        unsigned segment, element, component;
};

static void assert_refused(const struct wrong *w, size_t n)
{
        struct transcript t = transcribe(w->text, n, NULL, NULL);
        if (t.result != w->result || t.error.rule != w->rule)
                print_error("%.200s\n%s", w->text, t.text);
        assert_int_equal(t.result, w->result);
        assert_int_equal(t.error.rule, w->rule);
        assert_string_equal(t.error.tag, w->tag);
        assert_int_equal(t.error.at.segment, w->segment);
        assert_int_equal(t.error.element, w->element);
        assert_int_equal(t.error.component, w->component);
        assert_int_equal(t.ended, 0);
        transcript_free(&t);
}

#define BODY(charset, name)                                                                                  \
        "UNB+" charset "+A+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X1'NAD+FL+++" name           \
        "'UNT+5+1'UNZ+1+C'"

static void test_character_sets(void **state)
{
        static const struct {
                const char *text, *name;
        } right[] = {
            {BODY("UNOC:3", "M\xdcLLER:J\xd6RG"), "[JÖRG MÜLLER|"},
            {BODY("UNOX:4", "MULLER:JORG"), "[JORG MULLER|"},
            {BODY("UNOE:3", "\xb8\xd2\xd0\xdd\xde\xd2"), "[Иванов|"},
            {BODY("UNOF:3", "\xd0\xb6"),
             "[ΠΆ|"}, /* the bytes of one Cyrillic letter of UTF-8, but Greek it is */
            {BODY("UNOY:4", "ИВАНОВ:ИВАН"), "[ИВАН ИВАНОВ|"},
            {BODY("UNOA:4", "Small:letters"), "[letters Small|"},
            {BODY("UNOY:4", "\xe2\x80\x8f"
                            "COHEN\xe2\x80\xae:D\xe2\x81\xa6"
                            "AN"),
             "[DAN COHEN|COHEN|DAN]"},
            {BODY("UNOA:4", "AGENT:J4MES"), "[J4MES AGENT|"},
        };
        for (unsigned i = 0; i < sizeof right / sizeof right[0]; i++) {
                struct transcript t = transcribe(right[i].text, strlen(right[i].text), NULL, NULL);
                if (t.result || !strstr(t.text, right[i].name))
                        print_error("%u: %s\n", i, t.text);
                assert_int_equal(t.result, 0);
                assert_non_null(strstr(t.text, right[i].name));
                transcript_free(&t);
        }
        static const struct wrong wrong[] = {
            {BODY("UNOA:4", "M\xc3\x9cLLER"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1},
            {BODY("IATA:1", "A:M\xdcLLER"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 2},
            {BODY("UNOX:4", "M\x1b-ALLER"), -EBADMSG, LF_RULE_CHARACTER, "NAD", 5, 4, 1},    /* another set */
            {BODY("UNOC:3", "M\xc3\xbcLLER"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1}, /* UTF-8 */
            {BODY("UNOC:3", "M\x9cLLER"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1}, /* a C1 control */
            {BODY("UNOY:4", "M\xdcLLER"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1}, /* Latin-1 */
            {BODY("UNOY:4", "A\xed\xa0\x80"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1}, /* a surrogate */
            {BODY("UNOY:4", "A\xc0\xafX"), -EBADMSG, LF_RULE_MIXED_SETS, "NAD", 5, 4, 1},    /* overlong */
            {BODY("UNOA:4", "A\tB"), -EBADMSG, LF_RULE_CHARACTER, "NAD", 5, 4, 1},
            {BODY("UNOA:4", "A\x7f"), -EBADMSG, LF_RULE_CHARACTER, "NAD", 5, 4, 1},
            {BODY("UNOQ:4", "A"), -EBADMSG, LF_RULE_SYNTAX_IDENTIFIER, "UNB", 1, 0, 0},
            {BODY("UNOA:9", "A"), -EBADMSG, LF_RULE_SYNTAX_IDENTIFIER, "UNB", 1, 0, 0},
        };
        for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_refused(&wrong[i], strlen(wrong[i].text));
        static const char nul[] = "UNB+UNOA:4+A+B+240310:0815+C\0'";
        assert_refused(&(struct wrong){nul, -EBADMSG, LF_RULE_CHARACTER, "UNB", 1, 5, 1}, sizeof nul - 1);
}

/* Notes say what was left out, and the byte at fault is where it is said to be. */
static void test_notes_and_places(void **state)
{
        const char *text = BODY("UNOY:4", "A\xe2\x80\x8f"
                                          "B:C\r\nD");
        struct transcript t = transcribe(text, strlen(text), NULL, NULL);
        char notes[32];
        snprintf(notes, sizeof notes, "notes=%x", LF_NOTE_DIRECTION_MARKS | LF_NOTE_LINE_BREAK);
        assert_non_null(strstr(t.text, "[CD AB|AB|CD]"));
        assert_non_null(strstr(t.text, notes));
        transcript_free(&t);
        text = "\r\n UNA:+.? '\r\n" BODY("UNOA:4", "A\r\nB\x80");
        t = transcribe(text, strlen(text), NULL, NULL);
        assert_int_equal(t.error.rule, LF_RULE_MIXED_SETS);
        assert_int_equal(t.error.at.offset, strchr(text, '\x80') - text);
        assert_int_equal(t.error.at.line, 4);
        transcript_free(&t);
}

/* ---- What is refused, and where ---- */
static void test_refusals(void **state)
{
        static const struct wrong wrong[] = {
            {"", -EBADMSG, LF_RULE_EMPTY, "", 1, 0, 0},
            {" \r\n\t", -EBADMSG, LF_RULE_EMPTY, "", 1, 0, 0},
            {"hello", -EBADMSG, LF_RULE_FORMAT, "", 1, 0, 0},
            {"UN", -EBADMSG, LF_RULE_FORMAT, "", 1, 0, 0},
            {"UNA:+.? 'UNH+1'", -EBADMSG, LF_RULE_FORMAT, "", 1, 0, 0},
            {"UNA::.? 'UNB:UNOA", -EBADMSG, LF_RULE_UNA, "UNA", 1, 0, 0},
            {"UNA:+.?A'UNB+UNOA:4'", -EBADMSG, LF_RULE_UNA, "UNA", 1, 0, 0},
            {"UNB;UNOA", -EBADMSG, LF_RULE_UNA, "UNB", 1, 0, 0},
            {"UNB+UNOA:4", -EBADMSG, LF_RULE_UNTERMINATED, "UNB", 1, 0, 0},
            {ENVELOPE, -EBADMSG, LF_RULE_NO_TRAILER, "", 2, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745", -EBADMSG, LF_RULE_UNTERMINATED, "BGM", 3, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745?'", -EBADMSG, LF_RULE_UNTERMINATED, "BGM", 3, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'NAD+FL'", -EBADMSG, LF_RULE_ORDER, "NAD", 3, 0, 0},
            {ENVELOPE "BGM+745'", -EBADMSG, LF_RULE_ORDER, "BGM", 2, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'UNZ+1+C'", -EBADMSG, LF_RULE_ORDER, "UNZ", 3, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'NAD+FL+++O?\n+X:A'", -EBADMSG,
             LF_RULE_RELEASED_BREAK, "NAD", 5, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'NAD+FL+++O?\r\n'X:A'", -EBADMSG,
             LF_RULE_RELEASED_BREAK, "NAD", 5, 0, 0},
            {ENVELOPE "+A'", -EBADMSG, LF_RULE_TAG, "", 2, 0, 0},
            {ENVELOPE "unz+0+C'", -EBADMSG, LF_RULE_TAG, "", 2, 0, 0},
            {ENVELOPE "''", -EBADMSG, LF_RULE_TAG, "", 2, 0, 0},
            {"UNB+UNOA:4+A+B+241310:0815+C'", -EBADMSG, LF_RULE_DATE, "UNB", 1, 4, 1},
            {"UNB+UNOA:4+A+B+240310:0815'", -EBADMSG, LF_RULE_MISSING, "UNB", 1, 5, 1},
            {ENVELOPE "UNH+1+BAPLIE:D:95B:UN'", -ENOTSUP, LF_RULE_UNSUPPORTED, "UNH", 2, 2, 1},
            {ENVELOPE "UNH+1+PAXLST:D:98B:UN'", -ENOTSUP, LF_RULE_VERSION, "UNH", 2, 2, 2},
            {ENVELOPE "UNH+1+PAXLST:D:16A:UN'", -ENOTSUP, LF_RULE_VERSION, "UNH", 2, 2, 2},
            {ENVELOPE "UNH+1+PNRGOV:9:1:IA'", -ENOTSUP, LF_RULE_VERSION, "UNH", 2, 2, 2},
            {ENVELOPE "UNH++PAXLST:D:05B:UN'", -EBADMSG, LF_RULE_MISSING, "UNH", 2, 1, 1},
            {ENVELOPE
             "UNH+1234567890123456789012345678901234567890123456789012345678901234567890123+PAXLST:D:05B:UN'",
             -EBADMSG, LF_RULE_TOO_LONG, "UNH", 2, 1, 1},
            {ENVELOPE "UNG+CUSCAR+A+B+240310:0815+7+UN+D:05B'UNH+1+PAXLST:D:05B:UN'", -EBADMSG,
             LF_RULE_GROUP_TYPE, "UNH", 3, 2, 1},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'UNT+4+1'", -EBADMSG, LF_RULE_UNT_COUNT, "UNT", 4, 1, 1},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'UNT+x+1'", -EBADMSG, LF_RULE_NUMBER, "UNT", 4, 1, 1},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'UNT+3+2'", -EBADMSG, LF_RULE_UNT_REFERENCE, "UNT", 4, 2,
             1},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'UNT+3'", -EBADMSG, LF_RULE_UNT_REFERENCE, "UNT", 4, 2,
             1},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'NAD+FL+++A'CNT+42:2'UNT+6+1'", -EBADMSG,
             LF_RULE_TRAVELLER_COUNT, "UNT", 7, 0, 0},
            {ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'NAD+FL+++A'ATT+2++M*F'", -EBADMSG,
             LF_RULE_REPEATED, "ATT", 6, 3, 0},
            {"<?xml version=\"1.0\"?><W xmlns=\"iata:datamodel:3\"/>", -ENOTSUP, LF_RULE_UNSUPPORTED, "", 1,
             0, 0},
            {"FWB/17\n020-12345675", -ENOTSUP, LF_RULE_UNSUPPORTED, "", 1, 0, 0},
            {"ISA*00*          *00*          *ZZ*L              *ZZ*C              "
             "*240310*0815*U*00401*000000042*0*T*>",
             -EBADMSG, LF_RULE_UNTERMINATED, "ISA", 1, 0, 0},
            {"ISA*00*short*00*          *ZZ*L              *ZZ*C              "
             "*240310*0815*U*00401*000000042*0*T*>~  "
             "                     ",
             -EBADMSG, LF_RULE_SEPARATORS, "ISA", 1, 0, 0},
        };
        for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_refused(&wrong[i], strlen(wrong[i].text));
}

/* Trailers of groups and interchanges: the message before them was read. */
static void test_envelope_counts(void **state)
{
#define ONE   "UNH+1+PAXLST:D:05B:UN'BGM+745'UNT+3+1'"
#define GROUP "UNG+PAXLST+A+B+240310:0815+7+UN+D:05B'"
        static const struct {
                const char *text;
                enum lf_manifest_rule rule;
        } wrong[] = {
            {ENVELOPE ONE "UNZ+2+C'", LF_RULE_UNZ_COUNT},
            {ENVELOPE ONE "UNZ+1+D'", LF_RULE_UNZ_REFERENCE},
            {ENVELOPE GROUP ONE "UNE+2+7'", LF_RULE_UNE_COUNT},
            {ENVELOPE GROUP ONE "UNE+1+8'", LF_RULE_UNE_REFERENCE},
            {ENVELOPE GROUP ONE "UNE+1+7'UNZ+2+C'", LF_RULE_UNZ_COUNT},
            {ENVELOPE ONE GROUP, LF_RULE_ORDER},
            {ENVELOPE GROUP ONE "UNE+1+7'" ONE, LF_RULE_ORDER},
            {ENVELOPE ONE, LF_RULE_NO_TRAILER},
            {ENVELOPE ONE "UNZ+1+C", LF_RULE_UNTERMINATED},
            {ENVELOPE ONE "UNZ+1+C'rest", LF_RULE_TRAILING},
        };
        for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
                struct transcript t = transcribe(wrong[i].text, strlen(wrong[i].text), NULL, NULL);
                assert_int_equal(t.result, -EBADMSG);
                assert_int_equal(t.error.rule, wrong[i].rule);
                transcript_free(&t);
        }
        const char *two =
            ENVELOPE GROUP ONE ONE "UNE+2+7'" GROUP ONE "UNE+1+7'UNZ+2+C'\n" ENVELOPE ONE "UNZ+1+C'";
        struct transcript t = transcribe(two, strlen(two), NULL, NULL);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.ended, 4);
        transcript_free(&t);
}

/* ---- Limits ---- */
static int push_until(struct lf_manifest_reader *r, const char *piece, size_t n, uint64_t most,
                      uint64_t *ret_pushed)
{
        for (*ret_pushed = 0; *ret_pushed < most; *ret_pushed += n) {
                int ret = lf_manifest_push(r, piece, n);
                if (ret < 0)
                        return ret;
        }
        return 0;
}

/* A segment of 1 GB is refused as soon as it passes the limit. */
static void test_long_segments(void **state)
{
        static const char *const fill[] = {"A", "+", ":", "?", "?'", "\n", "*"};
        for (unsigned i = 0; i < sizeof fill / sizeof fill[0]; i++) {
                const struct lf_manifest_calls calls = {0};
                struct lf_manifest_reader *r;
                char piece[4096];
                uint64_t pushed;
                for (size_t k = 0; k < sizeof piece; k++)
                        piece[k] = fill[i][k % strlen(fill[i])];
                assert_int_equal(lf_manifest_reader_new(&calls, NULL, &r), 0);
                const char *head = ENVELOPE "UNH+1+PAXLST:D:05B:UN'FTX+";
                assert_int_equal(lf_manifest_push(r, head, strlen(head)), 0);
                assert_int_equal(push_until(r, piece, sizeof piece, 1u << 30, &pushed), -EMSGSIZE);
                assert_true(pushed <= LF_MANIFEST_SEGMENT_MAX);
                assert_int_equal(lf_manifest_error(r)->rule, LF_RULE_SEGMENT_TOO_LONG);
                assert_string_equal(lf_manifest_error(r)->tag, "FTX");
                assert_int_equal(lf_manifest_finish(r), -EMSGSIZE);
                lf_manifest_reader_free(r);
        }
}

static void test_segments_at_the_limit(void **state)
{
        const char *head = ENVELOPE "UNH+1+PAXLST:D:05B:UN'BGM+745'";
        struct lf_random random = lf_random_seed(SEED);
        for (int more = 0; more <= 1; more++) {
                size_t n = strlen(head), segment = LF_MANIFEST_SEGMENT_MAX + (size_t)more;
                char *text = malloc(n + segment + 64);
                memcpy(text, head, n);
                memset(text + n, '+', segment);
                memcpy(text + n, "FTX", 3);
                text[n + segment - 1] = '\'';
                n += segment;
                n += (size_t)sprintf(text + n, "UNT+4+1'UNZ+1+C'");
                struct transcript t = transcribe(text, n, NULL, NULL);
                assert_int_equal(t.result, more ? -EMSGSIZE : 0);
                transcript_free(&t);
                assert_pieces_agree(text, n, &random, 1);
                free(text);
        }
}

/* ---- The data folder ---- */
static void test_data_in_pieces(void **state)
{
        static const char *const files[] = {"paxlst/gtas_Test3.txt",
                                            "paxlst/gtas_apisMessage.txt",
                                            "paxlst/guide15b_ex5_3.edi",
                                            "paxlst/smooks_bad_d03b.txt",
                                            "pnrgov/gtasL_2_pnrs_basic.edi",
                                            "pnrgov/staedi_11_1.edi",
                                            "pnrgov/gtasP_pnrMessagePg77.txt",
                                            "x12/004010_309_0.edi",
                                            "cuscar/tsedifact_d99b_warrel.edi",
                                            "other/edifact.D01B.IFCSUM.NewLines.EDI"};
        const char *data = test_data();
        struct lf_random r = lf_random_seed(SEED);
        static uint8_t bytes[1 << 20];
        for (unsigned i = 0; data && i < sizeof files / sizeof files[0]; i++) {
                char folder[4200];
                snprintf(folder, sizeof folder, "%s/manifests", data);
                size_t n = test_file(folder, files[i], bytes, sizeof bytes);
                assert_pieces_agree(bytes, n, &r, 3);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_kernels_agree),
            cmocka_unit_test(test_instruction_sets_agree),
            cmocka_unit_test(test_pieces_agree),
            cmocka_unit_test(test_damage_agrees),
            cmocka_unit_test(test_cut_anywhere),
            cmocka_unit_test(test_release),
            cmocka_unit_test(test_separators),
            cmocka_unit_test(test_character_sets),
            cmocka_unit_test(test_notes_and_places),
            cmocka_unit_test(test_refusals),
            cmocka_unit_test(test_envelope_counts),
            cmocka_unit_test(test_long_segments),
            cmocka_unit_test(test_segments_at_the_limit),
            cmocka_unit_test(test_data_in_pieces),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
