#include "matcher/person_name.h"

#include <stdbool.h>
#include <string.h>

#include "matcher/person_token.h"

/* Up to three words written as one word, or as two or three others (a letter that moved across a space). They
 * must agree better than words alone, in all their consonants: any two names have many runs. */
#define RUN_LONGER    2 /* letters */
#define RUN_LETTERS   4
#define RUN_REGROUPED 970
#define RUNS_MAX      4 /* in one alignment */

struct run {
        uint8_t first, words;
        uint16_t n; /* letters */
        uint64_t mask;
        bool abjad, reversed; /* reversed: two words, the second first */
        bool read;            /* its skeleton is known */
        uint32_t skeleton;
};
struct runs {
        unsigned n;
        struct run run[(LF_RUN_WORDS + 1) * LF_NAME_TOKENS + 1];
};

/* Thousandths of explained weight, times 1000, for each name. */
struct mass {
        uint64_t a, b;
};

struct lf_name lf_name_over(const struct lf_token *token, unsigned n)
{
        struct lf_name name = {.token = token, .n = n};
        for (unsigned i = 0; i < n; i++)
                name.weight += token[i].weight;
        return name;
}

/* One is read as a Korean name: such names are of few syllables, that differ by a letter. */
static bool of_syllables(const struct lf_name *a, const struct lf_name *b)
{
        return a->n && b->n && (a->token[0].flags | b->token[0].flags) & LF_TOKEN_SYLLABLE;
}

/* Explained against unexplained. A single certain word, and short or common words, are weak evidence even
 * when nothing is left over: hence the constant in the last line. Grows with either mass. */
static float similarity_of(const struct lf_name *a, const struct lf_name *b, struct mass m)
{
        float ma = (float)m.a * 1e-6f, mb = (float)m.b * 1e-6f;
        float ua = (float)a->weight * 1e-3f - ma, ub = (float)b->weight * 1e-3f - mb;
        float less = ua < ub ? ua : ub, more = ua < ub ? ub : ua;
        float both = ma + mb, evidence = ma < mb ? ma : mb;
        if (both <= 0)
                return 0;
        if (of_syllables(a, b))
                less *= 2;
        return both / (both + 1.6f * less + 0.4f * more) * (evidence / (evidence + 0.1f));
}

static bool run_of(const struct lf_name *name, unsigned first, unsigned words, struct run *ret)
{
        if (first + words > name->n)
                return false;
        *ret = (struct run){.first = (uint8_t)first, .words = (uint8_t)words};
        for (unsigned i = first; i < first + words; i++) {
                ret->n = (uint16_t)(ret->n + name->token[i].n);
                ret->mask |= name->token[i].mask;
                ret->abjad |= (name->token[i].flags & LF_TOKEN_ABJAD) != 0;
        }
        return true;
}

/* Words alone first, then runs of two and three, then two the other way round ("MAKHLOUF, Rami"). */
static void runs_of(const struct lf_name *name, struct runs *ret)
{
        ret->n = 0;
        for (unsigned k = 1; k <= LF_RUN_WORDS; k++)
                for (unsigned i = 0; run_of(name, i, k, &ret->run[ret->n]); i++)
                        ret->n++;
        for (unsigned i = 0; run_of(name, i, 2, &ret->run[ret->n]); i++)
                ret->run[ret->n++].reversed = true;
}

static bool run_possible(const struct run *x, const struct run *y)
{
        unsigned longer = x->n > y->n ? x->n : y->n, shorter = x->n > y->n ? y->n : x->n;
        if (x->abjad || y->abjad)
                return lf_mask_abjad_possible(x->mask, y->mask);
        if (x->words > 1 && y->words > 1)
                return x->n == y->n && x->mask == y->mask && !x->reversed && !y->reversed;
        return longer - shorter <= RUN_LONGER && longer >= RUN_LETTERS &&
               lf_mask_run_possible(x->mask, y->mask, longer);
}

