/* The fingerprint engine: records to rows of fingers, and what a hit means. How they are compared is in
 * matcher/fingerprint_scan.c. The best pair of fingers gives a record's score; fingers whose positions are
 * both known and differ are not compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/fingerprint.h"
#include "matcher/isa.h"

/* Bytes of a finger that its minutiae do not account for: support, padding of lanes and of the whole. */
#define FINGER_REST (LF_FINGER_SUPPORTS * 2 + 7 * 34 + 15 * 6 + 63)

static void too_few(const struct lf_fmr *f, struct lf_defect *defect)
{
        *defect = (struct lf_defect){.code = LF_DEFECT_TOO_FEW_MINUTIAE, .offset = f->view[0].offset};
}

static int prepare(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect)
{
        struct lf_fmr f;
        int r = lf_fmr_read(wire, size, &f, ret_defect);
        if (r < 0)
                return r;
        struct lf_finger_probe *p = ret_probe;
        memset(p, 0, sizeof *p);
        unsigned share = (LF_FINGER_PROBE_DATA / f.n - FINGER_REST) / 40, used = 0;
        if (share > LF_FINGER_MINUTIA_MAX)
                share = LF_FINGER_MINUTIA_MAX;
        for (unsigned i = 0; i < f.n; i++) {
                struct lf_finger_row *row = &p->row[p->rows];
                if (!lf_finger_code(&f, &f.view[i], share, row, p->data + (size_t)used * 64))
                        continue;
                row->record = i;
                row->offset = used;
                used += (unsigned)(lf_finger_size(row) / 64);
                p->rows++;
        }
        if (p->rows > 0)
                return 0;
        too_few(&f, ret_defect);
        return -EBADMSG;
}

/* Where build writes: the data in their place behind as many rows as there turn out to be. Nothing is written
 * while `data` is NULL. */
struct layout {
        struct lf_finger_row *row; /* room for `room` */
        uint8_t *data;
        size_t rows, room, units; /* units: of 64 bytes of data */
};

static int add_row(struct layout *out, const struct lf_finger_row *row, const uint8_t *data)
{
        if (out->data) {
                if (out->rows == out->room) {
                        size_t room = out->room ? 2 * out->room : 1024;
                        struct lf_finger_row *more = realloc(out->row, room * sizeof *more);
                        if (!more)
                                return -ENOMEM;
                        out->row = more;
                        out->room = room;
                }
                out->row[out->rows] = *row;
                memcpy(out->data + out->units * 64, data, lf_finger_size(row));
        }
        out->rows++;
        out->units += lf_finger_size(row) / 64;
        return out->rows > UINT32_MAX || out->units > UINT32_MAX ? -ENOMEM : 0;
}

static int add_record(const struct lf_source_record *record, uint32_t index, struct lf_fmr *f,
                      struct layout *out, struct lf_defect *defect)
{
        *defect = (struct lf_defect){0};
        if (lf_fmr_read(record->wire, record->size, f, defect) < 0)
                return 0;
        bool any = false;
        for (unsigned i = 0; i < f->n; i++) {
                _Alignas(64) uint8_t data[LF_FINGER_DATA_MAX];
                struct lf_finger_row row;
                if (!lf_finger_code(f, &f->view[i], LF_FINGER_MINUTIA_MAX, &row, out->data ? data : NULL))
                        continue;
                row.record = index;
                row.offset = (uint32_t)out->units;
                int r = add_row(out, &row, data);
                if (r < 0)
                        return r;
                any = true;
        }
        if (!any)
                too_few(f, defect);
        return 0;
}

static int build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                 uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects)
{
        struct lf_fmr *f = malloc(sizeof *f);
        struct layout out = {.data = payload};
        int r = f ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < n; i++) {
                struct lf_defect defect;
                r = add_record(&records[i], (uint32_t)i, f, &out, &defect);
                if (r == 0 && defects)
                        defects[i] = defect;
        }
        if (r == 0) {
                size_t head = lf_finger_rows_size(out.rows);
                if (payload) {
                        memmove(out.data + head, out.data, out.units * 64);
                        memset(payload, 0, head);
                        if (out.rows > 0)
                                memcpy(payload, out.row, out.rows * sizeof *out.row);
                }
                *ret_size = head + out.units * 64;
                *ret_rows = (uint32_t)out.rows;
                *ret_blocks = (uint32_t)((out.rows + LF_FINGER_BLOCK - 1) / LF_FINGER_BLOCK);
        }
        free(out.row);
        free(f);
        return r;
}

