/* Why no row above the floor is left out. A name's similarity grows with what is explained of either side
 * (similarity_of in person_name.c). Each word is explained at most by the word of the other name that is most
 * like it, and runs of words at most in full. Rows with runs that may correspond are all looked at; a row
 * without is left out unread only when it has no word that one of the name's brings (person_demand.c). Of a
 * row that is looked at its words' signatures tell what they can be worth at most, then their letters what
 * they are. Weak aliases, sex and dates only take away. */
#include "matcher/person_index.h"

#include <emmintrin.h>
#include <string.h>

#include "matcher/person_token.h"

#define MARKS 30 /* of rows that are as dear as looking at one */
#define AHEAD 8  /* words whose rows, and rows whose words, are fetched before they are needed */

/* Marks the rows of the words [first, end) that are like word i of the name; `take`: those that are new, too.
 */
static inline void mark(struct lf_person_search *s, const struct lf_person_wanted *w, uint32_t first,
                        uint32_t end, bool take)
{
        for (uint32_t k = first; k < end; k++) {
                uint32_t word = LF_LIKE_WORD(w->like[k]);
                if (k + AHEAD < end)
                        __builtin_prefetch(&s->w->place[s->w->first[LF_LIKE_WORD(w->like[k + AHEAD])]]);
                for (uint32_t p = s->w->first[word]; p < s->w->first[word + 1]; p++) {
                        if (take)
                                lf_person_take_row(s, s->w->place[p], w->met);
                        else
                                s->s->met_row[s->w->place[p]] |= w->met;
                }
        }
}

/* Takes the rows that have a word which one of the name's brings. Then marks those that have others, unless
 * that is dearer than looking at the ones that are taken. */
static void take_rows(struct lf_person_search *s)
{
        for (unsigned i = 0; i < s->n; i++)
                mark(s, &s->word[i], 0, s->word[i].bring, true);
        for (unsigned i = 0; i < s->n; i++) {
                struct lf_person_wanted *w = &s->word[i];
                if (!w->complete || w->limit == 0)
                        continue;
                w->limit = s->w->alike[w->part.word].places > MARKS * s->rows ? 1000 : 0;
                if (w->limit == 0)
                        mark(s, w, w->bring, w->likes, false);
        }
}

/* Notes the words that are like the name's. */
static void note_alike(struct lf_person_search *s)
{
        memset(s->s->met_word, 0, (s->g->words / 64 + 1) * sizeof s->s->met_word[0]);
        for (unsigned i = 0; i < s->n; i++) {
                const struct lf_person_wanted *w = &s->word[i];
                for (uint32_t k = 0; w->complete && k < w->likes; k++) {
                        uint32_t word = LF_LIKE_WORD(w->like[k]);
                        uint64_t bit = 1ull << word % 64, *met = &s->s->met_word[word / 64];
                        unsigned units = (LF_LIKE_SIMILARITY(w->like[k]) + LF_ALIKE_UNIT - 1) / LF_ALIKE_UNIT;
                        uint8_t *lane = (uint8_t *)&s->s->alike[word];
                        if (!(*met & bit))
                                s->s->alike[word] = 0;
                        *met |= bit;
                        unsigned l = lf_alike_lane(i);
                        lane[l] = units > lane[l] ? (uint8_t)units : lane[l];
                        l = LF_ALIKE_LANES;
                        lane[l] = units > lane[l] ? (uint8_t)units : lane[l];
                }
        }
}

/* What a search adds up rows with. */
struct sums {
        const struct lf_person_search *s;
        __m128i lane_weight;  /* 16 bits each */
        uint32_t unknown;     /* words, as bits, of which not all that are like them are known */
        uint32_t own, theirs; /* what they explain at most */
};

static struct sums sums_of(const struct lf_person_search *s)
{
        uint16_t weight[8] = {0};
        struct sums sums = {.s = s};
        for (unsigned i = 0; i < s->n; i++) {
                weight[lf_alike_lane(i)] = (uint16_t)(weight[lf_alike_lane(i)] + s->token[i].weight);
                if (s->word[i].complete)
                        continue;
                sums.unknown |= 1u << i;
                sums.own += s->token[i].weight * 1000u;
                sums.theirs += s->word[i].weight * 1000u;
        }
        sums.lane_weight = _mm_loadu_si128((const __m128i *)weight);
        return sums;
}

