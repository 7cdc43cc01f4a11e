/* The face engine: embeddings of one model, all compared with all. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "matcher/face_scan.h"

static lf_face_kernel *kernel = lf_face_scan_scalar;

struct scratch {
        _Alignas(64) uint8_t kernel[LF_FACE_SCRATCH];
        struct lf_face_task task[LF_FACE_TASKS];
};

int lf_face_init(void)
{
        static lf_face_kernel *const kernels[LF_ISA_COUNT] = {
            [LF_ISA_SCALAR] = lf_face_scan_scalar,
            [LF_ISA_AVX2] = lf_face_scan_avx2,
            [LF_ISA_AVX512] = lf_face_scan_avx512,
            [LF_ISA_AMX] = lf_face_scan_amx,
        };
        kernel = kernels[lf_engines_isa()];
        return 0;
}

static int prepare(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect)
{
        return lf_face_read_probe(wire, size, ret_probe, ret_defect);
}

/* ---- gallery ---- */

/* Rows, padded to a group: of records as well as of factors. */
static size_t column_size(uint64_t rows)
{
        return (rows * 4 + 63) & ~(size_t)63;
}

static uint64_t groups_of(uint64_t rows)
{
        return (rows + LF_FACE_LANES - 1) / LF_FACE_LANES;
}

static size_t payload_size(uint64_t rows, unsigned padded)
{
        return sizeof(struct lf_face_payload) + 2 * column_size(rows) +
               groups_of(rows) * LF_FACE_LANES * padded;
}

/* Rows `first` to `first` + n - 1. */
static struct lf_face_span span_of(const struct lf_face_payload *p, uint64_t rows, uint32_t first, uint32_t n)
{
        const uint8_t *column = (const uint8_t *)(p + 1);
        return (struct lf_face_span){
            .record = (const uint32_t *)column + first,
            .factor = (const float *)(column + column_size(rows)) + first,
            .group = column + 2 * column_size(rows) + (size_t)first * p->padded,
            .spread = p->spread,
            .padded = p->padded,
            .groups = (uint32_t)groups_of(n),
            .first = first,
            .rows = n,
        };
}

static void put_row(struct lf_face_payload *p, uint64_t rows, uint32_t row, uint32_t record,
                    const struct lf_face_vector *f)
{
        struct lf_face_span s = span_of(p, rows, 0, row + 1);
        uint8_t *group = (uint8_t *)lf_face_group(&s, row / LF_FACE_LANES);
        ((uint32_t *)s.record)[row] = record;
        ((float *)s.factor)[row] = f->factor;
        for (unsigned i = 0; i < p->padded; i++)
                group[(i / 4 * LF_FACE_LANES + row % LF_FACE_LANES) * 4 + i % 4] = (uint8_t)f->v[i];
}

/* The model that most records are of, if more than half are: one that strayed in must not leave out all
 * others. (R. S. Boyer and J S. Moore: MJRTY, a fast majority vote algorithm.) */
static struct lf_face_payload most_common(const struct lf_source_record *records, size_t n)
{
        struct lf_face_payload head = {0};
        size_t votes = 0;
        for (size_t i = 0; i < n; i++) {
                struct lf_face_head h;
                if (records[i].size < sizeof h)
                        continue;
                memcpy(&h, records[i].wire, sizeof h);
                if (h.model == 0 || h.dims < LF_FACE_DIMS_MIN || h.dims > LF_FACE_DIMS_MAX)
                        continue;
                bool same = h.model == head.model && h.dims == head.dims;
                if (votes == 0)
                        head = (struct lf_face_payload){
                            .model = h.model, .dims = h.dims, .padded = (uint16_t)((h.dims + 63) / 64 * 64)};
                votes += votes == 0 || same ? 1 : -1ul;
        }
        return head;
}

/* Writes rows only with a payload. */
static uint64_t put_records(const struct lf_source_record *records, size_t n,
                            struct lf_face_payload *ret_head, struct lf_face_payload *payload, uint64_t rows,
                            struct lf_defect *defects)
{
        struct lf_face_payload head = most_common(records, n);
        uint64_t row = 0;
        for (size_t i = 0; i < n; i++) {
                struct lf_face_vector f;
                struct lf_defect defect = {0};
                int r = lf_face_read(records[i].wire, records[i].size, &f, &defect);
                if (r == 0 && (f.model != head.model || f.dims != head.dims))
                        defect.code = LF_DEFECT_MODEL;
                if (defect.code == LF_DEFECT_NONE) {
                        if (payload)
                                put_row(payload, rows, (uint32_t)row, (uint32_t)i, &f);
                        row++;
                }
                if (defects)
                        defects[i] = defect;
        }
        *ret_head = row > 0 ? head : (struct lf_face_payload){0};
        return row;
}

static int build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                 uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects)
{
        struct lf_face_payload head, *p = payload;
        uint64_t rows = put_records(records, n, &head, NULL, 0, defects);
        if (rows > UINT32_MAX - LF_FACE_BLOCK)
                return -ENOMEM;
        if (p) {
                memset(p, 0, payload_size(rows, head.padded));
                *p = head;
                put_records(records, n, &head, p, rows, NULL);
                struct lf_face_span all = span_of(p, rows, 0, (uint32_t)rows);
                p->spread = lf_face_measure(&all);
        }
        *ret_size = payload_size(rows, head.padded);
        *ret_rows = (uint32_t)rows;
        *ret_blocks = (uint32_t)((rows + LF_FACE_BLOCK - 1) / LF_FACE_BLOCK);
        return 0;
}

