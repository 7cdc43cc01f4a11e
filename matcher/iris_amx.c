/* Irises by AMX: bits become +1, -1 and 0, and one tile product compares sixteen rotations with sixteen rows.
 *
 * The product gives s = n - 2 d, but not n. Since n is at least
 * n0 = probe's bits + row's bits - 2,048 in every rotation, s / sqrt(n0) bounds the score from above; what
 * may reach the floor is scored exactly. */
#include "matcher/iris_avx512.h"

#include <math.h>
#include <string.h>

#define STEPS 32 /* of 64 columns: the tiles of a group */

#define LINES 8 /* irises whose tiles stay in the second-level cache together */

struct scratch {
        int8_t turned[LINES][STEPS][2][16][64]; /* sixteen rotations to a tile; the last is not used */
        int8_t tile[STEPS][16][64];             /* four columns of sixteen rows to a line */
        int32_t product[32][16];                /* by rotation and row */
};
_Static_assert(sizeof(struct scratch) <= LF_IRIS_SCRATCH, "scratch fits");

struct tile_config {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
};

static void configure(void)
{
        struct tile_config c = {.palette = 1};
        for (unsigned i = 0; i < 8; i++) {
                c.bytes[i] = 64;
                c.rows[i] = 16;
        }
        _tile_loadconfig(&c);
}

/* A rotation's signs begin one byte after those of the rotation before. */
static void turn(const struct lf_iris_line *line, int8_t tile[STEPS][2][16][64])
{
        unsigned steps = line->search == LF_IRIS_TWO_STAGES ? 2 * LF_IRIS_FIRST_RINGS : STEPS;
        for (unsigned step = 0; step < steps; step++)
                for (unsigned t = 0; t < 32; t++)
                        _mm512_store_si512(tile[step][t / 16][t % 16],
                                           _mm512_loadu_si512(line->sign[step / 2] + step % 2 * 64 + t));
}

/* The signs of a group's first words, in the order that tile products want. */
static void expand(const struct lf_iris_group *g, unsigned words, bool fetch, struct scratch *s)
{
        const __m512i one = _mm512_set1_epi8(1), minus = _mm512_set1_epi8(-1), four = _mm512_set1_epi8(4);
        for (unsigned w = 0; w < words; w++) {
                __m512i code = _mm512_load_si512(g->word[w].code), mask = _mm512_load_si512(g->word[w].mask);
                if (fetch) {
                        _mm_prefetch((const char *)&g[LF_IRIS_AHEAD].word[w].code, _MM_HINT_T0);
                        _mm_prefetch((const char *)&g[LF_IRIS_AHEAD].word[w].mask, _MM_HINT_T0);
                }
                __m512i which = _mm512_set1_epi64(0x2322212003020100);
                for (unsigned i = 0; i < 8; i++) {
                        __mmask64 set = _mm512_bitshuffle_epi64_mask(code, which);
                        __mmask64 valid = _mm512_bitshuffle_epi64_mask(mask, which);
                        __m512i v = _mm512_mask_mov_epi8(_mm512_maskz_mov_epi8(valid, minus), set, one);
                        _mm512_store_si512(s->tile[w / 2][w % 2 * 8 + i], v);
                        which = _mm512_add_epi8(which, four);
                }
        }
}

