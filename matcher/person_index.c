#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

struct lf_person_words lf_person_words_at(const void *index, const struct lf_person_group *g)
{
        struct lf_person_words w = {0};
        uintptr_t base = (uintptr_t)index; /* 0 when only the size is wanted */
        uint64_t at = g->offset;
#define PLACE(member, count)                                                                                 \
        do {                                                                                                 \
                w.member = (void *)(base + (uintptr_t)at);                                                   \
                at = (at + (uint64_t)(count) * sizeof *w.member + 63) & ~63ull;                              \
        } while (0)
        PLACE(head, g->rows);
        PLACE(weight, g->rows);
        PLACE(at, g->rows);
        PLACE(part, g->places);
        PLACE(signature, g->words);
        PLACE(letters, g->words);
        PLACE(token, g->words);
        PLACE(first, (uint64_t)g->words + 1);
        PLACE(place, g->places);
        PLACE(key, LF_WORD_KEYS + 1);
        PLACE(alike, g->words);
        PLACE(like, g->likes);
        PLACE(bone_at, (1ull << lf_bone_bits(g->words)) + 1);
        PLACE(bone, g->words);
        PLACE(run_at, (1ull << lf_bone_bits(g->runs)) + 1);
        PLACE(run, g->runs);
#undef PLACE
        w.size = at - g->offset;
        return w;
}

/* Upper half: what costs at least 2, a consonant that another of its class may replace, or h; 2 more for the
 * class, or for one that is alone in its class. Lower half: what costs at least 1, a vowel, or its second. i
 * and y share a bit; digits have none. */
#define TWO(i) (1ull << (32 + (i)))
#define CLS(c) (1ull << (46 + (c)))
#define ONE(i) (3ull << (51 + 2 * (i)))
#define H      (1ull << 61)
static const uint64_t letter_bits[26] = {
    ['a' - 'a'] = 1 << 0,
    ['e' - 'a'] = 1 << 1,
    ['i' - 'a'] = 1 << 2,
    ['y' - 'a'] = 1 << 2,
    ['o' - 'a'] = 1 << 3,
    ['u' - 'a'] = 1 << 4,
    ['h' - 'a'] = H,
    ['b' - 'a'] = TWO(0) | CLS(0),
    ['p' - 'a'] = TWO(1) | CLS(0),
    ['c' - 'a'] = TWO(2) | CLS(1),
    ['g' - 'a'] = TWO(3) | CLS(1),
    ['k' - 'a'] = TWO(4) | CLS(1),
    ['q' - 'a'] = TWO(5) | CLS(1),
    ['d' - 'a'] = TWO(6) | CLS(2),
    ['t' - 'a'] = TWO(7) | CLS(2),
    ['f' - 'a'] = TWO(8) | CLS(3),
    ['v' - 'a'] = TWO(9) | CLS(3),
    ['w' - 'a'] = TWO(10) | CLS(3),
    ['s' - 'a'] = TWO(11) | CLS(4),
    ['x' - 'a'] = TWO(12) | CLS(4),
    ['z' - 'a'] = TWO(13) | CLS(4),
    ['j' - 'a'] = ONE(0),
    ['l' - 'a'] = ONE(1),
    ['m' - 'a'] = ONE(2),
    ['n' - 'a'] = ONE(3),
    ['r' - 'a'] = ONE(4),
};
/* More than one letter of a kind, those of a class of one kind: 1. */
#define SEVERAL_FROM 15 /* of kind 1 */
static const uint8_t letter_kind[26] = {['b' - 'a'] = 1, ['p' - 'a'] = 1, ['c' - 'a'] = 2,  ['g' - 'a'] = 2,
                                        ['k' - 'a'] = 2, ['q' - 'a'] = 2, ['d' - 'a'] = 3,  ['t' - 'a'] = 3,
                                        ['f' - 'a'] = 4, ['v' - 'a'] = 4, ['w' - 'a'] = 4,  ['s' - 'a'] = 5,
                                        ['x' - 'a'] = 5, ['z' - 'a'] = 5, ['j' - 'a'] = 6,  ['l' - 'a'] = 7,
                                        ['m' - 'a'] = 8, ['n' - 'a'] = 9, ['r' - 'a'] = 10, ['h' - 'a'] = 11};
#undef TWO
#undef CLS
#undef ONE
#undef H
#define VOWELS     0x1full
#define VOWEL_MORE 5 /* its second is that many bits further, its third twice as many */

uint64_t lf_word_signature(const struct lf_span *s)
{
        uint64_t signature = 0;
        uint32_t kinds = 1; /* vowels are none */
        for (unsigned i = 0; i < s->n; i++) {
                if (s->letter[i] < 'a' || s->letter[i] > 'z')
                        continue;
                uint64_t bits = letter_bits[s->letter[i] - 'a'], second = (signature & bits & VOWELS)
                                                                          << VOWEL_MORE;
                signature |= bits | second | (signature & second) << VOWEL_MORE;
                uint32_t kind = 1u << letter_kind[s->letter[i] - 'a'];
                signature |= (uint64_t)(kinds & kind & ~1u) << (SEVERAL_FROM - 1);
                kinds |= kind;
        }
        return signature;
}

bool lf_word_doubled(const char *letter, unsigned n)
{
        for (unsigned i = 1; i < n; i++)
                if (letter[i] == letter[i - 1])
                        return true;
        return false;
}

/* Words that are put together to a run. */
struct joint {
        struct lf_skeleton skeleton;
        uint32_t letters; /* their hash */
        uint32_t mask;
        uint8_t n;
        bool abjad;
};

static void join(struct joint *j, const struct lf_token *t)
{
        lf_skeleton_add(&j->skeleton, t->letter, t->n);
        for (unsigned i = 0; i < t->n; i++)
                j->letters = (j->letters ^ (uint8_t)t->letter[i]) * 16777619u;
        j->mask |= (uint32_t)(t->mask >> 32);
        j->n = (uint8_t)(j->n + t->n);
        j->abjad |= (t->flags & LF_TOKEN_ABJAD) != 0;
}

static struct lf_name_run run_of(const struct joint *j, unsigned first, unsigned words, unsigned cut)
{
        return (struct lf_name_run){.skeleton = lf_skeleton_value(j->skeleton),
                                    .mask = j->mask,
                                    .letters = (uint16_t)(j->letters ^ j->letters >> 16),
                                    .first = (uint8_t)first,
                                    .words = (uint8_t)words,
                                    .n = (uint8_t)(j->n | (j->abjad ? LF_RUN_ABJAD : 0)),
                                    .cut = (uint8_t)cut};
}

unsigned lf_name_runs(const struct lf_token *token, unsigned n, struct lf_name_run *ret)
{
        struct joint alone[LF_NAME_TOKENS];
        unsigned runs = 0;
        for (unsigned i = 0; i < n; i++) {
                alone[i] = (struct joint){.skeleton = LF_SKELETON, .letters = 2166136261u};
                join(&alone[i], &token[i]);
                ret[runs++] = run_of(&alone[i], i, 1, 0);
        }
        for (unsigned i = 0; i + 2 <= n; i++) {
                struct joint j = alone[i], reversed = alone[i + 1];
                join(&j, &token[i + 1]);
                ret[runs++] = run_of(&j, i, 2, token[i].n);
                join(&reversed, &token[i]);
                ret[runs++] = run_of(&reversed, i, 2, token[i + 1].n | LF_RUN_REVERSED);
                if (i + 3 <= n) {
                        join(&j, &token[i + 2]);
                        ret[runs++] = run_of(&j, i, 3, token[i].n | LF_RUN_THREE);
                }
        }
        return runs;
}
