/* The character sets of ISO 9735-1 (code list 0001), and IATA's. UNOX switches sets by escape sequences (ISO
 * 2022): without one it is ASCII, and one is a character that is not read. */
#include "control/manifest/edifact.h"

#include <errno.h>
#include <string.h>

extern const uint16_t lf_charset_upper[][128]; /* charset_gen.c */

int lf_charset_by_name(const uint8_t *name, size_t n, enum lf_edi_charset *ret)
{
        static const struct {
                char name[5];
                enum lf_edi_charset set;
        } known[] = {
            {"UNOA", LF_EDI_LEVEL_A}, {"UNOB", LF_EDI_LEVEL_B},  {"UNOC", LF_EDI_LATIN_1},
            {"UNOD", LF_EDI_LATIN_2}, {"UNOE", LF_EDI_CYRILLIC}, {"UNOF", LF_EDI_GREEK},
            {"UNOG", LF_EDI_LATIN_3}, {"UNOH", LF_EDI_LATIN_4},  {"UNOI", LF_EDI_ARABIC},
            {"UNOJ", LF_EDI_HEBREW},  {"UNOK", LF_EDI_LATIN_5},  {"UNOL", LF_EDI_LATIN_9},
            {"UNOW", LF_EDI_UTF8},    {"UNOX", LF_EDI_ASCII},    {"UNOY", LF_EDI_UTF8},
            {"IATA", LF_EDI_ASCII},   {"IATB", LF_EDI_ASCII},
        };
        for (size_t i = 0; n == 4 && i < sizeof known / sizeof known[0]; i++)
                if (memcmp(name, known[i].name, 4) == 0) {
                        *ret = known[i].set;
                        return 0;
                }
        return -ENOENT;
}

/* Length of the well-formed sequence of UTF-8 at p; 0: none (RFC 3629, 4). */
static size_t sequence(const uint8_t *p, size_t n)
{
        size_t length = p[0] < 0x80   ? 1
                        : p[0] < 0xc2 ? 0
                        : p[0] < 0xe0 ? 2
                        : p[0] < 0xf0 ? 3
                        : p[0] < 0xf5 ? 4
                                      : 0;
        if (length == 0 || length > n)
                return 0;
        for (size_t i = 1; i < length; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
            (p[0] == 0xf4 && p[1] > 0x8f))
                return 0;
        return length;
}

/* In these Latin sets a capital with an accent, then a sign: what UTF-8 looks like, and what no text says. */
static bool looks_like_utf8(enum lf_edi_charset set, const uint8_t *p, size_t n)
{
        bool signs_above = set == LF_EDI_LATIN_1 || set == LF_EDI_LATIN_5;
        return signs_above && p[0] >= 0xc2 && sequence(p, n) > 1;
}

size_t lf_charset_check(enum lf_edi_charset set, const uint8_t *p, size_t n, bool *ret_mixed)
{
        for (size_t i = 0; i < n; i++) {
                uint8_t c = p[i];
                *ret_mixed = c >= 0x80;
                if (c >= 0x20 && c < 0x7f)
                        continue;
                if (c == '\r' || c == '\n')
                        continue;
                if (c < 0x80 || set < LF_EDI_LATIN_1)
                        return i;
                if (set == LF_EDI_UTF8) {
                        size_t length = sequence(p + i, n - i);
                        if (length == 0)
                                return i;
                        if (c == 0xc2 && p[i + 1] < 0xa0) { /* C1 controls */
                                *ret_mixed = false;
                                return i;
                        }
                        i += length - 1;
                } else if (lf_charset_upper[set - LF_EDI_LATIN_1][c - 0x80] == 0 ||
                           looks_like_utf8(set, p + i, n - i)) {
                        return i;
                }
        }
        return n;
}

unsigned lf_charset_utf8(enum lf_edi_charset set, uint8_t c, char to[3])
{
        unsigned u = c;
        if (c >= 0x80 && set >= LF_EDI_LATIN_1 && set < LF_EDI_UTF8)
                u = lf_charset_upper[set - LF_EDI_LATIN_1][c - 0x80];
        if (u < 0x80 || set == LF_EDI_UTF8) {
                to[0] = (char)c;
                return 1;
        }
        if (u < 0x800) {
                to[0] = (char)(0xc0 | u >> 6);
                to[1] = (char)(0x80 | (u & 0x3f));
                return 2;
        }
        to[0] = (char)(0xe0 | u >> 12);
        to[1] = (char)(0x80 | (u >> 6 & 0x3f));
        to[2] = (char)(0x80 | (u & 0x3f));
        return 3;
}
