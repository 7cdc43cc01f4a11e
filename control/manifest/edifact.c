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

static bool of_a_tag(uint8_t c)
{
        return (unsigned)(c - 'A') < 26 || (unsigned)(c - '0') < 10;
}

/* What is known of the segment that is being put together. */
static struct lf_edi_segment segment_here(const struct lf_edi *e, const uint8_t *p, uint32_t start, size_t n)
{
        struct lf_edi_segment s = {.p = p, .start = start};
        for (unsigned i = 0; i < 3 && start + i < n && of_a_tag(p[start + i]); i++)
                s.tag |= (uint32_t)p[start + i] << (16 - 8 * i);
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
        uint32_t i = s->first[0], e = 0;
        while (s->end[i] < byte)
                i++;
        while (e + 1 < s->elements && s->first[e + 1] <= i)
                e++;
        *ret_e = e;
        *ret_c = i - s->first[e] + 1;
}

static int check_characters(struct lf_edi *e, const struct lf_edi_segment *s)
{
        for (uint32_t i = s->first[0], from = s->start; i < s->first[s->elements]; from = s->end[i++] + 1) {
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

/* Without the line breaks within it, wherever they stand: who writes lines of 80 characters breaks tags,
 * codes and dates, too. Where a release character and what it releases came apart, nobody knows which
 * separators are meant. The places of its components are not needed any more. */
static int join_lines(struct lf_edi *e, struct lf_edi_segment *s)
{
        uint32_t n = 0, from = s->start;
        bool released = false;
        for (uint32_t i = s->first[0]; i < s->first[s->elements]; i++) {
                uint32_t end = e->place[i];
                for (; from < end; from++) {
                        bool broken = s->p[from] == '\r' || s->p[from] == '\n';
                        if (broken && released)
                                return lf_edi_fail(e, s, LF_RULE_RELEASED_BREAK, 0, 0, NULL);
                        if (!broken)
                                e->joined[n++] = s->p[from];
                        released = !released && e->chars.has_release && s->p[from] == e->chars.release;
                }
                e->place[i] = n;
                e->joined[n++] = s->p[from++];
        }
        s->p = e->joined;
        s->start = 0;
        return 0;
}

/* The segment is whole: its first byte is at `start`; its elements begin with `bound[from]` and end
 * with `bound[to]`. */
static int deliver(struct lf_edi *e, const uint8_t *p, uint32_t start, uint32_t from, uint32_t to)
{
        const uint32_t *first = e->bound + from;
        struct lf_edi_segment s = {.p = p,
                                   .start = start,
                                   .end = e->place,
                                   .first = first,
                                   .elements = to - from,
                                   .flags = e->flags,
                                   .repeat = e->repeat,
                                   .at = {e->offset + start, e->lines - e->inside, e->segment + 1}};
        if (s.flags & LF_EDI_ODD) {
                s.tag = segment_here(e, p, start, e->place[first[0]]).tag;
                int r = check_characters(e, &s);
                if (r < 0)
                        return r;
        }
        if (s.flags & LF_EDI_BROKEN) {
                s.tag = segment_here(e, p, start, e->place[first[0]]).tag;
                int r = join_lines(e, &s);
                if (r < 0)
                        return r;
                p = s.p;
                start = 0;
        }
        uint32_t n = e->place[first[0]] - start, name = n == 3 || (n == 2 && e->x12) ? n : 0;
        if (name == 0 || !of_a_tag(p[start]) || !of_a_tag(p[start + 1]) ||
            (name == 3 && !of_a_tag(p[start + 2]))) {
                s.tag = segment_here(e, p, start, start + n).tag;
                return lf_edi_fail(e, &s, LF_RULE_TAG, 0, 0, NULL);
        }
        s.tag = LF_EDI_TAG(p[start], p[start + 1], name == 3 ? p[start + 2] : 0);
        e->segment++;
        return e->handler(e->context, &s);
}

static uint32_t skip_space(const uint8_t *p, uint32_t at, uint32_t n)
{
        while (at < n && (p[at] == ' ' || p[at] == '\n' || p[at] == '\r' || p[at] == '\t'))
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

/* The bits of what is released, among a block's n bytes. *inout_escaped: the next byte is. */
static uint64_t released(uint64_t release, uint32_t n, uint64_t *inout_escaped, uint64_t *ret_active)
{
        uint64_t escaped = *inout_escaped, active = 0;
        *inout_escaped = 0;
        while ((release &= ~escaped)) {
                unsigned i = (unsigned)__builtin_ctzll(release);
                active |= 1ull << i;
                release &= release - 1;
                if (i == n - 1)
                        *inout_escaped = 1;
                else
                        escaped |= 2ull << i;
        }
        *ret_active = active;
        return escaped;
}

/* Four at a time, so that their number is foreseen more often: what is written too much is written over. */
static uint32_t write_places(uint32_t *to, uint64_t bits, uint32_t base)
{
        uint32_t n = (uint32_t)__builtin_popcountll(bits);
        for (; bits; to += 4)
#pragma GCC unroll 4
                for (unsigned i = 0; i < 4; i++) {
                        to[i] = base + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
                        bits &= bits - 1;
                }
        return n;
}

/* The same, but the number of each among the bits of `among`. */
static uint32_t write_numbers(uint32_t *to, uint64_t bits, uint64_t among, uint32_t base)
{
        uint32_t n = (uint32_t)__builtin_popcountll(bits);
        for (; bits; to += 4)
#pragma GCC unroll 4
                for (unsigned i = 0; i < 4; i++) {
                        to[i] = base + (uint32_t)__builtin_popcountll(among & ((bits & -bits) - 1));
                        bits &= bits - 1;
                }
        return n;
}

static void index_block(struct lf_edi *e, const struct lf_scan_bits *b, uint32_t base, uint32_t n)
{
        uint64_t separator = b->separator, boundary = b->boundary, terminator = b->terminator,
                 repetition = e->repeats ? b->repetition : 0, active = 0;
        if (b->release | e->escaped) {
                uint64_t escaped = released(b->release, n, &e->escaped, &active);
                separator &= ~escaped;
                boundary &= ~escaped;
                terminator &= ~escaped;
                repetition &= ~escaped;
        }
        e->ends += write_numbers(e->segment_end + e->ends, terminator, boundary, e->bounds);
        e->bounds += write_numbers(e->bound + e->bounds, boundary, separator, e->places + 1);
        e->places += write_places(e->place + e->places, separator, base);
        uint64_t other = (b->odd & ~separator) | active | repetition;
        if (other)
                e->others += write_places(e->other + e->others, other, base);
}

/* Indexes [base, base + n), behind what is left of the window before. */
static void index_window(struct lf_edi *e, const uint8_t *p, uint32_t base, uint32_t n)
{
        uint32_t blocks = n / LF_SCAN_BLOCK, rest = n % LF_SCAN_BLOCK;
        e->scan(p + base, blocks, &e->chars, e->bits);
        if (rest) {
                uint8_t last[LF_SCAN_BLOCK] = {0};
                memcpy(last, p + base + blocks * LF_SCAN_BLOCK, rest);
                uint64_t *b = (uint64_t *)&e->bits[blocks];
                e->scan(last, 1, &e->chars, &e->bits[blocks++]);
                for (unsigned i = 0; i < sizeof e->bits[0] / sizeof *b; i++)
                        b[i] &= (1ull << rest) - 1;
        }
        e->ends = e->others = 0;
        for (uint32_t i = 0; i < blocks; i++, base += LF_SCAN_BLOCK) {
                const struct lf_scan_bits *b = &e->bits[i];
                if (e->set <= LF_EDI_LEVEL_B && e->beyond == UINT64_MAX)
                        note_level(e, p, b->level & ~b->separator & ~b->release, base);
                index_block(e, b, base, rest && i == blocks - 1 ? rest : LF_SCAN_BLOCK);
        }
}

/* What ends no component: a line break, a release character, a character beyond ISO 646; and what begins
 * another time of an element. `from`: the segment's first component. */
static void take_other(struct lf_edi *e, const uint8_t *p, uint32_t at, uint32_t start, uint32_t from)
{
        enum class class = e->class[p[at]];
        bool line_feed = p[at] == '\n', broken = line_feed || p[at] == '\r';
        e->lines += line_feed;
        if (at < start)
                return;
        e->inside += line_feed;
        if (class == REPETITION && e->repeat == UINT32_MAX) {
                while (e->place[from] != at)
                        from++;
                e->repeat = from + 1;
        } else if (class != REPETITION) {
                e->flags |= broken ? LF_EDI_BROKEN : class == RELEASE ? LF_EDI_RELEASED : LF_EDI_ODD;
        }
}

static void begin_segment(struct lf_edi *e)
{
        e->flags = 0;
        e->repeat = UINT32_MAX;
        e->inside = 0;
}

/* What is left of the window's components and elements, from bound[from], goes to the front. */
static void keep_rest(struct lf_edi *e, uint32_t from)
{
        const uint32_t first = e->bound[from];
        e->places -= first;
        e->bounds -= from;
        memmove(e->place, e->place + first, e->places * sizeof *e->place);
        for (uint32_t i = 0; i < e->bounds; i++)
                e->bound[i] = e->bound[from + i] - first;
        e->repeat -= e->repeat == UINT32_MAX ? 0 : first;
}

/* Gives the segments that end in the window. *inout_start: of the one that has begun. */
static int take_segments(struct lf_edi *e, const uint8_t *p, uint32_t n, uint32_t *inout_start,
                         size_t *ret_used)
{
        uint32_t start = *inout_start, from = 0, other = 0;
        for (uint32_t i = 0; i < e->ends; i++) {
                const uint32_t to = e->segment_end[i], at = e->place[e->bound[to] - 1];
                while (other < e->others && e->other[other] < at)
                        take_other(e, p, e->other[other++], start, e->bound[from]);
                if (at >= start) {
                        if (at - start >= LF_MANIFEST_SEGMENT_MAX)
                                return too_long(e, p, start, n);
                        int r = deliver(e, p, start, from, to);
                        e->lines += p[at] == '\n';
                        if (r != 0) {
                                *ret_used = at + 1;
                                return r;
                        }
                        start = skip_space(p, at + 1, n);
                        begin_segment(e);
                } else { /* a terminator that is a line break, too */
                        e->lines += p[at] == '\n';
                }
                from = to;
        }
        while (other < e->others)
                take_other(e, p, e->other[other++], start, e->bound[from]);
        *inout_start = start;
        keep_rest(e, from);
        return 0;
}

/* Whole segments of [p, p + n); what is left of the last one goes into the carry. *ret_used: where reading
 * stopped, n but at the end of an interchange. */
static int read_block(struct lf_edi *e, const uint8_t *p, uint32_t n, size_t *ret_used)
{
        uint32_t start = skip_space(p, 0, n);
        begin_segment(e);
        e->escaped = 0;
        e->places = 0;
        e->bounds = 1;
        e->bound[0] = 0;
        *ret_used = n;
        for (uint32_t base = 0; base < n; base += WINDOW) {
                uint32_t size = n - base < WINDOW ? n - base : WINDOW, end = base + size;
                index_window(e, p, base, size);
                int r = take_segments(e, p, n, &start, ret_used);
                if (r != 0)
                        return r;
                if (end >= start && end - start >= LF_MANIFEST_SEGMENT_MAX)
                        return too_long(e, p, start, n);
        }
        e->carry_n = n - start;
        memmove(e->carry, p + start, n - start);
        e->lines -= e->inside;
        e->inside = 0;
        e->offset += start;
        return 0;
}

/* After read_block: the offset of what comes next. */
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
