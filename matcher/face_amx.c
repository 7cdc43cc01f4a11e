/* Faces by AMX: thirty-two probes with thirty-two rows at a time; the gallery is stored as tiles want it.
 *
 * Sums begin at minus what a probe's product must reach with the block's shortest row, so that a sum below 0
 * is done with: one look at the greatest of a thousand sums settles most of them. */
#include "matcher/face_scan.h"

#include <immintrin.h>
#include <string.h>

#define TILE       16
#define PROBES_MIN 8         /* fewer are multiplied as fast without tiles */
#define FAR        (1 << 30) /* above any product */

struct tile_config {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
};

struct scratch {
        int32_t sum[2][2][TILE][LF_FACE_LANES]; /* by tile of probes and group */
        int32_t start[LF_FACE_TASKS][LF_FACE_LANES];
        /* Tile by tile of sixteen probes and 64 values, filled up with zeroes to a multiple of two tiles. */
        int8_t probe[]; /* padded bytes each */
};
_Static_assert(sizeof(struct scratch) + LF_FACE_TASKS * LF_FACE_DIMS_MAX <= LF_FACE_SCRATCH, "scratch fits");

/* What is fetched on the way: the next two groups, as four streams side by side. */
struct ahead {
        const char *at;
        size_t part;      /* between streams */
        unsigned a_step;  /* lines of each stream */
        unsigned to_come; /* lines of each stream */
};

static void configure(void)
{
        struct tile_config c = {.palette = 1};
        for (unsigned i = 0; i < 8; i++) {
                c.bytes[i] = 64;
                c.rows[i] = TILE;
        }
        _tile_loadconfig(&c);
}

/* Where the sums of a probe begin: at 0 or more they may belong among the best. */
static void set_start(struct scratch *s, unsigned i, const struct lf_face_task *t, float longest)
{
        int32_t start = FAR;
        if (t->cut > 0)
                start = -(int32_t)(t->cut / longest * 0.99999f) - t->probe->bias;
        _mm512_store_si512(s->start[i], _mm512_set1_epi32(start));
}

static unsigned pack(const struct lf_face_span *span, const struct lf_face_task *task, unsigned n,
                     float longest, struct scratch *s)
{
        unsigned filled = (n + 2 * TILE - 1) / (2 * TILE) * (2 * TILE);
        memset(s->probe, 0, (size_t)filled * span->padded);
        for (unsigned i = 0; i < n; i++) {
                for (uint32_t k = 0; k < span->padded; k += 64)
                        memcpy(s->probe + i / TILE * TILE * span->padded + k * TILE + i % TILE * 64,
                               task[i].probe->f.v + k, 64);
                set_start(s, i, &task[i], longest);
        }
        for (unsigned i = n; i < filled; i++)
                _mm512_store_si512(s->start[i], _mm512_set1_epi32(-FAR));
        return filled;
}

static inline __attribute__((always_inline)) void fetch(struct ahead *a)
{
        unsigned lines = a->a_step < a->to_come ? a->a_step : a->to_come;
        a->to_come -= lines;
        for (; lines; lines--, a->at += 64) {
                _mm_prefetch(a->at, _MM_HINT_T1);
                _mm_prefetch(a->at + a->part, _MM_HINT_T1);
                _mm_prefetch(a->at + 2 * a->part, _MM_HINT_T1);
                _mm_prefetch(a->at + 3 * a->part, _MM_HINT_T1);
        }
}

/* Two tiles of probes with two groups. */
static void multiply(const int8_t *probes, const uint8_t *g0, const uint8_t *g1, uint32_t padded,
                     const int32_t (*start)[LF_FACE_LANES], struct ahead *a, struct scratch *s)
{
        __asm__ volatile("" ::: "memory");
        _tile_loadd(0, start, 64);
        _tile_loadd(1, start, 64);
        _tile_loadd(2, start + TILE, 64);
        _tile_loadd(3, start + TILE, 64);
        for (uint32_t k = 0; k < padded; k += 64) {
                _tile_loadd(4, probes + k * TILE, 64);
                _tile_loadd(6, g0 + k * TILE, 64);
                _tile_dpbsud(0, 4, 6);
                _tile_loadd(7, g1 + k * TILE, 64);
                _tile_dpbsud(1, 4, 7);
                _tile_loadd(5, probes + (padded + k) * TILE, 64);
                _tile_dpbsud(2, 5, 6);
                _tile_dpbsud(3, 5, 7);
                fetch(a);
        }
        _tile_stored(0, s->sum[0][0], 64);
        _tile_stored(1, s->sum[0][1], 64);
        _tile_stored(2, s->sum[1][0], 64);
        _tile_stored(3, s->sum[1][1], 64);
        __asm__ volatile("" ::: "memory");
}

