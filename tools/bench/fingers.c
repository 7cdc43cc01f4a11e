#include "tools/bench/fingers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/log.h"
#include "matcher/fmr.h"
#include "tools/bench/cpu.h"
#include "tools/generate/random.h"

#define HEAD       28 /* ISO/IEC 19794-2:2005, 7.3 and 7.4: record header and finger header */
#define EACH       6
#define HUGE_PAGE  (2u << 20)
#define RECORD_MAX (HEAD + 255 * EACH + 2)

/* Writes the mirror image of a record's first finger, disturbed. Returns its size. */
static size_t make_stranger(struct lf_random *r, const struct lf_fmr *f, uint8_t *p)
{
        const struct lf_fmr_view *v = &f->view[0];
        const struct lf_fmr_minutia *m = lf_fmr_minutiae(f, v);
        double turn = 0.15 * lf_random_normal(r), c = cos(turn), s = sin(turn);
        unsigned n = 0;
        memset(p, 0, HEAD);
        for (unsigned i = 0; i < v->n; i++) {
                if (lf_random_unit(r) < 0.1)
                        continue;
                double x = v->width / 2.0 - m[i].x + 2 * lf_random_normal(r),
                       y = m[i].y - v->height / 2.0 + 2 * lf_random_normal(r);
                double angle =
                    0.5 - (double)m[i].angle / LF_FMR_TURN - turn / (2 * M_PI) + 0.015 * lf_random_normal(r);
                double u = 500 + c * x - s * y, w = 500 + s * x + c * y;
                if (lf_random_unit(r) < 0.1) {
                        u = 500 + v->width * (lf_random_unit(r) - 0.5);
                        w = 500 + v->height * (lf_random_unit(r) - 0.5);
                }
                uint8_t *q = p + HEAD + n++ * EACH;
                lf_put_be16(q, (uint16_t)(m[i].type << 14 | ((int)fmax(0, fmin(999, u)))));
                lf_put_be16(q + 2, (uint16_t)fmax(0, fmin(999, w)));
                q[4] = (uint8_t)lrint((angle - floor(angle)) * 256);
                q[5] = m[i].quality <= 100 ? m[i].quality : 0;
        }
        size_t size = HEAD + n * EACH + 2;
        memcpy(p, "FMR\0 20\0", 8);
        lf_put_be32(p + 8, (uint32_t)size);
        lf_put_be16(p + 14, 1000);
        lf_put_be16(p + 16, 1000);
        lf_put_be16(p + 18, v->resolution_x);
        lf_put_be16(p + 20, v->resolution_y);
        p[22] = 1;
        p[26] = 80;
        p[27] = (uint8_t)n;
        memset(p + size - 2, 0, 2);
        return size;
}

/* The records of one shard, as control would hand them over. */
struct batch {
        struct lf_source_record record[LF_FINGERS_SHARD];
        uint8_t wire[LF_FINGERS_SHARD][RECORD_MAX];
        struct lf_fmr parsed;
        struct lf_random random;
        size_t next_real;
};

static int fill(struct lf_fingers *f, struct batch *b, size_t from, size_t to, size_t total)
{
        for (size_t i = from; i < to; i++) {
                struct lf_source_record *one = &b->record[i - from];
                *one = (struct lf_source_record){0};
                if (b->next_real < f->real.n && i == b->next_real * total / f->real.n) {
                        const struct lf_impression *real = &f->real.item[b->next_real];
                        one->wire = real->wire;
                        one->size = real->size;
                        f->at[b->next_real++] = i;
                        continue;
                }
                struct lf_defect defect;
                const struct lf_impression *model =
                    &f->real.item[lf_random_below(&b->random, (uint32_t)f->real.n)];
                if (lf_fmr_read(model->wire, model->size, &b->parsed, &defect) < 0)
                        return -EBADMSG;
                one->wire = b->wire[i - from];
                one->size = make_stranger(&b->random, &b->parsed, b->wire[i - from]);
        }
        return 0;
}

static int lay_out(struct lf_fingers *f, const struct lf_source_record *records, size_t n)
{
        struct lf_shard_info info = {.index = (uint32_t)f->shards};
        size_t size;
        double start = lf_bench_cpu_seconds();
        int r = lf_shard_size(LF_MODALITY_FINGERPRINT, records, n, &size);
        if (r < 0)
                return r;
        struct lf_shard **more = realloc(f->shard, (f->shards + 1) * sizeof *more), *s;
        if (more)
                f->shard = more;
        s = more ? aligned_alloc(HUGE_PAGE, (size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1)) : NULL;
        if (!s)
                return -ENOMEM;
        madvise(s, size, MADV_HUGEPAGE); /* as the appliance does with its shards */
        f->shard[f->shards++] = s;
        r = lf_shard_build(LF_MODALITY_FINGERPRINT, &info, records, n, s, size, NULL);
        f->seconds += lf_bench_cpu_seconds() - start;
        if (r == 0)
                r = lf_shard_check(s, size);
        f->rows += r == 0 ? s->rows : 0;
        f->bytes += size;
        return r;
}

int lf_fingers_make(char **dirs, int dirs_n, size_t n, struct lf_fingers *ret)
{
        struct lf_fingers f = {0};
        struct batch *b = malloc(sizeof *b);
        int r = b ? lf_impressions_read_all(dirs, dirs_n, &f.real) : -ENOMEM;
        size_t total = n > f.real.n ? n : f.real.n;
        if (r == 0) {
                f.at = calloc(f.real.n, sizeof *f.at);
                b->random = lf_random_seed(1);
                b->next_real = 0;
                r = f.at ? 0 : -ENOMEM;
        }
        for (size_t from = 0; r == 0 && from < total; from += LF_FINGERS_SHARD) {
                size_t to = total - from < LF_FINGERS_SHARD ? total : from + LF_FINGERS_SHARD;
                r = fill(&f, b, from, to, total);
                if (r == 0)
                        r = lay_out(&f, b->record, to - from);
        }
        free(b);
        if (r < 0) {
                lf_log_error("gallery: %s", strerror(-r));
                lf_fingers_free(&f);
                return r;
        }
        *ret = f;
        return 0;
}

void lf_fingers_free(struct lf_fingers *f)
{
        for (size_t i = 0; i < f->shards; i++)
                free(f->shard[i]);
        free(f->shard);
        free(f->at);
        lf_impressions_free(&f->real);
}
