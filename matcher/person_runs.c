/* Runs of words that may be written as one. A run is taken for another only when their skeletons are equal,
 * and two runs of several words only when their letters are and are divided elsewhere. Rows in which several
 * words are a run are all looked at. Of rows in which one word stands for several of the name's those are
 * left out that have nothing else, when all such words that bring no rows, each of the name's words in them
 * explained in full, are not enough: the row's word then counts with the name's words, a share each. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define RUN_LONGER  2
#define RUN_LETTERS 4

static uint8_t met_bits(uint32_t own)
{
        return own >> LF_MET_BITS ? LF_MET_RUN - 1 : (uint8_t)own;
}

static void runs_explain(struct lf_person_search *s, uint32_t own)
{
        for (; own; own &= own - 1)
                s->word[__builtin_ctz(own)].most = 1000;
}

static uint32_t words_from(unsigned first, unsigned n)
{
        return ((1u << n) - 1) << first;
}

/* As run_possible() in person_name.c for words of which one is a run; of equal skeletons, no classes. */
static bool near(const struct lf_name_run *own, uint32_t mask, unsigned n)
{
        if ((own->n | n) & LF_RUN_ABJAD)
                return true;
        unsigned longer = own->n > n ? own->n : n, shorter = own->n > n ? n : own->n;
        return longer - shorter <= RUN_LONGER && longer >= RUN_LETTERS &&
               lf_mask_run_possible((uint64_t)own->mask << 32, (uint64_t)mask << 32, longer);
}

/* The same words, divided in the same way, are no better as runs than as words. */
static bool divided_elsewhere(const struct lf_name_run *own, const struct lf_person_run *r)
{
        return r->letters == own->letters && !((r->n ^ own->n) & ~LF_RUN_ABJAD) && r->cut != own->cut &&
               ((own->n | r->n) & LF_RUN_ABJAD || !((r->cut | own->cut) & LF_RUN_REVERSED));
}

static void take_run(struct lf_person_search *s, const struct lf_person_run *r, uint32_t own)
{
        uint32_t *word = s->s->run_word[r->row];
        const uint32_t *before = lf_person_run_words(s, r->row);
        runs_explain(s, own);
        word[0] = before[0] | own;
        word[1] = before[1] | words_from(r->first, r->cut & LF_RUN_THREE ? 3 : 2);
        lf_person_take_row(s, r->row, met_bits(own) | LF_MET_RUN);
}

/* The rows' runs that may be written as the name's, or its word, is. */
static void compare_runs(struct lf_person_search *s, const struct lf_name_run *own)
{
        const uint32_t *at = &s->w->run_at[lf_bone_place(own->skeleton, lf_bone_bits(s->g->runs))];
        for (uint32_t i = at[0]; i < at[1]; i++) {
                const struct lf_person_run *r = &s->w->run[i];
                if (r->skeleton == own->skeleton &&
                    (own->words > 1 ? divided_elsewhere(own, r) : near(own, r->mask, r->n)))
                        take_run(s, r, words_from(own->first, own->words));
        }
}

/* The words of the group that are written as a run of the name's is. False: they are too many. */
static bool find_joined(struct lf_person_search *s, const struct lf_name_run *r)
{
        const uint32_t *at = &s->w->bone_at[lf_bone_place(r->skeleton, lf_bone_bits(s->g->words))];
        for (uint32_t i = at[0]; i < at[1]; i++) {
                const struct lf_person_bone *bone = &s->w->bone[i];
                if (bone->skeleton != r->skeleton || !near(r, bone->mask, bone->n))
                        continue;
                struct lf_person_joined j = {.own = words_from(r->first, r->words), .word = bone->word};
                unsigned share = s->v->token[s->w->token[bone->word]].weight / r->words + 1u;
                for (unsigned k = r->first; k < r->first + r->words; k++)
                        if (s->word[k].weight < share)
                                s->word[k].weight = (uint16_t)share;
                runs_explain(s, j.own);
                if (s->joined < LF_SEARCH_JOINED)
                        s->s->joined[s->joined++] = j;
                else
                        return false;
        }
        return true;
}

/* Takes the rows of joined words but of those that all together are not enough. */
static void take_joined(struct lf_person_search *s, float floor)
{
        uint8_t met = 0; /* the words of the name in those that do not bring */
        for (uint32_t i = 0; i < s->joined; i++) {
                struct lf_person_joined *j = &s->s->joined[i];
                if (i > 0 && j->own == j[-1].own)
                        j->brings = j[-1].brings;
                else
                        j->brings = lf_person_heaviest(s, floor, met | met_bits(j->own)) >= 0;
                if (!j->brings)
                        met |= met_bits(j->own);
                for (uint32_t p = s->w->first[j->word]; j->brings && p < s->w->first[j->word + 1]; p++)
                        lf_person_take_row(s, s->w->place[p], met_bits(j->own));
        }
}

void lf_person_mark_joined(struct lf_person_search *s)
{
        s->met = 0;
        for (uint32_t i = 0; i < s->joined; i++) {
                const struct lf_person_joined *j = &s->s->joined[i];
                if (j->brings)
                        continue;
                uint32_t first = s->w->first[j->word], end = s->w->first[j->word + 1];
                if (end - first > LF_SEARCH_MARKS * s->rows) {
                        s->met |= met_bits(j->own);
                        continue;
                }
                for (uint32_t p = first; p < end; p++)
                        if (s->s->met_row[s->w->place[p]])
                                s->s->met_row[s->w->place[p]] |= met_bits(j->own);
        }
}

uint32_t lf_person_joined_words(const struct lf_person_search *s, uint32_t word)
{
        uint32_t own = 0;
        for (uint32_t i = 0; i < s->joined; i++)
                own |= s->s->joined[i].word == word ? s->s->joined[i].own : 0;
        return own;
}

bool lf_person_take_runs(struct lf_person_search *s, float floor)
{
        s->joined = 0;
        for (unsigned i = 0; i < s->runs; i++) {
                const struct lf_name_run *r = &s->s->run[i];
                if (r->words > 1 && !find_joined(s, r))
                        return false;
                compare_runs(s, r);
        }
        take_joined(s, floor);
        return true;
}

void lf_person_list_runs(struct lf_person_search *s)
{
        struct lf_name_run *run = s->s->run;
        unsigned run_bits = lf_bone_bits(s->g->runs), word_bits = lf_bone_bits(s->g->words);
        s->runs = lf_name_runs(s->token, s->n, run);
        for (unsigned i = 0; i < s->runs; i++) {
                __builtin_prefetch(&s->w->bone_at[lf_bone_place(run[i].skeleton, word_bits)]);
                __builtin_prefetch(&s->w->run_at[lf_bone_place(run[i].skeleton, run_bits)]);
        }
        for (unsigned i = 0; i < s->runs; i++) {
                __builtin_prefetch(&s->w->bone[s->w->bone_at[lf_bone_place(run[i].skeleton, word_bits)]]);
                __builtin_prefetch(&s->w->run[s->w->run_at[lf_bone_place(run[i].skeleton, run_bits)]]);
        }
}
