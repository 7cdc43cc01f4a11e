/* The person engine: names first; dates, sex and nationality move a name's score; a document number stands
 * for itself. */
#include "matcher/person_name.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "matcher/engines.h"
#include "matcher/person_explain.h"
#include "matcher/person_probe.h"

static int prepare(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect)
{
        struct lf_person_probe *p = ret_probe;
        struct lf_person_room room = {.name = p->name,
                                      .token = p->token,
                                      .date = p->date,
                                      .nation = p->nation,
                                      .document = p->document,
                                      .max_names = LF_PROBE_NAMES,
                                      .max_tokens = LF_PROBE_TOKENS,
                                      .max_dates = LF_PROBE_DATES,
                                      .max_nations = LF_PROBE_NATIONS,
                                      .max_documents = LF_PROBE_DOCUMENTS};
        int r = lf_person_read(wire, size, &room, ret_defect);
        if (r < 0)
                return r;
        for (unsigned i = 0; room.entity == 'P' && i < room.n_names; i++)
                if (p->name[i].n > LF_PROBE_WORDS) {
                        *ret_defect = (struct lf_defect){.code = LF_DEFECT_TOO_LONG};
                        return -EBADMSG;
                }
        p->n_names = room.n_names;
        p->n_dates = room.n_dates;
        p->n_nations = room.n_nations;
        p->n_documents = room.n_documents;
        p->sex = room.sex;
        p->entity = room.entity;
        return 0;
}

/* The least similarity of names that can still score `floor` without a document: the inverse of
 * lf_person_score() when everything else speaks for it; lower by what rounding may take. */
static float name_floor(float floor)
{
        const float left = (1 - LF_BIRTH_GAIN) * (1 - LF_NATIONALITY_GAIN);
        float least = 1 - (1 - floor) / left - 1e-4f;
        return least > 0 ? least : 0;
}

static void scan_row(const struct lf_person_view *v, uint32_t row, const struct lf_person_probe *probe,
                     struct lf_topk *topk)
{
        const struct lf_person_row *r = &v->row[row];
        const struct lf_person_detail *d = &v->detail[r->record];
        if (d->entity != probe->entity)
                return;
        struct lf_person_facts facts = lf_person_facts_of(v, d), own = lf_probe_facts(probe);
        enum lf_document document = lf_document_compare(&own, &facts);
        struct lf_name name = {.token = v->token + r->token, .n = r->n, .weight = r->weight};
        float floor = document == LF_DOCUMENT_NONE ? name_floor(topk->floor) : 0;
        float similarity = lf_probe_similarity(probe, &name, r->class, floor, NULL, NULL);
        if (similarity == 0 && document == LF_DOCUMENT_NONE)
                return;
        float score = lf_person_score(similarity, document, &own, &facts);
        if (score > 0)
                lf_topk_push(topk, r->record, row, score);
}

static void scan(const struct lf_shard *shard, uint32_t block, const void *const *probes,
                 struct lf_topk *const *topks, unsigned n, void *scratch)
{
        struct lf_person_view v = lf_person_view_of(lf_shard_payload(shard));
        uint32_t first = block * LF_PERSON_BLOCK_ROWS, end = first + LF_PERSON_BLOCK_ROWS;
        if (end > v.head->rows)
                end = v.head->rows;
        for (unsigned p = 0; p < n; p++)
                for (uint32_t row = first; row < end; row++)
                        scan_row(&v, row, probes[p], topks[p]);
}

static void explain(const struct lf_shard *shard, const void *probe, const struct lf_hit *hit, void *scratch,
                    struct lf_explanation *ret)
{
        struct lf_person_view v = lf_person_view_of(lf_shard_payload(shard));
        *ret = (struct lf_explanation){0};
        if (hit->row < v.head->rows)
                lf_person_explain(&v, hit->row, probe, ret);
}

const struct lf_engine lf_person_engine = {
    .name = "person",
    .modality = LF_MODALITY_PERSON,
    .probe_size = sizeof(struct lf_person_probe),
    .scratch_size = 0,
    .prepare = prepare,
    .build = lf_person_build,
    .check = lf_person_check,
    .scan = scan,
    .score_log10_fmr = lf_person_log10_fmr,
    .explain = explain,
};
