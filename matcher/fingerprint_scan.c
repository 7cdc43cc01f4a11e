/* A block of a shard against a batch of probes: the first stage on every row, the second on what it leaves.
 *
 * How alike two cylinders are says little by itself: common surroundings are like many, and whole extractors
 * differ. So each cylinder of the probe learns from the block how near its best partners usually are, and a
 * row is worth as much as its partners are nearer than that and fit one placement. This is asked of every row
 * by those partners that the first word of the cylinders chooses, then of the best of them by those that all
 * words choose. What a row scores in the end comes from the second stage, which knows nothing of other rows.
 */
#include <math.h>
#include <string.h>

#include "base/prefetch.h"
#include "matcher/fingerprint.h"

#define ASIDE 3 /* buckets to each side: two impressions are not held more than 67° apart */

/* Of a block so many rows are compared by all words; when there are more, it is sifted first. Of these so
 * many are laid over, and so many are left for the second stage: of a block that has been sifted, which is
 * one of many, as a rule, only those that are worth so much when laid over. Few strangers are, and nearly
 * every mate. */
struct kept {
        unsigned compared, placed, left;
        float worth;
};
static const struct kept of_few = {384, 96, LF_FINGER_SURVIVORS, 0}, of_many = {256, 96, 12, 2};

#define UNUSUAL_FIRST 0.5f /* deviations by which a pair must be nearer than usual: of the first word's, */
#define UNUSUAL       0.0f /* and of all words' choice */

#define CLIP   1.0f /* deviations */
#define LEARNT 400  /* rows, or nearly: what is usual does not ask for more */

/* What the block is joined with, so that a small one gives no wild figures: so many rows with so many bits
 * that differ. */
#define PRIOR_ROWS 8
struct prior {
        float mean, deviation;
};
static const struct prior prior_first = {45, 8}, prior_all = {34, 5};

void lf_finger_ask(const struct lf_finger *finger, struct lf_finger_query *ret)
{
        unsigned n = finger->row->cylinders;
        ret->finger = *finger;
        for (unsigned i = 0; i < n; i++) {
                ret->x[i] = finger->x[i] * 0.25f;
                ret->y[i] = finger->y[i] * 0.25f;
        }
        ret->groups = lf_finger_stride(finger->row) / LF_FINGER_LANES;
        for (unsigned g = 0; g < ret->groups; g++) {
                unsigned last = (g + 1) * LF_FINGER_LANES < n ? (g + 1) * LF_FINGER_LANES - 1 : n - 1;
                unsigned low = finger->angle[g * LF_FINGER_LANES] * LF_FINGER_BUCKETS / 65536u,
                         high = finger->angle[last] * LF_FINGER_BUCKETS / 65536u;
                unsigned from = (low + LF_FINGER_BUCKETS - ASIDE) % LF_FINGER_BUCKETS,
                         to = from + high - low + 2 * ASIDE + 1;
                struct lf_finger_window *w = &ret->window[g];
                if (to - from >= LF_FINGER_BUCKETS)
                        *w = (struct lf_finger_window){1, {0}, {LF_FINGER_BUCKETS}};
                else if (to <= LF_FINGER_BUCKETS)
                        *w = (struct lf_finger_window){1, {(uint8_t)from}, {(uint8_t)to}};
                else
                        *w = (struct lf_finger_window){
                            2, {(uint8_t)from, 0}, {LF_FINGER_BUCKETS, (uint8_t)(to - LF_FINGER_BUCKETS)}};
        }
}

/* Puts the `keep` highest scores first in order[0..n): by score, equal ones by index. */
static bool before(const struct lf_finger_core *c, uint16_t i, uint16_t k)
{
        return c->score[i] != c->score[k] ? c->score[i] > c->score[k] : i < k;
}

static void select_best(struct lf_finger_core *c, unsigned n, unsigned keep)
{
        unsigned low = 0, high = n;
        while (high - low > 1) {
                uint16_t pivot = c->order[low + (high - low - 1) / 2];
                int i = (int)low - 1, k = (int)high;
                for (;;) {
                        while (before(c, c->order[++i], pivot)) {
                        }
                        while (before(c, pivot, c->order[--k])) {
                        }
                        if (i >= k)
                                break;
                        uint16_t swap = c->order[i];
                        c->order[i] = c->order[k];
                        c->order[k] = swap;
                }
                unsigned split = (unsigned)k + 1;
                if (split == keep)
                        return;
                if (split < keep)
                        low = split;
                else
                        high = split;
        }
}

/* How many bits of each cylinder usually differ, as mean and 1 / deviation; from the keys of the first n of
 * core->order. Those of mates say little about what is usual: what is nearer than `least` counts as that. */
