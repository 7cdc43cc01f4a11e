/* Why no row above the floor is left out. A name's similarity grows with what is explained of either side
 * (similarity_of in person_name.c). A pair of words explains its similarity times the weight of each; every
 * pair of a row is added, although an alignment uses a word once. A run of words is taken for another only
 * when their skeletons are equal and their lengths differ by at most two letters; every such pair of runs is
 * added as if explained in full. Weak aliases, sex and dates only take away. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define RUN_LONGER 2
/* Neither half of a sum passes it: far above any name's weight. */
#define SUM_FULL 0x7fffu

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
        PLACE(row, g->rows);
        PLACE(row_weight, g->rows);
        PLACE(signature, g->words);
        PLACE(letters, g->words);
        PLACE(token, g->words);
        PLACE(weight, g->words);
        PLACE(first, (uint64_t)g->words + 1);
        PLACE(place, g->places);
        PLACE(length, LF_WORD_LENGTHS);
        PLACE(skeleton, g->words);
        PLACE(skeleton_word, g->words);
        PLACE(run_skeleton, g->runs);
        PLACE(run, g->runs);
#undef PLACE
        w.size = at - g->offset;
        return w;
}

uint64_t lf_word_signature(const struct lf_span *s)
{
        /* Bits are what a letter's disappearance costs at least: 1 for a vowel or h, 2 for a consonant that
         * another of its class may replace and 2 more for the class, 4 for one that is alone in its class. i
         * and y share a bit; digits have none. */
        static const uint64_t bits[26] = {
#define TWO(i)  (3ull << (6 + 2 * (i)))
#define CLS(c)  (3ull << (34 + 2 * (c)))
#define FOUR(i) (15ull << (44 + 4 * (i)))
            ['a' - 'a'] = 1,
            ['e' - 'a'] = 2,
            ['i' - 'a'] = 4,
            ['y' - 'a'] = 4,
            ['o' - 'a'] = 8,
            ['u' - 'a'] = 16,
            ['h' - 'a'] = 32,
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
            ['j' - 'a'] = FOUR(0),
            ['l' - 'a'] = FOUR(1),
            ['m' - 'a'] = FOUR(2),
            ['n' - 'a'] = FOUR(3),
            ['r' - 'a'] = FOUR(4),
#undef TWO
#undef CLS
#undef FOUR
        };
        uint64_t signature = 0;
        for (unsigned i = 0; i < s->n; i++)
                if (s->letter[i] >= 'a' && s->letter[i] <= 'z')
                        signature |= bits[s->letter[i] - 'a'];
        return signature;
}

static void add_run(const struct lf_token *token, unsigned words, bool reversed, struct lf_name_run *r)
{
        *r = (struct lf_name_run){.reversed = reversed};
        for (unsigned i = 0; i < words; i++) {
                const struct lf_token *t = &token[reversed ? words - 1 - i : i];
                memcpy(r->letter + r->span.n, t->letter, t->n);
                r->span.n += t->n;
                r->span.mask |= t->mask;
                r->span.abjad |= (t->flags & LF_TOKEN_ABJAD) != 0;
                r->weight += t->weight;
        }
        r->span.letter = r->letter;
}

unsigned lf_name_runs(const struct lf_token *token, unsigned n, struct lf_name_run *ret)
{
        unsigned runs = 0;
        for (unsigned words = 2; words <= LF_RUN_WORDS; words++)
                for (unsigned i = 0; i + words <= n; i++)
                        add_run(token + i, words, false, &ret[runs++]);
        for (unsigned i = 0; i + 2 <= n; i++)
                add_run(token + i, 2, true, &ret[runs++]);
        return runs;
}

/* One search of one name of the probe. */
struct search {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_person_scratch *s;
};

static uint32_t units(uint32_t thousandths)
{
        return (thousandths + LF_SUM_UNIT - 1) / LF_SUM_UNIT;
}

static void explain_row(struct search *s, uint16_t row, uint32_t own, uint32_t theirs)
{
        uint32_t before = s->s->sum[row], sum = before + (own | theirs << 16);
        s->s->met_row[s->s->met] = row;
        s->s->met += before == 0;
        if (__builtin_expect(sum & 0x80008000u, 0)) {
                uint32_t low = sum & 0xffff, high = sum >> 16;
                sum = (low > SUM_FULL ? SUM_FULL : low) | (high > SUM_FULL ? SUM_FULL : high) << 16;
        }
        s->s->sum[row] = sum;
}

