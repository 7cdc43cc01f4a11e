/* Faces by AMX: thirty-two probes with thirty-two rows at a time; the gallery is stored as tiles want it.
 *
 * One look at the greatest of a thousand products settles most of them: it is compared with the least that
 * any of the thirty-two probes must reach with the block's shortest row. */
#include "matcher/face_scan.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define TILE       16
#define CHUNK      (2 * TILE) /* probes and rows taken together */
#define PROBES_MIN 8          /* fewer are multiplied as fast without tiles */

struct tile_config {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
};

struct scratch {
        int32_t product[2][2][2][TILE][LF_FACE_LANES]; /* in turn: by tile of probes and group */
        int32_t least[LF_FACE_TASKS / CHUNK];          /* that a product of these probes must reach */
        /* Tile by tile of sixteen probes and 64 values, filled up with zeroes to a multiple of two tiles. */
        _Alignas(64) int8_t probe[]; /* padded bytes each */
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

/* `longest`: the greatest of the rows' factors, which belongs to the shortest row. */
static void set_least(struct scratch *s, const struct lf_face_task *task, unsigned chunk, unsigned n,
                      float longest)
{
        float least = INFINITY;
        for (unsigned i = chunk * CHUNK; i < n && i < (chunk + 1) * CHUNK; i++)
                least = task[i].cut < least ? task[i].cut : least;
        s->least[chunk] = least > 0 ? (int32_t)(least / longest * 0.99999f) : INT32_MIN;
}

static unsigned pack(const struct lf_face_span *span, const struct lf_face_task *task, unsigned n,
                     float longest, struct scratch *s)
{
        unsigned filled = (n + CHUNK - 1) / CHUNK * CHUNK;
        memset(s->probe, 0, (size_t)filled * span->padded);
        for (unsigned i = 0; i < n; i++)
                for (uint32_t k = 0; k < span->padded; k += 64)
                        memcpy(s->probe + i / TILE * TILE * span->padded + k * TILE + i % TILE * 64,
                               task[i].probe->f.v + k, 64);
        for (unsigned chunk = 0; chunk < filled / CHUNK; chunk++)
                set_least(s, task, chunk, n, longest);
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
static inline void multiply(const int8_t *probes, const uint8_t *g0, const uint8_t *g1, uint32_t padded,
                            struct ahead *a)
{
        __asm__ volatile("" ::: "memory");
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (uint32_t k = 0; k < padded; k += 64) {
                _tile_loadd(4, probes + k * TILE, 64);
                _tile_loadd(6, g0 + k * TILE, 64);
                _tile_dpbssd(0, 4, 6);
                _tile_loadd(7, g1 + k * TILE, 64);
                _tile_dpbssd(1, 4, 7);
                _tile_loadd(5, probes + (padded + k) * TILE, 64);
                _tile_dpbssd(2, 5, 6);
                _tile_dpbssd(3, 5, 7);
                fetch(a);
        }
        __asm__ volatile("" ::: "memory");
}

static inline void store(int32_t (*product)[2][TILE][LF_FACE_LANES])
{
        __asm__ volatile("" ::: "memory");
        _tile_stored(0, product[0][0], 64);
        _tile_stored(1, product[0][1], 64);
        _tile_stored(2, product[1][0], 64);
        _tile_stored(3, product[1][1], 64);
        __asm__ volatile("" ::: "memory");
}

static inline bool any_near(const int32_t (*product)[2][TILE][LF_FACE_LANES], int32_t least)
{
        const int32_t(*p)[LF_FACE_LANES] = product[0][0];
        __m512i most[4];
        for (unsigned i = 0; i < 4; i++)
                most[i] = _mm512_load_si512(p[i]);
        for (unsigned k = 4; k < 4 * TILE; k += 4)
                for (unsigned i = 0; i < 4; i++)
                        most[i] = _mm512_max_epi32(most[i], _mm512_load_si512(p[k + i]));
        __m512i all =
            _mm512_max_epi32(_mm512_max_epi32(most[0], most[1]), _mm512_max_epi32(most[2], most[3]));
        return _mm512_cmpge_epi32_mask(all, _mm512_set1_epi32(least)) != 0;
}

/* One probe with a group. */
static void judge(const struct lf_face_span *span, uint32_t g, __m512i p, struct lf_face_task *t)
{
        __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(p), _mm512_loadu_ps(span->factor + g * LF_FACE_LANES));
        unsigned mask = _mm512_cmp_ps_mask(v, _mm512_set1_ps(t->cut), _CMP_GE_OQ);
        int32_t product[LF_FACE_LANES];
        if (!mask)
                return;
        _mm512_storeu_si512(product, p);
        lf_face_take(span, g, mask, product, t);
}

/* Which products wait to be looked at: the processor multiplies on while it looks. */
struct turn {
        uint32_t group;
        unsigned chunk;
        bool open;
};

static void judge_all(const struct lf_face_span *span, struct turn w, struct lf_face_task *task, unsigned n,
                      float longest, const int32_t (*product)[2][TILE][LF_FACE_LANES], struct scratch *s)
{
        unsigned first = w.chunk * CHUNK, groups = span->groups - w.group < 2 ? 1 : 2;
        bool risen = false;
        for (unsigned i = first; i < n && i < first + CHUNK; i++) {
                float cut = task[i].cut;
                for (unsigned k = 0; k < groups; k++)
                        judge(span, w.group + k, _mm512_load_si512(product[(i - first) / TILE][k][i % TILE]),
                              &task[i]);
                risen |= task[i].cut != cut;
        }
        if (risen)
                set_least(s, task, w.chunk, n, longest);
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
        unsigned lines = LF_FACE_LANES * span->padded / 2 / 64, steps = filled / CHUNK * (span->padded / 64);
        struct turn before = {.open = false};
        unsigned side = 0;
        configure();
        for (uint32_t g = 0; g < span->groups; g += 2) {
                const uint8_t *g0 = lf_face_group(span, g),
                              *g1 = g + 1 < span->groups ? lf_face_group(span, g + 1) : g0;
                struct ahead a = {.at = (const char *)lf_face_group(span, g + 2),
                                  .part = (size_t)lines * 64,
                                  .a_step = (lines + steps - 1) / steps,
                                  .to_come = lines};
                for (unsigned chunk = 0; chunk < filled / CHUNK; chunk++, side ^= 1) {
                        multiply(s->probe + chunk * CHUNK * span->padded, g0, g1, span->padded, &a);
                        bool near = before.open && any_near(s->product[side ^ 1], s->least[before.chunk]);
                        store(s->product[side]);
                        if (near)
                                judge_all(span, before, task, n, longest, s->product[side ^ 1], s);
                        before = (struct turn){g, chunk, true};
                }
        }
        _tile_release();
        if (before.open)
                judge_all(span, before, task, n, longest, s->product[side ^ 1], s);
}
