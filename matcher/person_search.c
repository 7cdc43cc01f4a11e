/* Why no row above the floor is left out. A name's similarity grows with what is explained of either side
 * (similarity_of in person_name.c). Each word is explained at most by the word of the other name that is most
 * like it, and runs of words at most in full. A row is left out unread only when it has no word that one of
 * the name's brings (person_demand.c), and no run that may be enough (person_runs.c). Of a row that is looked
 * at, first which of the name's words it has, and what it weighs, tells what it can be worth at most, then
 * how alike its words are. Weak aliases, sex and dates only take away. */
#include "matcher/person_index.h"

#include <emmintrin.h>
#include <string.h>

#include "matcher/person_token.h"

#define AHEAD   8  /* words whose rows, and rows whose words, are fetched before they are needed */
#define FETCHED 64 /* rows whose words are fetched as soon as it is known that they are looked at */

/* Marks the rows of the words [first, end) that are like word i of the name; `take`: those that are new, too.
 */
static inline void mark(struct lf_person_search *s, const struct lf_person_wanted *w, uint32_t first,
                        uint32_t end, bool take)
{
        const uint32_t *at = s->w->first, *like = w->like;
        const uint16_t *place = s->w->place;
        uint8_t *met_row = s->s->met_row, met = w->met;
        for (uint32_t k = first; k < end; k++) {
                uint32_t word = LF_LIKE_WORD(like[k]);
                if (k + AHEAD < end)
                        __builtin_prefetch(&place[at[LF_LIKE_WORD(like[k + AHEAD])]]);
                for (uint32_t p = at[word], last = at[word + 1]; p < last; p++) {
                        if (take)
                                lf_person_take_row(s, place[p], met);
                        else
                                met_row[place[p]] |= met;
                }
        }
}

/* Takes the rows that have a word which one of the name's brings. Then marks those that have others, unless
 * that is dearer than looking at the ones that are taken. */
static void take_rows(struct lf_person_search *s)
{
        for (unsigned i = 0; i < s->n; i++)
                mark(s, &s->word[i], 0, s->word[i].bring, true);
        lf_person_mark_joined(s);
        for (unsigned i = 0; i < s->n; i++) {
                struct lf_person_wanted *w = &s->word[i];
                if (w->limit == 0)
                        continue;
                w->limit = w->places > LF_SEARCH_MARKS * s->rows ? 1000 : 0;
                if (w->limit == 0)
                        mark(s, w, w->bring, w->likes, false);
        }
}

/* Notes that a word is so alike to that of the lane; nothing was known of a word whose bit is not set. */
static void note(struct lf_person_search *s, uint32_t word, __m128i lanes, uint32_t similarity)
{
        uint64_t bit = 1ull << word % 64, *met = &s->s->met_word[word / 64];
        __m128i *to = (__m128i *)s->s->alike[word].to, known = _mm_set1_epi16((short)-((*met & bit) != 0)),
                alike = _mm_and_si128(lanes, _mm_set1_epi16((short)similarity));
        *met |= bit;
        _mm_store_si128(to, _mm_max_epi16(_mm_and_si128(_mm_load_si128(to), known), alike));
}

/* All bits of the word's lane, and of the last. */
static __m128i lanes_of(unsigned i)
{
        const __m128i lane = _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm_or_si128(_mm_cmpeq_epi16(lane, _mm_set1_epi16((short)lf_alike_lane(i))),
                            _mm_cmpeq_epi16(lane, _mm_set1_epi16(LF_ALIKE_LANES)));
}

/* Notes the words that are like the name's. */
static void note_alike(struct lf_person_search *s)
{
        memset(s->s->met_word, 0, (s->g->words / 64 + 1) * sizeof s->s->met_word[0]);
        s->s->alike[s->g->words] = (struct lf_person_likeness){0};
        for (unsigned i = 0; i < s->n; i++) {
                const struct lf_person_wanted *w = &s->word[i];
                __m128i lanes = lanes_of(i);
                for (uint32_t k = 0; k < w->likes; k++)
                        note(s, LF_LIKE_WORD(w->like[k]), lanes, LF_LIKE_SIMILARITY(w->like[k]));
        }
        for (uint32_t k = 0; k < s->joined; k++)
                for (uint32_t own = s->s->joined[k].own; own; own &= own - 1)
                        note(s, s->s->joined[k].word, lanes_of((unsigned)__builtin_ctz(own)), 1000);
}

/* What a search adds up rows with. */
struct sums {
        const struct lf_person_search *s;
        __m128i lane_weight; /* 16 bits each */
};

static struct sums sums_of(const struct lf_person_search *s)
{
        uint16_t weight[8] = {0};
        for (unsigned i = 0; i < s->n; i++)
                weight[lf_alike_lane(i)] = (uint16_t)(weight[lf_alike_lane(i)] + s->token[i].weight);
        return (struct sums){.s = s, .lane_weight = _mm_loadu_si128((const __m128i *)weight)};
}

