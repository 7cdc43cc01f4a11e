/* How alike two folded words are, and what spelling accounts for the difference.
 *
 * Similarity is in thousandths: 1000 the same letters, 0 different words; nothing between 0 and
 * LF_SIM_LEAST. Symmetric. Pure; any core. */
#pragma once

#include <stdbool.h>

#include "matcher/person_fold.h"
#include "matcher/person_kernel.h"

#define LF_SIM_LEAST   600
#define LF_SIM_INITIAL 600

/* Letters of one word, or of several neighbouring words written as one. */
struct lf_span {
        const char *letter;
        unsigned n;
        uint64_t mask;
        bool abjad;
};
/* No span that is compared is longer. */
#define LF_SPAN_LETTERS (3 * LF_TOKEN_LETTERS)

static inline struct lf_span lf_span_of(const struct lf_token *t)
{
        return (struct lf_span){t->letter, t->n, t->mask, (t->flags & LF_TOKEN_ABJAD) != 0};
}

/* Equal skeletons have the same classes; but that of v and w, which a skeleton leaves out, and those of c and
 * s, where it takes "ch" for "sh". */
static inline bool lf_mask_abjad_possible(uint64_t a, uint64_t b)
{
        return ((a ^ b) & LF_MASK_CLASSES & ~(LF_MASK_CLASS(2) | LF_MASK_CLASS(4) | LF_MASK_CLASS(10))) == 0;
}

/* Quarters of an edit that the letters only `a` has cost at least. Each operation takes away at most one of
 * them: for a vowel 1 (another vowel instead), for a consonant or h 2 (another of its class), 4 where `b`
 * lacks the class. */
static inline unsigned lf_mask_cost(uint64_t a, uint64_t b)
{
        uint64_t d = a & ~b;
        return 2 * (unsigned)__builtin_popcountll(d & ~LF_MASK_VOWELS) +
               (unsigned)__builtin_popcountll(d & LF_MASK_VOWELS);
}

/* The least cost of turning words of these letters into one another. */
static inline unsigned lf_span_least(const struct lf_span *a, const struct lf_span *b)
{
        unsigned p = lf_mask_cost(a->mask, b->mask), q = lf_mask_cost(b->mask, a->mask);
        return p > q ? p : q;
}

/* Quarters of an edit that words may differ by: LF_SIM_LEAST = 1000 - 375 * budget / longer. */
static inline unsigned lf_span_budget(const struct lf_span *a, const struct lf_span *b)
{
        return (a->n > b->n ? a->n : b->n) * 16 / 15;
}

/* Words whose lengths differ by more letters are different words, unless one has none of its vowels. */
#define LF_SPAN_LONGER 3

static inline bool lf_span_lengths(const struct lf_span *a, const struct lf_span *b)
{
        return (a->n > b->n ? a->n - b->n : b->n - a->n) <= LF_SPAN_LONGER;
}

/* False only when lf_span_similarity() is 0: a test of two masks. */
static inline bool lf_span_possible(const struct lf_span *a, const struct lf_span *b)
{
        if ((a->abjad || b->abjad) && lf_mask_abjad_possible(a->mask, b->mask))
                return true;
        return lf_span_lengths(a, b) && lf_span_least(a, b) <= lf_span_budget(a, b);
}

/* What an edit costs, in quarters: within short words every letter counts nearly fully; in longer ones
 * vowels, doubled letters, h and consonants of one class are what transcriptions vary. */
struct lf_costs {
        uint8_t vowel, vowel_gap, doubled, h, class, swap, other;
};
extern const struct lf_costs lf_costs_short, lf_costs_long;
#define LF_COSTS_LONG 5 /* letters of the longer word from which on lf_costs_long counts */

/* The letters, as lf_letter_code gives them, that stand for `code` at less than a full edit: [first, first +
 * n), at `cost`. */
struct lf_kin {
        uint8_t first, n, cost;
};
static inline struct lf_kin lf_kin_of(const struct lf_costs *k, uint8_t code)
{
        if (code < LF_CODE_VOWELS)
                return (struct lf_kin){0, LF_CODE_VOWELS, k->vowel};
        if (code < LF_CODE_CLASSES)
                return (struct lf_kin){code, 1, 0};
        return (struct lf_kin){code & 0xf8, 8, k->class};
}

/* Runs of words are taken for others that are at least as alike, and differ by at most LF_RUN_COST quarters
 * of an edit. */
#define LF_RUN_LEAST 850
#define LF_RUN_COST  4
static inline bool lf_mask_run_possible(uint64_t a, uint64_t b, unsigned longer)
{
        unsigned alike =
            ((1001 - LF_RUN_LEAST) * longer - 1) / 375; /* 1000 - 375 * cost / longer, rounded up */
        unsigned most = alike < LF_RUN_COST ? alike : LF_RUN_COST;
        return lf_mask_cost(a, b) <= most && lf_mask_cost(b, a) <= most;
}

/* A hash of the consonants that every script writes: classes, doubled letters as one, without v, w, y and h;
 * the "ch" of Arabic names as French writes them is a "sh". Word by word; begins as LF_SKELETON. */
struct lf_skeleton {
        uint32_t hash;
        uint8_t n;      /* consonants */
        uint8_t before; /* class of the last letter */
        bool c;         /* the last letter is a c, which counts when it is known whether an h follows */
};
#define LF_SKELETON ((struct lf_skeleton){.hash = 2166136261u})
void lf_skeleton_add(struct lf_skeleton *k, const char *letter, unsigned n);
/* 0: there are none. */
uint32_t lf_skeleton_value(struct lf_skeleton k);
uint32_t lf_span_skeleton(const struct lf_span *s);

/* `ret_edits` (may be NULL): whole letters that differ, rounded up. */
unsigned lf_span_similarity(const struct lf_span *a, const struct lf_span *b, unsigned *ret_edits);

/* One is a single letter and the other a longer word that begins with it. */
static inline bool lf_span_initial(const struct lf_span *a, const struct lf_span *b)
{
        return (a->n == 1) != (b->n == 1) && a->n && b->n && a->letter[0] == b->letter[0];
}