static void learn_once(struct lf_finger_core *c, unsigned n, const struct prior *prior, const uint16_t *least)
{
        unsigned padded = lf_finger_stride(c->query.finger.row);
        uint32_t sum[LF_FINGER_MINUTIA_MAX] = {0}, squares[LF_FINGER_MINUTIA_MAX] = {0};
        unsigned step = 1 + n / LEARNT, some = (n + step - 1) / step;
        for (unsigned i = 0; i < n; i += step)
                lf_finger_kernels->tally(c->key[c->order[i]], least, padded, sum, squares);
        float all = (float)(some + PRIOR_ROWS),
              square = prior->mean * prior->mean + prior->deviation * prior->deviation;
        for (unsigned i = 0; i < padded; i++) {
                float mean = ((float)sum[i] + PRIOR_ROWS * prior->mean) / all;
                float variance = ((float)squares[i] + PRIOR_ROWS * square) / all - mean * mean;
                c->mean[i] = mean;
                c->scale[i] = i < c->query.finger.row->cylinders ? 1 / sqrtf(fmaxf(0.25f, variance)) : 0;
        }
}

static void learn(struct lf_finger_core *c, unsigned n, const struct prior *prior)
{
        uint16_t least[LF_FINGER_MINUTIA_MAX] = {0};
        learn_once(c, n, prior, least);
        for (unsigned i = 0; i < c->query.finger.row->cylinders; i++)
                least[i] = (uint16_t)fmaxf(0, c->mean[i] - CLIP / c->scale[i]);
        learn_once(c, n, prior, least);
}

/* How well a row's unusual pairs fit one placement; a row of many cylinders has more of them by chance. */
static float fit_together(const struct lf_finger *row, const uint16_t *key, float least,
                          struct lf_finger_core *c)
{
        float size = 16.0f + row->row->cylinders;
        lf_finger_kernels->unusual(&c->query, row, key, c->mean, c->scale, least, &c->scratch.pairs);
        c->work += (uint64_t)c->scratch.pairs.n * c->scratch.pairs.padded;
        return lf_finger_kernels->agreement(&c->scratch.pairs) / (size * size);
}

/* The rows of the block that a finger may be compared with, by position, and of which a hit would count. */
static unsigned comparable(const struct lf_shard *s, uint32_t block, const struct lf_finger *probe,
                           const struct lf_topk *top, struct lf_finger_core *c)
{
        uint32_t first = block * LF_FINGER_BLOCK, left = s->rows - first;
        uint32_t end = first + (left < LF_FINGER_BLOCK ? left : LF_FINGER_BLOCK);
        unsigned n = 0;
        for (uint32_t i = first; i < end; i++) {
                const struct lf_finger_row *row = &lf_finger_rows(s)[i];
                if ((!row->position || !probe->row->position || row->position == probe->row->position) &&
                    lf_topk_admits(top, row->record))
                        c->row[n++] = i;
        }
        return n;
}

/* What a row's comparison reads is asked for while so many before it are compared. */
#define AHEAD 3

/* Compares as the first word chooses and leaves the `keep` rows that fit together best. */
static unsigned sift(const struct lf_shard *s, unsigned n, unsigned keep, struct lf_finger_core *c)
{
        if (n <= keep)
                return n;
        for (unsigned i = 0; i < n; i++) {
                struct lf_finger row = lf_finger_of_shard(s, c->row[i]),
                                 later = lf_finger_of_shard(s, c->row[i + AHEAD < n ? i + AHEAD : i]);
                lf_prefetch(later.bits, LF_FINGER_WORDS * lf_finger_stride(later.row) * sizeof *later.bits);
                lf_finger_kernels->first(&c->query, &row, c->key[i]);
                c->work += lf_finger_stride(c->query.finger.row) * row.row->cylinders;
        }
        learn(c, n, &prior_first);
        for (unsigned i = 0; i < n; i++) {
                struct lf_finger row = lf_finger_of_shard(s, c->row[i]),
                                 later = lf_finger_of_shard(s, c->row[i + AHEAD < n ? i + AHEAD : i]);
                lf_prefetch(later.x, lf_finger_padded(later.row) * 3 * sizeof *later.x);
                c->score[i] = fit_together(&row, c->key[i], UNUSUAL_FIRST, c);
        }
        select_best(c, n, keep);
        return keep;
}

/* Compares what is left by all words. */
static void compare(const struct lf_shard *s, unsigned n, struct lf_finger_core *c)
{
        for (unsigned i = 0; i < n; i++) {
                unsigned at = c->order[i];
                struct lf_finger row = lf_finger_of_shard(s, c->row[at]),
                                 later =
                                     lf_finger_of_shard(s, c->row[c->order[i + AHEAD < n ? i + AHEAD : i]]);
                unsigned stride = lf_finger_stride(later.row);
                lf_prefetch(later.bits + stride, (LF_FINGER_WORDS - 1) * stride * sizeof *later.bits);
                lf_finger_kernels->nearest(&c->query, &row, c->key[at]);
                c->work += LF_FINGER_WORDS * lf_finger_stride(c->query.finger.row) * row.row->cylinders;
        }
}