/* How alike the word is to each of the name's. */
static uint64_t alike_of(const struct lf_person_search *s, uint32_t word)
{
        return s->s->alike[word] & -(s->s->met_word[word / 64] >> word % 64 & 1);
}

/* Words of the name and of the row, as bits, that runs may explain. */
static const uint32_t *run_words(const struct lf_person_search *s, uint16_t row)
{
        static const uint32_t none[2];
        return s->s->met_row[row] & LF_MET_RUN ? s->s->run_word[row] : none;
}

#define HEAD_HALF 4 /* words that most names have at most */
#define IN_FULL   (1000 / LF_ALIKE_UNIT)

/* A full lane for each bit. */
static uint64_t full_lanes(uint32_t bits)
{
        uint64_t lanes = bits | (bits >> LF_ALIKE_LANES ? 1u << (LF_ALIKE_LANES - 1) : 0);
        return ((lanes & 0x7f) * 0x02040810204081 & 0x01010101010101) * IN_FULL;
}

/* Adds a word of the row: what it explains of itself, and at most of the name. */
static uint32_t add_word(const struct lf_person_search *s, uint32_t word, uint32_t in_full, __m128i *best)
{
        uint64_t alike = alike_of(s, word);
        uint32_t most = (uint32_t)(alike >> 8 * LF_ALIKE_LANES), full = -(in_full & 1) & IN_FULL;
        *best = _mm_max_epu8(*best, _mm_cvtsi64_si128((long long)alike));
        return most > full ? most : full;
}

/* What is explained at most by runs and by words, in full by those of which not all that are like them are
 * known. */
static void explain_by_words(const struct sums *sums, struct lf_person_candidate *c)
{
        const struct lf_person_search *s = sums->s;
        const struct lf_person_head *h = &s->w->head[c->row];
        const uint32_t *run = run_words(s, c->row);
        __m128i best = _mm_cvtsi64_si128((long long)full_lanes(run[0]));
        uint32_t theirs = 0;
        for (unsigned j = 0; j < HEAD_HALF; j++)
                theirs += add_word(s, LF_WEIGHED_WORD(h->word[j]), run[1] >> j, &best) *
                          LF_WEIGHED_WEIGHT(h->word[j]);
        for (unsigned j = HEAD_HALF; j < LF_HEAD_WORDS && h->n > HEAD_HALF; j++)
                theirs += add_word(s, LF_WEIGHED_WORD(h->word[j]), run[1] >> j, &best) *
                          LF_WEIGHED_WEIGHT(h->word[j]);
        for (unsigned j = LF_HEAD_WORDS; j < h->n; j++) {
                const struct lf_person_part *part = &s->w->part[s->w->at[c->row].part + j];
                theirs += add_word(s, part->word, run[1] >> j, &best) * part->weight;
        }
        __m128i own = _mm_madd_epi16(_mm_unpacklo_epi8(best, _mm_setzero_si128()), sums->lane_weight);
        own = _mm_add_epi32(own, _mm_shuffle_epi32(own, 0x4e));
        own = _mm_add_epi32(own, _mm_shuffle_epi32(own, 0xb1));
        c->own = (uint32_t)_mm_cvtsi128_si32(own) * LF_ALIKE_UNIT + sums->own;
        c->theirs = theirs * LF_ALIKE_UNIT + sums->theirs;
}

/* The same by all words, those that are not known by their signatures. */
static void explain_by_all(const struct sums *sums, struct lf_person_candidate *c)
{
        const struct lf_person_search *s = sums->s;
        const struct lf_person_head *h = &s->w->head[c->row];
        const struct lf_person_part *part = &s->w->part[s->w->at[c->row].part];
        const uint32_t *run = run_words(s, c->row);
        uint16_t own[LF_NAME_TOKENS] = {0};
        c->own = c->theirs = 0;
        for (unsigned j = 0; j < h->n; j++) {
                union {
                        uint64_t all;
                        uint8_t lane[8];
                } alike = {.all = alike_of(s, part[j].word)};
                unsigned most = run[1] >> j & 1 ? 1000 : 0;
                for (unsigned i = 0; i < s->n; i++) {
                        unsigned similarity = sums->unknown >> i & 1
                                                  ? lf_person_most_alike(&s->word[i].part, &part[j])
                                                  : alike.lane[lf_alike_lane(i)] * LF_ALIKE_UNIT;
                        own[i] = similarity > own[i] ? (uint16_t)similarity : own[i];
                        most = similarity > most ? similarity : most;
                }
                c->theirs += most * part[j].weight;
        }
        for (unsigned i = 0; i < s->n; i++)
                c->own += (run[0] >> i & 1 ? 1000u : own[i]) * s->token[i].weight;
}

