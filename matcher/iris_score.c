/* The exact score, and the scan that needs no instruction set: the reference for the others. */
#include "matcher/iris_scan.h"

float lf_iris_factor[LF_IRIS_BITS + 1];

static struct lf_iris_match match(const uint32_t *code, const uint32_t *mask, const struct lf_iris_line *line,
                                  int turn)
{
        const uint32_t *pc = line->turned[turn + LF_IRIS_TURN_MAX].code,
                       *pm = line->turned[turn + LF_IRIS_TURN_MAX].mask;
        struct lf_iris_match m = {.turn = turn};
        for (unsigned w = 0; w < LF_IRIS_WORDS; w++) {
                uint32_t both = mask[w] & pm[w];
                m.n += (unsigned)__builtin_popcount(both);
                m.d += (unsigned)__builtin_popcount((code[w] ^ pc[w]) & both);
        }
        m.score = (float)((int)m.n - 2 * (int)m.d) * lf_iris_factor[m.n];
        return m;
}

struct lf_iris_match lf_iris_best(const struct lf_iris_group *g, unsigned lane,
                                  const struct lf_iris_line *line)
{
        uint32_t code[LF_IRIS_WORDS], mask[LF_IRIS_WORDS];
        for (unsigned w = 0; w < LF_IRIS_WORDS; w++) {
                code[w] = g->word[w].code[lane];
                mask[w] = g->word[w].mask[lane];
        }
        struct lf_iris_match best = match(code, mask, line, -line->turn);
        for (int t = -line->turn + 1; t <= line->turn; t++) {
                struct lf_iris_match m = match(code, mask, line, t);
                if (m.score > best.score)
                        best = m;
        }
        return best;
}

static bool first_stage(const struct lf_iris_group *g, unsigned lane, unsigned row_bits,
                        const struct lf_iris_line *line)
{
        int most = 0;
        for (int t = -line->turn; t <= line->turn; t++) {
                const uint32_t *pc = line->turned[t + LF_IRIS_TURN_MAX].code,
                               *pm = line->turned[t + LF_IRIS_TURN_MAX].mask;
                int s = 0;
                for (unsigned w = 0; w < LF_IRIS_FIRST_WORDS; w++) {
                        uint32_t both = g->word[w].mask[lane] & pm[w];
                        s += __builtin_popcount(both) -
                             2 * __builtin_popcount((g->word[w].code[lane] ^ pc[w]) & both);
                }
                most = s > most ? s : most;
        }
        return lf_iris_first_passes(most, lf_iris_first_cut(line->first_bits, row_bits));
}

void lf_iris_scan_scalar(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                         void *scratch)
{
        for (uint32_t g = 0; g < span->groups; g++)
                for (unsigned i = 0; i < n; i++) {
                        unsigned mask = 0xffff;
                        if (task[i].line->search == LF_IRIS_TWO_STAGES)
                                for (unsigned lane = 0; lane < LF_IRIS_LANES; lane++)
                                        if (!first_stage(&span->group[g], lane,
                                                         span->count[g].first_bits[lane], task[i].line))
                                                mask &= ~(1u << lane);
                        lf_iris_take(span, g, mask, &task[i], lf_iris_best);
                }
}
