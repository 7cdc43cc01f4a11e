/* A word against all words of a group, most by signature alone; and against one, by signature only. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

/* One word that is being compared. */
struct compare {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_span own;
        bool doubled;
        unsigned least;
        uint64_t signature, *possible;
        uint8_t code[LF_TOKEN_LETTERS];
        uint32_t *like, likes, max;
        /* words that are being gathered */
        uint32_t word[LF_KERNEL_LANES], words;
        uint8_t length[LF_KERNEL_LANES];
};

/* The word of n letters; where the one is an initial of the other, that is what counts. */
static void note(struct compare *c, uint32_t word, unsigned n, unsigned similarity)
{
        if ((n == 1) != (c->own.n == 1) && c->w->letters[word][0] == c->code[0])
                similarity = LF_SIM_INITIAL;
        if (similarity <= c->least)
                return;
        if (c->likes < c->max)
                c->like[c->likes] = LF_LIKE(word, similarity);
        c->likes++;
}

static void compare_one(struct compare *c, uint32_t word)
{
        struct lf_span theirs = lf_span_of(&c->v->token[c->w->token[word]]);
        unsigned similarity = lf_span_similarity(&c->own, &theirs, NULL);
        if (similarity)
                note(c, word, theirs.n, similarity);
}

/* Quarters of an edit by which words may differ: as lf_span_budget(), less where more is asked. */
static unsigned budget(const struct compare *c, unsigned longer)
{
        unsigned all = longer * 16 / 15, some = ((1000 - c->least) * longer - 1) / 375;
        return all < some ? all : some;
}

static void compare_gathered(struct compare *c)
{
        uint8_t d[LF_KERNEL_LANES];
        if (c->words > 0)
                c->kernel->distance(c->code, c->own.n, (const uint8_t(*)[LF_KERNEL_LETTERS])c->w->letters,
                                    c->word, c->length, c->words, d);
        for (unsigned k = 0; k < c->words; k++) {
                unsigned longer = c->own.n > c->length[k] ? c->own.n : c->length[k];
                if (d[k] <= longer * 16 / 15)
                        note(c, c->word[k], c->length[k], 1000 - 375u * d[k] / longer);
        }
        c->words = 0;
}

static void gather(struct compare *c, uint32_t first, uint32_t n, unsigned m)
{
        for (uint32_t k = 0; k < (n + 63) / 64; k++)
                for (uint64_t bits = c->possible[k]; bits; bits &= bits - 1) {
                        uint32_t word = first + k * 64 + (uint32_t)__builtin_ctzll(bits);
                        if (c->own.n > LF_KERNEL_LETTERS || m > LF_KERNEL_LETTERS) {
                                compare_one(c, word);
                                continue;
                        }
                        c->word[c->words] = word;
                        c->length[c->words++] = (uint8_t)m;
                        if (c->words == LF_KERNEL_LANES)
                                compare_gathered(c);
                }
}

/* The words of m letters that may be like it. A letter that only the longer word has costs 2 at least, or 1
 * if it is doubled, besides what the shorter one's letters cost. */
static void compare_length(struct compare *c, unsigned m, bool doubled)
{
        const uint32_t *key = c->w->key;
        uint32_t first = key[lf_word_key(m, doubled, 0)],
                 n = key[lf_word_key(m, doubled, 0) + LF_WORD_FIRSTS] - first;
        int more = (int)m - (int)c->own.n;
        int own = (int)budget(c, m > c->own.n ? m : c->own.n), theirs = own;
        own -= more > 0 ? more * (doubled ? 1 : 2) : 0;
        theirs -= more < 0 ? -more * (c->doubled ? 1 : 2) : 0;
        if (n == 0 || own < 0 || theirs < 0)
                return;
        c->kernel->possible(c->w->signature + first, n, c->signature, (unsigned)own, (unsigned)theirs,
                            c->possible);
        gather(c, first, n, m);
}

