#include "matcher/person_token.h"

#include <string.h>

#define ABJAD_STEP  40 /* thousandths of similarity */
#define ABJAD_APART 9  /* steps: letters that do not stand for one another */

const struct lf_costs lf_costs_short = {3, 3, 2, 3, 3, 3, 4};
const struct lf_costs lf_costs_long = {1, 2, 1, 2, 2, 3, 4};

/* Letters as numbers, and what each costs where only one side has it. */
struct letters {
        uint8_t code[LF_SPAN_LETTERS + 1], gap[LF_SPAN_LETTERS + 1]; /* from 1 on */
};

static void read_letters(const struct lf_span *s, const struct lf_costs *k, struct letters *ret)
{
        ret->code[0] = 0xff;
        for (unsigned i = 1; i <= s->n; i++) {
                char l = s->letter[i - 1];
                uint8_t code = lf_letter_code(l), gap = l == 'h' ? k->h : k->other;
                gap = code < LF_CODE_VOWELS ? k->vowel_gap : gap;
                ret->gap[i] = code == ret->code[i - 1] ? k->doubled : gap;
                ret->code[i] = code;
        }
}

/* Weighted Damerau distance (optimal string alignment); above `limit`, any number above it. */
static unsigned distance(const struct lf_span *a, const struct lf_span *b, const struct lf_costs *k,
                         unsigned limit)
{
        struct letters x, y;
        uint16_t rows[3][LF_SPAN_LETTERS + 1];
        uint16_t *two = rows[0], *one = rows[1], *now = rows[2];
        read_letters(a, k, &x);
        read_letters(b, k, &y);
        one[0] = 0;
        for (unsigned j = 1; j <= b->n; j++)
                one[j] = (uint16_t)(one[j - 1] + y.gap[j]);
        for (unsigned i = 1; i <= a->n; i++) {
                const uint8_t l = x.code[i], before = x.code[i - 1];
                const struct lf_kin kin = lf_kin_of(k, l);
                unsigned gap = x.gap[i], least = one[0] + gap, left = least;
                now[0] = (uint16_t)least;
                for (unsigned j = 1; j <= b->n; j++) {
                        uint8_t m = y.code[j];
                        unsigned cost = (uint8_t)(m - kin.first) < kin.n ? kin.cost : k->other;
                        cost = m == l ? 0 : cost;
                        unsigned d = one[j - 1] + cost, e = one[j] + gap, f = left + y.gap[j];
                        d = e < d ? e : d;
                        d = f < d ? f : d;
                        if (m == before && l != m && y.code[j - 1] == l && two[j - 2] + k->swap < (int)d)
                                d = two[j - 2] + k->swap;
                        now[j] = (uint16_t)d;
                        left = d;
                        least = d < least ? d : least;
                }
                /* A transposition reaches a row further back, whose least is at most one gap below this
                 * one's. */
                if (least > limit + k->other)
                        return limit + 1;
                uint16_t *spare = two;
                two = one, one = now, now = spare;
        }
        return one[b->n];
}

static void add_class(struct lf_skeleton *k, char letter)
{
        uint8_t c = lf_letter_classes[(uint8_t)letter];
        c = c == lf_letter_classes['w'] ? 0 : c;
        if (c && c != k->before) {
                k->hash = (k->hash ^ c) * 16777619u;
                k->n++;
        }
        k->before = c;
}

void lf_skeleton_add(struct lf_skeleton *k, const char *letter, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                if (k->c)
                        add_class(k, letter[i] == 'h' ? 's' : 'c');
                k->c = letter[i] == 'c';
                if (!k->c)
                        add_class(k, letter[i]);
        }
}

/* That of whole words. */
static struct lf_skeleton ended(struct lf_skeleton k)
{
        if (k.c)
                add_class(&k, 'c');
        k.c = false;
        return k;
}

static struct lf_skeleton skeleton_of(const struct lf_span *s)
{
        struct lf_skeleton k = LF_SKELETON;
        lf_skeleton_add(&k, s->letter, s->n);
        return ended(k);
}

uint32_t lf_skeleton_value(struct lf_skeleton k)
{
        k = ended(k);
        return k.n == 0 ? 0 : k.hash ? k.hash : 1;
}