/* How alike the word is to each of the name's: without a branch, which would often be mispredicted. */
static const uint16_t *alike_to(const struct lf_person_search *s, uint32_t word)
{
        uint32_t none = s->g->words, met = -(uint32_t)lf_bit(s->s->met_word, word);
        return s->s->alike[none ^ ((none ^ word) & met)].to;
}

#define HEAD_HALF 4 /* words that most names have at most */

/* 1000 in the lane of each bit. */
static __m128i full_lanes(uint32_t bits)
{
        const __m128i lane = _mm_setr_epi16(1, 2, 4, 8, 16, 32, 64, 0);
        bits |= bits >> LF_ALIKE_LANES ? 1u << (LF_ALIKE_LANES - 1) : 0;
        __m128i has = _mm_and_si128(_mm_set1_epi16((short)bits), lane);
        return _mm_and_si128(_mm_cmpgt_epi16(has, _mm_setzero_si128()), _mm_set1_epi16(1000));
}

/* Adds a word of the row: what it explains of itself, and at most of the name. */
static uint32_t add_word(const struct lf_person_search *s, uint32_t word, uint32_t in_full, __m128i *best)
{
        __m128i alike = _mm_load_si128((const __m128i *)alike_to(s, word));
        uint32_t most = (uint32_t)_mm_extract_epi16(alike, LF_ALIKE_LANES), full = -(in_full & 1) & 1000;
        *best = _mm_max_epi16(*best, alike);
        return most > full ? most : full;
}

/* What is explained at most by runs and by words. */
static void explain_by_words(const struct sums *sums, struct lf_person_candidate *c)
{
        const struct lf_person_search *s = sums->s;
        const struct lf_person_head *h = &s->w->head[c->row];
        const uint32_t *run = lf_person_run_words(s, c->row);
        __m128i best = full_lanes(run[0]);
        uint32_t theirs = 0;
        for (unsigned j = 0; j < HEAD_HALF; j++)
                theirs += add_word(s, LF_WEIGHED_WORD(h->word[j]), run[1] >> j, &best) *
                          LF_WEIGHED_WEIGHT(h->word[j]);
        for (unsigned j = HEAD_HALF; j < LF_HEAD_WORDS && h->n > HEAD_HALF; j++)
                theirs += add_word(s, LF_WEIGHED_WORD(h->word[j]), run[1] >> j, &best) *
                          LF_WEIGHED_WEIGHT(h->word[j]);
        for (unsigned j = LF_HEAD_WORDS; j < h->n; j++) {
                uint32_t part = s->w->part[s->w->at[c->row].part + j];
                theirs += add_word(s, LF_WEIGHED_WORD(part), run[1] >> j, &best) * LF_WEIGHED_WEIGHT(part);
        }
        __m128i own = _mm_madd_epi16(best, sums->lane_weight);
        own = _mm_add_epi32(own, _mm_shuffle_epi32(own, 0x4e));
        own = _mm_add_epi32(own, _mm_shuffle_epi32(own, 0xb1));
        c->own = (uint32_t)_mm_cvtsi128_si32(own);
        c->theirs = theirs;
}

static bool row_reaches(const struct lf_person_search *s, const struct lf_person_candidate *c, float floor)
{
        return lf_person_reaches((float)s->weight, s->w->head[c->row].weight, (float)c->own * 1e-3f,
                                 (float)c->theirs * 1e-3f, floor);
}

/* Leaves the rows that have enough, and not too much besides. */
static void leave_enough(struct lf_person_search *s, float floor)
{
        enum { UNASKED = -2 };
        int32_t heaviest[2 * LF_MET_RUN];
        uint32_t left = 0;
        for (unsigned i = 0; i < sizeof heaviest / sizeof heaviest[0]; i++)
                heaviest[i] = UNASKED;
        for (uint32_t i = 0; i < s->rows; i++) {
                uint16_t row = s->s->row[i].row;
                uint8_t met = s->s->met_row[row] | s->met;
                if (heaviest[met] == UNASKED)
                        heaviest[met] = lf_person_heaviest(s, floor, met);
                bool stays = s->w->weight[row] <= heaviest[met];
                s->s->row[left].row = row;
                left += stays;
        }
        s->rows = left;
        for (uint32_t i = 0; i < left && i < FETCHED; i++)
                __builtin_prefetch(&s->w->head[s->s->row[i].row]);
}

/* Leaves the rows that may reach the floor by `explain`. */
static void leave_reaching(const struct sums *sums, struct lf_person_search *s, float floor,
                           void explain(const struct sums *sums, struct lf_person_candidate *c))
{
        uint32_t left = 0;
        for (uint32_t i = 0; i < s->rows; i++) {
                struct lf_person_candidate c = {.row = s->s->row[i].row};
                if (i + AHEAD < s->rows)
                        __builtin_prefetch(&s->w->head[s->s->row[i + AHEAD].row]);
                explain(sums, &c);
                s->s->row[left] = c;
                left += row_reaches(s, &c, floor);
        }
        s->rows = left;
}

