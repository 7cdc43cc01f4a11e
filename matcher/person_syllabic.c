#include "matcher/person_syllabic.h"

#include "matcher/person_fold.h"

enum script { NONE, THAI, LAO, KHMER, BURMESE, BOPOMOFO };

static enum script script_of(int32_t c)
{
        return c < 0xe00    ? NONE
               : c < 0xe80  ? THAI
               : c < 0xf00  ? LAO
               : c < 0x1000 ? NONE
               : c < 0x10a0 ? BURMESE
               : c < 0x1780 ? NONE
               : c < 0x17de ? KHMER
               : c < 0x3105 ? NONE
               : c < 0x312a ? BOPOMOFO
                            : NONE;
}

/* Digits and signs are what the table says they are. */
bool lf_syllabic_begins(int32_t c)
{
        switch (script_of(c)) {
        case THAI:
                return (c > 0xe00 && c < 0xe3b) || (c >= 0xe40 && c <= 0xe4e && c != 0xe46);
        case LAO:
                return (c > 0xe80 && c <= 0xec4) || (c >= 0xec8 && c <= 0xece) || (c >= 0xedc && c <= 0xedf);
        case KHMER:
                return c < 0x17d4;
        case BURMESE:
                return c < 0x1040 || c == 0x104e;
        case BOPOMOFO:
                return true;
        case NONE:
                break;
        }
        return false;
}

unsigned lf_syllabic_read(const uint8_t **p, const uint8_t *end, bool etymological,
                          char out[LF_SYLLABIC_LETTERS], enum lf_syllabic *ret_kind)
{
        const uint8_t *at = *p, *behind[LF_SYLLABIC_RUN];
        uint16_t u[LF_SYLLABIC_RUN];
        enum script script = NONE;
        unsigned n = 0, used;
        for (int32_t c; n < LF_SYLLABIC_RUN && (c = lf_utf8_next(&at, end)) >= 0; n++) {
                if (c == 0x200b || c == 0x200c || c == 0x200d) /* where lines may break, and what joins */
                        c = 0;
                else if (!lf_syllabic_begins(c) || (script && script != script_of(c)))
                        break;
                else
                        script = script_of(c);
                u[n] = (uint16_t)c;
                behind[n] = at;
        }
        struct lf_letters_out o = {.letter = out};
        used = n;
        if (script == BURMESE)
                used = lf_burmese_read(u, n, &o);
        else if (script == BOPOMOFO)
                used = lf_bopomofo_read(u, n, &o);
        else if (script == KHMER)
                lf_khmer_read(u, n, &o);
        else
                lf_thai_read(u, n, script == LAO, etymological, &o);
        *ret_kind = script == BURMESE || script == BOPOMOFO ? LF_SYLLABIC_SYLLABLE
                    : script == KHMER                       ? LF_SYLLABIC_LETTERS_OF_WORD
                                                            : LF_SYLLABIC_BY_SOUND;
        *p = behind[used - 1];
        return o.n;
}
