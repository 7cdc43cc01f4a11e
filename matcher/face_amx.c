/* Faces by AMX: thirty-two probes with thirty-two rows at a time; the gallery is stored as tiles want it.
 *
 * Of the thousand products hardly one matters. The greatest of a row with sixteen probes settles that: times
 * the row's factor it must reach the least of their cuts. So that this says much, probes with like cuts go
 * together. */
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

typedef int32_t lf_face_tile[TILE][LF_FACE_LANES]; /* products, by probe and row */

struct scratch {
        lf_face_tile product[2][2][2];            /* in turn: by tile of probes and group */
        struct lf_face_task *task[LF_FACE_TASKS]; /* by rising cut, as all that follows */
        float cut[LF_FACE_TASKS];
        float least[LF_FACE_TASKS / TILE]; /* cut of a tile's probes */
        /* Tile by tile of sixteen probes and 64 values, filled up with zeroes to a multiple of two tiles. */
        _Alignas(64) int8_t probe[]; /* padded bytes each */
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

static void set_least(struct scratch *s, unsigned tile)
{
        s->least[tile] = _mm512_reduce_min_ps(_mm512_load_ps(s->cut + tile * TILE));
}

/* How many of the cuts come before number i. */
static unsigned rank_of(const float *cut, unsigned n, unsigned i)
{
        unsigned rank = 0;
        __m512 own = _mm512_set1_ps(cut[i]);
        for (unsigned k = 0; k < n; k += TILE) {
                __m512 v = _mm512_load_ps(cut + k);
                unsigned before = i <= k ? 0 : i - k < TILE ? (1u << (i - k)) - 1 : 0xffff;
                rank += (unsigned)__builtin_popcount(_mm512_cmp_ps_mask(v, own, _CMP_LT_OQ) |
                                                     (_mm512_cmp_ps_mask(v, own, _CMP_EQ_OQ) & before));
        }
        return rank;
}

static void sort(struct scratch *s, struct lf_face_task *task, unsigned n, unsigned filled)
{
        _Alignas(64) float cut[LF_FACE_TASKS];
        for (unsigned i = 0; i < filled; i++)
                s->cut[i] = cut[i] = i < n ? task[i].cut : INFINITY;
        for (unsigned i = 0; i < n; i++) {
                unsigned rank = rank_of(cut, n, i);
                s->task[rank] = &task[i];
                s->cut[rank] = cut[i];
        }
        for (unsigned tile = 0; tile < filled / TILE; tile++)
                set_least(s, tile);
}

static unsigned pack(const struct lf_face_span *span, struct lf_face_task *task, unsigned n,
                     struct scratch *s)
{
        unsigned chunks = (n + CHUNK - 1) / CHUNK;
        sort(s, task, n, chunks * CHUNK);
        for (unsigned i = 0; i < chunks * CHUNK; i++) {
                int8_t *to = s->probe + i / TILE * TILE * span->padded + i % TILE * 64;
                for (uint32_t k = 0; k < span->padded; k += 64)
                        _mm512_store_si512(to + k * TILE, i < n
                                                              ? _mm512_load_si512(s->task[i]->probe->f.v + k)
                                                              : _mm512_setzero_si512());
        }
        return chunks;
}

/* What is fetched on the way: the next two groups, as four streams side by side. */
struct ahead {
        const char *at;
        size_t part;     /* between streams */
        unsigned a_step; /* lines of each stream */
};

static inline __attribute__((always_inline)) void fetch(struct ahead *a)
{
        for (unsigned i = 0; i < a->a_step; i++, a->at += 64)
                for (unsigned stream = 0; stream < 4; stream++)
                        _mm_prefetch(a->at + stream * a->part, _MM_HINT_T1);
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

static inline void store(lf_face_tile product[2][2])
{
        __asm__ volatile("" ::: "memory");
        _tile_stored(0, product[0][0], 64);
        _tile_stored(1, product[0][1], 64);
        _tile_stored(2, product[1][0], 64);
        _tile_stored(3, product[1][1], 64);
        __asm__ volatile("" ::: "memory");
}

/* Two groups with two tiles of probes. */
struct turn {
        uint32_t group, groups;
        unsigned tile;
        lf_face_tile (*product)[2];
};

/* The rows of a group of which one of the products may matter. */
static inline unsigned near(lf_face_tile p, __m512 factor, float least)
{
        __m512i most = _mm512_load_si512(p[0]), other = _mm512_load_si512(p[1]);
        for (unsigned i = 2; i < TILE; i += 2) {
                most = _mm512_max_epi32(most, _mm512_load_si512(p[i]));
                other = _mm512_max_epi32(other, _mm512_load_si512(p[i + 1]));
        }
        most = _mm512_max_epi32(most, other);
        return _mm512_cmp_ps_mask(_mm512_mul_ps(_mm512_cvtepi32_ps(most), factor), _mm512_set1_ps(least),
                                  _CMP_GE_OQ);
}

static void judge(const struct lf_face_span *span, uint32_t g, unsigned rows, lf_face_tile p,
                  struct scratch *s, unsigned tile)
{
        const __m512i probes =
            _mm512_mullo_epi32(_mm512_set1_epi32(LF_FACE_LANES),
                               _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
        float *cut = s->cut + tile * TILE;
        for (; rows; rows &= rows - 1) {
                unsigned row = (unsigned)__builtin_ctz(rows);
                __m512 v = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_i32gather_epi32(probes, p[0] + row, 4)),
                                         _mm512_set1_ps(span->factor[g * LF_FACE_LANES + row]));
                unsigned mask = _mm512_cmp_ps_mask(v, _mm512_load_ps(cut), _CMP_GE_OQ);
                for (; mask; mask &= mask - 1) {
                        unsigned i = (unsigned)__builtin_ctz(mask);
                        struct lf_face_task *t = s->task[tile * TILE + i];
                        lf_face_take(span, g, 1u << row, p[i], t);
                        cut[i] = t->cut;
                }
        }
        set_least(s, tile);
}

static inline void look(const struct lf_face_span *span, const struct turn *t, struct scratch *s)
{
        unsigned rows[2][2], any = 0;
        for (unsigned group = 0; group < t->groups; group++) {
                __m512 factor = _mm512_loadu_ps(span->factor + (t->group + group) * LF_FACE_LANES);
                for (unsigned tile = 0; tile < 2; tile++)
                        any |= rows[tile][group] =
                            near(t->product[tile][group], factor, s->least[t->tile + tile]);
        }
        if (!any)
                return;
        for (unsigned group = 0; group < t->groups; group++)
                for (unsigned tile = 0; tile < 2; tile++)
                        if (rows[tile][group])
                                judge(span, t->group + group, rows[tile][group], t->product[tile][group], s,
                                      t->tile + tile);
}

void lf_face_scan_amx(const struct lf_face_span *span, struct lf_face_task *task, unsigned n, void *scratch)
{
        if (n < PROBES_MIN) {
                lf_face_scan_avx512(span, task, n, scratch);
                return;
        }
        struct scratch *s = scratch;
        unsigned chunks = pack(span, task, n, s);
        struct turn before = {.groups = 0}; /* looked at while the next is multiplied */
        unsigned side = 0;
        configure();
        for (uint32_t g = 0; g < span->groups; g += 2) {
                uint32_t groups = span->groups - g < 2 ? 1 : 2;
                const uint8_t *g0 = lf_face_group(span, g), *g1 = lf_face_group(span, g + groups - 1);
                struct ahead a = {.at = (const char *)lf_face_group(span, g + 2),
                                  .part = LF_FACE_LANES * span->padded / 2,
                                  .a_step = (8 + chunks - 1) / chunks};
                for (unsigned chunk = 0; chunk < chunks; chunk++, side ^= 1) {
                        multiply(s->probe + chunk * CHUNK * span->padded, g0, g1, span->padded, &a);
                        look(span, &before, s);
                        store(s->product[side]);
                        before = (struct turn){g, groups, chunk * 2, s->product[side]};
                }
        }
        _tile_release();
        look(span, &before, s);
}
