/* Why no row above the floor is left out. A name's similarity grows with what is explained of either side
 * (similarity_of in person_name.c). Each word is explained at most by the word of the other name that is most
 * like it, and runs of words at most in full. A run is taken for another only when their skeletons are equal,
 * and two runs of several words only when their letters are and are divided elsewhere: rows with such runs
 * are all looked at. A row without them is left out unread only when it has none of the probe's words but
 * those that cannot make a hit even together and in a row that holds nothing else. Weak aliases, sex and
 * dates only take away. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define RUN_LONGER  2
#define RUN_LETTERS 4
#define MANY_ROWS   2000 /* that it takes too long to mark */
#define AHEAD       8    /* words whose rows are fetched before they are needed */

/* Whether names of these weights can be as alike as the floor when so much of them is explained; all in
 * thousandths of a word. What rounding may take is given. */
static bool reaches(float own, float theirs, float explained_own, float explained_theirs, float floor)
{
        float a = explained_own < own ? explained_own : own,
              b = explained_theirs < theirs ? explained_theirs : theirs;
        float ua = own - a, ub = theirs - b, both = a + b, evidence = a < b ? a : b;
        float less = ua < ub ? ua : ub, more = ua < ub ? ub : ua;
        return both * evidence * 1.001f + 1 >= floor * (both + 1.6f * less + 0.4f * more) * (evidence + 100);
}

/* Words of the name and of the row, as bits, that correspond as runs. */
static void explain_row(struct lf_person_search *s, uint16_t row, uint32_t own, uint32_t theirs)
{
        uint32_t *word = s->s->run_word[row];
        if (!lf_bit(s->s->run_row, row)) {
                s->s->run_row[row / 64] |= 1ull << row % 64;
                word[0] = word[1] = 0;
        }
        word[0] |= own;
        word[1] |= theirs;
}

static uint32_t words_from(unsigned first, unsigned n)
{
        return ((1u << n) - 1) << first;
}

/* As run_possible() in person_name.c for words of which one is a run. */
static bool lengths_near(unsigned a, unsigned b)
{
        return (a > b ? a - b : b - a) <= RUN_LONGER && (a > b ? a : b) >= RUN_LETTERS;
}

/* What letters that only one has cost at least: of equal skeletons, no classes. */
static bool masks_near(uint64_t own, const struct lf_person_run *r)
{
        uint64_t theirs = (uint64_t)r->mask << 32;
        own &= LF_MASK_LETTERS;
        return lf_mask_run_possible(own, theirs);
}

static unsigned signature_cost(uint64_t a, uint64_t b)
{
        uint64_t d = a & ~b;
        return (unsigned)(__builtin_popcountll(d) + __builtin_popcountll(d >> 32));
}

/* The same words, divided in the same way, are no better as runs than as words. */
static bool divided_elsewhere(const struct lf_name_run *own, const struct lf_person_run *r)
{
        return r->letters == own->letters && (r->n & ~LF_RUN_ABJAD) == own->span.n && r->cut != own->cut &&
               (own->span.abjad || r->n & LF_RUN_ABJAD || !((r->cut | own->cut) & LF_RUN_REVERSED));
}

/* The rows' runs that may be written as the span is. */
static void compare_runs(struct lf_person_search *s, const struct lf_span *own, uint32_t skeleton,
                         uint32_t words, const struct lf_name_run *several)
{
        for (uint32_t i = lf_place_of(s->w->run_skeleton, s->g->runs, skeleton);
             i < s->g->runs && s->w->run_skeleton[i] == skeleton; i++) {
                const struct lf_person_run *r = &s->w->run[i];
                if (several ? divided_elsewhere(several, r)
                            : own->abjad || r->n & LF_RUN_ABJAD ||
                                  (lengths_near(own->n, r->n) && masks_near(own->mask, r)))
                        explain_row(s, r->row, words, words_from(r->first, r->cut & LF_RUN_THREE ? 3 : 2));
        }
}

