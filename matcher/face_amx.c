/* Faces by AMX: thirty-two probes with thirty-two rows at a time; the gallery is stored as tiles want it. */
#include "matcher/face_scan.h"

#include <immintrin.h>
#include <string.h>

#define TILE       16
#define PROBES_MIN 8 /* fewer are multiplied as fast without tiles */

struct tile_config {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
};

/* Probes, tile by tile of sixteen probes and 64 values, filled up with zeroes to a multiple of two tiles. */
struct scratch {
        int32_t product[4][TILE][LF_FACE_LANES]; /* by probe tile and group: 00 01 10 11 */
        int32_t bias[LF_FACE_TASKS];
        float cut[LF_FACE_TASKS];
        int8_t probe[]; /* padded bytes each */
};
_Static_assert(sizeof(struct scratch) + LF_FACE_TASKS * LF_FACE_DIMS_MAX <= LF_FACE_SCRATCH, "scratch fits");

static void configure(void)
{
        struct tile_config c = {.palette = 1};
        for (unsigned i = 0; i < 8; i++) {
                c.bytes[i] = 64;
                c.rows[i] = TILE;
        }
        _tile_loadconfig(&c);
}

static unsigned pack(const struct lf_face_span *span, const struct lf_face_task *task, unsigned n,
                     struct scratch *s)
{
        unsigned filled = (n + 2 * TILE - 1) / (2 * TILE) * (2 * TILE);
        memset(s->probe, 0, (size_t)filled * span->padded);
        for (unsigned i = 0; i < n; i++) {
                for (uint32_t k = 0; k < span->padded; k += 64)
                        memcpy(s->probe + i / TILE * TILE * span->padded + k * TILE + i % TILE * 64,
                               task[i].probe->f.v + k, 64);
                s->bias[i] = task[i].probe->bias;
                s->cut[i] = task[i].cut;
        }
        return filled;
}

/* Two tiles of probes with two groups. Fetches `ahead` on the way, if it is not NULL. */
static void multiply(const int8_t *probes, const uint8_t *g0, const uint8_t *g1, uint32_t padded,
                     const uint8_t *ahead, struct scratch *s)
{
        __asm__ volatile("" ::: "memory");
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (uint32_t k = 0; k < padded; k += 64) {
                _tile_loadd(4, probes + k * TILE, 64);
                _tile_loadd(6, g0 + k * TILE, 64);
                _tile_dpbsud(0, 4, 6);
                _tile_loadd(7, g1 + k * TILE, 64);
                _tile_dpbsud(1, 4, 7);
                _tile_loadd(5, probes + (padded + k) * TILE, 64);
                _tile_dpbsud(2, 5, 6);
                _tile_dpbsud(3, 5, 7);
                if (ahead)
                        for (unsigned i = 0; i < 2 * TILE; i++, ahead += 64)
                                _mm_prefetch((const char *)ahead, _MM_HINT_T0);
        }
        _tile_stored(0, s->product[0], 64);
        _tile_stored(1, s->product[1], 64);
        _tile_stored(2, s->product[2], 64);
        _tile_stored(3, s->product[3], 64);
        __asm__ volatile("" ::: "memory");
}

static void take(const struct lf_face_span *span, uint32_t g, __m512i product, struct lf_face_task *t,
                 float *cut)
{
        int32_t p[LF_FACE_LANES];
        __m512 v =
            _mm512_mul_ps(_mm512_cvtepi32_ps(product), _mm512_loadu_ps(span->factor + g * LF_FACE_LANES));
        unsigned mask = _mm512_cmp_ps_mask(v, _mm512_set1_ps(*cut), _CMP_GE_OQ);
        _mm512_storeu_si512(p, product);
        lf_face_take(span, g, mask, p, t);
        *cut = t->cut;
}

/* Compares the products of a tile of probes and a group with what each probe must reach. */
static void judge(const struct lf_face_span *span, uint32_t g, int32_t (*product)[LF_FACE_LANES],
                  struct lf_face_task *task, unsigned first, unsigned n, struct scratch *s)
{
        __m512 factor = _mm512_loadu_ps(span->factor + g * LF_FACE_LANES);
        for (unsigned i = 0; i < n; i++) {
                __m512i p =
                    _mm512_sub_epi32(_mm512_load_si512(product[i]), _mm512_set1_epi32(s->bias[first + i]));
                __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(p), factor);
                if (_mm512_cmp_ps_mask(v, _mm512_set1_ps(s->cut[first + i]), _CMP_GE_OQ))
                        take(span, g, p, &task[first + i], &s->cut[first + i]);
        }
}

static unsigned tile_of(unsigned first, unsigned n)
{
        return first >= n ? 0 : n - first < TILE ? n - first : TILE;
}

void lf_face_scan_amx(const struct lf_face_span *span, struct lf_face_task *task, unsigned n, void *scratch)
{
        if (n < PROBES_MIN) {
                lf_face_scan_avx512(span, task, n, scratch);
                return;
        }
        struct scratch *s = scratch;
        unsigned filled = pack(span, task, n, s);
        configure();
        for (uint32_t g = 0; g < span->groups; g += 2) {
                bool second = g + 1 < span->groups;
                const uint8_t *g0 = lf_face_group(span, g), *g1 = second ? lf_face_group(span, g + 1) : g0;
                for (unsigned i = 0; i < filled; i += 2 * TILE) {
                        multiply(s->probe + i * span->padded, g0, g1, span->padded,
                                 i == 0 ? lf_face_group(span, g + 2) : NULL, s);
                        unsigned a = tile_of(i, n), b = tile_of(i + TILE, n);
                        judge(span, g, s->product[0], task, i, a, s);
                        judge(span, g, s->product[2], task, i + TILE, b, s);
                        if (!second)
                                continue;
                        judge(span, g + 1, s->product[1], task, i, a, s);
                        judge(span, g + 1, s->product[3], task, i + TILE, b, s);
                }
        }
        _tile_release();
}
