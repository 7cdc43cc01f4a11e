/* The fingerprint engine: rows of fingers, each with its cylinders, all compared with all.
 *
 * Payload: the rows (struct lf_finger_row), padded to 64 bytes, then the cylinders in the rows' order. The
 * best pair of fingers gives a record's score; fingers whose positions are both known and differ are not
 * compared. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/engines.h"
#include "matcher/fingerprint.h"
#include "matcher/shard.h"

#define BLOCK_ROWS      32
#define PROBE_CYLINDERS 800

struct probe {
        uint32_t rows;
        uint32_t reserved[15];
        struct lf_finger_row row[LF_FMR_VIEW_MAX];
        struct lf_finger_cylinder cylinder[PROBE_CYLINDERS];
};
_Static_assert(sizeof(struct probe) <= LF_PROBE_MAX, "a prepared probe fits");
_Static_assert(PROBE_CYLINDERS >= LF_FMR_VIEW_MAX * LF_FINGER_MINUTIA_MIN, "every view of a probe has room");

static size_t rows_size(size_t rows)
{
        return (rows * sizeof(struct lf_finger_row) + 63) & ~(size_t)63;
}

static const struct lf_finger_row *rows_of(const struct lf_shard *s)
{
        return lf_shard_payload(s);
}

static const struct lf_finger_cylinder *cylinders_of(const struct lf_shard *s)
{
        return (const void *)((const uint8_t *)lf_shard_payload(s) + rows_size(s->rows));
}

/* Codes one view into row and cylinders; false when it is too poor. */
static bool read_finger(const struct lf_fmr *f, unsigned view, unsigned most, struct lf_finger_row *row,
                        struct lf_finger_cylinder *cylinder)
{
        const struct lf_fmr_view *v = &f->view[view];
        unsigned minutiae, n = lf_finger_code(f, v, most, cylinder, &minutiae);
        *row = (struct lf_finger_row){
            .n = (uint16_t)n,
            .minutiae = (uint8_t)minutiae,
            .position = v->position <= 10 ? v->position : 0,
        };
        return n > 0;
}

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
        struct probe *p = ret_probe;
        memset(p, 0, sizeof *p);
        unsigned share = PROBE_CYLINDERS / f.n, cylinders = 0;
        if (share > LF_FINGER_CYLINDER_MAX)
                share = LF_FINGER_CYLINDER_MAX;
        for (unsigned i = 0; i < f.n; i++) {
                struct lf_finger_row *row = &p->row[p->rows];
                if (!read_finger(&f, i, share, row, &p->cylinder[cylinders]))
                        continue;
                row->record = i;
                row->first = cylinders;
                cylinders += row->n;
                p->rows++;
        }
        if (p->rows > 0)
                return 0;
        too_few(&f, ret_defect);
        return -EBADMSG;
}

/* Where build writes: nothing is written while `rows` is NULL. */
struct layout {
        struct lf_finger_row *row;
        struct lf_finger_cylinder *cylinder;
        size_t rows, cylinders;
};

static struct lf_defect add_record(const struct lf_source_record *record, uint32_t index, struct lf_fmr *f,
                                   struct layout *out)
{
        struct lf_defect defect = {0};
        if (lf_fmr_read(record->wire, record->size, f, &defect) < 0)
                return defect;
        bool any = false;
        for (unsigned i = 0; i < f->n; i++) {
                struct lf_finger_cylinder cylinder[LF_FINGER_CYLINDER_MAX];
                struct lf_finger_row row;
                if (!read_finger(f, i, LF_FINGER_CYLINDER_MAX, &row, cylinder))
                        continue;
                row.record = index;
                row.first = (uint32_t)out->cylinders;
                if (out->row) {
                        out->row[out->rows] = row;
                        memcpy(out->cylinder + out->cylinders, cylinder, row.n * sizeof *cylinder);
                }
                out->rows++;
                out->cylinders += row.n;
                any = true;
        }
        if (!any)
                too_few(f, &defect);
        return defect;
}

static void add_records(const struct lf_source_record *records, size_t n, struct lf_fmr *f,
                        struct layout *out, struct lf_defect *defects)
{
        out->rows = out->cylinders = 0;
        for (size_t i = 0; i < n; i++) {
                struct lf_defect defect = add_record(&records[i], (uint32_t)i, f, out);
                if (defects)
                        defects[i] = defect;
        }
}

