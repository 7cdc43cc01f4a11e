#include "matcher/person_token.h"

#include <string.h>

const struct lf_costs lf_costs_short = {3, 3, 2, 3, 3, 3, 4};
const struct lf_costs lf_costs_long = {1, 2, 1, 2, 2, 3, 4};

static bool vowel(char l)
{
        return l >= 'a' && LF_MASK_LETTER(l) & LF_MASK_VOWELS;
}

static unsigned replace_cost(const struct lf_costs *k, char a, char b)
{
        if (a == b)
                return 0;
        if (vowel(a) && vowel(b))
                return k->vowel;
        unsigned c = lf_letter_classes[(uint8_t)a];
        return c && c == lf_letter_classes[(uint8_t)b] ? k->class : k->other;
}

/* A letter that only one side has; `before` is its neighbour there (0: it is the first). */
static unsigned gap_cost(const struct lf_costs *k, char l, char before)
{
        if (l == before)
                return k->doubled;
        return vowel(l) ? k->vowel_gap : l == 'h' ? k->h : k->other;
}

/* Weighted Damerau distance (optimal string alignment); above `limit`, any number above it. */
static unsigned distance(const struct lf_span *a, const struct lf_span *b, const struct lf_costs *k,
                         unsigned limit)
{
        unsigned rows[3][LF_SPAN_LETTERS + 1];
        unsigned *two = rows[0], *one = rows[1], *now = rows[2];
        one[0] = 0;
        for (unsigned j = 1; j <= b->n; j++)
                one[j] = one[j - 1] + gap_cost(k, b->letter[j - 1], j > 1 ? b->letter[j - 2] : 0);
        for (unsigned i = 1; i <= a->n; i++) {
                char l = a->letter[i - 1], before = i > 1 ? a->letter[i - 2] : 0;
                unsigned gap = gap_cost(k, l, before), least;
                least = now[0] = one[0] + gap;
                for (unsigned j = 1; j <= b->n; j++) {
                        char m = b->letter[j - 1], left = j > 1 ? b->letter[j - 2] : 0;
                        unsigned d = one[j - 1] + replace_cost(k, l, m), e = one[j] + gap;
                        unsigned f = now[j - 1] + gap_cost(k, m, left);
                        d = e < d ? e : d;
                        d = f < d ? f : d;
                        if (before && left && l == left && m == before && l != m && two[j - 2] + k->swap < d)
                                d = two[j - 2] + k->swap;
                        now[j] = d;
                        least = d < least ? d : least;
                }
                /* A transposition reaches a row further back, whose least is at most one gap below this
                 * one's. */
                if (least > limit + k->other)
                        return limit + 1;
                unsigned *spare = two;
                two = one, one = now, now = spare;
        }
        return one[b->n];
}

/* The consonants that every script writes: classes, doubled letters as one, without w, y and h. */
static unsigned skeleton(const struct lf_span *s, char *out)
{
        unsigned n = 0, before = 0;
        for (unsigned i = 0; i < s->n; i++) {
                unsigned c = s->letter[i] == 'w' ? 0 : lf_letter_classes[(uint8_t)s->letter[i]];
                if (c && c != before)
                        out[n++] = (char)c;
                before = c;
        }
        return n;
}

uint32_t lf_span_skeleton(const struct lf_span *s)
{
        char out[LF_SPAN_LETTERS];
        unsigned n = skeleton(s, out);
        uint32_t h = 2166136261u;
        for (unsigned i = 0; i < n; i++)
                h = (h ^ (uint8_t)out[i]) * 16777619u;
        return n == 0 ? 0 : h ? h : 1;
}

static unsigned abjad_similarity(const struct lf_span *a, const struct lf_span *b)
{
        char x[LF_SPAN_LETTERS], y[LF_SPAN_LETTERS];
        unsigned n = skeleton(a, x), m = skeleton(b, y);
        if (n != m || n == 0 || memcmp(x, y, n) != 0)
                return 0;
        /* Two consonants leave much open. */
        return n == 1 ? LF_SIM_LEAST : n == 2 ? 750 : 860;
}

unsigned lf_span_similarity(const struct lf_span *a, const struct lf_span *b, unsigned *ret_edits)
{
        if (ret_edits)
                *ret_edits = 0;
        if (a->n == b->n && memcmp(a->letter, b->letter, a->n) == 0)
                return a->n ? 1000 : 0;
        if (!lf_span_possible(a, b))
                return 0;
        unsigned longer = a->n > b->n ? a->n : b->n, limit = lf_span_budget(a, b), sim = 0;
        unsigned d = lf_span_lengths(a, b)
                         ? distance(a, b, longer < LF_COSTS_LONG ? &lf_costs_short : &lf_costs_long, limit)
                         : limit + 1;
        if (d <= limit) {
                sim = 1000 - 375 * d / longer;
                if (ret_edits)
                        *ret_edits = (d + 3) / 4;
        }
        if (a->abjad || b->abjad) {
                unsigned s = abjad_similarity(a, b);
                sim = s > sim ? s : sim;
        }
        return sim;
}