/* Where in a row's name a word is, as bits. */
static uint32_t places_of(const struct lf_person_search *s, uint32_t row, uint32_t word)
{
        uint32_t places = 0, first = s->w->row_first[row];
        for (uint32_t i = first; i < s->w->row_first[row + 1]; i++)
                places |= (uint32_t)(s->w->row_word[i] == word) << (i - first);
        return places;
}

/* The rows' words that are written as a run of the probe's is. */
static void compare_joined(struct lf_person_search *s, const struct lf_name_run *r, uint32_t skeleton)
{
        uint64_t own = lf_word_signature(&r->span);
        for (uint32_t i = lf_place_of(s->w->skeleton, s->g->words, skeleton);
             i < s->g->words && s->w->skeleton[i] == skeleton; i++) {
                uint32_t word = s->w->skeleton_word[i];
                uint64_t theirs = s->w->signature[word];
                if (!r->span.abjad && !s->g->abjad &&
                    (signature_cost(own, theirs) > LF_RUN_COST || signature_cost(theirs, own) > LF_RUN_COST))
                        continue;
                for (uint32_t p = s->w->first[word]; p < s->w->first[word + 1]; p++)
                        explain_row(s, s->w->place[p], words_from(r->first, r->words),
                                    places_of(s, s->w->place[p], word));
        }
}

static void find_runs(struct lf_person_search *s)
{
        struct lf_name_run run[LF_NAME_RUNS];
        unsigned runs = lf_name_runs(s->token, s->n, run);
        memset(s->s->run_row, 0, (s->g->rows + 63) / 64 * sizeof s->s->run_row[0]);
        for (unsigned i = 0; i < s->n; i++) {
                struct lf_span own = lf_span_of(&s->token[i]);
                compare_runs(s, &own, lf_span_skeleton(&own), 1u << i, NULL);
        }
        for (unsigned i = 0; i < runs; i++) {
                uint32_t skeleton = lf_span_skeleton(&run[i].span);
                compare_joined(s, &run[i], skeleton);
                compare_runs(s, &run[i].span, skeleton, words_from(run[i].first, run[i].words), &run[i]);
        }
}

static struct lf_explained_sum with(const struct lf_person_search *s, struct lf_explained_sum sum, unsigned i)
{
        sum.own += (s->token[i].weight * s->most[i] + 999) / 1000;
        sum.theirs += s->most_theirs[i];
        return sum;
}

/* Whether they can make a hit by themselves: of a row that has no other words. */
static bool suffices(const struct lf_person_search *s, struct lf_explained_sum sum, float floor)
{
        return reaches((float)s->weight, (float)sum.theirs, (float)sum.own, (float)sum.theirs, floor);
}

/* The words, as bits, that stand in many rows or say little and cannot make a hit by themselves: what a row
 * needs another for. */
static uint32_t common_words(const struct lf_person_search *s, float floor, struct lf_explained_sum *ret)
{
        unsigned order[LF_NAME_TOKENS];
        for (unsigned i = 0; i < s->n; i++) {
                unsigned k = i;
                for (; k > 0 && s->places[order[k - 1]] < s->places[i]; k--)
                        order[k] = order[k - 1];
                order[k] = i;
        }
        uint32_t common = 0;
        *ret = (struct lf_explained_sum){0, 0};
        for (unsigned k = 0; k < s->n; k++) {
                struct lf_explained_sum more = with(s, *ret, order[k]);
                if (suffices(s, more, floor) ||
                    (s->places[order[k]] < MANY_ROWS && s->token[order[k]].weight > LF_WEIGHT_PARTICLE))
                        continue;
                *ret = more;
                common |= 1u << order[k];
        }
        return common;
}

/* Sets the bits of the rows that have a word like the name's word i. */
static void mark_rows(const struct lf_person_search *s, unsigned i, uint64_t *row)
{
        for (uint32_t k = 0; k < s->likes[i]; k++) {
                uint32_t word = LF_LIKE_WORD(s->like[i][k]);
                if (k + AHEAD < s->likes[i])
                        __builtin_prefetch(&s->w->place[s->w->first[LF_LIKE_WORD(s->like[i][k + AHEAD])]]);
                for (uint32_t p = s->w->first[word]; p < s->w->first[word + 1]; p++)
                        row[s->w->place[p] / 64] |= 1ull << s->w->place[p] % 64;
        }
}