static void explain_word(struct search *s, uint32_t word, unsigned similarity, unsigned weight)
{
        uint32_t own = units((weight * similarity + 999) / 1000);
        uint32_t theirs = units((s->w->weight[word] * similarity + 999) / 1000);
        for (uint32_t p = s->w->first[word]; p < s->w->first[word + 1]; p++)
                explain_row(s, s->w->place[p], own, theirs);
}

static struct lf_span word_span(const struct search *s, uint32_t word)
{
        return lf_span_of(&s->v->token[s->w->token[word]]);
}

static void compare_one(struct search *s, const struct lf_span *own, uint32_t word, unsigned weight)
{
        struct lf_span theirs = word_span(s, word);
        unsigned similarity = lf_span_similarity(own, &theirs, NULL);
        if (similarity)
                explain_word(s, word, similarity, weight);
}

static void compare_batch(struct search *s, const uint8_t *code, unsigned n, const uint32_t *id,
                          unsigned count, unsigned m, unsigned weight)
{
        uint8_t d[LF_KERNEL_LANES];
        unsigned longer = n > m ? n : m, budget = longer * 16 / 15;
        s->kernel->distance(code, n, (const uint8_t(*)[LF_KERNEL_LETTERS])s->w->letters, id, count, m, d);
        for (unsigned i = 0; i < count; i++)
                if (d[i] <= budget)
                        explain_word(s, id[i], 1000 - 375u * d[i] / longer, weight);
}

/* Words being gathered for one batch. */
struct batch {
        uint32_t id[LF_KERNEL_LANES], n;
};

static void compare_some(struct search *s, const struct lf_span *own, const uint8_t *code, uint32_t word,
                         unsigned m, unsigned weight, struct batch *b)
{
        if (own->n > LF_KERNEL_LETTERS || m > LF_KERNEL_LETTERS) {
                compare_one(s, own, word, weight);
                return;
        }
        b->id[b->n++] = word;
        if (b->n == LF_KERNEL_LANES) {
                compare_batch(s, code, own->n, b->id, b->n, m, weight);
                b->n = 0;
        }
}

/* The words of m letters that are like `own`. */
static void compare_length(struct search *s, const struct lf_span *own, const uint8_t *code,
                           uint64_t signature, unsigned m, unsigned weight)
{
        const uint32_t most = 64 * sizeof s->s->word / sizeof s->s->word[0];
        uint32_t end = s->w->length[m + 1];
        unsigned longer = own->n > m ? own->n : m;
        struct batch b = {.n = 0};
        for (uint32_t first = s->w->length[m]; first < end; first += most) {
                uint32_t n = end - first < most ? end - first : most;
                s->kernel->possible(s->w->signature + first, n, signature, longer * 16 / 15, s->s->word);
                for (uint32_t i = 0; i < (n + 63) / 64; i++)
                        for (uint64_t bits = s->s->word[i]; bits; bits &= bits - 1)
                                compare_some(s, own, code, first + i * 64 + (uint32_t)__builtin_ctzll(bits),
                                             m, weight, &b);
        }
        if (b.n)
                compare_batch(s, code, own->n, b.id, b.n, m, weight);
}

/* A single letter and the words that begin with it: of the probe and of the rows. */
static void compare_initials(struct search *s, const struct lf_span *own, unsigned weight)
{
        uint8_t code = lf_letter_code(own->letter[0]);
        uint32_t from = own->n == 1 ? s->w->length[2] : s->w->length[1];
        uint32_t to = own->n == 1 ? s->g->words : s->w->length[2];
        for (uint32_t word = from; word < to; word++)
                if (s->w->letters[word][0] == code)
                        explain_word(s, word, LF_SIM_INITIAL, weight);
}

/* Where `key` is in the sorted keys, or where it would be. */
static uint32_t place_of(const uint32_t *keys, uint32_t n, uint32_t key)
{
        uint32_t low = 0;
        while (n > 0) {
                uint32_t half = n / 2;
                if (keys[low + half] < key) {
                        low += half + 1;
                        n -= half + 1;
                } else
                        n = half;
        }
        return low;
}

static void compare_skeletons(struct search *s, const struct lf_span *own, uint32_t skeleton, unsigned weight)
{
        if (!own->abjad && !s->g->abjad)
                return;
        for (uint32_t i = place_of(s->w->skeleton, s->g->words, skeleton);
             i < s->g->words && s->w->skeleton[i] == skeleton; i++) {
                uint32_t word = s->w->skeleton_word[i];
                if (own->abjad || word_span(s, word).abjad)
                        compare_one(s, own, word, weight);
        }
}