static void leave_possible(struct lf_person_search *s, float floor)
{
        struct sums sums = sums_of(s);
        leave_reaching(&sums, s, floor, explain_by_words);
        for (uint32_t i = 0; i < s->rows; i++) {
                const struct lf_person_at *at = &s->w->at[s->s->row[i].row];
                __builtin_prefetch(&s->w->part[at->part]);
                __builtin_prefetch(&s->v->row[at->row]);
                __builtin_prefetch(&s->v->token[at->token]);
                __builtin_prefetch(&s->v->token[at->token + 2]);
        }
}

/* `noted`: it is what the word's lane says. */
static unsigned similarity_of_words(const struct lf_person_search *s, unsigned i, const uint16_t *alike,
                                    bool noted, const struct lf_token *theirs)
{
        if (alike[lf_alike_lane(i)] == 0)
                return 0;
        return noted && i < LF_ALIKE_LANES - 1 ? alike[i] : lf_word_similarity(&s->token[i], theirs);
}

/* A search's caller. */
struct report {
        unsigned name;
        float floor;
        lf_person_found *found;
        void *context;
};

/* Compares in full a row that reaches the floor by its words. */
static void compare_row(struct lf_person_search *s, const struct lf_name *own, uint16_t row,
                        struct report *report)
{
        uint32_t value[LF_ASSIGN_MAX][LF_ASSIGN_MAX];
        const struct lf_person_head *h = &s->w->head[row];
        const struct lf_person_at *at = &s->w->at[row];
        const uint32_t *part = &s->w->part[at->part];
        const uint32_t *runs = lf_person_run_words(s, row);
        uint32_t run[2] = {runs[0], runs[1]};
        struct lf_name theirs = {.token = s->v->token + at->token, .n = h->n, .weight = h->weight};
        for (unsigned j = 0; j < h->n; j++) {
                const uint16_t *alike = alike_to(s, LF_WEIGHED_WORD(part[j]));
                uint32_t joined = lf_person_joined_words(s, LF_WEIGHED_WORD(part[j]));
                for (unsigned i = 0; i < own->n; i++)
                        value[i][j] = similarity_of_words(s, i, alike, joined == 0, &theirs.token[j]) *
                                      (own->token[i].weight + LF_WEIGHED_WEIGHT(part[j]));
                run[0] |= joined;
                run[1] |= (uint32_t)(joined > 0) << j;
        }
        float similarity = lf_name_similarity_of_words(own, &theirs, value, run[0], run[1]);
        if (similarity > 0)
                report->floor = report->found(report->context, at->row, report->name, similarity);
}

/* Rows that may be as good as GOOD go first: what they are raises the floor for the others. */
#define GOOD 0.9f

static void compare_rows(struct lf_person_search *s, const struct lf_name *own, struct report *report)
{
        for (unsigned pass = 0; pass < 2; pass++)
                for (uint32_t i = 0; i < s->rows; i++)
                        if (row_reaches(s, &s->s->row[i], GOOD) == (pass == 0) &&
                            row_reaches(s, &s->s->row[i], report->floor))
                                compare_row(s, own, s->s->row[i].row, report);
}

/* Every row in full: more words are like the name's than are kept. */
static void compare_all(struct lf_person_search *s, const struct lf_name *own, struct report *report)
{
        for (uint32_t row = 0; row < s->g->rows; row++) {
                const struct lf_person_head *h = &s->w->head[row];
                const struct lf_person_at *at = &s->w->at[row];
                struct lf_name theirs = {.token = s->v->token + at->token, .n = h->n, .weight = h->weight};
                float similarity = lf_name_similarity(own, &theirs, report->floor, NULL);
                if (similarity > 0)
                        report->floor = report->found(report->context, at->row, report->name, similarity);
        }
}

static void search_name(struct lf_person_search *s, struct report *report)
{
        struct lf_name own = lf_name_over(s->token, s->n);
        s->weight = own.weight;
        s->rows = 0;
        memset(s->s->met_row, 0, s->g->rows);
        lf_person_list_runs(s);
        if (!lf_person_demand(s, report->floor) || !lf_person_take_runs(s, report->floor)) {
                compare_all(s, &own, report);
                return;
        }
        take_rows(s);
        leave_enough(s, report->floor);
        if (s->rows == 0)
                return;
        if (!lf_person_close(s)) {
                compare_all(s, &own, report);
                return;
        }
        note_alike(s);
        leave_possible(s, report->floor);
        compare_rows(s, &own, report);
}

void lf_person_index_search(const struct lf_person_view *v, const struct lf_person_group *g,
                            const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                            const struct lf_person_probe *probe, float floor,
                            struct lf_person_scratch *scratch, lf_person_found *found, void *context)
{
        struct lf_person_search s = {.v = v, .g = g, .w = w, .kernel = kernel, .s = scratch};
        struct report report = {.floor = floor, .found = found, .context = context};
        for (; report.name < probe->n_names; report.name++) {
                s.token = probe->token + probe->name[report.name].first;
                s.n = probe->name[report.name].n;
                if (s.n > 0)
                        search_name(&s, &report);
        }
}