static struct lf_span span_of(const struct lf_name *name, const struct run *r, char *letters)
{
        unsigned n = 0;
        for (unsigned i = 0; i < r->words; i++) {
                const struct lf_token *t = &name->token[r->first + (r->reversed ? r->words - 1 - i : i)];
                memcpy(letters + n, t->letter, t->n);
                n += t->n;
        }
        return (struct lf_span){letters, n, r->mask, r->abjad};
}

static uint32_t skeleton_of(const struct lf_name *name, struct run *r)
{
        if (!r->read) {
                char letters[LF_SPAN_LETTERS];
                struct lf_span s = span_of(name, r, letters);
                r->skeleton = lf_span_skeleton(&s);
                r->read = true;
        }
        return r->skeleton;
}

static unsigned run_similarity(const struct lf_name *a, struct run *x, const struct lf_name *b, struct run *y)
{
        if (!run_possible(x, y) || skeleton_of(a, x) != skeleton_of(b, y))
                return 0;
        char p[LF_SPAN_LETTERS], q[LF_SPAN_LETTERS];
        struct lf_span s = span_of(a, x, p), t = span_of(b, y, q);
        if (x->words > 1 && y->words > 1)
                return s.n == t.n && memcmp(p, q, s.n) == 0 ? RUN_REGROUPED : 0;
        unsigned sim = lf_span_similarity(&s, &t, NULL), longer = s.n > t.n ? s.n : t.n;
        if (sim < LF_RUN_LEAST || (!x->abjad && !y->abjad && (1000 - sim) * longer > 375 * LF_RUN_COST))
                return 0;
        return sim;
}

static bool words_possible(const struct lf_token *s, const struct lf_token *t)
{
        struct lf_span x = lf_span_of(s), y = lf_span_of(t);
        return lf_span_possible(&x, &y) || lf_span_initial(&x, &y);
}

unsigned lf_word_similarity(const struct lf_token *s, const struct lf_token *t)
{
        struct lf_span x = lf_span_of(s), y = lf_span_of(t);
        return lf_span_initial(&x, &y) ? LF_SIM_INITIAL : lf_span_similarity(&x, &y, NULL);
}

/* What may correspond to what, judged by masks and lengths. */
struct outlook {
        uint32_t pair[LF_NAME_TOKENS]; /* for each word of a, the words of b */
        uint32_t run_a, run_b;         /* words that some run may account for */
};

static uint32_t words_of(const struct run *r)
{
        return ((1u << r->words) - 1) << r->first;
}

static void look_out(const struct lf_name *a, const struct runs *ra, const struct lf_name *b,
                     const struct runs *rb, struct outlook *ret)
{
        ret->run_a = ret->run_b = 0;
        for (unsigned i = 0; i < a->n; i++) {
                ret->pair[i] = 0;
                for (unsigned j = 0; j < b->n; j++)
                        ret->pair[i] |= (uint32_t)words_possible(&a->token[i], &b->token[j]) << j;
        }
        for (unsigned x = 0; x < ra->n; x++)
                for (unsigned y = x < a->n ? b->n : 0; y < rb->n; y++)
                        if (run_possible(&ra->run[x], &rb->run[y])) {
                                ret->run_a |= words_of(&ra->run[x]);
                                ret->run_b |= words_of(&rb->run[y]);
                        }
}

/* Above every similarity that the outlook leaves: each word explained in full by what may correspond to it.
 */
static float bound_by_masks(const struct lf_name *a, const struct lf_name *b, const struct outlook *o)
{
        struct mass m = {0, 0};
        uint32_t seen = o->run_b;
        for (unsigned i = 0; i < a->n; i++) {
                seen |= o->pair[i];
                if (o->pair[i] || o->run_a >> i & 1)
                        m.a += a->token[i].weight * 1000u;
        }
        for (unsigned j = 0; j < b->n; j++)
                if (seen >> j & 1)
                        m.b += b->token[j].weight * 1000u;
        return similarity_of(a, b, m);
}

typedef uint32_t values[LF_ASSIGN_MAX][LF_ASSIGN_MAX];