static void compare_word(struct search *s, const struct lf_token *t, uint32_t skeleton)
{
        struct lf_span own = lf_span_of(t);
        uint8_t code[LF_TOKEN_LETTERS];
        for (unsigned i = 0; i < own.n; i++)
                code[i] = lf_letter_code(own.letter[i]);
        uint64_t signature = lf_word_signature(&own);
        unsigned from = own.n > LF_SPAN_LONGER ? own.n - LF_SPAN_LONGER : 1, to = own.n + LF_SPAN_LONGER;
        for (unsigned m = from; m <= to && m <= LF_TOKEN_LETTERS; m++)
                compare_length(s, &own, code, signature, m, t->weight);
        compare_initials(s, &own, t->weight);
        compare_skeletons(s, &own, skeleton, t->weight);
}

/* The rows' runs that are written as the span is. */
static void compare_runs(struct search *s, const struct lf_span *own, uint32_t skeleton, unsigned weight,
                         bool reversed)
{
        for (uint32_t i = place_of(s->w->run_skeleton, s->g->runs, skeleton);
             i < s->g->runs && s->w->run_skeleton[i] == skeleton; i++) {
                const struct lf_person_run *r = &s->w->run[i];
                unsigned longer = own->n > r->n ? own->n - r->n : r->n - own->n;
                if (own->abjad || s->g->abjad || (longer <= RUN_LONGER && !(reversed && r->reversed)))
                        explain_row(s, r->row, units(weight), units(r->weight));
        }
}

/* The rows' words that are written as a run of the probe's is. */
static void compare_joined(struct search *s, const struct lf_name_run *r, uint32_t skeleton)
{
        for (uint32_t i = place_of(s->w->skeleton, s->g->words, skeleton);
             i < s->g->words && s->w->skeleton[i] == skeleton; i++) {
                uint32_t word = s->w->skeleton_word[i];
                struct lf_span theirs = word_span(s, word);
                unsigned longer = r->span.n > theirs.n ? r->span.n - theirs.n : theirs.n - r->span.n;
                if (longer > RUN_LONGER && !r->span.abjad && !theirs.abjad)
                        continue;
                for (uint32_t p = s->w->first[word]; p < s->w->first[word + 1]; p++)
                        explain_row(s, s->w->place[p], units(r->weight), units(s->w->weight[word]));
        }
}

/* Of the rows met those that may reach the floor. */
static void leave_reaching(struct search *s, float weight, float floor)
{
        struct lf_person_scratch *m = s->s;
        for (uint32_t i = 0; i < m->met; i++) {
                m->met_sum[i] = m->sum[m->met_row[i]];
                m->met_weight[i] = s->w->row_weight[m->met_row[i]];
        }
        s->kernel->reach(m->met_sum, m->met_weight, m->met, weight, floor, m->word);
        for (uint32_t i = 0; i < (m->met + 63) / 64; i++)
                for (uint64_t bits = m->word[i]; bits; bits &= bits - 1) {
                        uint16_t row = m->met_row[i * 64 + (uint32_t)__builtin_ctzll(bits)];
                        m->row[row / 64] |= 1ull << row % 64;
                }
}

static void search_name(struct search *s, const struct lf_token *token, unsigned n, float floor)
{
        struct lf_name_run run[LF_NAME_RUNS];
        unsigned runs = lf_name_runs(token, n, run), weight = 0;
        memset(s->s->sum, 0, s->g->rows * sizeof s->s->sum[0]);
        s->s->met = 0;
        for (unsigned i = 0; i < n; i++) {
                struct lf_span own = lf_span_of(&token[i]);
                uint32_t skeleton = lf_span_skeleton(&own);
                compare_word(s, &token[i], skeleton);
                compare_runs(s, &own, skeleton, token[i].weight, false);
                weight += token[i].weight;
        }
        for (unsigned i = 0; i < runs; i++) {
                uint32_t skeleton = lf_span_skeleton(&run[i].span);
                compare_joined(s, &run[i], skeleton);
                compare_runs(s, &run[i].span, skeleton, run[i].weight, run[i].reversed);
        }
        leave_reaching(s, (float)weight, floor);
}

void lf_person_index_search(const struct lf_person_view *v, const struct lf_person_group *g,
                            const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                            const struct lf_person_probe *probe, float floor,
                            struct lf_person_scratch *scratch)
{
        struct search s = {v, g, w, kernel, scratch};
        memset(scratch->row, 0, (g->rows + 63) / 64 * sizeof scratch->row[0]);
        for (unsigned i = 0; i < probe->n_names; i++)
                if (probe->name[i].n > 0)
                        search_name(&s, probe->token + probe->name[i].first, probe->name[i].n, floor);
}