/* Sets the bits of the rows that may be hits. Of words that are not enough even together with the common ones
 * a row needs two. */
static void mark_all(struct lf_person_search *s, float floor, uint64_t *met)
{
        uint64_t *once = s->s->once_row, *now = s->s->now_row;
        uint32_t words = (s->g->rows + 63) / 64, weak = 0;
        struct lf_explained_sum sum;
        uint32_t common = common_words(s, floor, &sum);
        for (unsigned i = 0; i < s->n; i++) {
                if (common >> i & 1)
                        continue;
                if (suffices(s, with(s, sum, i), floor)) {
                        mark_rows(s, i, met);
                        continue;
                }
                uint64_t *row = weak++ ? now : once;
                memset(row, 0, words * sizeof *row);
                mark_rows(s, i, row);
                for (uint32_t k = 0; row == now && k < words; k++) {
                        met[k] |= once[k] & now[k];
                        once[k] |= now[k];
                }
        }
}

/* Gathers in scratch->row the rows that may be hits; returns how many. */
static uint32_t gather(struct lf_person_search *s, float floor)
{
        uint64_t *met = s->s->met_row;
        uint32_t n = 0, words = (s->g->rows + 63) / 64;
        memcpy(met, s->s->run_row, words * sizeof *met);
        mark_all(s, floor, met);
        for (uint32_t i = 0; i < words; i++)
                for (uint64_t bits = met[i]; bits; bits &= bits - 1)
                        s->s->row[n++] = (uint16_t)(i * 64 + (uint32_t)__builtin_ctzll(bits));
        return n;
}

/* What is explained of the name and of a row at most. */
static struct lf_explained_sum explained_at_most(const struct lf_person_search *s, uint32_t row)
{
        struct lf_explained_sum sum = {0, 0};
        const uint32_t *word = s->w->row_word + s->w->row_first[row],
                       *end = s->w->row_word + s->w->row_first[row + 1];
        for (; word < end; word++)
                if (lf_bit(s->s->met_word, *word)) {
                        sum.own += (uint32_t)s->s->match[*word].own;
                        sum.theirs += (uint32_t)s->s->match[*word].theirs;
                }
        return sum;
}

/* The same, where each word of the name is explained by one word only; words that a run may explain are so in
 * full. */
static struct lf_explained_sum explained(const struct lf_person_search *s, uint32_t row)
{
        static const uint32_t none[2];
        bool runs = lf_bit(s->s->run_row, row);
        const uint32_t *word = s->w->row_word + s->w->row_first[row],
                       *run = runs ? s->s->run_word[row] : none;
        unsigned n = s->w->row_first[row + 1] - s->w->row_first[row];
        int16_t best[LF_MATCH_LANES] = {0};
        struct lf_explained_sum sum = {0, 0};
        for (unsigned j = 0; j < n; j++) {
                bool met = lf_bit(s->s->met_word, word[j]);
                const struct lf_word_match *m = &s->s->match[word[j]];
                for (unsigned l = 0; met && l < LF_MATCH_LANES; l++)
                        best[l] = m->lane[l] > best[l] ? m->lane[l] : best[l];
                sum.theirs += run[1] >> j & 1 ? s->w->weight[word[j]] : met ? (uint32_t)m->theirs : 0;
        }
        for (unsigned k = 0; k < s->n; k++) {
                uint32_t most = (uint32_t)best[k < LF_MATCH_LANES ? k : LF_MATCH_LANES - 1];
                sum.own += run[0] >> k & 1 ? s->token[k].weight : (s->token[k].weight * most + 999) / 1000;
        }
        return sum;
}