/* Fills what each pair of words is worth. Returns a bound like the one above, by each word's best partner. */
static float evaluate(const struct lf_name *a, const struct lf_name *b, const struct outlook *o, values value)
{
        unsigned best[LF_NAME_TOKENS] = {0};
        struct mass m = {0, 0};
        for (unsigned i = 0; i < a->n; i++) {
                unsigned most = o->run_a >> i & 1 ? 1000 : 0;
                for (unsigned j = 0; j < b->n; j++) {
                        unsigned sim =
                            o->pair[i] >> j & 1 ? lf_word_similarity(&a->token[i], &b->token[j]) : 0;
                        value[i][j] = sim * ((uint32_t)a->token[i].weight + b->token[j].weight);
                        most = sim > most ? sim : most;
                        best[j] = sim > best[j] ? sim : best[j];
                }
                m.a += (uint64_t)most * a->token[i].weight;
        }
        for (unsigned j = 0; j < b->n; j++)
                m.b += (uint64_t)(o->run_b >> j & 1 ? 1000 : best[j]) * b->token[j].weight;
        return similarity_of(a, b, m);
}

static struct mass mass_of(const struct lf_name *a, const struct lf_name *b,
                           const uint32_t (*value)[LF_ASSIGN_MAX], const int8_t *partner)
{
        struct mass m = {0, 0};
        for (unsigned i = 0; i < a->n; i++) {
                if (partner[i] < 0)
                        continue;
                uint32_t wa = a->token[i].weight, wb = b->token[partner[i]].weight;
                uint32_t sim = value[i][partner[i]] / (wa + wb);
                m.a += (uint64_t)sim * wa;
                m.b += (uint64_t)sim * wb;
        }
        return m;
}

/* The state of an alignment: runs that were settled, and the words that are left to be assigned. */
struct attempt {
        uint32_t used_a, used_b;
        struct mass mass;
        unsigned runs;
        struct lf_pairing run[RUNS_MAX];
        int8_t partner[LF_NAME_TOKENS];
};

/* Assigns the words that no run holds; adds up everything. */
static void assign(const struct lf_name *a, const struct lf_name *b, values all, struct attempt *t)
{
        values left;
        for (unsigned i = 0; i < a->n; i++)
                for (unsigned j = 0; j < b->n; j++)
                        left[i][j] = t->used_a >> i & 1 || t->used_b >> j & 1 ? 0 : all[i][j];
        lf_assign((const uint32_t(*)[LF_ASSIGN_MAX])left, a->n, b->n, t->partner);
        t->mass = mass_of(a, b, (const uint32_t(*)[LF_ASSIGN_MAX])all, t->partner);
        for (unsigned r = 0; r < t->runs; r++) {
                const struct lf_pairing *p = &t->run[r];
                for (unsigned i = p->a; i < p->a + p->a_words; i++)
                        t->mass.a += (uint64_t)p->similarity * a->token[i].weight;
                for (unsigned j = p->b; j < p->b + p->b_words; j++)
                        t->mass.b += (uint64_t)p->similarity * b->token[j].weight;
        }
}

static void try_run(const struct lf_name *a, struct run *x, const struct lf_name *b, struct run *y,
                    values all, const struct attempt *from, struct attempt *best)
{
        unsigned sim = run_similarity(a, x, b, y);
        if (!sim)
                return;
        struct attempt t = *from;
        t.used_a |= words_of(x);
        t.used_b |= words_of(y);
        t.run[t.runs++] = (struct lf_pairing){.a = x->first,
                                              .a_words = x->words,
                                              .b = y->first,
                                              .b_words = y->words,
                                              .similarity = (uint16_t)sim};
        assign(a, b, all, &t);
        if (t.mass.a + t.mass.b > best->mass.a + best->mass.b)
                *best = t;
}

/* Settles the one run that adds most to *t. False: none adds anything. */
static bool add_run(const struct lf_name *a, struct runs *ra, const struct lf_name *b, struct runs *rb,
                    values all, struct attempt *t)
{
        struct attempt best = *t;
        for (unsigned x = 0; x < ra->n; x++)
                for (unsigned y = 0; y < rb->n; y++)
                        if (ra->run[x].words + rb->run[y].words > 2 && !(words_of(&ra->run[x]) & t->used_a) &&
                            !(words_of(&rb->run[y]) & t->used_b))
                                try_run(a, &ra->run[x], b, &rb->run[y], all, t, &best);
        bool better = best.mass.a + best.mass.b > t->mass.a + t->mass.b;
        *t = best;
        return better;
}

