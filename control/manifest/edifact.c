/* The reader of segments: what it holds, and how bytes become segments. */
#include "control/manifest/edifact_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lf_edi_new(lf_edi_handler *handler, void *context, struct lf_edi **ret)
{
        enum lf_isa isa;
        int r = lf_isa_choose(&isa);
        if (r < 0)
                return r;
        struct lf_edi *e = calloc(1, sizeof *e);
        if (!e)
                return -ENOMEM;
        e->handler = handler;
        e->context = context;
        e->scan = isa >= LF_ISA_AVX512 ? lf_scan_avx512 : isa == LF_ISA_AVX2 ? lf_scan_avx2 : lf_scan_scalar;
        e->lines = 1;
        *ret = e;
        return 0;
}

void lf_edi_free(struct lf_edi *e)
{
        free(e);
}

enum lf_edi_charset lf_edi_charset(const struct lf_edi *e)
{
        return e->set;
}

bool lf_edi_x12(const struct lf_edi *e)
{
        return e->x12;
}

char lf_edi_separator(const struct lf_edi *e)
{
        return (char)e->chars.component;
}

struct lf_manifest_error *lf_edi_error(struct lf_edi *e)
{
        return &e->error;
}

const char *lf_edi_syntax(const struct lf_edi *e)
{
        return e->syntax;
}

bool lf_edi_beyond_level(const struct lf_edi *e, uint64_t offset)
{
        return e->beyond < offset;
}

int lf_edi_fail(struct lf_edi *e, const struct lf_edi_segment *s, enum lf_manifest_rule rule,
                unsigned element, unsigned component, const char *format, ...)
{
        struct lf_manifest_error *to = &e->error;
        *to = (struct lf_manifest_error){
            .rule = rule, .at = s->at, .element = (uint16_t)element, .component = (uint16_t)component};
        for (unsigned i = 0; i < 3; i++)
                to->tag[i] = (char)(s->tag >> (16 - 8 * i));
        if (format) {
                va_list list;
                va_start(list, format);
                vsnprintf(to->detail, sizeof to->detail, format, list);
                va_end(list);
        }
        for (char *c = to->detail; *c; c++)
                if (*c < 0x20 || *c > 0x7e)
                        *c = '.';
        return -EBADMSG;
}

/* What is known of the segment that is being put together. */
static struct lf_edi_segment segment_here(const struct lf_edi *e, const uint8_t *p, uint32_t start, size_t n)
{
        struct lf_edi_segment s = {.p = p, .start = start};
        for (unsigned i = 0; i < 3 && start + i < n; i++) {
                uint8_t c = p[start + i];
                bool fits = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                if (!fits)
                        break;
                s.tag |= (uint32_t)c << (16 - 8 * i);
        }
        s.at = (struct lf_manifest_place){e->offset + start, e->lines - e->inside, e->segment + 1};
        return s;
}

static int too_long(struct lf_edi *e, const uint8_t *p, uint32_t start, size_t n)
{
        struct lf_edi_segment s = segment_here(e, p, start, n);
        lf_edi_fail(e, &s, LF_RULE_SEGMENT_TOO_LONG, 0, 0, NULL);
        return -EMSGSIZE;
}

/* Element and component, from 1, of a byte. */
static void whereabouts(const struct lf_edi_segment *s, uint32_t byte, unsigned *ret_e, unsigned *ret_c)
{
        uint32_t i = 0, e = 0;
        while (s->end[i] < byte)
                i++;
        while (e + 1 < s->elements && s->first[e + 1] <= i)
                e++;
        *ret_e = e;
        *ret_c = i - s->first[e] + 1;
}

static int check_characters(struct lf_edi *e, const struct lf_edi_segment *s)
{
        for (uint32_t i = 0, from = s->start; i < s->first[s->elements]; from = s->end[i++] + 1) {
                bool mixed = false;
                size_t n = s->end[i] - from, at = lf_charset_check(e->set, s->p + from, n, &mixed);
                if (at == n)
                        continue;
                unsigned element, component;
                whereabouts(s, from + (uint32_t)at, &element, &component);
                lf_edi_fail(e, s, mixed ? LF_RULE_MIXED_SETS : LF_RULE_CHARACTER, element, component,
                            "byte 0x%02x in %s", s->p[from + at], e->x12 ? "X12" : e->syntax);
                for (size_t k = s->start; k < from + at; k++)
                        e->error.at.line += s->p[k] == '\n';
                e->error.at.offset = e->offset + from + at;
                return -EBADMSG;
        }
        return 0;
}

