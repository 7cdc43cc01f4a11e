#include "tools/bench/iris_loss.h"

#include "matcher/shard.h"
#include "tools/bench/modality.h"
#include "tools/generate/iris.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define SEED     20240603
#define ACCEPTED -4.0f

/* Capture `number` of the eye in the wire form; its size. */
static uint32_t capture(const struct lf_generated_iris *iris, uint64_t number, uint8_t search, uint8_t *ret)
{
        struct lf_iris_wire w;
        lf_generate_iris_capture(iris, SEED, number, &w);
        uint32_t size = lf_generate_iris_wire(&w, 1, ret);
        ((struct lf_iris_head *)ret)->search = search;
        return size;
}

static struct lf_shard *shard_of(const void *wire, size_t wire_size)
{
        const struct lf_source_record record = {.wire = wire, .size = wire_size};
        const struct lf_shard_info info = {.generation = 1};
        size_t size;
        struct lf_shard *s = NULL;
        if (lf_shard_size(LF_MODALITY_IRIS, &record, 1, &size) == 0)
                s = aligned_alloc(64, size);
        if (s && lf_shard_build(LF_MODALITY_IRIS, &info, &record, 1, s, size, NULL) < 0) {
                free(s);
                s = NULL;
        }
        return s;
}

/* -INFINITY: not found. */
static int score(const struct lf_shard *s, const void *wire, size_t size, void *scratch, float *ret)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_IRIS);
        struct lf_topk top, *tops = &top;
        void *probe = lf_bench_probe(LF_MODALITY_IRIS, wire, size);
        if (!probe)
                return -ENOMEM;
        lf_topk_init(&top, 1, -INFINITY);
        engine->scan(s, 0, (const void *const *)&probe, &tops, 1, scratch);
        free(probe);
        *ret = top.n ? top.hit[0].score : -INFINITY;
        return 0;
}

static int try_pair(unsigned i, void *scratch, struct lf_bench_loss *l)
{
        uint8_t form[LF_IRIS_WIRE_MAX];
        struct lf_generated_iris iris;
        float exact = 0, staged = 0;
        lf_generate_iris(SEED, i, LF_IRIS_EYE_LEFT, &iris);
        struct lf_shard *s = shard_of(form, capture(&iris, 2 * i, LF_IRIS_EXACT, form));
        int r = s ? 0 : -ENOMEM;
        if (r == 0)
                r = score(s, form, capture(&iris, 2 * i + 1, LF_IRIS_EXACT, form), scratch, &exact);
        if (r == 0)
                r = score(s, form, capture(&iris, 2 * i + 1, LF_IRIS_TWO_STAGES, form), scratch, &staged);
        if (r == 0 && lf_engine_for(LF_MODALITY_IRIS)->score_log10_fmr(exact) <= ACCEPTED) {
                l->accepted++;
                l->lost += staged == -INFINITY;
        }
        free(s);
        return r;
}

/* The mean of which so few events or fewer are seen once in twenty times. */
static double mean_at_most(unsigned seen)
{
        double low = 0, high = 10 + 3.0 * seen;
        for (unsigned step = 0; step < 60; step++) {
                double mean = (low + high) / 2, term = exp(-mean), sum = term;
                for (unsigned i = 1; i <= seen; i++)
                        sum += term *= mean / i;
                *(sum > 0.05 ? &low : &high) = mean;
        }
        return high;
}

int lf_bench_iris_loss(unsigned pairs, struct lf_bench_loss *ret)
{
        size_t size = (lf_engine_for(LF_MODALITY_IRIS)->scratch_size + 63) & ~(size_t)63;
        struct lf_bench_loss l = {0};
        void *scratch = aligned_alloc(64, size);
        int r = scratch ? 0 : -ENOMEM;
        for (unsigned i = 0; r == 0 && i < pairs; i++)
                r = try_pair(i, scratch, &l);
        free(scratch);
        if (r < 0)
                return r;
        l.share_at_most = l.accepted ? fmin(mean_at_most(l.lost) / l.accepted, 1) : 1;
        *ret = l;
        return 0;
}
