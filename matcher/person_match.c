/* A word against all words of a group, most by signature alone. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define AT_ONCE 1024 /* words that are looked through at once */
_Static_assert(AT_ONCE % LF_KERNEL_WORDS == 0, "as the kernel writes them");

/* One word that is being compared. */
struct compare {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_span own;
        bool doubled;
        uint64_t signature;
        const uint64_t *among; /* words that are compared, as bits; NULL: all */
        uint8_t code[LF_TOKEN_LETTERS];
        uint32_t *like, likes, max;
        /* words that are being gathered */
        uint32_t word[LF_KERNEL_LANES + AT_ONCE], words;
        uint8_t length[LF_KERNEL_LANES + AT_ONCE];
        uint8_t most[LF_KERNEL_LETTERS + 1]; /* by length: what words may differ by */
};

/* The word of n letters; where the one is an initial of the other, that is what counts. */
static void note(struct compare *c, uint32_t word, unsigned n, unsigned similarity)
{
        if ((n == 1) != (c->own.n == 1) && c->w->letters[word][0] == c->code[0])
                similarity = LF_SIM_INITIAL;
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

/* Of the words that are gathered, n from `first` on. */
static void compare_some(struct compare *c, unsigned first, unsigned n)
{
        const uint32_t *word = c->word + first;
        const uint8_t *length = c->length + first;
        uint8_t d[LF_KERNEL_LANES];
        if (n > 0)
                c->kernel->distance(c->code, c->own.n, (const uint8_t(*)[LF_KERNEL_LETTERS])c->w->letters,
                                    word, length, n, d);
        for (unsigned k = 0; k < n; k++)
                if (d[k] <= c->most[length[k]]) {
                        unsigned longer = c->own.n > length[k] ? c->own.n : length[k];
                        note(c, word[k], length[k], 1000 - 375u * d[k] / longer);
                }
}

static void compare_gathered(struct compare *c)
{
        compare_some(c, 0, c->words);
        c->words = 0;
}

/* `found` words of m letters stand behind those that are gathered. */
static void gather(struct compare *c, unsigned found, unsigned m)
{
        if (c->own.n > LF_KERNEL_LETTERS || m > LF_KERNEL_LETTERS) {
                for (unsigned k = 0; k < found; k++)
                        compare_one(c, c->word[c->words + k]);
                return;
        }
        memset(c->length + c->words, (int)m, found);
        unsigned words = c->words + found, done = 0;
        for (; words - done >= LF_KERNEL_LANES; done += LF_KERNEL_LANES)
                compare_some(c, done, LF_KERNEL_LANES);
        c->words = words - done;
        if (done > 0) {
                memmove(c->word, c->word + done, c->words * sizeof c->word[0]);
                memmove(c->length, c->length + done, c->words);
        }
}

/* A letter that only the longer word has costs 2 at least, or 1 if it is doubled, besides what the shorter
 * one's letters cost. */
struct lf_word_budget lf_word_budget(unsigned own, bool own_doubled, unsigned theirs, bool theirs_doubled)
{
        int more = (int)theirs - (int)own, all = (int)(theirs > own ? theirs : own) * 16 / 15;
        return (struct lf_word_budget){.own = all - (more > 0 ? more * (theirs_doubled ? 1 : 2) : 0),
                                       .theirs = all - (more < 0 ? -more * (own_doubled ? 1 : 2) : 0)};
}

/* kernel->possible() for those of n words from `first` on that are compared. */
static unsigned possible_among(const struct compare *c, uint32_t first, unsigned n, struct lf_word_budget b,
                               uint32_t *ret)
{
        unsigned found = 0;
        for (uint32_t k = first / 64; k * 64 < first + n; k++)
                for (uint64_t bits = c->among[k]; bits; bits &= bits - 1) {
                        uint32_t word = k * 64 + (uint32_t)__builtin_ctzll(bits);
                        if (word - first >= n)
                                continue;
                        ret[found] = word;
                        found += lf_signature_possible(c->w->signature[word], c->signature, (unsigned)b.own,
                                                       (unsigned)b.theirs);
                }
        return found;
}

/* The words of m letters that may be like it. */
static void compare_length(struct compare *c, unsigned m, bool doubled)
{
        const uint32_t *key = c->w->key;
        uint32_t first = key[lf_word_key(m, doubled, 0)],
                 n = key[lf_word_key(m, doubled, 0) + LF_WORD_FIRSTS] - first;
        struct lf_word_budget b = lf_word_budget(c->own.n, c->doubled, m, doubled);
        if (n == 0 || b.own < 0 || b.theirs < 0)
                return;
        for (uint32_t i = 0; i < n; i += AT_ONCE) {
                unsigned some = n - i < AT_ONCE ? n - i : AT_ONCE;
                if (c->among)
                        some = possible_among(c, first + i, some, b, c->word + c->words);
                else
                        some = c->kernel->possible(c->w->signature + first + i, some, c->signature,
                                                   (unsigned)b.own, (unsigned)b.theirs, first + i,
                                                   c->word + c->words);
                gather(c, some, m);
        }
}

/* A single letter and the words that begin with it. */
static void compare_initials(struct compare *c)
{
        unsigned first = lf_word_first(c->own.letter[0]), to = c->own.n == 1 ? LF_TOKEN_LETTERS : 1;
        for (unsigned m = c->own.n == 1 ? 2 : 1; m <= to; m++)
                for (unsigned doubled = 0; doubled < 2; doubled++) {
                        const uint32_t *key = &c->w->key[lf_word_key(m, doubled, first)];
                        for (uint32_t word = key[0]; word < key[1]; word++)
                                if (!c->among || lf_bit(c->among, word))
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
                        const struct lf_token *t, const uint64_t *among, uint32_t *ret, uint32_t max)
{
        struct compare c; /* not what is gathered: it is long */
        c.v = v, c.g = g, c.w = w, c.kernel = kernel, c.among = among;
        c.like = ret, c.likes = 0, c.max = max;
        c.words = 0;
        c.own = lf_span_of(t);
        c.doubled = lf_word_doubled(t->letter, t->n);
        c.signature = lf_word_signature(&c.own);
        for (unsigned k = 0; k < t->n; k++)
                c.code[k] = lf_letter_code(t->letter[k]);
        for (unsigned m = 1; m <= LF_KERNEL_LETTERS; m++)
                c.most[m] = (uint8_t)((m > t->n ? m : t->n) * 16 / 15);
        unsigned from = t->n > LF_SPAN_LONGER ? t->n - LF_SPAN_LONGER : 1, to = t->n + LF_SPAN_LONGER;
        for (unsigned m = from; m <= to && m <= LF_TOKEN_LETTERS; m++) {
                if (m == LF_COSTS_LONG) /* other costs from here on */
                        compare_gathered(&c);
                compare_length(&c, m, false);
                compare_length(&c, m, true);
        }
        compare_gathered(&c);
        compare_initials(&c);
        compare_skeletons(&c);
        return c.likes;
}