uint32_t lf_span_skeleton(const struct lf_span *s)
{
        return lf_skeleton_value(skeleton_of(s));
}

/* A word without its short vowels (a) beside another one (b), letter by letter, of equal skeletons. What it
 * costs, in steps of ABJAD_STEP: */
static unsigned abjad_pair(const struct lf_span *a, unsigned i, const struct lf_span *b, unsigned j)
{
        char x = a->letter[i], y = b->letter[j];
        uint8_t p = lf_letter_classes[(uint8_t)x], q = lf_letter_classes[(uint8_t)y];
        if (x == y || (x == 's' && y == 'c' && j + 1 < b->n && b->letter[j + 1] == 'h'))
                return 0;
        if (p && p == q)
                return x == 'w' || y == 'w' ? 0 : 1;
        if (x == 'a' && !q && y != 'h')
                return i == 0 || y == 'e' ? 0 : y == 'i' || y == 'y' ? 2 : 1;
        if (x == 'w')
                return y == 'o' || y == 'u' ? 0 : ABJAD_APART;
        if (x == 'i' || x == 'y')
                return y == 'i' || y == 'y' || y == 'e' || y == 'j' ? 0 : ABJAD_APART;
        return ABJAD_APART;
}

/* Letters that only one of them has. Of a: alef, ayin and h are often not heard; long vowels are written. */
static unsigned abjad_gap_a(const struct lf_span *a, unsigned i)
{
        char x = a->letter[i];
        if (x == 'h')
                return i > 0 && strchr("stkdgc", a->letter[i - 1]) ? 0 : 1;
        return x == 'a' ? 1 : i + 1 < a->n ? 3 : 5;
}

/* Of b: short vowels, doubled letters and the h of two letters for one sound are not written; a vowel at the
 * end is. */
static unsigned abjad_gap_b(const struct lf_span *b, unsigned j)
{
        char y = b->letter[j], before = j > 0 ? b->letter[j - 1] : 0;
        if (y == before)
                return 0;
        if (y == 'h')
                return before && strchr("stkdgc", before) ? 0 : 1;
        if (y != 'y' && before && strchr("aeiou", y) && strchr("aeiou", before))
                return 2; /* two vowels sound long */
        if (lf_letter_classes[(uint8_t)y] == 0)
                return j + 1 < b->n ? 0 : y == 'e' ? 1 : 2;
        return 2;
}

static unsigned abjad_distance(const struct lf_span *a, const struct lf_span *b)
{
        uint16_t rows[2][LF_SPAN_LETTERS + 1], *one = rows[0], *now = rows[1];
        one[0] = 0;
        for (unsigned j = 0; j < b->n; j++)
                one[j + 1] = (uint16_t)(one[j] + abjad_gap_b(b, j));
        for (unsigned i = 0; i < a->n; i++) {
                unsigned gap = abjad_gap_a(a, i);
                now[0] = (uint16_t)(one[0] + gap);
                for (unsigned j = 0; j < b->n; j++) {
                        unsigned d = one[j] + abjad_pair(a, i, b, j), e = one[j + 1] + gap,
                                 f = now[j] + abjad_gap_b(b, j);
                        d = e < d ? e : d;
                        now[j + 1] = (uint16_t)(f < d ? f : d);
                }
                uint16_t *spare = one;
                one = now, now = spare;
        }
        return one[b->n];
}

static unsigned abjad_similarity(const struct lf_span *a, const struct lf_span *b)
{
        struct lf_skeleton x = skeleton_of(a), y = skeleton_of(b);
        unsigned n = x.n;
        if (n == 0 || y.n != n || x.hash != y.hash)
                return 0;
        /* Few consonants leave much open; long vowels that agree leave less. */
        unsigned least = n == 1 ? LF_SIM_LEAST : n == 2 ? 680 : 720, most = n == 1 ? 750 : n == 2 ? 900 : 950;
        unsigned d = a->abjad ? abjad_distance(a, b) : abjad_distance(b, a);
        if (a->abjad && b->abjad) {
                unsigned e = abjad_distance(b, a);
                d = e < d ? e : d;
        }
        return d * ABJAD_STEP < most - least ? most - d * ABJAD_STEP : least;
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