static bool row_reaches(const struct lf_person_search *s, const struct lf_person_candidate *c, float floor)
{
        return lf_person_reaches((float)s->weight, s->w->head[c->row].weight, (float)c->own * 1e-3f,
                                 (float)c->theirs * 1e-3f, floor);
}

/* Leaves the rows that have been brought by enough. */
static void leave_enough(struct lf_person_search *s, float floor)
{
        enum { UNASKED, NO, YES };
        uint8_t enough[2 * LF_MET_RUN];
        uint32_t left = 0;
        memset(enough, UNASKED, sizeof enough);
        for (uint32_t i = 0; i < s->rows; i++) {
                uint16_t row = s->s->row[i].row;
                uint8_t met = s->s->met_row[row];
                if (enough[met] == UNASKED)
                        enough[met] = lf_person_enough(s, floor, met) ? YES : NO;
                s->s->row[left].row = row;
                left += enough[met] == YES;
        }
        s->rows = left;
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
        leave_enough(s, floor);
        leave_reaching(&sums, s, floor, explain_by_words);
        for (uint32_t i = 0; i < s->rows; i++) {
                const struct lf_person_at *at = &s->w->at[s->s->row[i].row];
                __builtin_prefetch(&s->w->part[at->part]);
                __builtin_prefetch(&s->v->row[at->row]);
                __builtin_prefetch(&s->v->token[at->token]);
                __builtin_prefetch(&s->v->token[at->token + 2]);
        }
        if (sums.unknown)
                leave_reaching(&sums, s, floor, explain_by_all);
}

static unsigned similarity_of_words(struct lf_person_search *s, unsigned i, const struct lf_person_part *part,
                                    const struct lf_token *theirs)
{
        const struct lf_person_wanted *w = &s->word[i];
        if (part->word == w->part.word)
                return 1000;
        uint32_t pair = LF_KNOWN(i + 1, part->word);
        struct lf_person_known *known = &s->s->known[(part->word + i * 37) % LF_SEARCH_KNOWN];
        if (known->pair != pair) {
                known->pair = pair;
                known->similarity = lf_word_similarity(&s->token[i], theirs);
        }
        return known->similarity;
}

/* A search's caller. */
struct report {
        unsigned name;
        float floor;
        lf_person_found *found;
        void *context;
};

/* Compares in full a row that reaches the floor also by what its words are. */
static void compare_row(struct lf_person_search *s, const struct lf_name *own, uint16_t row,
                        struct report *report)
{
        struct lf_person_candidate c = {.row = row};
        uint32_t value[LF_ASSIGN_MAX][LF_ASSIGN_MAX];
        const struct lf_person_head *h = &s->w->head[c.row];
        const struct lf_person_at *at = &s->w->at[row];
        const struct lf_person_part *part = &s->w->part[at->part];
        const uint32_t *run = run_words(s, c.row);
        struct lf_name theirs = {.token = s->v->token + at->token, .n = h->n, .weight = h->weight};
        uint16_t best[LF_NAME_TOKENS] = {0};
        for (unsigned i = 0; i < own->n; i++) {
                unsigned most = run[0] >> i & 1 ? 1000 : 0;
                for (unsigned j = 0; j < h->n; j++) {
                        unsigned similarity = lf_person_most_alike(&s->word[i].part, &part[j]);
                        if (similarity > 0)
                                similarity = similarity_of_words(s, i, &part[j], &theirs.token[j]);
                        value[i][j] = similarity * ((uint32_t)own->token[i].weight + part[j].weight);
                        most = similarity > most ? similarity : most;
                        best[j] = similarity > best[j] ? (uint16_t)similarity : best[j];
                }
                c.own += most * own->token[i].weight;
        }
        for (unsigned j = 0; j < h->n; j++)
                c.theirs += (run[1] >> j & 1 ? 1000u : best[j]) * part[j].weight;
        if (!row_reaches(s, &c, report->floor))
                return;
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
        if (!lf_person_demand(s, report->floor)) {
                compare_all(s, &own, report);
                return;
        }
        memset(s->s->met_row, 0, s->g->rows);
        memset(s->s->known, 0, sizeof s->s->known);
        lf_person_find_runs(s);
        take_rows(s);
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
