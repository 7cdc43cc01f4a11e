/* The person engine: names first; dates, sex and nationality move a name's score; a document number stands
 * for itself. */
#include "matcher/person_name.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "matcher/engines.h"
#include "matcher/person_explain.h"
#include "matcher/person_index.h"
#include "matcher/person_probe.h"

static int prepare(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect)
{
        struct lf_person_probe *p = ret_probe;
        struct lf_person_text text[LF_ROOM_NAMES(LF_PROBE_NAMES)];
        struct lf_person_room room = {.name = p->name,
                                      .text = text,
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
        for (unsigned i = 0; i < room.n_names; i++) {
                p->text[i].n = text[i].n;
                memcpy(p->text[i].byte, text[i].byte, text[i].n);
        }
        p->n_names = room.n_names;
        p->n_dates = room.n_dates;
        p->n_nations = room.n_nations;
        p->n_documents = room.n_documents;
        p->sex = room.sex;
        p->entity = room.entity;
        return 0;
}

static const struct lf_person_kernel *kernel = &lf_person_kernel_scalar;

int lf_person_init(void)
{
        kernel = lf_person_kernel_for(lf_engines_isa());
        return 0;
}

/* The least similarity of names that can still score `floor` without a document that is the same: the inverse
 * of lf_person_score() when everything that the probe has speaks for it; lower by what rounding may take. */
static float name_floor(const struct lf_person_probe *p, float floor)
{
        float left = (p->n_dates ? 1 - LF_BIRTH_GAIN : 1) * (p->n_nations ? 1 - LF_NATIONALITY_GAIN : 1) *
                     (p->n_documents ? 1 - LF_SLIP_GAIN : 1);
        float least = 1 - (1 - floor) / left;
        least = least > LF_NAME_ALIKE ? least : LF_NAME_ALIKE;
        least = least < floor ? least : floor;
        return least > 1e-4f ? least - 1e-4f : 0;
}

/* How a shard's rows are judged. */
struct judge {
        struct lf_person_view v;
        unsigned years;
        bool ofac;
};

static struct judge judge_of(const struct lf_shard *shard)
{
        return (struct judge){.v = lf_person_view_of(lf_shard_payload(shard)),
                              .years = lf_birth_years(shard),
                              .ofac = shard->person.scoring == LF_PERSON_SCORING_OFAC};
}

static void scan_row(const struct judge *j, uint32_t row, const struct lf_person_probe *probe,
                     struct lf_topk *topk)
{
        const struct lf_person_view *v = &j->v;
        const struct lf_person_row *r = &v->row[row];
        const struct lf_person_detail *d = &v->detail[r->record];
        if (d->entity != probe->entity)
                return;
        struct lf_person_facts facts = lf_person_facts_of(v, d), own = lf_probe_facts(probe);
        enum lf_document document = lf_document_compare(&own, &facts);
        struct lf_name name = {.token = v->token + r->token, .n = r->n, .weight = r->weight};
        float floor = document == LF_DOCUMENT_NONE ? name_floor(probe, topk->floor) : 0;
        float similarity = j->ofac ? lf_probe_ofac(probe, v->text + r->text, r->class, NULL)
                                   : lf_probe_similarity(probe, &name, r->class, floor, NULL, NULL);
        if (similarity == 0 && document == LF_DOCUMENT_NONE)
                return;
        float score = lf_person_score(similarity, document, &own, &facts, j->years);
        if (score > 0)
                lf_topk_push(topk, r->record, row, score);
}

void lf_person_scan_all(const struct lf_shard *shard, uint32_t block, const struct lf_person_probe *probe,
                        struct lf_topk *topk)
{
        struct judge judge = judge_of(shard);
        uint64_t first = (uint64_t)block * LF_PERSON_BLOCK_ROWS, end = first + LF_PERSON_BLOCK_ROWS;
        for (uint64_t row = first; row < end && row < judge.v.head->rows; row++)
                scan_row(&judge, (uint32_t)row, probe, topk);
}

/* Rows whose record has one of the probe's documents, whatever their names are. */
static void scan_documents(const struct judge *j, uint32_t block, const struct lf_person_probe *probe,
                           struct lf_topk *topk)
{
        const struct lf_person_view *v = &j->v;
        struct lf_person_facts own = lf_probe_facts(probe);
        uint64_t first = (uint64_t)block * LF_PERSON_BLOCK_ROWS, end = first + LF_PERSON_BLOCK_ROWS;
        for (uint64_t row = first; row < end && row < v->head->rows; row++) {
                struct lf_person_facts facts = lf_person_facts_of(v, &v->detail[v->row[row].record]);
                if (facts.n_documents > 0 && lf_document_compare(&own, &facts) == LF_DOCUMENT_EXACT)
                        scan_row(j, (uint32_t)row, probe, topk);
        }
}

/* Where the rows go that the index finds. */
struct found {
        const struct judge *judge;
        const struct lf_person_probe *probe;
        struct lf_topk *topk;
        struct lf_person_facts own;
};

static float take(void *context, uint32_t row, unsigned name, float similarity)
{
        const struct found *f = context;
        const struct lf_person_view *v = &f->judge->v;
        const struct lf_person_row *r = &v->row[row];
        struct lf_person_facts facts = lf_person_facts_of(v, &v->detail[r->record]);
        similarity *= lf_class_factor(f->probe->name[name].class, r->class);
        float score = lf_person_score(similarity, lf_document_compare(&f->own, &facts), &f->own, &facts,
                                      f->judge->years);
        lf_topk_push(f->topk, r->record, row, score);
        return name_floor(f->probe, f->topk->floor);
}

static void scan_names(const struct lf_shard *shard, const struct judge *judge, uint32_t block,
                       const struct lf_person_probe *probe, struct lf_topk *topk,
                       struct lf_person_scratch *scratch)
{
        const struct lf_person_view *v = &judge->v;
        const struct lf_person_group *g =
            &((const struct lf_person_group *)
                  v->index)[block * LF_PERSON_KINDS + lf_person_kind(probe->entity)];
        if (g->rows == 0)
                return;
        if (g->words > LF_SEARCH_WORDS) {
                lf_person_scan_all(shard, block, probe, topk);
                return;
        }
        struct lf_person_words w = lf_person_words_at(v->index, g);
        struct found found = {.judge = judge, .probe = probe, .topk = topk, .own = lf_probe_facts(probe)};
        lf_person_index_search(v, g, &w, kernel, probe, name_floor(probe, topk->floor), scratch, take,
                               &found);
}

static void scan(const struct lf_shard *shard, uint32_t block, const void *const *probes,
                 struct lf_topk *const *topks, unsigned n, void *scratch)
{
        struct judge judge = judge_of(shard);
        for (unsigned i = 0; i < n; i++) {
                const struct lf_person_probe *probe = probes[i];
                if (judge.ofac || name_floor(probe, topks[i]->floor) <= 0) {
                        lf_person_scan_all(shard, block, probe, topks[i]);
                        continue;
                }
                if (probe->n_documents)
                        scan_documents(&judge, block, probe, topks[i]);
                scan_names(shard, &judge, block, probe, topks[i], scratch);
        }
}

static bool compare(const struct lf_shard *shard, const void *probe, uint32_t record, void *scratch,
                    struct lf_hit *ret)
{
        struct judge judge = judge_of(shard);
        struct lf_person_view v = judge.v;
        struct lf_topk best;
        lf_topk_init(&best, 1, -1);
        uint32_t row = lf_shard_first_row(v.row, sizeof *v.row, v.head->rows, record);
        if (row == v.head->rows || v.row[row].record != record ||
            v.detail[record].entity != ((const struct lf_person_probe *)probe)->entity)
                return false;
        *ret = (struct lf_hit){.record = record, .row = row}; /* nothing alike: score 0 */
        for (; row < v.head->rows && v.row[row].record == record; row++)
                scan_row(&judge, row, probe, &best);
        if (best.n > 0)
                *ret = best.hit[0];
        return true;
}

static void explain(const struct lf_shard *shard, const void *probe, const struct lf_hit *hit, void *scratch,
                    struct lf_explanation *ret)
{
        struct lf_person_view v = lf_person_view_of(lf_shard_payload(shard));
        *ret = (struct lf_explanation){0};
        if (hit->row < v.head->rows)
                lf_person_explain(shard, &v, hit->row, probe, ret);
}

const struct lf_engine lf_person_engine = {
    .name = "person",
    .modality = LF_MODALITY_PERSON,
    .indexed = true,
    .probe_size = sizeof(struct lf_person_probe),
    .scratch_size = sizeof(struct lf_person_scratch),
    .prepare = prepare,
    .build = lf_person_build,
    .check = lf_person_check,
    .scan = scan,
    .score_log10_fmr = lf_person_log10_fmr,
    .score_at = lf_person_score_at,
    .compare = compare,
    .explain = explain,
};