static bool head_is_well(const struct lf_face_payload *p, uint32_t rows)
{
        if (!isfinite(p->spread.mean) || !isfinite(p->spread.deviation) || p->spread.deviation <= 0)
                return false;
        if (p->dims == 0)
                return rows == 0 && p->padded == 0;
        return p->model != 0 && p->dims >= LF_FACE_DIMS_MIN && p->dims <= LF_FACE_DIMS_MAX &&
               p->padded == (p->dims + 63) / 64 * 64;
}

static int check(const struct lf_shard *s)
{
        const struct lf_face_payload *p = lf_shard_payload(s);
        if (s->payload_size < sizeof *p || !head_is_well(p, s->rows) ||
            s->payload_size != payload_size(s->rows, p->padded) ||
            s->blocks != ((uint64_t)s->rows + LF_FACE_BLOCK - 1) / LF_FACE_BLOCK || s->model != p->model)
                return -EBADMSG;
        struct lf_face_span all = span_of(p, s->rows, 0, s->rows);
        for (uint32_t i = 0; i < s->rows; i++)
                if (all.record[i] >= s->records || (i > 0 && all.record[i] < all.record[i - 1]) ||
                    !(all.factor[i] > 0 && all.factor[i] <= 1))
                        return -EBADMSG;
        return 0;
}

static uint32_t model(const void *payload)
{
        return ((const struct lf_face_payload *)payload)->model;
}

/* ---- search ---- */

static bool comparable(const struct lf_shard *s, const void *probe)
{
        const struct lf_face_payload *p = lf_shard_payload(s);
        const struct lf_face_probe *q = probe;
        return q->f.model == p->model && q->f.dims == p->dims;
}

static void scan(const struct lf_shard *s, uint32_t block, const void *const *probes,
                 struct lf_topk *const *topks, unsigned n, void *scratch_memory)
{
        struct scratch *scratch = scratch_memory;
        uint32_t first = block * LF_FACE_BLOCK, left = s->rows - first;
        struct lf_face_span span =
            span_of(lf_shard_payload(s), s->rows, first, left < LF_FACE_BLOCK ? left : LF_FACE_BLOCK);
        unsigned tasks = 0;
        for (unsigned i = 0; i < n; i++) {
                if (comparable(s, probes[i])) {
                        scratch->task[tasks] = (struct lf_face_task){.probe = probes[i], .topk = topks[i]};
                        lf_face_set_cut(&span, &scratch->task[tasks++]);
                }
                if (tasks > 0 && (tasks == LF_FACE_TASKS || i + 1 == n)) {
                        kernel(&span, scratch->task, tasks, scratch->kernel);
                        tasks = 0;
                }
        }
}

static bool compare(const struct lf_shard *s, const void *probe, uint32_t record, void *scratch,
                    struct lf_hit *ret)
{
        const struct lf_face_payload *p = lf_shard_payload(s);
        const struct lf_face_probe *q = probe;
        struct lf_face_span all = span_of(p, s->rows, 0, s->rows);
        bool any = false;
        if (!comparable(s, probe))
                return false;
        for (uint32_t r = lf_shard_first_row(all.record, sizeof *all.record, s->rows, record);
             r < s->rows && all.record[r] == record; r++) {
                const uint8_t *group = lf_face_group(&all, r / LF_FACE_LANES);
                int32_t product = 0;
                for (unsigned i = 0; i < p->padded; i++)
                        product += q->f.v[i] *
                                   (int8_t)group[(i / 4 * LF_FACE_LANES + r % LF_FACE_LANES) * 4 + i % 4];
                float score = lf_face_score(&p->spread, lf_face_cosine(&all, r, q, product));
                if (any && score <= ret->score)
                        continue;
                *ret = (struct lf_hit){.record = record, .row = r, .score = score};
                any = true;
        }
        return any;
}

static void explain(const struct lf_shard *s, const void *probe, const struct lf_hit *hit, void *scratch,
                    struct lf_explanation *ret)
{
        ret->n = 0;
        if (hit->row >= s->rows || !comparable(s, probe))
                return;
        const struct lf_face_payload *p = lf_shard_payload(s);
        float angle = p->spread.mean - hit->score * p->spread.deviation;
        float percent = 100 * cosf(fminf(fmaxf(angle, 0), (float)M_PI)), mean = 100 * cosf(p->spread.mean);
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_FACE_COSINE, (uint8_t)fmaxf(percent + 0.5f, 0),
                                     (uint8_t)fmaxf(mean + 0.5f, 0), 0};
}

const struct lf_engine lf_face_engine = {
    .name = "face",
    .modality = LF_MODALITY_FACE,
    .probe_size = sizeof(struct lf_face_probe),
    .scratch_size = sizeof(struct scratch),
    .prepare = prepare,
    .build = build,
    .check = check,
    .model = model,
    .comparable = comparable,
    .scan = scan,
    .score_log10_fmr = lf_face_log10_fmr,
    .score_at = lf_face_score_at,
    .compare = compare,
    .explain = explain,
};