static bool row_is_well(const struct lf_finger_row *r, const struct lf_shard *s, uint64_t next)
{
        if (r->record >= s->records || r->position > 10 || r->offset != next ||
            r->n < LF_FINGER_MINUTIA_MIN || r->n > LF_FINGER_MINUTIA_MAX || r->cylinders == 0 ||
            r->cylinders > r->n)
                return false;
        for (unsigned b = 0; b < LF_FINGER_BUCKETS; b++)
                if (r->first[b] > r->cylinders)
                        return false;
        return true;
}

static int check(const struct lf_shard *s)
{
        size_t head = lf_finger_rows_size(s->rows);
        if (s->payload_size < head || (s->payload_size - head) % 64 ||
            s->blocks != ((uint64_t)s->rows + LF_FINGER_BLOCK - 1) / LF_FINGER_BLOCK)
                return -EBADMSG;
        uint64_t units = (s->payload_size - head) / 64, next = 0;
        for (uint32_t i = 0; i < s->rows; i++) {
                const struct lf_finger_row *r = &lf_finger_rows(s)[i];
                if (!row_is_well(r, s, next) || next + lf_finger_size(r) / 64 > units)
                        return -EBADMSG;
                next += lf_finger_size(r) / 64;
        }
        return next == units ? 0 : -EBADMSG;
}

static bool compare(const struct lf_shard *s, const void *probe, uint32_t record, void *scratch,
                    struct lf_hit *ret)
{
        const struct lf_finger_row *row = lf_finger_rows(s);
        bool any = false;
        for (uint32_t r = lf_shard_first_row(row, sizeof *row, s->rows, record);
             r < s->rows && row[r].record == record; r++) {
                struct lf_finger_match m;
                if (lf_finger_closest(s, probe, r, scratch, &m) < 0 || (any && m.score <= ret->score))
                        continue;
                *ret = (struct lf_hit){.record = record, .row = r, .score = m.score};
                any = true;
        }
        return any;
}

static void explain(const struct lf_shard *s, const void *probe, const struct lf_hit *hit, void *scratch,
                    struct lf_explanation *ret)
{
        const struct lf_finger_probe *p = probe;
        ret->n = 0;
        struct lf_finger_match m;
        int finger = hit->row < s->rows ? lf_finger_closest(s, p, hit->row, scratch, &m) : -1;
        if (finger < 0)
                return;
        const struct lf_finger_row *f = &p->row[finger], *g = &lf_finger_rows(s)[hit->row];
        uint16_t turn = (uint16_t)-m.placement.turn; /* from the record to the probe */
        uint8_t percent = (uint8_t)(m.could > m.meet ? 100 * m.meet / m.could : m.meet ? 100 : 0);
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_MINUTIAE_AGREE, (uint8_t)m.meet, f->n, g->n};
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_ALIGNMENT, (uint8_t)((turn + 128) >> 8), percent, 0};
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_FINGER_POSITION, f->position, g->position, 0};
}

const struct lf_finger_kernels *lf_finger_kernels;

int lf_fingerprint_init(void)
{
        static const struct lf_finger_kernels *const of_isa[LF_ISA_COUNT] = {
            [LF_ISA_SCALAR] = &lf_finger_scalar,
            [LF_ISA_AVX2] = &lf_finger_avx2,
            [LF_ISA_AVX512] = &lf_finger_avx512,
            [LF_ISA_AMX] = &lf_finger_avx512,
        };
        lf_finger_code_init();
        lf_finger_compare_init();
        lf_finger_kernels = of_isa[lf_engines_isa()];
        return 0;
}

const struct lf_engine lf_fingerprint_engine = {
    .name = "fingerprint",
    .modality = LF_MODALITY_FINGERPRINT,
    .probe_size = sizeof(struct lf_finger_probe),
    .scratch_size = sizeof(struct lf_finger_core),
    .prepare = prepare,
    .build = build,
    .check = check,
    .scan = lf_finger_scan,
    .score_log10_fmr = lf_finger_log10_fmr,
    .compare = compare,
    .explain = explain,
};