/* With one name explained to the letter, no run can add to it. */
static bool open_to_runs(const struct lf_name *a, const struct lf_name *b, const struct attempt *t)
{
        return t->mass.a < (uint64_t)a->weight * 1000 && t->mass.b < (uint64_t)b->weight * 1000;
}

static void add_runs(const struct lf_name *a, struct runs *ra, const struct lf_name *b, struct runs *rb,
                     values all, struct attempt *t)
{
        while (t->runs < RUNS_MAX && add_run(a, ra, b, rb, all, t))
                ;
}

/* Leaves only the runs of these words. */
static void keep_runs(struct runs *runs, uint32_t words)
{
        unsigned n = 0;
        for (unsigned i = 0; i < runs->n; i++)
                if (!(words_of(&runs->run[i]) & ~words))
                        runs->run[n++] = runs->run[i];
        runs->n = n;
}

float lf_name_similarity_of_words(const struct lf_name *a, const struct lf_name *b,
                                  uint32_t (*value)[LF_ASSIGN_MAX], uint32_t run_a, uint32_t run_b)
{
        struct attempt t;
        t.used_a = t.used_b = t.runs = 0;
        lf_assign((const uint32_t(*)[LF_ASSIGN_MAX])value, a->n, b->n, t.partner);
        t.mass = mass_of(a, b, (const uint32_t(*)[LF_ASSIGN_MAX])value, t.partner);
        if (run_a && open_to_runs(a, b, &t)) {
                struct runs ra, rb;
                runs_of(a, &ra);
                runs_of(b, &rb);
                keep_runs(&ra, run_a);
                keep_runs(&rb, run_b);
                add_runs(a, &ra, b, &rb, value, &t);
        }
        return similarity_of(a, b, t.mass);
}

static void report(const struct lf_name *a, const struct lf_name *b, values all, const struct attempt *t,
                   struct lf_alignment *ret)
{
        uint32_t used_a = t->used_a, used_b = t->used_b;
        *ret = (struct lf_alignment){.n = t->runs};
        memcpy(ret->pair, t->run, t->runs * sizeof t->run[0]);
        for (unsigned i = 0; i < a->n; i++) {
                if (t->partner[i] < 0)
                        continue;
                unsigned j = (unsigned)t->partner[i];
                const struct lf_token *x = &a->token[i], *y = &b->token[j];
                used_a |= 1u << i;
                used_b |= 1u << j;
                ret->pair[ret->n++] = (struct lf_pairing){
                    .a = (uint8_t)i,
                    .a_words = 1,
                    .b = (uint8_t)j,
                    .b_words = 1,
                    .initial = (x->n == 1) != (y->n == 1),
                    .similarity = (uint16_t)(all[i][j] / ((uint32_t)x->weight + y->weight))};
        }
        for (unsigned i = 0; i < a->n; i++)
                ret->left_a += !(used_a >> i & 1) && a->token[i].weight > LF_WEIGHT_PARTICLE;
        for (unsigned j = 0; j < b->n; j++)
                ret->left_b += !(used_b >> j & 1) && b->token[j].weight > LF_WEIGHT_PARTICLE;
}

float lf_name_similarity(const struct lf_name *a, const struct lf_name *b, float floor,
                         struct lf_alignment *ret)
{
        if (ret)
                *ret = (struct lf_alignment){0};
        if (a->n == 0 || b->n == 0)
                return 0;
        struct runs ra, rb;
        struct outlook o;
        values all;
        runs_of(a, &ra);
        runs_of(b, &rb);
        look_out(a, &ra, b, &rb, &o);
        if (bound_by_masks(a, b, &o) < floor || evaluate(a, b, &o, all) < floor)
                return 0;
        struct attempt t = {0};
        assign(a, b, all, &t);
        if (o.run_a && open_to_runs(a, b, &t))
                add_runs(a, &ra, b, &rb, all, &t);
        if (ret)
                report(a, b, all, &t, ret);
        return similarity_of(a, b, t.mass);
}
