/* The iris engine: each iris of a probe against each of a gallery, at every rotation. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "matcher/iris_scan.h"

#define TASKS 64 /* irises that one pass over a block serves */

static lf_iris_kernel *kernel = lf_iris_scan_scalar;

struct scratch {
        _Alignas(64) uint8_t kernel[LF_IRIS_SCRATCH];
        struct lf_iris_task task[TASKS];
};

int lf_iris_init(void)
{
        static lf_iris_kernel *const kernels[LF_ISA_COUNT] = {
            [LF_ISA_SCALAR] = lf_iris_scan_scalar,
            [LF_ISA_AVX2] = lf_iris_scan_avx2,
            [LF_ISA_AVX512] = lf_iris_scan_avx512,
            [LF_ISA_AMX] = lf_iris_scan_amx,
        };
        for (unsigned n = 1; n <= LF_IRIS_BITS; n++)
                lf_iris_factor[n] = (float)(1 / (2 * sqrt((double)n * LF_IRIS_REFERENCE)));
        kernel = kernels[lf_engines_isa()];
        return 0;
}

/* ---- probe ---- */

static void make_line(const struct lf_iris_code *c, const struct lf_iris_head *h, struct lf_iris_line *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->bits = c->bits;
        ret->first_bits = c->first_bits;
        ret->eye = c->eye;
        ret->turn = h->turn;
        ret->search = h->search;
        for (int t = -LF_IRIS_TURN_MAX; t <= LF_IRIS_TURN_MAX; t++)
                for (unsigned k = 0; k < LF_IRIS_CHUNKS; k++)
                        lf_iris_turn(c, t, k, &ret->turned[t + LF_IRIS_TURN_MAX].chunk[k]);
        for (unsigned r = 0; r < LF_IRIS_RINGS; r++)
                for (unsigned i = 0; i < sizeof ret->sign[r]; i++) {
                        unsigned column = (i + LF_IRIS_COLUMNS - LF_IRIS_TURN_MAX) % LF_IRIS_COLUMNS;
                        if (c->mask[r][column % 2] >> column / 2 & 1)
                                ret->sign[r][i] = c->code[r][column % 2] >> column / 2 & 1 ? -1 : 1;
                }
}

static int prepare(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect)
{
        struct lf_iris_code code[LF_IRIS_MAX];
        struct lf_iris_head head;
        struct lf_iris_probe *p = ret_probe;
        int n = lf_iris_read(wire, size, &head, code, ret_defect);
        if (n < 0)
                return n;
        memset(p, 0, offsetof(struct lf_iris_probe, line));
        p->lines = (uint32_t)n;
        for (int i = 0; i < n; i++)
                make_line(&code[i], &head, &p->line[i]);
        return 0;
}

/* ---- gallery ---- */

static size_t rows_size(uint64_t rows)
{
        return (rows * sizeof(struct lf_iris_row) + 63) & ~(size_t)63;
}

static uint64_t groups_of(uint64_t rows)
{
        return (rows + LF_IRIS_LANES - 1) / LF_IRIS_LANES;
}

static struct lf_iris_count *counts_of(const void *payload, uint64_t rows)
{
        return (void *)((uintptr_t)payload + rows_size(rows));
}

static struct lf_iris_chunk *chunks_of(const void *payload, uint64_t rows)
{
        return (void *)(counts_of(payload, rows) + groups_of(rows));
}

static struct lf_iris_rest *rests_of(const void *payload, uint64_t rows)
{
        return (void *)(chunks_of(payload, rows) + groups_of(rows) * LF_IRIS_LANES);
}

static size_t payload_size(uint64_t rows)
{
        return rows_size(rows) + groups_of(rows) * (sizeof(struct lf_iris_count) +
                                                    LF_IRIS_LANES * (sizeof(struct lf_iris_chunk) +
                                                                     sizeof(struct lf_iris_rest)));
}

static void put_row(void *payload, uint64_t rows, uint32_t row, uint32_t record, const struct lf_iris_code *c)
{
        struct lf_iris_count *count = counts_of(payload, rows) + row / LF_IRIS_LANES;
        ((struct lf_iris_row *)payload)[row] = (struct lf_iris_row){.record = record, .eye = c->eye};
        count->bits[row % LF_IRIS_LANES] = c->bits;
        count->first_bits[row % LF_IRIS_LANES] = c->first_bits;
        lf_iris_turn(c, 0, 0, chunks_of(payload, rows) + row);
        for (unsigned k = 1; k < LF_IRIS_CHUNKS; k++)
                lf_iris_turn(c, 0, k, &rests_of(payload, rows)[row].chunk[k - 1]);
}

/* Writes nothing while `payload` is NULL. How many rows. */
static uint64_t put_records(const struct lf_source_record *records, size_t n, void *payload, uint64_t rows,
                            struct lf_defect *defects)
{
        uint64_t row = 0;
        for (size_t i = 0; i < n; i++) {
                struct lf_iris_code code[LF_IRIS_MAX];
                struct lf_iris_head head;
                struct lf_defect defect = {0};
                int irises = lf_iris_read(records[i].wire, records[i].size, &head, code, &defect);
                for (int k = 0; k < irises; k++, row++)
                        if (payload)
                                put_row(payload, rows, (uint32_t)row, (uint32_t)i, &code[k]);
                if (defects)
                        defects[i] = defect;
        }
        return row;
}

static int build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                 uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects)
{
        uint64_t rows = put_records(records, n, NULL, 0, defects);
        if (rows > UINT32_MAX - LF_IRIS_BLOCK)
                return -ENOMEM;
        if (payload) {
                memset(payload, 0, payload_size(rows));
                put_records(records, n, payload, rows, NULL);
        }
        *ret_size = payload_size(rows);
        *ret_rows = (uint32_t)rows;
        *ret_blocks = (uint32_t)((rows + LF_IRIS_BLOCK - 1) / LF_IRIS_BLOCK);
        return 0;
}

