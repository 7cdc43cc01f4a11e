/* Which words a row must have to reach the floor.
 *
 * For each word of the name a limit is chosen, as high as can be for words whose like stand in many rows:
 * rows are brought only by words that are more alike than it. What a row without such words, and without runs
 * of words, can be worth at most is below the floor: each word of the name is then explained up to its limit,
 * and so are as many words of the row, which weigh what those that are like the name's do. Of a word that is
 * explained by no more than a limit L something is left over: (1 - L) / L of what is explained.
 *
 * A word of which the group has no list of like words is dear to look up. It stays open, as one that any word
 * may be the same as, when the others bring few rows that way; it is then compared with the words of the rows
 * that are left. */
#include "matcher/person_index.h"

#include <string.h>

#include "matcher/person_token.h"

#define STEPS   8 /* into which what is explained of a row is divided */
#define AHEAD   8 /* rows that are fetched before they are needed */
#define LINE    64
#define FETCHED 128 /* like words that are fetched before they are needed */
#define FEW     300 /* rows whose words are compared sooner than all of the group's */

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

/* The highest limit that leaves what no word brings below the floor: 0 if none does. */
static void raise(struct lf_person_search *s, float floor, unsigned i)
{
        static const uint16_t step[] = {0, 600, 650, 700, 750, 800, 850, 900, 1000};
        unsigned least = 0, most = sizeof step / sizeof step[0] - 1;
        s->word[i].limit = step[most];
        if (lf_person_heaviest(s, floor, 0) < 0)
                return;
        while (most - least > 1) {
                unsigned k = (least + most) / 2;
                s->word[i].limit = step[k];
                if (lf_person_heaviest(s, floor, 0) < 0)
                        least = k;
                else
                        most = k;
        }
        s->word[i].limit = step[least];
}

/* The group's word that is word i of the name; g->words when there is none. */
static uint32_t find(const struct lf_person_search *s, unsigned i)
{
        const struct lf_name_run *own = &s->s->run[i];
        const uint32_t *at = &s->w->bone_at[lf_bone_place(own->skeleton, lf_bone_bits(s->g->words))];
        for (uint32_t k = at[0]; k < at[1]; k++) {
                const struct lf_person_bone *bone = &s->w->bone[k];
                if (bone->skeleton != own->skeleton || bone->mask != own->mask || bone->n != own->n)
                        continue;
                if (!memcmp(s->v->token[s->w->token[bone->word]].letter, s->token[i].letter, s->token[i].n))
                        return bone->word;
        }
        return s->g->words;
}

/* What is like word i if the group has a list of it. */
static void look_at(struct lf_person_search *s, unsigned i)
{
        struct lf_person_wanted *w = &s->word[i];
        *w = (struct lf_person_wanted){.word = w->word, .met = lf_met_bit(i), .most = 1000};
        const struct lf_person_alike *known = w->word < s->g->words ? &s->w->alike[w->word] : NULL;
        if (known && known->n > 0) {
                w->like = s->w->like + known->first;
                w->likes = known->n;
                w->places = known->places;
                w->weight = known->weight;
                for (uint32_t k = 0; k < w->likes && k < FETCHED; k += LINE / sizeof *w->like)
                        __builtin_prefetch(&w->like[k]);
                return;
        }
        w->open = true;
        w->places = UINT32_MAX;
        w->weight = LF_WEIGHT_MOST;
}

/* The words of `among` that are like word i. False: they are too many. */
static bool search_like(struct lf_person_search *s, unsigned i, const uint64_t *among)
{
        struct lf_person_wanted *w = &s->word[i];
        uint32_t left = LF_SEARCH_MATCHES - s->likes;
        w->like = w->sorts = s->s->matched + s->likes;
        w->likes = lf_person_like(s->v, s->g, s->w, s->kernel, &s->token[i], among, w->sorts, left);
        s->likes += w->likes;
        return w->likes <= left;
}

