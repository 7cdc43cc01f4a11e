/* The beginning of an interchange: which separators and which character set it has (ISO 9735-1:2002, 7.1 and
 * annexes A and B; X12.5), and what is not one. */
#include <errno.h>
#include <string.h>

#include "control/manifest/edifact_internal.h"

#define ISA_SIZE   106
#define XML_LOOK   512 /* bytes in which an XML message says what it is */
#define BEGIN_MAX  XML_LOOK
#define UNA_SIZE   9
#define SYNTAX_MAX 24 /* "UNB+UNOA:4+" and some room */
_Static_assert(BEGIN_MAX <= LF_MANIFEST_SEGMENT_MAX, "the beginning fits the carry");

/* Results of a look at the carry. */
enum { MORE = 0, DECIDED = 1 };

static bool space(uint8_t c)
{
        return c == ' ' || c == '\r' || c == '\n' || c == '\t';
}

static bool alphanumeric(uint8_t c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int fail(struct lf_edi *e, enum lf_manifest_rule rule, size_t at, const char *detail)
{
        struct lf_edi_segment s = {.at = {e->offset + at, e->lines, 1}};
        bool tag = rule != LF_RULE_FORMAT && rule != LF_RULE_TRAILING && rule != LF_RULE_UNSUPPORTED;
        for (unsigned i = 0; tag && i < 3 && i < e->carry_n && alphanumeric(e->carry[i]); i++)
                s.tag |= (uint32_t)e->carry[i] << (16 - 8 * i);
        return lf_edi_fail(e, &s, rule, 0, 0, detail && *detail ? "%s" : NULL, detail);
}

static void set_classes(struct lf_edi *e, bool repetition)
{
        struct lf_scan_chars *c = &e->chars;
        for (unsigned i = 0; i < 256; i++)
                e->class[i] = i < 0x20 || i > 0x7e ? ODD : PLAIN;
        if (c->has_release)
                e->class[c->release] = RELEASE;
        e->class[c->component] = COMPONENT;
        e->class[c->element] = ELEMENT;
        e->class[c->terminator] = TERMINATOR;
        e->repeats = repetition;
        if (repetition)
                e->class[c->repetition] = REPETITION;
        else
                c->repetition = c->terminator;
}

/* Drops what comes before UNB from the carry. */
static void drop(struct lf_edi *e, size_t n)
{
        for (size_t i = 0; i < n; i++)
                e->lines += e->carry[i] == '\n';
        e->offset += n;
        e->carry_n -= n;
        memmove(e->carry, e->carry + n, e->carry_n);
}

static void open_interchange(struct lf_edi *e)
{
        e->open = true;
        e->segment = 0;
        e->inside = 0;
        e->beyond = UINT64_MAX;
        e->carry_escaped = false;
}

static bool una_right(const uint8_t *una)
{
        const uint8_t component = una[3], element = una[4], release = una[6], repetition = una[7],
                      terminator = una[8];
        const uint8_t each[] = {component, element, terminator, repetition, release};
        for (unsigned i = 0; i < sizeof each; i++) {
                if (i >= 3 && each[i] == ' ') /* not used */
                        continue;
                if (alphanumeric(each[i]) || each[i] >= 0x7f ||
                    (space(each[i]) && (i != 2 || each[i] == ' ')))
                        return false;
                for (unsigned k = 0; k < i; k++)
                        if (each[k] == each[i])
                                return false;
        }
        return true;
}

/* UNB 0001 and 0002 from the carry's byte `at`, which is behind "UNB" and the separator. MORE until the
 * element's end has come. */
static int read_syntax(struct lf_edi *e, size_t at, char *ret_version)
{
        size_t end = at;
        while (end < e->carry_n && e->carry[end] != e->chars.element && e->carry[end] != e->chars.terminator)
                end++;
        if (end - at > SYNTAX_MAX)
                return fail(e, LF_RULE_SYNTAX_IDENTIFIER, at, NULL);
        if (end == e->carry_n)
                return MORE;
        const uint8_t *p = e->carry + at, *version = memchr(p, e->chars.component, end - at);
        size_t n = version ? (size_t)(version - p) : end - at;
        size_t version_n = version ? end - at - n - 1 : 0;
        memset(e->syntax, 0, sizeof e->syntax);
        if (lf_charset_by_name(p, n, &e->set) < 0 || version_n == 0 || version[1] < '1' || version[1] > '4' ||
            (version_n > 1 && version[2] != e->chars.component))
                return fail(e, LF_RULE_SYNTAX_IDENTIFIER, at, NULL);
        memcpy(e->syntax, p, n);
        *ret_version = (char)version[1];
        return DECIDED;
}

static int look_unb(struct lf_edi *e)
{
        size_t unb = 0;
        struct lf_scan_chars *c = &e->chars;
        bool advised = memcmp(e->carry, "UNA", 3) == 0, repetition = false;
        if (advised) {
                if (e->carry_n < UNA_SIZE)
                        return MORE;
                if (!una_right(e->carry))
                        return fail(e, LF_RULE_UNA, 3, NULL);
                *c = (struct lf_scan_chars){.component = e->carry[3],
                                            .element = e->carry[4],
                                            .release = e->carry[6],
                                            .has_release = e->carry[6] != ' ',
                                            .repetition = e->carry[7],
                                            .terminator = e->carry[8]};
                repetition = c->repetition != ' ';
                for (unb = UNA_SIZE; unb < e->carry_n && space(e->carry[unb]);)
                        unb++;
                if (unb > BEGIN_MAX / 2)
                        return fail(e, LF_RULE_FORMAT, 0, "UNA without UNB");
        }
        if (e->carry_n < unb + 4)
                return MORE;
        if (memcmp(e->carry + unb, "UNB", 3) != 0)
                return fail(e, LF_RULE_FORMAT, unb, "UNA without UNB");
        uint8_t separator = e->carry[unb + 3];
        if (!advised && separator == 0x1d)
                *c = (struct lf_scan_chars){.component = 0x1f, .element = 0x1d, .terminator = 0x1c};
        else if (!advised)
                *c = (struct lf_scan_chars){.component = ':',
                                            .element = '+',
                                            .terminator = '\'',
                                            .release = '?',
                                            .has_release = true};
        if (separator != c->element)
                return fail(e, LF_RULE_UNA, unb + 3, "UNB goes on with another separator");
        char version = 0;
        int r = read_syntax(e, unb + 4, &version);
        if (r != DECIDED)
                return r;
        if (!advised && version == '4' && c->has_release) {
                c->repetition = '*';
                repetition = true;
        }
        e->x12 = false;
        set_classes(e, repetition);
        drop(e, unb);
        open_interchange(e);
        return DECIDED;
}

/* ISA has fields of fixed width: that is how its separators are found. */
static int look_isa(struct lf_edi *e)
{
        static const uint8_t elements[] = {3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103};
        const uint8_t *p = e->carry;
        if (e->carry_n < ISA_SIZE)
                return MORE;
        for (unsigned i = 0; i < sizeof elements; i++)
                if (p[elements[i]] != p[3])
                        return fail(e, LF_RULE_SEPARATORS, elements[i], "fields of ISA are of fixed width");
        bool repetition = !alphanumeric(p[82]) && !space(p[82]) && p[82] != p[3];
        e->chars = (struct lf_scan_chars){
            .component = p[104], .element = p[3], .repetition = p[82], .terminator = p[105]};
        const uint8_t each[] = {p[3], p[104], p[105]};
        for (unsigned i = 0; i < sizeof each; i++)
                if (alphanumeric(each[i]) || each[i] >= 0x7f || each[i] == ' ' || (space(each[i]) && i < 2) ||
                    (i > 0 && each[i] == each[i - 1]))
                        return fail(e, LF_RULE_SEPARATORS, i ? 103 + i : 3, NULL);
        if (p[3] == p[105])
                return fail(e, LF_RULE_SEPARATORS, 105, NULL);
        if (p[82] == p[104] || p[82] == p[105])
                repetition = false;
        e->x12 = true;
        e->set = LF_EDI_ASCII;
        e->syntax[0] = 0;
        set_classes(e, repetition);
        open_interchange(e);
        return DECIDED;
}

static bool holds(const struct lf_edi *e, const char *word)
{
        return memmem(e->carry, e->carry_n, word, strlen(word)) != NULL;
}

static int unsupported(struct lf_edi *e, const char *what)
{
        fail(e, LF_RULE_UNSUPPORTED, 0, what);
        return -ENOTSUP;
}

/* Cargo-IMP: "FWB/17", or "FSR", on a line of its own. */
static bool cargo_imp(const struct lf_edi *e)
{
        static const char *const known[] = {"FBL", "FBR", "FFA", "FFM", "FFR", "FHL", "FHX", "FMA", "FNA",
                                            "FSA", "FSB", "FSN", "FSR", "FSU", "FWB", "FWR", "FXH"};
        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
                if (memcmp(e->carry, known[i], 3) == 0 &&
                    (e->carry[3] == '/' || e->carry[3] == '\r' || e->carry[3] == '\n'))
                        return true;
        return false;
}

static int look_other(struct lf_edi *e, bool last)
{
        if (e->interchanges > 0)
                return fail(e, LF_RULE_TRAILING, 0, NULL);
        if (e->carry[0] == '<') {
                if (e->carry_n < XML_LOOK && !last)
                        return MORE;
                return unsupported(e, holds(e, "iata:") ? "Cargo-XML" : "XML");
        }
        if (e->carry_n < 4 && !last)
                return MORE;
        if (e->carry_n >= 4 && cargo_imp(e))
                return unsupported(e, "Cargo-IMP");
        return fail(e, LF_RULE_FORMAT, 0, NULL);
}

static int look(struct lf_edi *e, bool last)
{
        static const char *const tags[] = {"UNA", "UNB", "ISA"};
        for (unsigned i = 0; i < 3; i++) {
                size_t n = e->carry_n < 3 ? e->carry_n : 3;
                if (memcmp(e->carry, tags[i], n) != 0)
                        continue;
                if (n < 3 && !last)
                        return MORE;
                if (n == 3)
                        return i < 2 ? look_unb(e) : look_isa(e);
        }
        return look_other(e, last);
}

/* Before anything of an interchange: spaces, line breaks, and at the very start a byte order mark. */
static bool passed_over(const struct lf_edi *e, uint8_t c)
{
        static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
        return space(c) || (e->offset < sizeof mark && c == mark[e->offset]);
}

int lf_edi_begin(struct lf_edi *e, const uint8_t *p, size_t n, size_t *ret_used)
{
        for (size_t i = 0; i < n; i++) {
                *ret_used = i + 1;
                if (e->carry_n == 0 && passed_over(e, p[i])) {
                        e->offset++;
                        e->lines += p[i] == '\n';
                        continue;
                }
                e->carry[e->carry_n++] = p[i];
                int r = look(e, false);
                if (r < 0)
                        return r;
                if (r == DECIDED)
                        return e->carry[e->carry_n - 1] == e->chars.terminator;
        }
        return 0;
}

int lf_edi_finish_outside(struct lf_edi *e)
{
        if (e->carry_n > 0) {
                int r = look(e, true);
                return r < 0 ? r : fail(e, LF_RULE_UNTERMINATED, 0, NULL);
        }
        return e->interchanges > 0 ? 0 : fail(e, LF_RULE_EMPTY, 0, NULL);
}
