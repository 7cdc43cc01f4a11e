#include "dataplane/subject.h"

#include "matcher/fusion.h"

#include <string.h>

/* While hits are collected: each modality's rate, and the strictest threshold of the datasets met. */
struct evidence {
        float fmr[LF_MODALITY_COUNT];
        float strictest;
};

static void add_hit(const struct lf_query *q, unsigned w, const struct lf_best *b, struct lf_subject *s,
                    struct evidence *e)
{
        const struct lf_wanted *wanted = &q->wanted[w];
        uint8_t m = wanted->modality;
        float fmr = lf_hit_log10_fmr(b->shard, q->probe[m].prepared, &b->hit);
        s->candidate |= fmr <= wanted->threshold;
        if (wanted->threshold < e->strictest)
                e->strictest = wanted->threshold;
        if (s->modalities == 0 || fmr < e->fmr[s->lead]) {
                s->lead = m;
                s->place = (uint8_t)w;
        }
        if (s->modalities >> m & 1 && fmr >= e->fmr[m])
                return;
        s->modalities |= (uint8_t)(1u << m);
        s->best[m] = *b;
        e->fmr[m] = fmr;
}

static void weigh(struct lf_subject *s, const struct evidence *e)
{
        float sum = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                if (s->modalities >> m & 1)
                        sum += s->llr[m] = lf_fusion_llr(m, e->fmr[m]);
        /* One modality's own rate is known better than what a model of mates makes of it. */
        bool one = (s->modalities & (s->modalities - 1)) == 0;
        s->log10_fmr = one ? e->fmr[s->lead] : lf_fusion_log10_fmr(s->modalities, sum);
        s->candidate |= !one && s->log10_fmr <= e->strictest;
}

/* Compares the record with the probe of a dataset whose scan did not keep it. */
static void look_up(const struct lf_query *q, unsigned w, void *scratch, struct lf_subject *s,
                    struct evidence *e)
{
        const struct lf_wanted *wanted = &q->wanted[w];
        const struct lf_probe *probe = &q->probe[wanted->modality];
        for (uint32_t i = 0; i < q->generation->shards; i++) {
                struct lf_best b = {.shard = q->generation->shard[i]};
                uint32_t record;
                if (b.shard->dataset != wanted->dataset || b.shard->modality != wanted->modality ||
                    !(wanted->categories >> b.shard->category & 1) ||
                    lf_shard_find(b.shard, s->reference, &record) < 0)
                        continue;
                if (lf_shard_alive(b.shard, record, q->request.now) &&
                    lf_engine_for(wanted->modality)
                        ->compare(b.shard, probe->prepared, record, scratch, &b.hit))
                        add_hit(q, w, &b, s, e);
        }
}

static void look_up_others(const struct lf_query *q, void *scratch, struct lf_subject *s, struct evidence *e)
{
        for (unsigned w = 0; q->generation && w < q->wanted_n; w++)
                if (q->wanted[w].agreement == s->agreement && !(s->modalities >> q->wanted[w].modality & 1))
                        look_up(q, w, scratch, s, e);
}

unsigned lf_subjects(const struct lf_query *q, void *scratch, struct lf_subject ret[LF_SUBJECTS_MAX])
{
        struct evidence evidence[LF_SUBJECTS_MAX];
        unsigned n = 0;
        for (unsigned w = 0; w < q->wanted_n; w++)
                for (uint32_t i = 0; i < q->result[w].n; i++) {
                        const struct lf_best *b = &q->result[w].best[i];
                        const uint8_t *reference = lf_shard_records(b->shard)[b->hit.record].reference;
                        uint8_t agreement = q->wanted[w].agreement;
                        unsigned at = 0;
                        while (at < n && (ret[at].agreement != agreement ||
                                          memcmp(ret[at].reference, reference, 16) != 0))
                                at++;
                        if (at == n) {
                                ret[n++] =
                                    (struct lf_subject){.reference = reference, .agreement = agreement};
                                evidence[at] = (struct evidence){.strictest = 0};
                        }
                        add_hit(q, w, b, &ret[at], &evidence[at]);
                }
        for (unsigned i = 0; i < n; i++) {
                look_up_others(q, scratch, &ret[i], &evidence[i]);
                weigh(&ret[i], &evidence[i]);
        }
        return n;
}

uint8_t lf_subject_agreed(const struct lf_subject *s)
{
        uint8_t bits = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                if (s->modalities >> m & 1 && (m == s->lead || s->llr[m] >= 0))
                        bits |= (uint8_t)(1u << m);
        return bits;
}

uint8_t lf_subject_against(const struct lf_subject *s)
{
        uint8_t bits = 0;
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++)
                if (s->modalities >> m & 1 && m != s->lead && s->llr[m] <= LF_FUSION_AGAINST)
                        bits |= (uint8_t)(1u << m);
        return bits;
}
