/* One wire form through a whole engine, for fuzz targets: as probe, and together with itself as gallery; then
 * in a shard with one damaged byte. All that is read must be compared with itself, and no score may be
 * senseless. */
#pragma once

#include "matcher/shard.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void *fuzz_aligned(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
        if (!p)
                abort();
        return p;
}

static inline void fuzz_search(const struct lf_engine *engine, const struct lf_shard *s, const void *probe,
                               void *scratch)
{
        struct lf_topk top, *tops[] = {&top};
        lf_topk_init(&top, 4, -INFINITY);
        for (uint32_t b = 0; b < s->blocks; b++)
                engine->scan(s, b, &probe, tops, 1, scratch);
        for (uint32_t i = 0; i < top.n; i++) {
                struct lf_explanation why;
                struct lf_hit again;
                char text[256];
                float rate = engine->score_log10_fmr(top.hit[i].score);
                if (top.hit[i].record >= s->records || isnan(top.hit[i].score) || !(rate <= 0))
                        abort();
                engine->explain(s, probe, &top.hit[i], scratch, &why);
                for (unsigned k = 0; k < why.n; k++)
                        lf_match_reason_text(why.reason[k], text, sizeof text);
                engine->compare(s, probe, top.hit[i].record, scratch, &again);
        }
}

static inline void fuzz_wire(enum lf_modality modality, const uint8_t *data, size_t size, uint8_t damage)
{
        static void *probe, *scratch;
        const struct lf_engine *engine = lf_engine_for(modality);
        if (!probe) {
                if (lf_engines_init() < 0)
                        abort();
                probe = fuzz_aligned(engine->probe_size);
                scratch = fuzz_aligned(engine->scratch_size);
        }
        /* of exactly this size, so that a read beyond it shows */
        uint8_t *wire = malloc(size ? size : 1);
        if (!wire)
                abort();
        if (size > 0)
                memcpy(wire, data, size);
        struct lf_source_record record[2] = {{.reference = {1}, .wire = wire, .size = size},
                                             {.reference = {2}, .wire = wire, .size = size}};
        struct lf_shard_info info = {0};
        struct lf_defect defect = {0}, defects[2];
        size_t image_size;
        if (lf_shard_size(modality, record, 2, &image_size) < 0)
                abort();
        struct lf_shard *s = fuzz_aligned(image_size);
        if (lf_shard_build(modality, &info, record, 2, s, image_size, defects) < 0 ||
            lf_shard_check(s, image_size) < 0)
                abort();
        int r = engine->prepare(wire, size, probe, &defect);
        if ((r == 0) != (s->rows > 0) || (r == 0) != (defects[0].code == LF_DEFECT_NONE) ||
            (r < 0 && (defect.code == LF_DEFECT_NONE || defect.offset > size)))
                abort();
        if (r == 0) {
                fuzz_search(engine, s, probe, scratch);
                size_t at = (size_t)damage * 131 % image_size;
                ((uint8_t *)s)[at] ^= (uint8_t)(1 + damage % 7);
                if (lf_shard_check(s, image_size) == 0)
                        fuzz_search(engine, s, probe, scratch);
        }
        free(wire);
        free(s);
}
