/* Components as text: UTF-8 without what belongs to the syntax. */
#include <errno.h>
#include <string.h>

#include "control/manifest/edifact_internal.h"

/* U+200E, U+200F, U+061C, U+202A .. U+202E, U+2066 .. U+2069: they say how to write, not what. */
static unsigned direction_mark(const uint8_t *p, size_t n)
{
        if (n >= 2 && p[0] == 0xd8 && p[1] == 0x9c)
                return 2;
        if (n < 3 || p[0] != 0xe2)
                return 0;
        bool marks = p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xaa && p[2] <= 0xae));
        bool isolates = p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
        return marks || isolates ? 3 : 0;
}

static int trim(char *to, size_t n)
{
        size_t from = 0;
        while (n > 0 && to[n - 1] == ' ')
                n--;
        while (from < n && to[from] == ' ')
                from++;
        memmove(to, to + from, n - from);
        to[n - from] = 0;
        return (int)(n - from);
}

int lf_edi_text(const struct lf_edi *e, const struct lf_edi_segment *s, struct lf_edi_view v, char *to,
                size_t size, uint32_t *inout_notes)
{
        if (s->flags == 0) {
                while (v.n > 0 && v.p[v.n - 1] == ' ')
                        v.n--;
                while (v.n > 0 && v.p[0] == ' ') {
                        v.p++;
                        v.n--;
                }
                if (v.n >= size)
                        return -ENOSPC;
                memcpy(to, v.p, v.n);
                to[v.n] = 0;
                return (int)v.n;
        }
        size_t n = 0;
        bool released = false;
        if (s->flags & LF_EDI_BROKEN)
                *inout_notes |= LF_NOTE_LINE_BREAK;
        for (uint32_t i = 0; i < v.n; i++) {
                uint8_t c = v.p[i];
                if (!released && e->chars.has_release && c == e->chars.release) {
                        released = true;
                        continue;
                }
                released = false;
                unsigned mark = e->set == LF_EDI_UTF8 ? direction_mark(v.p + i, v.n - i) : 0;
                if (mark) {
                        *inout_notes |= LF_NOTE_DIRECTION_MARKS;
                        i += mark - 1;
                        continue;
                }
                char utf8[3];
                unsigned bytes = lf_charset_utf8(e->set, c, utf8);
                if (n + bytes >= size)
                        return -ENOSPC;
                memcpy(to + n, utf8, bytes);
                n += bytes;
        }
        if (n >= size)
                return -ENOSPC;
        return trim(to, n);
}
