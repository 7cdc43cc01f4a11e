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

#define STEPS 8 /* into which what is explained of a row is divided */

/* Room for the words that are like the name's. */
struct room {
        uint32_t *like, left;
};

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

/* What may be left over of a row, of which `theirs` is explained, for it to reach the floor; below 0: it
 * cannot. The inverse of lf_person_reaches(). */
static float most_left(float weight, float own, float theirs, float floor)
{
        float unexplained = weight - own, both = own + theirs, evidence = own < theirs ? own : theirs;
        float room = (both * evidence * 1.001f + 1) / (floor * (evidence + 100)) - both;
        float less = (room - 0.4f * unexplained) / 1.6f, more = (room - 1.6f * unexplained) / 0.4f;
        return less <= unexplained ? less : more;
}

int32_t lf_person_heaviest(const struct lf_person_search *s, float floor, uint8_t met)
{
        float own = 0, full = 0, partly = 0;
        unsigned most = 0;    /* of the limits below 1000 */
        if (met & LF_MET_RUN) /* runs may explain any number of the row's words */
                full = LF_NAME_TOKENS * 1000;
        for (unsigned i = 0; i < s->n; i++) {
                const struct lf_person_wanted *w = &s->word[i];
                unsigned limit = w->met & met ? 1000 : w->limit;
                own += (float)(s->token[i].weight * (limit < w->most ? limit : w->most)) * 1e-3f;
                if (limit == 1000)
                        full += (float)w->weight;
                else
                        partly += (float)(w->weight * limit) * 1e-3f;
                if (limit < 1000 && limit > most)
                        most = limit;
        }
        float rest = most ? (float)(1000 - most) / (float)most : 0;
        float left = most_left((float)s->weight, own, full + partly, floor);
        if (left < -1 || !may_reach((float)s->weight, own, full, partly, rest, floor))
                return -1;
        return (int32_t)(full + partly + left) + 2;
}

/* The highest limit that leaves what no word brings below the floor. */
static void raise(struct lf_person_search *s, float floor, unsigned i)
{
        static const uint16_t step[] = {1000, 900, 850, 800, 750, 700, 650, 600, 0};
        for (unsigned k = 0; k < sizeof step / sizeof step[0]; k++) {
                s->word[i].limit = step[k];
                if (step[k] == 0 || lf_person_heaviest(s, floor, 0) < 0)
                        return;
        }
}

/* The group's word that is the token; g->words when there is none. */
static uint32_t find(const struct lf_person_search *s, const struct lf_token *t, uint32_t skeleton)
{
        const uint32_t *at = &s->w->bone_at[lf_bone_place(skeleton, lf_bone_bits(s->g->words))];
        unsigned n = t->n | (t->flags & LF_TOKEN_ABJAD ? LF_BONE_ABJAD : 0);
        for (uint32_t k = at[0]; k < at[1]; k++) {
                const struct lf_person_bone *bone = &s->w->bone[k];
                if (bone->skeleton != skeleton || bone->mask != (uint32_t)(t->mask >> 32) || bone->n != n)
                        continue;
                if (!memcmp(s->v->token[s->w->token[bone->word]].letter, t->letter, t->n))
                        return bone->word;
        }
        return s->g->words;
}

/* The words that are like word i. False: they are too many for `room`. */
static bool find_like(struct lf_person_search *s, unsigned i, struct room *room)
{
        struct lf_person_wanted *w = &s->word[i];
        const struct lf_person_alike *known = w->word < s->g->words ? &s->w->alike[w->word] : NULL;
        if (known && known->n > 0) {
                w->like = s->w->like + known->first;
                w->likes = known->n;
                w->places = known->places;
                w->weight = known->weight;
                w->most = 1000;
                return true;
        }
        w->like = room->like;
        w->likes = lf_person_like(s->v, s->g, s->w, s->kernel, &s->token[i], room->like, room->left);
        if (w->likes > room->left)
                return false;
        for (uint32_t k = 0; k < w->likes; k++) {
                uint32_t word = LF_LIKE_WORD(w->like[k]), similarity = LF_LIKE_SIMILARITY(w->like[k]);
                uint16_t weight = s->v->token[s->w->token[word]].weight;
                w->places += s->w->first[word + 1] - s->w->first[word];
                w->weight = weight > w->weight ? weight : w->weight;
                w->most = similarity > w->most ? (uint16_t)similarity : w->most;
        }
        w->sorts = room->like;
        room->like += w->likes;
        room->left -= w->likes;
        return true;
}

static bool look_at(struct lf_person_search *s, unsigned i, struct room *room)
{
        struct lf_span own = lf_span_of(&s->token[i]);
        struct lf_person_wanted *w = &s->word[i];
        *w = (struct lf_person_wanted){.skeleton = lf_span_skeleton(&own), .met = lf_met_bit(i)};
        w->word = find(s, &s->token[i], w->skeleton);
        return find_like(s, i, room);
}

/* The name's words, those first by which most rows would be brought. */
static void order(const struct lf_person_search *s, unsigned *ret)
{
        for (unsigned i = 0; i < s->n; i++) {
                unsigned k = i;
                for (; k > 0 && s->word[ret[k - 1]].places < s->word[i].places; k--)
                        ret[k] = ret[k - 1];
                ret[k] = i;
        }
}

/* The words by which word i brings rows come first. */
static void bring(struct lf_person_wanted *w)
{
        for (uint32_t k = 0; k < w->likes; k++) {
                if (LF_LIKE_SIMILARITY(w->like[k]) <= w->limit) {
                        if (!w->sorts)
                                return;
                        continue;
                }
                if (w->sorts) {
                        uint32_t like = w->sorts[k];
                        w->sorts[k] = w->sorts[w->bring], w->sorts[w->bring] = like;
                }
                w->bring++;
        }
}

bool lf_person_demand(struct lf_person_search *s, float floor)
{
        unsigned dearest[LF_NAME_TOKENS];
        struct room room = {s->s->matched, LF_SEARCH_MATCHES};
        for (unsigned i = 0; i < s->n; i++)
                if (!look_at(s, i, &room))
                        return false;
        order(s, dearest);
        for (unsigned k = 0; k < s->n; k++)
                raise(s, floor, dearest[k]);
        for (unsigned i = 0; i < s->n; i++)
                bring(&s->word[i]);
        return true;
}
