/* A block of a shard against a batch of probes: the first stage on every row, the second on what it leaves.
 *
 * How alike two cylinders are says little by itself: common surroundings are like many, and whole extractors
 * differ. So each cylinder of the probe learns from the block how alike its best partners usually are, and a
 * row is worth as much as its partners exceed that. What a row scores in the end comes from the second stage,
 * which knows nothing of other rows. */
#include <math.h>
#include <string.h>

#include "matcher/fingerprint.h"

#define CANDIDATE_SHARE 8  /* of the rows one in so many is asked whether its pairs fit together, */
#define CANDIDATE_MIN   96 /* but not fewer */
/* What the block is joined with, so that a small one gives no wild figures: so many rows of this likeness. */
#define PRIOR_ROWS      8
#define PRIOR_MEAN      110.0f
#define PRIOR_DEVIATION 25.0f

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

static void find_nearest(const struct lf_finger *probe, const struct lf_finger *row,
                         struct lf_finger_nearest *ret)
{
        uint16_t key[LF_FINGER_MINUTIA_MAX];
        lf_finger_kernels->nearest(probe, row, key);
        lf_finger_likeness(probe, row, key, ret);
}

/* Each cylinder's usual likeness in this block, as mean and 1 / deviation. */
static void learn(const struct lf_finger *probe, unsigned rows, struct lf_finger_core *c)
{
        unsigned n = probe->row->cylinders;
        uint32_t sum[LF_FINGER_MINUTIA_MAX] = {0}, squares[LF_FINGER_MINUTIA_MAX] = {0};
        for (unsigned r = 0; r < rows; r++)
                for (unsigned i = 0; i < n; i++) {
                        uint32_t l = c->nearest[r].likeness[i];
                        sum[i] += l;
                        squares[i] += l * l;
                }
        for (unsigned i = 0; i < LF_FINGER_MINUTIA_MAX; i++) {
                c->mean[i] = 255;
                c->scale[i] = 0;
                if (i >= n)
                        continue;
                float all = (float)(rows + PRIOR_ROWS);
                float mean = ((float)sum[i] + PRIOR_ROWS * PRIOR_MEAN) / all;
                float square = ((float)squares[i] +
                                PRIOR_ROWS * (PRIOR_MEAN * PRIOR_MEAN + PRIOR_DEVIATION * PRIOR_DEVIATION)) /
                               all;
                c->mean[i] = mean;
                c->scale[i] = 1 / sqrtf(fmaxf(1, square - mean * mean));
        }
}

/* How well a row's unusual pairs fit one placement. The third power favours a few pairs that many others bear
 * out over many that few do; a row of many cylinders has more of either by chance. */
static float fit_together(const struct lf_finger *probe, const struct lf_finger *row,
                          const struct lf_finger_nearest *nearest, struct lf_finger_core *c)
{
        struct lf_finger_pairs *p = &c->scratch.pairs;
        lf_finger_kernels->unusual(nearest->likeness, c->mean, c->scale, (probe->row->cylinders + 15u) & ~15u,
                                   c->scratch.weight);
        p->n = 0;
        for (unsigned i = 0; i < probe->row->cylinders; i++)
                if (c->scratch.weight[i] > 0)
                        lf_finger_add_pair(p, probe, row, i, nearest->other[i], c->scratch.weight[i]);
        lf_finger_pad(p);
        lf_finger_kernels->consistency(p);
        float agreed = 0, size = 16.0f + row->row->cylinders;
        for (unsigned i = 0; i < p->n; i++)
                agreed += p->weight[i] * p->vote[i] * p->vote[i] * p->vote[i];
        return agreed / (size * size);
}

/* The rows of the block that a finger may be compared with, by position. */
static unsigned comparable(const struct lf_shard *s, uint32_t block, const struct lf_finger *probe,
                           struct lf_finger_core *c)
{
        uint32_t first = block * LF_FINGER_BLOCK, left = s->rows - first;
        uint32_t end = first + (left < LF_FINGER_BLOCK ? left : LF_FINGER_BLOCK);
        unsigned n = 0;
        for (uint32_t i = first; i < end; i++) {
                uint8_t position = lf_finger_rows(s)[i].position;
                if (!position || !probe->row->position || position == probe->row->position)
                        c->row[n++] = i;
        }
        return n;
}

unsigned lf_finger_first_stage(const struct lf_shard *s, uint32_t block, const struct lf_finger *probe,
                               struct lf_finger_core *c)
{
        unsigned n = comparable(s, block, probe, c), padded = (probe->row->cylinders + 15u) & ~15u;
        for (unsigned i = 0; i < n; i++) {
                struct lf_finger row = lf_finger_of_shard(s, c->row[i]);
                memset(c->nearest[i].likeness, 0, padded);
                find_nearest(probe, &row, &c->nearest[i]);
                c->order[i] = (uint16_t)i;
        }
        c->compared += n;
        if (n <= LF_FINGER_SURVIVORS)
                return n;
        learn(probe, n, c);
        for (unsigned i = 0; i < n; i++)
                c->score[i] = lf_finger_kernels->unusual(c->nearest[i].likeness, c->mean, c->scale, padded,
                                                         c->scratch.weight) /
                              sqrtf(8.0f + lf_finger_rows(s)[c->row[i]].cylinders);
        unsigned candidates = n / CANDIDATE_SHARE > CANDIDATE_MIN ? n / CANDIDATE_SHARE : CANDIDATE_MIN;
        if (candidates < n)
                select_best(c, n, candidates);
        else
                candidates = n;
        for (unsigned i = 0; i < candidates; i++) {
                unsigned at = c->order[i];
                struct lf_finger row = lf_finger_of_shard(s, c->row[at]);
                c->score[at] = fit_together(probe, &row, &c->nearest[at], c);
        }
        select_best(c, candidates, LF_FINGER_SURVIVORS);
        return LF_FINGER_SURVIVORS;
}

static void scan_finger(const struct lf_shard *s, uint32_t block, const struct lf_finger *probe,
                        struct lf_topk *top, struct lf_finger_core *c)
{
        unsigned survivors = lf_finger_first_stage(s, block, probe, c);
        for (unsigned i = 0; i < survivors; i++) {
                unsigned at = c->order[i];
                uint32_t row = c->row[at];
                struct lf_finger b = lf_finger_of_shard(s, row);
                struct lf_finger_match m;
                lf_finger_compare(probe, &b, &c->nearest[at], &c->scratch, &m);
                lf_topk_push(top, b.row->record, row, m.score);
        }
        c->kept += survivors;
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
        find_nearest(a, b, &c->nearest[0]);
        lf_finger_compare(a, b, &c->nearest[0], &c->scratch, ret);
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
