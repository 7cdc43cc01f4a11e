#include "matcher/engine.h"

#include "matcher/engines.h"
#include "matcher/fusion.h"
#include "matcher/isa.h"
#include "matcher/shard.h"

#include <math.h>

/* One line an engine: { &lf_NAME_engine, init or NULL }, both declared in matcher/engines.h. */
static const struct lf_engine_entry engines[LF_MODALITY_COUNT] = {
    [LF_MODALITY_FINGERPRINT] = {&lf_fingerprint_engine, lf_fingerprint_init},
    [LF_MODALITY_IRIS] = {&lf_iris_engine, lf_iris_init},
    [LF_MODALITY_FACE] = {&lf_face_engine, lf_face_init},
    [LF_MODALITY_PERSON] = {&lf_person_engine, lf_person_init},
};

static enum lf_isa isa;

int lf_engines_init(void)
{
        int chosen = lf_isa_choose(&isa);
        if (chosen < 0)
                return chosen;
        lf_fusion_init();
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                int r = engines[m].init ? engines[m].init() : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

const struct lf_engine *lf_engine_for(enum lf_modality modality)
{
        return (unsigned)modality < LF_MODALITY_COUNT ? engines[modality].engine : NULL;
}

float lf_hit_log10_fmr(const struct lf_shard *shard, const void *probe, const struct lf_hit *hit)
{
        const struct lf_engine *engine = lf_engine_for(shard->modality);
        float rate = engine->score_log10_fmr(hit->score);
        unsigned pairs = engine->pairs ? engine->pairs(shard, probe, hit->record) : 1;
        return pairs > 1 ? fminf(rate + log10f((float)pairs), 0) : rate;
}

enum lf_isa lf_engines_isa(void)
{
        return isa;
}