/* Compares word i with all words of the group. False: too many are like it. */
static bool close_word(struct lf_person_search *s, unsigned i)
{
        struct lf_person_wanted *w = &s->word[i];
        if (!search_like(s, i, NULL))
                return false;
        w->open = false;
        w->places = w->weight = w->most = 0;
        for (uint32_t k = 0; k < w->likes; k++) {
                uint32_t word = LF_LIKE_WORD(w->like[k]), similarity = LF_LIKE_SIMILARITY(w->like[k]);
                uint16_t weight = s->v->token[s->w->token[word]].weight;
                w->places += s->w->first[word + 1] - s->w->first[word];
                w->weight = weight > w->weight ? weight : w->weight;
                w->most = similarity > w->most ? (uint16_t)similarity : w->most;
        }
        return true;
}

/* The words of the rows that are left, as bits. */
static const uint64_t *words_left(struct lf_person_search *s)
{
        uint64_t *among = s->s->among;
        memset(among, 0, (s->g->words / 64 + 1) * sizeof *among);
        for (uint32_t i = 0; i < s->rows; i++) {
                const struct lf_person_head *h = &s->w->head[s->s->row[i].row];
                if (i + AHEAD < s->rows)
                        __builtin_prefetch(&s->w->head[s->s->row[i + AHEAD].row]);
                for (unsigned j = 0; j < LF_HEAD_WORDS; j++)
                        among[LF_WEIGHED_WORD(h->word[j]) / 64] |= 1ull << LF_WEIGHED_WORD(h->word[j]) % 64;
                for (unsigned j = LF_HEAD_WORDS; j < h->n; j++) {
                        uint32_t part = s->w->part[s->w->at[s->s->row[i].row].part + j];
                        among[LF_WEIGHED_WORD(part) / 64] |= 1ull << LF_WEIGHED_WORD(part) % 64;
                }
        }
        return among;
}

bool lf_person_close(struct lf_person_search *s)
{
        bool open = false;
        for (unsigned i = 0; i < s->n; i++)
                open |= s->word[i].open;
        if (!open)
                return true;
        const uint64_t *among = s->rows <= FEW ? words_left(s) : NULL;
        for (unsigned i = 0; i < s->n; i++)
                if (s->word[i].open && !search_like(s, i, among))
                        return false;
        return true;
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

/* Chooses the limits. False: without what open words bring rows may reach the floor. */
static bool set_limits(struct lf_person_search *s, float floor)
{
        unsigned dearest[LF_NAME_TOKENS];
        for (unsigned i = 0; i < s->n; i++)
                s->word[i].limit = s->word[i].open ? 1000 : 0;
        order(s, dearest);
        if (s->n > 0 && s->word[dearest[0]].open && lf_person_heaviest(s, floor, 0) >= 0)
                return false;
        for (unsigned k = 0; k < s->n; k++)
                if (!s->word[dearest[k]].open)
                        raise(s, floor, dearest[k]);
        return true;
}

/* Whether few rows are brought. */
static bool brings_few(const struct lf_person_search *s)
{
        uint32_t places = 0;
        for (unsigned i = 0; i < s->n; i++)
                for (uint32_t k = 0; k < s->word[i].likes && places <= FEW; k++) {
                        const uint32_t *first = &s->w->first[LF_LIKE_WORD(s->word[i].like[k])];
                        if (LF_LIKE_SIMILARITY(s->word[i].like[k]) > s->word[i].limit)
                                places += first[1] - first[0];
                }
        return places <= FEW;
}

/* The open word that is likely to bring fewest rows: the longest. s->n: there is none. */
static unsigned longest_open(const struct lf_person_search *s)
{
        unsigned longest = s->n;
        for (unsigned i = 0; i < s->n; i++)
                if (s->word[i].open && (longest == s->n || s->token[i].n > s->token[longest].n))
                        longest = i;
        return longest;
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
        s->likes = 0;
        for (unsigned i = 0; i < s->n; i++) {
                s->word[i].word = find(s, i);
                __builtin_prefetch(&s->w->alike[s->word[i].word]);
        }
        for (unsigned i = 0; i < s->n; i++)
                look_at(s, i);
        for (;;) {
                bool enough = set_limits(s, floor);
                unsigned i = longest_open(s);
                if (i == s->n || (enough && brings_few(s)))
                        break;
                if (!close_word(s, i))
                        return false;
        }
        for (unsigned i = 0; i < s->n; i++)
                bring(&s->word[i]);
        return true;
}