/* A single letter and the words that begin with it. */
static void compare_initials(struct compare *c)
{
        unsigned first = lf_word_first(c->own.letter[0]), to = c->own.n == 1 ? LF_TOKEN_LETTERS : 1;
        for (unsigned m = c->own.n == 1 ? 2 : 1; m <= to; m++)
                for (unsigned doubled = 0; doubled < 2; doubled++) {
                        const uint32_t *key = &c->w->key[lf_word_key(m, doubled, first)];
                        for (uint32_t word = key[0]; word < key[1]; word++)
                                note(c, word, m, LF_SIM_INITIAL);
                }
}

static void compare_skeletons(struct compare *c)
{
        if (!c->own.abjad && !c->g->abjad)
                return;
        uint32_t skeleton = lf_span_skeleton(&c->own);
        const uint32_t *at = &c->w->bone_at[lf_bone_place(skeleton, lf_bone_bits(c->g->words))];
        for (uint32_t k = at[0]; k < at[1]; k++) {
                uint32_t word = c->w->bone[k].word;
                if (c->w->bone[k].skeleton == skeleton &&
                    (c->own.abjad || c->v->token[c->w->token[word]].flags & LF_TOKEN_ABJAD))
                        compare_one(c, word);
        }
}

uint32_t lf_person_like(const struct lf_person_view *v, const struct lf_person_group *g,
                        const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                        const struct lf_token *t, unsigned least, uint64_t *possible, uint32_t *ret,
                        uint32_t max)
{
        struct compare c = {.v = v,
                            .g = g,
                            .w = w,
                            .kernel = kernel,
                            .least = least,
                            .possible = possible,
                            .like = ret,
                            .max = max};
        c.own = lf_span_of(t);
        c.doubled = lf_word_doubled(t->letter, t->n);
        c.signature = lf_word_signature(&c.own);
        for (unsigned k = 0; k < t->n; k++)
                c.code[k] = lf_letter_code(t->letter[k]);
        if (least >= 1000)
                return 0;
        unsigned from = t->n > LF_SPAN_LONGER ? t->n - LF_SPAN_LONGER : 1, to = t->n + LF_SPAN_LONGER;
        for (unsigned m = from; m <= to && m <= LF_TOKEN_LETTERS; m++) {
                if (m == LF_COSTS_LONG) /* other costs from here on */
                        compare_gathered(&c);
                compare_length(&c, m, false);
                compare_length(&c, m, true);
        }
        compare_gathered(&c);
        if (least < LF_SIM_INITIAL)
                compare_initials(&c);
        compare_skeletons(&c);
        return c.likes;
}

struct lf_person_part lf_person_part_of(const struct lf_token *t)
{
        struct lf_span s = lf_span_of(t);
        return (struct lf_person_part){
            .signature = lf_word_signature(&s),
            .weight = t->weight,
            .n = (uint8_t)(t->n | (s.abjad ? LF_PART_ABJAD : 0) |
                           (lf_word_doubled(t->letter, t->n) ? LF_PART_DOUBLED : 0)),
            .first = lf_letter_code(t->letter[0])};
}

static unsigned signature_cost(uint64_t a, uint64_t b)
{
        uint64_t d = a & ~b;
        return (unsigned)(__builtin_popcountll(d) + __builtin_popcountll(d >> 32));
}

/* What the letters cost at least that `longer` has `more` of: 2 each, or 1 if they are doubled. */
static unsigned more_cost(const struct lf_person_part *longer, unsigned more)
{
        return longer->n & LF_PART_DOUBLED ? more : 2 * more;
}

unsigned lf_person_most_alike(const struct lf_person_part *own, const struct lf_person_part *theirs)
{
        unsigned n = own->n & LF_PART_LETTERS, m = theirs->n & LF_PART_LETTERS, longer = n > m ? n : m;
        if ((own->n | theirs->n) & LF_PART_ABJAD)
                return 1000;
        if ((n == 1) != (m == 1) && own->first == theirs->first)
                return LF_SIM_INITIAL;
        if (2 * longer - n - m > LF_SPAN_LONGER)
                return 0;
        unsigned p = signature_cost(own->signature, theirs->signature) + more_cost(theirs, longer - n),
                 q = signature_cost(theirs->signature, own->signature) + more_cost(own, longer - m);
        unsigned least = p > q ? p : q;
        return least > longer * 16 / 15 ? 0 : 1000 - 375 * least / longer;
}
