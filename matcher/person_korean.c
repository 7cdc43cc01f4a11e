#include "matcher/person_korean.h"

#include <string.h>

#include "matcher/person_table.h"

#define LETTERS (sizeof lf_syllable->letter)

/* NULL: not a syllable. */
static const struct lf_syllable *syllable_of(const char *letter, unsigned n)
{
        if (n > LETTERS)
                return NULL;
        for (uint32_t h = lf_letters_fnv(letter, n);; h++) {
                const struct lf_syllable *s = &lf_syllable[h % LF_SYLLABLES];
                if (s->n == 0)
                        return NULL;
                if (s->n == n && !memcmp(s->letter, letter, n))
                        return s;
        }
}

/* One word as one or two syllables. Returns how many, or 0. */
static unsigned syllables_of(const struct lf_token *t, const struct lf_syllable *ret[2])
{
        ret[0] = syllable_of(t->letter, t->n);
        if (ret[0])
                return 1;
        for (unsigned n = t->n <= 2 * LETTERS ? t->n : 0; n-- > 1;) {
                ret[0] = syllable_of(t->letter, n);
                ret[1] = ret[0] ? syllable_of(t->letter + n, t->n - n) : NULL;
                if (ret[1])
                        return 2;
        }
        return 0;
}

static void spell(struct lf_token *t, const struct lf_syllable *s)
{
        t->n = s->own_n;
        memcpy(t->letter, s->own, s->own_n);
}

bool lf_korean_possible(const struct lf_token *token, unsigned n)
{
        if (n < 2 || n > LF_OTHER_WORDS)
                return false;
        for (unsigned i = 0; i < n; i += n - 1)
                for (uint32_t h = token[i].spelling; lf_syllable[h % LF_SYLLABLES].n; h++) {
                        const struct lf_syllable *s = &lf_syllable[h % LF_SYLLABLES];
                        if (s->family && lf_letters_fnv(s->letter, s->n) == token[i].spelling)
                                return true;
                }
        return false;
}

unsigned lf_korean_level(struct lf_token token[LF_OTHER_WORDS], unsigned n)
{
        const struct lf_syllable *row[LF_OTHER_WORDS][2];
        unsigned count[LF_OTHER_WORDS], all = 0, strange = 0;
        for (unsigned i = 0; i < n; i++) {
                count[i] = syllables_of(&token[i], row[i]);
                strange += count[i] == 0;
                all += count[i];
        }
        /* One slip of the pen does not make another name of it. */
        if (strange > (n > 2) || all + strange > LF_OTHER_WORDS)
                return 0;
        for (unsigned i = n, to = all + strange; i-- > 0;) {
                to -= count[i] ? count[i] : 1;
                const struct lf_token t = token[i];
                for (unsigned k = 0; k < (count[i] ? count[i] : 1); k++) {
                        token[to + k] = t;
                        token[to + k].flags |= LF_TOKEN_SYLLABLE;
                        if (count[i])
                                spell(&token[to + k], row[i][k]);
                }
        }
        return all + strange;
}