static float compare_words(const struct lf_person_search *s, const struct lf_name *own, uint32_t row,
                           const struct lf_name *theirs)
{
        uint32_t value[LF_ASSIGN_MAX][LF_ASSIGN_MAX];
        const uint32_t *word = s->w->row_word + s->w->row_first[row];
        for (unsigned j = 0; j < theirs->n; j++) {
                bool met = lf_bit(s->s->met_word, word[j]);
                const struct lf_word_match *m = &s->s->match[word[j]];
                uint32_t weight = theirs->token[j].weight;
                for (unsigned i = 0; i < own->n; i++)
                        value[i][j] = met ? (uint32_t)m->lane[i] * (own->token[i].weight + weight) : 0;
        }
        const uint32_t *run = s->s->run_word[row];
        bool runs = lf_bit(s->s->run_row, row);
        return lf_name_similarity_of_words(own, theirs, value, runs ? run[0] : 0, runs ? run[1] : 0);
}

/* A search's caller. */
struct report {
        unsigned name;
        float floor;
        lf_person_found *found;
        void *context;
};

static void compare_row(const struct lf_person_search *s, const struct lf_name *own, uint32_t row,
                        bool words_known, struct report *report)
{
        const struct lf_person_row *r = &s->v->row[s->w->row[row]];
        struct lf_name theirs = {.token = s->v->token + r->token, .n = r->n, .weight = r->weight};
        float similarity = words_known ? compare_words(s, own, row, &theirs)
                                       : lf_name_similarity(own, &theirs, report->floor, NULL);
        if (similarity > 0)
                report->floor = report->found(report->context, s->w->row[row], report->name, similarity);
}

static bool row_reaches(const struct lf_person_search *s, uint32_t row, struct lf_explained_sum sum,
                        float floor)
{
        return reaches((float)s->weight, s->w->row_weight[row], (float)sum.own, (float)sum.theirs, floor);
}

static void fetch_rows(const struct lf_person_search *s, uint32_t i, uint32_t n)
{
        if (i + 2 * AHEAD < n)
                __builtin_prefetch(&s->w->row_first[s->s->row[i + 2 * AHEAD]]);
        if (i + AHEAD < n)
                __builtin_prefetch(&s->w->row_word[s->w->row_first[s->s->row[i + AHEAD]]]);
}

/* Leaves the rows that may reach the floor, with what is explained of them; returns how many. */
static uint32_t leave_reaching(struct lf_person_search *s, uint32_t n, float floor)
{
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++) {
                uint16_t row = s->s->row[i];
                fetch_rows(s, i, n);
                if (!lf_bit(s->s->run_row, row) && !row_reaches(s, row, explained_at_most(s, row), floor))
                        continue;
                struct lf_explained_sum sum = explained(s, row);
                if (!row_reaches(s, row, sum, floor))
                        continue;
                s->s->sum[left] = sum;
                s->s->row[left++] = row;
        }
        return left;
}

/* Rows that may be as good as GOOD go first: what they are raises the floor for the others. */
#define GOOD 0.9f

static void compare_rows(struct lf_person_search *s, const struct lf_name *own, uint32_t n,
                         struct report *report)
{
        for (unsigned pass = 0; pass < 2; pass++)
                for (uint32_t i = 0; i < n; i++)
                        if (row_reaches(s, s->s->row[i], s->s->sum[i], GOOD) == (pass == 0) &&
                            row_reaches(s, s->s->row[i], s->s->sum[i], report->floor))
                                compare_row(s, own, s->s->row[i], own->n <= LF_MATCH_LANES, report);
}

static void search_name(struct lf_person_search *s, struct report *report)
{
        struct lf_name own = lf_name_over(s->token, s->n);
        s->weight = own.weight;
        if (!lf_person_match(s)) { /* more words are like the name's than are kept */
                for (uint32_t row = 0; row < s->g->rows; row++)
                        compare_row(s, &own, row, false, report);
                return;
        }
        find_runs(s);
        uint32_t n = gather(s, report->floor);
        compare_rows(s, &own, leave_reaching(s, n, report->floor), report);
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