/* Each row's best s over the rotations, over the first steps. */
static __m512i best_of_turns(const struct lf_iris_line *line, int8_t tile[STEPS][2][16][64], unsigned steps,
                             struct scratch *s)
{
        __asm__ volatile("" ::: "memory");
        _tile_zero(0);
        _tile_zero(1);
        for (unsigned i = 0; i < steps; i += 2) {
                _tile_loadd(2, s->tile[i], 64);
                _tile_loadd(3, tile[i][0], 64);
                _tile_dpbssd(0, 3, 2);
                _tile_loadd(4, tile[i][1], 64);
                _tile_dpbssd(1, 4, 2);
                _tile_loadd(5, s->tile[i + 1], 64);
                _tile_loadd(6, tile[i + 1][0], 64);
                _tile_dpbssd(0, 6, 5);
                _tile_loadd(7, tile[i + 1][1], 64);
                _tile_dpbssd(1, 7, 5);
        }
        _tile_stored(0, s->product, 64);
        _tile_stored(1, s->product[16], 64);
        __asm__ volatile("" ::: "memory");
        __m512i most = _mm512_setzero_si512();
        for (int t = LF_IRIS_TURN_MAX - line->turn; t <= LF_IRIS_TURN_MAX + line->turn; t++)
                most = _mm512_max_epi32(most, _mm512_load_si512(s->product[t]));
        return most;
}

static unsigned near(__m512i most, const struct lf_iris_count *c, const struct lf_iris_line *line,
                     float floor)
{
        if (!(floor > 0))
                return 0xffff;
        __m512i bits = _mm512_cvtepu16_epi32(_mm256_load_si256((const __m256i *)c->bits));
        __m512i least = _mm512_max_epi32(
            _mm512_add_epi32(bits, _mm512_set1_epi32((int)line->bits - LF_IRIS_BITS)), _mm512_set1_epi32(1));
        __m512 square = _mm512_cvtepi32_ps(_mm512_mullo_epi32(most, most));
        float cut = floor * floor * 4 * LF_IRIS_REFERENCE * 0.9999f;
        return _mm512_cmp_ps_mask(square, _mm512_mul_ps(_mm512_cvtepi32_ps(least), _mm512_set1_ps(cut)),
                                  _CMP_GE_OQ);
}

static void scan_group(const struct lf_iris_span *span, uint32_t g, const struct lf_iris_task *task,
                       unsigned n, struct scratch *s)
{
        bool whole = false;
        for (unsigned i = 0; i < n; i++)
                whole |= task[i].line->search != LF_IRIS_TWO_STAGES;
        if (!whole) /* what passes the first stage reads the rest */
                for (unsigned w = LF_IRIS_FIRST_WORDS; w < LF_IRIS_WORDS; w++) {
                        _mm_prefetch((const char *)&span->group[g + LF_IRIS_AHEAD].word[w].code, _MM_HINT_T0);
                        _mm_prefetch((const char *)&span->group[g + LF_IRIS_AHEAD].word[w].mask, _MM_HINT_T0);
                }
        expand(&span->group[g], whole ? LF_IRIS_WORDS : LF_IRIS_FIRST_WORDS, true, s);
        for (unsigned i = 0; i < n; i++) {
                const struct lf_iris_line *line = task[i].line;
                unsigned mask;
                if (line->search == LF_IRIS_TWO_STAGES)
                        mask = lf_iris_first_avx512(
                            best_of_turns(line, s->turned[i], 2 * LF_IRIS_FIRST_RINGS, s), &span->count[g],
                            line);
                else
                        mask = near(best_of_turns(line, s->turned[i], STEPS, s), &span->count[g], line,
                                    task[i].topk->floor);
                if (mask)
                        lf_iris_take(span, g, mask, &task[i], lf_iris_best_avx512);
        }
}

void lf_iris_scan_amx(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                      void *scratch)
{
        unsigned turning = 0;
        for (unsigned i = 0; i < n; i++)
                turning += task[i].line->turn > 0;
        if (turning < n) { /* a few rotations are counted faster than multiplied */
                lf_iris_scan_avx512(span, task, n, scratch);
                return;
        }
        struct scratch *s = scratch;
        configure();
        for (unsigned first = 0; first < n; first += LINES) {
                unsigned lines = n - first < LINES ? n - first : LINES;
                for (unsigned i = 0; i < lines; i++)
                        turn(task[first + i].line, s->turned[i]);
                for (uint32_t g = 0; g < span->groups; g++)
                        scan_group(span, g, task + first, lines, s);
        }
        _tile_release();
}