/* Of rows compared by all words leaves those that fit together best. */
static unsigned place(const struct lf_shard *s, unsigned n, unsigned keep, struct lf_finger_core *c)
{
        for (unsigned i = 0; n > keep && i < n; i++) {
                struct lf_finger row = lf_finger_of_shard(s, c->row[c->order[i]]);
                c->score[c->order[i]] = fit_together(&row, c->key[c->order[i]], UNUSUAL, c);
        }
        select_best(c, n, keep);
        return n < keep ? n : keep;
}

/* Of these those that are most alike when laid over. */
static unsigned lay_over(const struct lf_shard *s, unsigned n, const struct kept *kept,
                         struct lf_finger_core *c)
{
        for (unsigned i = 0; i < n; i++) {
                unsigned at = c->order[i];
                struct lf_finger row = lf_finger_of_shard(s, c->row[at]);
                fit_together(&row, c->key[at], UNUSUAL, c);
                c->score[at] = lf_finger_glance(&c->query.finger, &row, &c->scratch);
                c->work += (uint64_t)c->query.finger.row->n * lf_finger_padded(row.row);
        }
        select_best(c, n, kept->left);
        unsigned left = 0;
        for (unsigned i = 0; i < n && i < kept->left; i++) {
                c->order[left] = c->order[i];
                left += c->score[c->order[i]] >= kept->worth;
        }
        return left;
}

unsigned lf_finger_first_stage(const struct lf_shard *s, uint32_t block, const struct lf_topk *top,
                               struct lf_finger_core *c)
{
        unsigned n = comparable(s, block, &c->query.finger, top, c);
        const struct kept *kept = n > of_few.compared ? &of_many : &of_few;
        c->compared += n;
        for (unsigned i = 0; i < n; i++)
                c->order[i] = (uint16_t)i;
        n = sift(s, n, kept->compared, c);
        compare(s, n, c);
        if (n > kept->left) {
                learn(c, n, &prior_all);
                n = place(s, n, kept->placed, c);
                n = lay_over(s, n, kept, c);
        }
        c->kept += n;
        return n;
}

void lf_finger_second_stage(const struct lf_shard *s, unsigned at, struct lf_finger_core *c,
                            struct lf_finger_match *ret)
{
        struct lf_finger row = lf_finger_of_shard(s, c->row[at]);
        lf_finger_likeness(&c->query.finger, &row, c->key[at], &c->nearest);
        lf_finger_compare(&c->query.finger, &row, &c->nearest, &c->scratch, ret);
        c->work += (uint64_t)c->scratch.pairs.n * c->scratch.pairs.padded +
                   (uint64_t)c->query.finger.row->n * lf_finger_padded(row.row);
}

static void scan_finger(const struct lf_shard *s, uint32_t block, const struct lf_finger *probe,
                        struct lf_topk *top, struct lf_finger_core *c)
{
        lf_finger_ask(probe, &c->query);
        unsigned survivors = lf_finger_first_stage(s, block, top, c);
        for (unsigned i = 0; i < survivors; i++) {
                unsigned at = c->order[i];
                struct lf_finger_match m;
                lf_finger_second_stage(s, at, c, &m);
                lf_topk_push(top, lf_finger_rows(s)[c->row[at]].record, c->row[at], m.score);
        }
}

void lf_finger_scan(const struct lf_shard *s, uint32_t block, const void *const *probes,
                    struct lf_topk *const *topks, unsigned n, void *scratch)
{
        struct lf_finger_core *c = scratch;
        for (unsigned i = 0; i < n; i++) {
                const struct lf_finger_probe *p = probes[i];
                for (uint32_t f = 0; f < p->rows; f++) {
                        struct lf_finger finger = lf_finger_of_probe(p, f);
                        scan_finger(s, block, &finger, topks[i], c);
                }
        }
}

void lf_finger_match(const struct lf_finger *a, const struct lf_finger *b, struct lf_finger_core *c,
                     struct lf_finger_match *ret)
{
        lf_finger_ask(a, &c->query);
        lf_finger_kernels->nearest(&c->query, b, c->key[0]);
        lf_finger_likeness(a, b, c->key[0], &c->nearest);
        lf_finger_compare(a, b, &c->nearest, &c->scratch, ret);
}

int lf_finger_closest(const struct lf_shard *s, const struct lf_finger_probe *p, uint32_t row,
                      struct lf_finger_core *c, struct lf_finger_match *ret)
{
        struct lf_finger b = lf_finger_of_shard(s, row);
        int best = -1;
        for (uint32_t i = 0; i < p->rows; i++) {
                struct lf_finger a = lf_finger_of_probe(p, i);
                if (a.row->position && b.row->position && a.row->position != b.row->position)
                        continue;
                struct lf_finger_match m;
                lf_finger_match(&a, &b, c, &m);
                if (best < 0 || m.score > ret->score) {
                        best = (int)i;
                        *ret = m;
                }
        }
        return best;
}
