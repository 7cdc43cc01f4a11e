/* The exact score, and the scan that needs no instruction set: the reference for the others. */
#include "matcher/iris_scan.h"

#include <math.h>

float lf_iris_factor[LF_IRIS_BITS + 1];

static void count(const struct lf_iris_chunk *row, const struct lf_iris_chunk *probe, struct lf_iris_match *m)
{
        for (unsigned i = 0; i < 8; i++) {
                uint64_t both = row->mask[i] & probe->mask[i];
                m->n += (unsigned)__builtin_popcountll(both);
                m->d += (unsigned)__builtin_popcountll((row->code[i] ^ probe->code[i]) & both);
        }
}

struct lf_iris_match lf_iris_best(const struct lf_iris_chunk *chunk, const struct lf_iris_rest *rest,
                                  const struct lf_iris_line *line)
{
        struct lf_iris_match best = {.score = -INFINITY};
        for (int t = -line->turn; t <= line->turn; t++) {
                const struct lf_iris_chunk *probe = line->turned[t + LF_IRIS_TURN_MAX].chunk;
                struct lf_iris_match m = {.turn = t};
                count(chunk, probe, &m);
                for (unsigned k = 1; k < LF_IRIS_CHUNKS; k++)
                        count(&rest->chunk[k - 1], &probe[k], &m);
                m.score = (float)((int)m.n - 2 * (int)m.d) * lf_iris_factor[m.n];
                if (m.score > best.score)
                        best = m;
        }
        return best;
}

static bool first_stage(const struct lf_iris_span *s, uint32_t row, const struct lf_iris_line *line)
{
        int most = 0;
        for (int t = -line->turn; t <= line->turn; t++) {
                struct lf_iris_match m = {0};
                count(&s->chunk[row], line->turned[t + LF_IRIS_TURN_MAX].chunk, &m);
                most = (int)m.n - 2 * (int)m.d > most ? (int)m.n - 2 * (int)m.d : most;
        }
        unsigned bits = s->count[row / LF_IRIS_LANES].first_bits[row % LF_IRIS_LANES];
        return lf_iris_first_passes(most, lf_iris_first_cut(line->first_bits, bits));
}

void lf_iris_scan_scalar(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t row = 0; row < span->rows; row++)
                for (unsigned i = 0; i < n; i++)
                        if (task[i].line->search != LF_IRIS_TWO_STAGES ||
                            first_stage(span, row, task[i].line))
                                lf_iris_take(span, row, &task[i], lf_iris_best);
}
