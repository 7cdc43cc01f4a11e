/* Any bytes as a person record: read, laid out, checked, searched for by itself, explained. */
#include <stdint.h>
#include <stdlib.h>

#include "matcher/shard.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        return lf_engines_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_source_record record[2] = {{.wire = data, .size = size}, {.wire = data, .size = size / 2}};
        struct lf_shard_info info = {0};
        struct lf_defect defect = {0};
        size_t image_size;
        if (lf_shard_size(LF_MODALITY_PERSON, record, 2, &image_size) < 0)
                return 0;
        void *image = aligned_alloc(64, image_size),
             *probe = aligned_alloc(64, (engine->probe_size + 63) & ~63ul),
             *scratch = aligned_alloc(64, (engine->scratch_size + 63) & ~63ul);
        if (!image || !probe || !scratch ||
            lf_shard_build(LF_MODALITY_PERSON, &info, record, 2, image, image_size, NULL) < 0 ||
            lf_shard_check(image, image_size) < 0)
                abort();
        struct lf_shard *shard = image;
        int r = engine->prepare(data, size, probe, &defect);
        if (r < 0 && (defect.code == LF_DEFECT_NONE || defect.offset > size))
                abort();
        if (r == 0) {
                struct lf_topk top;
                struct lf_explanation why;
                lf_topk_init(&top, 4, 0);
                for (uint32_t b = 0; b < shard->blocks; b++)
                        engine->scan(shard, b, (const void *const[]){probe}, (struct lf_topk *const[]){&top},
                                     1, scratch);
                /* The index finds what comparing every row found. */
                struct lf_topk some;
                lf_topk_init(&some, 4, 0.5f);
                for (uint32_t b = 0; b < shard->blocks; b++)
                        engine->scan(shard, b, (const void *const[]){probe}, (struct lf_topk *const[]){&some},
                                     1, scratch);
                for (uint32_t i = 0; i < top.n; i++) {
                        bool found = !(top.hit[i].score > 0.5f);
                        for (uint32_t k = 0; k < some.n; k++)
                                found |= some.hit[k].record == top.hit[i].record &&
                                         some.hit[k].score == top.hit[i].score;
                        if (!found)
                                abort();
                }
                for (uint32_t i = 0; i < top.n; i++) {
                        engine->explain(shard, probe, &top.hit[i], NULL, &why);
                        if (!(top.hit[i].score >= 0 && top.hit[i].score <= 1) || why.n > LF_EXPLANATION_MAX)
                                abort();
                }
        }
        free(image);
        free(probe);
        free(scratch);
        return 0;
}