static bool any_near(const struct scratch *s)
{
        const int32_t(*sum)[LF_FACE_LANES] = s->sum[0][0];
        __m512i most[4];
        for (unsigned i = 0; i < 4; i++)
                most[i] = _mm512_load_si512(sum[i]);
        for (unsigned k = 4; k < 4 * TILE; k += 4)
                for (unsigned i = 0; i < 4; i++)
                        most[i] = _mm512_max_epi32(most[i], _mm512_load_si512(sum[k + i]));
        __m512i all =
            _mm512_max_epi32(_mm512_max_epi32(most[0], most[1]), _mm512_max_epi32(most[2], most[3]));
        return _mm512_movepi32_mask(all) != 0xffff;
}

/* One probe with a group: `from` is where its sums began. */
static void judge(const struct lf_face_span *span, uint32_t g, __m512i sum, __m512i from,
                  struct lf_face_task *t)
{
        __m512i p = _mm512_sub_epi32(sum, _mm512_add_epi32(from, _mm512_set1_epi32(t->probe->bias)));
        __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(p), _mm512_loadu_ps(span->factor + g * LF_FACE_LANES));
        unsigned mask = _mm512_cmp_ps_mask(v, _mm512_set1_ps(t->cut), _CMP_GE_OQ);
        int32_t product[LF_FACE_LANES];
        if (!mask)
                return;
        _mm512_storeu_si512(product, p);
        lf_face_take(span, g, mask, product, t);
}

/* Two tiles of probes, from task `first` on, with one or two groups. */
static void judge_all(const struct lf_face_span *span, uint32_t g, unsigned groups, struct lf_face_task *task,
                      unsigned first, unsigned n, float longest, struct scratch *s)
{
        for (unsigned i = first; i < n && i < first + 2 * TILE; i++) {
                __m512i from = _mm512_load_si512(s->start[i]);
                float cut = task[i].cut;
                for (unsigned k = 0; k < groups; k++) {
                        __m512i sum = _mm512_load_si512(s->sum[(i - first) / TILE][k][i % TILE]);
                        if (_mm512_movepi32_mask(sum) != 0xffff)
                                judge(span, g + k, sum, from, &task[i]);
                }
                if (task[i].cut != cut)
                        set_start(s, i, &task[i], longest);
        }
}

/* The greatest of the rows' factors. */
static float longest_of(const struct lf_face_span *span)
{
        __m512 most = _mm512_setzero_ps();
        for (uint32_t g = 0; g < span->groups; g++)
                most = _mm512_max_ps(most, _mm512_loadu_ps(span->factor + g * LF_FACE_LANES));
        return _mm512_reduce_max_ps(most);
}

void lf_face_scan_amx(const struct lf_face_span *span, struct lf_face_task *task, unsigned n, void *scratch)
{
        if (n < PROBES_MIN) {
                lf_face_scan_avx512(span, task, n, scratch);
                return;
        }
        struct scratch *s = scratch;
        float longest = longest_of(span);
        unsigned filled = pack(span, task, n, longest, s);
        /* A stream is half a group. */
        unsigned lines = LF_FACE_LANES * span->padded / 2 / 64,
                 steps = filled / (2 * TILE) * (span->padded / 64);
        configure();
        for (uint32_t g = 0; g < span->groups; g += 2) {
                bool second = g + 1 < span->groups;
                const uint8_t *g0 = lf_face_group(span, g), *g1 = second ? lf_face_group(span, g + 1) : g0;
                struct ahead a = {.at = (const char *)lf_face_group(span, g + 2),
                                  .part = lines * 64,
                                  .a_step = (lines + steps - 1) / steps,
                                  .to_come = lines};
                for (unsigned i = 0; i < filled; i += 2 * TILE) {
                        multiply(s->probe + i * span->padded, g0, g1, span->padded, s->start + i, &a, s);
                        if (any_near(s))
                                judge_all(span, g, second ? 2 : 1, task, i, n, longest, s);
                }
        }
        _tile_release();
}