/* The segment is whole: its first byte is at `start`, its terminator at the last token's end. */
static int deliver(struct lf_edi *e, const uint8_t *p, uint32_t start)
{
        e->first[e->elements] = e->tokens;
        struct lf_edi_segment s = segment_here(e, p, start, e->end[e->tokens - 1]);
        s.end = e->end;
        s.first = e->first;
        s.elements = e->elements;
        s.flags = e->flags;
        s.repeat = e->repeat;
        uint32_t tag = e->end[0] - start;
        bool fits = tag == 3 ? (s.tag & 0xff) != 0 : e->x12 && tag == 2 && (s.tag >> 8 & 0xff) != 0;
        if (!fits)
                return lf_edi_fail(e, &s, LF_RULE_TAG, 0, 0, NULL);
        int r = s.flags & LF_EDI_ODD ? check_characters(e, &s) : 0;
        if (r < 0)
                return r;
        e->segment++;
        s.at.segment = e->segment;
        return e->handler(e->context, &s);
}

static void begin_segment(struct lf_edi *e)
{
        e->tokens = 0;
        e->elements = 1;
        e->first[0] = 0;
        e->flags = 0;
        e->repeat = UINT32_MAX;
        e->inside = 0;
}

static uint32_t skip_space(const struct lf_edi *e, const uint8_t *p, uint32_t at, uint32_t n)
{
        while (at < n && (p[at] == ' ' || p[at] == '\n' || p[at] == '\r'))
                at++;
        return at;
}

/* The first printable byte, in this window, that the level lacks. */
static void note_level(struct lf_edi *e, const uint8_t *p, uint64_t bits, uint32_t base)
{
        for (; bits; bits &= bits - 1) {
                uint32_t at = base + (uint32_t)__builtin_ctzll(bits);
                if (e->set == LF_EDI_LEVEL_B && p[at] >= 'a' && p[at] <= 'z')
                        continue;
                e->beyond = e->offset + at;
                return;
        }
}

/* Takes away the bits of what is released. *inout_escaped: the next byte is. */
static uint64_t released(uint64_t release, uint64_t *inout_escaped, uint64_t *ret_active)
{
        uint64_t escaped = *inout_escaped, active = 0;
        *inout_escaped = 0;
        while ((release &= ~escaped)) {
                unsigned i = (unsigned)__builtin_ctzll(release);
                active |= 1ull << i;
                release &= release - 1;
                if (i == 63)
                        *inout_escaped = 1;
                else
                        escaped |= 2ull << i;
        }
        *ret_active = active;
        return escaped;
}

/* The places in [base, base + n) that matter. Returns how many. */
static uint32_t index_window(struct lf_edi *e, const uint8_t *p, uint32_t base, uint32_t n)
{
        uint32_t *to = e->place, blocks = n / LF_SCAN_BLOCK, rest = n % LF_SCAN_BLOCK;
        e->scan(p + base, blocks, &e->chars, e->bits);
        if (rest) {
                uint8_t last[LF_SCAN_BLOCK] = {0};
                memcpy(last, p + base + blocks * LF_SCAN_BLOCK, rest);
                struct lf_scan_bits *b = &e->bits[blocks++];
                e->scan(last, 1, &e->chars, b);
                uint64_t there = (1ull << rest) - 1;
                b->separator &= there;
                b->release &= there;
                b->odd &= there;
                b->level &= there;
        }
        for (uint32_t i = 0; i < blocks; i++, base += LF_SCAN_BLOCK) {
                const struct lf_scan_bits *b = &e->bits[i];
                uint64_t separator = b->separator, active = 0;
                if (b->release | e->escaped)
                        separator &= ~released(b->release, &e->escaped, &active);
                if (e->set <= LF_EDI_LEVEL_B && e->beyond == UINT64_MAX)
                        note_level(e, p, b->level & ~b->separator & ~b->release, base);
                for (uint64_t bits = separator | (b->odd & ~b->separator) | active; bits; bits &= bits - 1)
                        *to++ = base + (uint32_t)__builtin_ctzll(bits);
        }
        return (uint32_t)(to - e->place);
}

/* Whole segments of [p, p + n); what is left of the last one goes into the carry. *ret_used: where reading
 * stopped, n but at the end of an interchange. */