static int build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                 uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects)
{
        struct lf_fmr *f = malloc(sizeof *f);
        if (!f)
                return -ENOMEM;
        struct layout out = {0};
        add_records(records, n, f, &out, defects);
        size_t rows = out.rows, cylinders = out.cylinders;
        if (payload && rows <= UINT32_MAX && cylinders <= UINT32_MAX) {
                out.row = payload;
                out.cylinder = (void *)((uint8_t *)payload + rows_size(rows));
                add_records(records, n, f, &out, NULL);
        }
        free(f);
        if (rows > UINT32_MAX || cylinders > UINT32_MAX)
                return -ENOMEM;
        *ret_size = rows_size(rows) + cylinders * sizeof(struct lf_finger_cylinder);
        *ret_rows = (uint32_t)rows;
        *ret_blocks = (uint32_t)((rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
        return 0;
}

static int check(const struct lf_shard *s)
{
        size_t head = rows_size(s->rows);
        if (s->payload_size < head || (s->payload_size - head) % sizeof(struct lf_finger_cylinder) ||
            s->blocks != ((uint64_t)s->rows + BLOCK_ROWS - 1) / BLOCK_ROWS)
                return -EBADMSG;
        uint64_t cylinders = (s->payload_size - head) / sizeof(struct lf_finger_cylinder), next = 0;
        const struct lf_finger_row *row = rows_of(s);
        for (uint32_t i = 0; i < s->rows; i++) {
                if (row[i].record >= s->records || row[i].position > 10 || row[i].first != next ||
                    row[i].n == 0 || row[i].n > LF_FINGER_CYLINDER_MAX)
                        return -EBADMSG;
                next += row[i].n;
        }
        return next == cylinders ? 0 : -EBADMSG;
}

/* The probe's finger that is closest to a row: its index and score; -1 when none may be compared. */
static int closest(const struct lf_shard *s, const struct probe *p, uint32_t row,
                   struct lf_finger_scratch *scratch, float *ret_score)
{
        const struct lf_finger_row *g = &rows_of(s)[row];
        int best = -1;
        float top = 0;
        for (uint32_t i = 0; i < p->rows; i++) {
                const struct lf_finger_row *f = &p->row[i];
                if (f->position && g->position && f->position != g->position)
                        continue;
                float score = lf_finger_compare(&p->cylinder[f->first], f->n, &cylinders_of(s)[g->first],
                                                g->n, scratch);
                if (best < 0 || score > top) {
                        best = (int)i;
                        top = score;
                }
        }
        *ret_score = top;
        return best;
}

static void scan(const struct lf_shard *s, uint32_t block, const void *const *probes,
                 struct lf_topk *const *topks, unsigned n, void *scratch)
{
        uint32_t first = block * BLOCK_ROWS, left = s->rows - first;
        uint32_t end = first + (left < BLOCK_ROWS ? left : BLOCK_ROWS);
        for (uint32_t row = first; row < end; row++) {
                for (unsigned i = 0; i < n; i++) {
                        float score;
                        if (closest(s, probes[i], row, scratch, &score) >= 0)
                                lf_topk_push(topks[i], rows_of(s)[row].record, row, score);
                }
        }
}

/* The largest set of pairs that fit the placement of one of them: how many, and the turn of that one. */
static unsigned agreeing(const struct lf_finger_cylinder *a, const struct lf_finger_cylinder *b,
                         const struct lf_finger_scratch *scratch, uint16_t *ret_turn)
{
        unsigned most = 0;
        *ret_turn = 0;
        for (unsigned i = 0; i < scratch->pairs; i++) {
                const struct lf_finger_pair *p = &scratch->pair[i];
                unsigned n = 1;
                for (unsigned k = 0; k < scratch->pairs; k++)
                        n += k != i && lf_finger_compatible(a, b, p, &scratch->pair[k]) > 0.5f;
                if (n > most) {
                        most = n;
                        *ret_turn = (uint16_t)(a[p->a].angle - b[p->b].angle);
                }
        }
        return most;
}

static void explain(const struct lf_shard *s, const void *probe, const struct lf_hit *hit,
                    void *scratch_memory, struct lf_explanation *ret)
{
        struct lf_finger_scratch *scratch = scratch_memory;
        const struct probe *p = probe;
        ret->n = 0;
        float score;
        int finger = hit->row < s->rows ? closest(s, p, hit->row, scratch, &score) : -1;
        if (finger < 0)
                return;
        const struct lf_finger_row *f = &p->row[finger], *g = &rows_of(s)[hit->row];
        const struct lf_finger_cylinder *a = &p->cylinder[f->first], *b = &cylinders_of(s)[g->first];
        lf_finger_compare(a, f->n, b, g->n, scratch);
        uint16_t turn;
        unsigned agree = agreeing(a, b, scratch, &turn);
        uint8_t percent = (uint8_t)(scratch->pairs ? 100 * agree / scratch->pairs : 0);
        ret->reason[ret->n++] = (struct lf_match_reason){LF_MATCH_REASON_MINUTIAE_AGREE, (uint8_t)agree,
                                                         f->minutiae, g->minutiae};
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_ALIGNMENT, (uint8_t)((turn + 128) >> 8), percent, 0};
        ret->reason[ret->n++] =
            (struct lf_match_reason){LF_MATCH_REASON_FINGER_POSITION, f->position, g->position, 0};
}

const struct lf_engine lf_fingerprint_engine = {
    .name = "fingerprint",
    .modality = LF_MODALITY_FINGERPRINT,
    .probe_size = sizeof(struct probe),
    .scratch_size = sizeof(struct lf_finger_scratch),
    .prepare = prepare,
    .build = build,
    .check = check,
    .scan = scan,
    .score_log10_fmr = lf_finger_log10_fmr,
    .explain = explain,
};
