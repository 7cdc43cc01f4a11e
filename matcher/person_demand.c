/* Which words a row must have to reach the floor.
 *
 * For each word of the name a limit is chosen, as high as can be for words whose like stand in many rows:
 * rows are brought only by words that are more alike than it. What a row without such words, and without runs
 * of words, can be worth at most is below the floor: each word of the name is then explained up to its limit,
 * and so are as many words of the row, which weigh what those that are like the name's do. Of a word that is
 * explained by no more than a limit L something is left over: (1 - L) / L of what is explained. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

/* A word that has yet to be compared with all others is as dear as so many rows. */
#define UNKNOWN_PLACES 600
#define STEPS          8 /* into which what is explained of a row is divided */

/* What names of which `own` of `weight` is explained reach at most, with `full` of the row explained by words
 * that are the same, and up to `partly` by words that leave `rest` times as much over. */
static bool may_reach(float weight, float own, float full, float partly, float rest, float floor)
{
        float unexplained = weight - own;
        if (lf_person_reaches(weight, full, own, full, floor))
                return true;
        for (unsigned k = 0; k < STEPS && partly > 0; k++) {
                float least = partly * (float)k / STEPS, most = full + partly * (float)(k + 1) / STEPS;
                float over = least * rest, less = unexplained < over ? unexplained : over,
                      more = unexplained < over ? over : unexplained;
                float both = own + most, evidence = own < most ? own : most;
                if (both * evidence * 1.001f + 1 >=
                    floor * (both + 1.6f * less + 0.4f * more) * (evidence + 100))
                        return true;
        }
        return false;
}

bool lf_person_enough(const struct lf_person_search *s, float floor, uint8_t met)
{
        float own = 0, full = 0, partly = 0;
        unsigned most = 0;    /* of the limits below 1000 */
        if (met & LF_MET_RUN) /* runs may explain any number of the row's words */
                full = LF_NAME_TOKENS * 1000;
        for (unsigned i = 0; i < s->n; i++) {
                const struct lf_person_wanted *w = &s->word[i];
                unsigned limit = w->met & met ? 1000 : w->limit;
                own += (float)(s->token[i].weight * limit) * 1e-3f;
                if (limit == 1000)
                        full += (float)w->weight;
                else
                        partly += (float)(w->weight * limit) * 1e-3f;
                if (limit < 1000 && limit > most)
                        most = limit;
        }
        float rest = most ? (float)(1000 - most) / (float)most : 0;
        return may_reach((float)s->weight, own, full, partly, rest, floor);
}

/* The highest limit that leaves what no word brings below the floor. */
static void raise(struct lf_person_search *s, float floor, unsigned i)
{
        static const uint16_t step[] = {1000, 900, 850, 800, 750, 700, 650, 600, 0};
        for (unsigned k = 0; k < sizeof step / sizeof step[0]; k++) {
                s->word[i].limit = step[k];
                if (step[k] == 0 || !lf_person_enough(s, floor, 0))
                        return;
        }
}

/* The group's word that is the token; g->words when there is none. */
static uint32_t find(const struct lf_person_search *s, const struct lf_token *t, uint32_t skeleton)
{
        const uint32_t *at = &s->w->bone_at[lf_bone_place(skeleton, lf_bone_bits(s->g->words))];
        unsigned n = t->n | (t->flags & LF_TOKEN_ABJAD ? LF_PART_ABJAD : 0);
        for (uint32_t k = at[0]; k < at[1]; k++) {
                const struct lf_person_bone *bone = &s->w->bone[k];
                if (bone->skeleton != skeleton || bone->mask != (uint32_t)(t->mask >> 32) || bone->n != n)
                        continue;
                if (!memcmp(s->v->token[s->w->token[bone->word]].letter, t->letter, t->n))
                        return bone->word;
        }
        return s->g->words;
}

/* What the index knows of the words that are like word i; NULL: nothing. */
static const struct lf_person_alike *known_of(const struct lf_person_search *s, unsigned i)
{
        uint32_t word = s->word[i].part.word;
        return word < s->g->words && s->w->alike[word].n ? &s->w->alike[word] : NULL;
}

static uint32_t places_of(const struct lf_person_search *s, unsigned i)
{
        const struct lf_person_alike *known = known_of(s, i);
        return known ? known->places : UNKNOWN_PLACES;
}

/* The name's words, those first by which most rows would be brought. */
static void order(const struct lf_person_search *s, unsigned *ret)
{
        for (unsigned i = 0; i < s->n; i++) {
                uint32_t places = places_of(s, i);
                unsigned k = i;
                for (; k > 0 && places_of(s, ret[k - 1]) < places; k--)
                        ret[k] = ret[k - 1];
                ret[k] = i;
        }
}

/* The words by which word i brings rows. False: there is no room for them at `*room`. */
static bool bring(struct lf_person_search *s, unsigned i, uint32_t **room, uint32_t *left)
{
        struct lf_person_wanted *w = &s->word[i];
        const struct lf_person_alike *known = known_of(s, i);
        if (known) {
                w->like = s->w->like + known->first;
                w->likes = known->n;
        } else if (w->limit < 1000) {
                w->likes = lf_person_like(s->v, s->g, s->w, s->kernel, &s->token[i], w->limit, s->s->possible,
                                          *room, *left);
                if (w->likes > *left)
                        return false;
                w->like = *room;
                *room += w->likes;
                *left -= w->likes;
        }
        w->complete = known || w->limit == 0;
        while (w->bring < w->likes && LF_LIKE_SIMILARITY(w->like[w->bring]) > w->limit)
                w->bring++;
        return true;
}

static void look_at(struct lf_person_search *s, unsigned i)
{
        struct lf_span own = lf_span_of(&s->token[i]);
        struct lf_person_wanted *w = &s->word[i];
        *w = (struct lf_person_wanted){.part = lf_person_part_of(&s->token[i]),
                                       .skeleton = lf_span_skeleton(&own),
                                       .met = lf_met_bit(i)};
        w->part.word = find(s, &s->token[i], w->skeleton);
        w->weight = known_of(s, i) ? known_of(s, i)->weight : 1000;
}

bool lf_person_demand(struct lf_person_search *s, float floor)
{
        unsigned dearest[LF_NAME_TOKENS];
        uint32_t *room = s->s->matched, left = LF_SEARCH_MATCHES;
        for (unsigned i = 0; i < s->n; i++)
                look_at(s, i);
        order(s, dearest);
        for (unsigned k = 0; k < s->n; k++)
                raise(s, floor, dearest[k]);
        for (unsigned i = 0; i < s->n; i++)
                if (!bring(s, i, &room, &left))
                        return false;
        return true;
}