static int read_block(struct lf_edi *e, const uint8_t *p, uint32_t n, size_t *ret_used)
{
        uint32_t start = skip_space(e, p, 0, n);
        begin_segment(e);
        e->escaped = 0;
        *ret_used = n;
        for (uint32_t base = 0; base < n; base += WINDOW) {
                uint32_t places = index_window(e, p, base, n - base < WINDOW ? n - base : WINDOW);
                for (uint32_t i = 0; i < places; i++) {
                        uint32_t at = e->place[i];
                        enum class class = e->class[p[at]];
                        if (class > TERMINATOR) {
                                e->lines += p[at] == '\n';
                                if (at < start)
                                        continue;
                                e->inside += p[at] == '\n';
                                e->flags |= class == BREAK     ? LF_EDI_BROKEN
                                            : class == RELEASE ? LF_EDI_RELEASED
                                                               : LF_EDI_ODD;
                                continue;
                        }
                        if (at < start) { /* a terminator that is also a line break */
                                e->lines += p[at] == '\n';
                                continue;
                        }
                        if (at - start >= LF_MANIFEST_SEGMENT_MAX)
                                return too_long(e, p, start, n);
                        e->end[e->tokens++] = at;
                        e->first[e->elements] = e->tokens;
                        e->elements += class == ELEMENT;
                        if (class < REPETITION)
                                continue;
                        if (class == REPETITION) {
                                e->repeat = e->repeat == UINT32_MAX ? e->tokens : e->repeat;
                                continue;
                        }
                        int r = deliver(e, p, start);
                        e->lines += p[at] == '\n';
                        start = at + 1;
                        if (r != 0) {
                                *ret_used = start;
                                return r;
                        }
                        start = skip_space(e, p, start, n);
                        begin_segment(e);
                }
                if (n - start >= LF_MANIFEST_SEGMENT_MAX && base + WINDOW >= start &&
                    base + WINDOW - start >= LF_MANIFEST_SEGMENT_MAX)
                        return too_long(e, p, start, n);
        }
        if (n - start >= LF_MANIFEST_SEGMENT_MAX)
                return too_long(e, p, start, n);
        e->carry_n = n - start;
        memmove(e->carry, p + start, n - start);
        e->lines -= e->inside;
        e->inside = 0;
        e->offset += start;
        return 0;
}

/* After lf read_block: the offset of what comes next. */
static void account(struct lf_edi *e, uint64_t from, size_t used)
{
        if (e->carry_n == 0)
                e->offset = from + used;
}

static int read_carry(struct lf_edi *e)
{
        size_t used, n = e->carry_n;
        uint64_t from = e->offset;
        e->carry_n = 0;
        int r = read_block(e, e->carry, (uint32_t)n, &used);
        account(e, from, used);
        return r;
}

/* More of a segment that has begun. */
static int extend(struct lf_edi *e, const uint8_t *p, size_t n, size_t *ret_used)
{
        size_t i = 0;
        for (bool whole = false; i < n && !whole; i++) {
                if (e->carry_n == LF_MANIFEST_SEGMENT_MAX)
                        return too_long(e, e->carry, 0, e->carry_n);
                e->carry[e->carry_n++] = p[i];
                whole = !e->carry_escaped && p[i] == e->chars.terminator;
                e->carry_escaped = !e->carry_escaped && e->chars.has_release && p[i] == e->chars.release;
                if (whole) {
                        *ret_used = i + 1;
                        return read_carry(e);
                }
        }
        *ret_used = n;
        e->inside = 0;
        return e->carry_n >= LF_MANIFEST_SEGMENT_MAX ? too_long(e, e->carry, 0, e->carry_n) : 0;
}

static int push_some(struct lf_edi *e, const uint8_t *p, size_t n, size_t *ret_used)
{
        if (!e->open) {
                int r = lf_edi_begin(e, p, n, ret_used);
                return r == 1 ? read_carry(e) : r;
        }
        if (e->carry_n > 0)
                return extend(e, p, n, ret_used);
        uint64_t from = e->offset;
        int r = read_block(e, p, n < PIECE_MAX ? (uint32_t)n : PIECE_MAX, ret_used);
        e->carry_escaped = e->escaped;
        account(e, from, *ret_used);
        return r;
}

int lf_edi_push(struct lf_edi *e, const void *bytes, size_t n)
{
        const uint8_t *p = bytes;
        while (n > 0 && e->failed == 0) {
                size_t used = 0;
                int r = push_some(e, p, n, &used);
                if (r == LF_EDI_END) {
                        e->open = false;
                        e->interchanges++;
                        e->segment = 0;
                        e->inside = 0;
                        e->carry_n = 0;
                } else if (r < 0) {
                        e->failed = r;
                }
                p += used;
                n -= used;
        }
        return e->failed;
}

int lf_edi_finish(struct lf_edi *e)
{
        if (e->failed)
                return e->failed;
        struct lf_edi_segment s = segment_here(e, e->carry, 0, e->carry_n);
        if (!e->open)
                return e->failed = lf_edi_finish_outside(e);
        e->failed = lf_edi_fail(e, &s, e->carry_n ? LF_RULE_UNTERMINATED : LF_RULE_NO_TRAILER, 0, 0, NULL);
        return e->failed;
}