/* Counts that lie would only lead to wrong bounds, never outside of the shard: they are not recounted. */
static int check(const struct lf_shard *s)
{
        if (s->payload_size != payload_size(s->rows) ||
            s->blocks != ((uint64_t)s->rows + LF_IRIS_BLOCK - 1) / LF_IRIS_BLOCK)
                return -EBADMSG;
        const struct lf_iris_row *row = lf_shard_payload(s);
        for (uint32_t i = 0; i < s->rows; i++)
                if (row[i].record >= s->records || row[i].eye > LF_IRIS_EYE_LEFT ||
                    (i > 0 && row[i].record < row[i - 1].record))
                        return -EBADMSG;
        return 0;
}

/* ---- search ---- */

static void scan(const struct lf_shard *s, uint32_t block, const void *const *probes,
                 struct lf_topk *const *topks, unsigned n, void *scratch_memory)
{
        struct scratch *scratch = scratch_memory;
        uint32_t first = block * LF_IRIS_BLOCK, left = s->rows - first;
        uint32_t rows = left < LF_IRIS_BLOCK ? left : LF_IRIS_BLOCK;
        const void *payload = lf_shard_payload(s);
        struct lf_iris_span span = {
            .row = (const struct lf_iris_row *)payload + first,
            .count = counts_of(payload, s->rows) + first / LF_IRIS_LANES,
            .chunk = chunks_of(payload, s->rows) + first,
            .rest = rests_of(payload, s->rows) + first,
            .groups = (uint32_t)groups_of(rows),
            .first = first,
            .rows = rows,
        };
        unsigned tasks = 0;
        for (unsigned i = 0; i < n; i++) {
                const struct lf_iris_probe *p = probes[i];
                for (uint32_t k = 0; k < p->lines; k++)
                        scratch->task[tasks++] = (struct lf_iris_task){&p->line[k], topks[i]};
                if (tasks + LF_IRIS_MAX > TASKS || i + 1 == n) {
                        kernel(&span, scratch->task, tasks, scratch->kernel);
                        tasks = 0;
                }
        }
}

/* The closest rotation of a row to any iris of the probe. */
static bool closest(const struct lf_shard *s, const struct lf_iris_probe *p, uint32_t row,
                    struct lf_iris_match *ret, const struct lf_iris_line **ret_line)
{
        const void *payload = lf_shard_payload(s);
        const struct lf_iris_row *r = (const struct lf_iris_row *)payload + row;
        bool any = false;
        for (uint32_t i = 0; i < p->lines; i++) {
                if (!lf_iris_eyes_agree(p->line[i].eye, r->eye))
                        continue;
                struct lf_iris_match m = lf_iris_best(chunks_of(payload, s->rows) + row,
                                                      rests_of(payload, s->rows) + row, &p->line[i]);
                if (any && m.score <= ret->score)
                        continue;
                *ret = m;
                *ret_line = &p->line[i];
                any = true;
        }
        return any;
}

static unsigned pairs(const struct lf_shard *s, const void *probe, uint32_t record)
{
        const struct lf_iris_row *row = lf_shard_payload(s);
        const struct lf_iris_probe *p = probe;
        unsigned n = 0;
        for (uint32_t r = lf_shard_first_row(row, sizeof *row, s->rows, record);
             r < s->rows && row[r].record == record; r++)
                for (uint32_t i = 0; i < p->lines; i++)
                        n += lf_iris_eyes_agree(p->line[i].eye, row[r].eye);
        return n;
}

static bool compare(const struct lf_shard *s, const void *probe, uint32_t record, void *scratch,
                    struct lf_hit *ret)
{
        const struct lf_iris_row *row = lf_shard_payload(s);
        bool any = false;
        for (uint32_t r = lf_shard_first_row(row, sizeof *row, s->rows, record);
             r < s->rows && row[r].record == record; r++) {
                struct lf_iris_match m;
                const struct lf_iris_line *line;
                if (!closest(s, probe, r, &m, &line) || (any && m.score <= ret->score))
                        continue;
                *ret = (struct lf_hit){.record = record, .row = r, .score = m.score};
                any = true;
        }
        return any;
}

static void explain(const struct lf_shard *s, const void *probe, const struct lf_hit *hit, void *scratch,
                    struct lf_explanation *ret)
{
        struct lf_iris_match m;
        const struct lf_iris_line *line;
        ret->n = 0;
        if (hit->row >= s->rows || !closest(s, probe, hit->row, &m, &line))
                return;
        const struct lf_iris_row *row = (const struct lf_iris_row *)lf_shard_payload(s) + hit->row;
        uint8_t percent = (uint8_t)(m.n ? (100 * m.d + m.n / 2) / m.n : 0);
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_IRIS_BITS, percent, (uint8_t)(m.n * 100 / LF_IRIS_BITS),
                                     (uint8_t)((m.turn + LF_IRIS_COLUMNS) % LF_IRIS_COLUMNS)};
        ret->reason[ret->n++] = (struct lf_match_reason){LF_MATCH_REASON_IRIS_EYE, line->eye, row->eye, 0};
}

const struct lf_engine lf_iris_engine = {
    .name = "iris",
    .modality = LF_MODALITY_IRIS,
    .probe_size = sizeof(struct lf_iris_probe),
    .scratch_size = sizeof(struct scratch),
    .prepare = prepare,
    .build = build,
    .check = check,
    .scan = scan,
    .score_log10_fmr = lf_iris_log10_fmr,
    .score_at = lf_iris_score_at,
    .pairs = pairs,
    .compare = compare,
    .explain = explain,
};
