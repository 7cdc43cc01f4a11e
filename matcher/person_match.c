/* The words of a probe's name against all words of a group: each pair once, most by signature alone. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define AHEAD 8 /* words that are fetched before they are needed */

/* One word that is being compared. */
struct compare {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_span own;
        bool doubled;
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
        int longer = (int)(m > c->own.n ? m : c->own.n), more = (int)m - (int)c->own.n;
        int own = longer * 16 / 15, theirs = own;
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
        for (uint32_t k = lf_place_of(c->w->skeleton, c->g->words, skeleton);
             k < c->g->words && c->w->skeleton[k] == skeleton; k++) {
                uint32_t word = c->w->skeleton_word[k];
                if (c->own.abjad || c->v->token[c->w->token[word]].flags & LF_TOKEN_ABJAD)
                        compare_one(c, word);
        }
}

uint32_t lf_person_like(const struct lf_person_view *v, const struct lf_person_group *g,
                        const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                        const struct lf_token *t, uint64_t *possible, uint32_t *ret, uint32_t max)
{
        struct compare c = {
            .v = v, .g = g, .w = w, .kernel = kernel, .possible = possible, .like = ret, .max = max};
        c.own = lf_span_of(t);
        c.doubled = lf_word_doubled(t->letter, t->n);
        c.signature = lf_word_signature(&c.own);
        for (unsigned k = 0; k < t->n; k++)
                c.code[k] = lf_letter_code(t->letter[k]);
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

/* The group's word that is the token; g->words when there is none. */
static uint32_t find(const struct lf_person_search *s, const struct lf_token *t)
{
        if (t->n > LF_KERNEL_LETTERS)
                return s->g->words;
        uint8_t code[LF_KERNEL_LETTERS] = {0};
        for (unsigned i = 0; i < t->n; i++)
                code[i] = lf_letter_code(t->letter[i]);
        unsigned key = lf_word_key(t->n, lf_word_doubled(t->letter, t->n), lf_word_first(t->letter[0]));
        uint32_t low = s->w->key[key], end = s->w->key[key + 1], high = end;
        while (low < high) {
                uint32_t mid = low + (high - low) / 2;
                if (memcmp(s->w->letters[mid], code, sizeof code) < 0)
                        low = mid + 1;
                else
                        high = mid;
        }
        for (; low < end && !memcmp(s->w->letters[low], code, sizeof code); low++)
                if (!((s->v->token[s->w->token[low]].flags ^ t->flags) & LF_TOKEN_ABJAD))
                        return low;
        return s->g->words;
}

static struct lf_word_match *match_of(struct lf_person_search *s, uint32_t word)
{
        struct lf_word_match *m = &s->s->match[word];
        uint64_t bit = 1ull << word % 64;
        if (!(s->s->met_word[word / 64] & bit)) {
                s->s->met_word[word / 64] |= bit;
                memset(m, 0, sizeof *m);
        }
        return m;
}

static int16_t greater(int16_t a, uint32_t b)
{
        return (uint32_t)a > b ? a : (int16_t)b;
}

/* Word `i` of the name is like a word of the group. */
static void take(struct lf_person_search *s, unsigned i, uint32_t word, unsigned similarity)
{
        struct lf_word_match *m = match_of(s, word);
        unsigned lane = i < LF_MATCH_LANES ? i : LF_MATCH_LANES - 1;
        uint32_t theirs = (s->w->weight[word] * similarity + 999) / 1000,
                 own = (uint32_t)m->own + (s->token[i].weight * similarity + 999) / 1000;
        m->lane[lane] = greater(m->lane[lane], similarity);
        m->theirs = greater(m->theirs, theirs);
        m->own = (int16_t)(own < INT16_MAX ? own : INT16_MAX); /* no name weighs more */
        if (theirs > s->most_theirs[i])
                s->most_theirs[i] = theirs;
        if (similarity > s->most[i])
                s->most[i] = similarity;
        s->places[i] += s->w->first[word + 1] - s->w->first[word];
}

/* What taking the word will need. */
static void fetch(const struct lf_person_search *s, uint32_t word)
{
        __builtin_prefetch(&s->s->match[word], 1);
        __builtin_prefetch(&s->w->weight[word]);
        __builtin_prefetch(&s->w->first[word]);
}

bool lf_person_match(struct lf_person_search *s)
{
        memset(s->s->met_word, 0, (s->g->words + 63) / 64 * sizeof s->s->met_word[0]);
        uint32_t *room = s->s->matched, left = LF_SEARCH_MATCHES;
        for (unsigned i = 0; i < s->n; i++) {
                const struct lf_token *t = &s->token[i];
                uint32_t word = find(s, t), n = 0;
                if (word < s->g->words)
                        n = s->w->likes[word];
                s->like[i] = n ? s->w->like + s->w->like_first[word] : room;
                if (n == 0) {
                        n = lf_person_like(s->v, s->g, s->w, s->kernel, t, s->s->possible, room, left);
                        if (n > left)
                                return false;
                        room += n;
                        left -= n;
                }
                s->likes[i] = n;
                s->places[i] = s->most[i] = s->most_theirs[i] = 0;
                for (uint32_t k = 0; k < n; k++) {
                        if (k + AHEAD < n)
                                fetch(s, LF_LIKE_WORD(s->like[i][k + AHEAD]));
                        take(s, i, LF_LIKE_WORD(s->like[i][k]), LF_LIKE_SIMILARITY(s->like[i][k]));
                }
        }
        return true;
}
