/* Irises by AMX: bits become +1, -1 and 0, and one tile product compares sixteen rows with sixteen rotations.
 *
 * The product gives s = n - 2 d, but not n. Since n is at least
 * n0 = probe's bits + row's bits - 2,048 in every rotation, s / sqrt(n0) bounds the score from above; what
 * may reach the floor is scored exactly. */
#include "matcher/iris_avx512.h"

#include <math.h>
#include <string.h>

#define STEPS       LF_IRIS_HALVES /* of 64 bits: the tiles of a group */
#define CHUNK_STEPS (STEPS / LF_IRIS_CHUNKS)
#define ROWS        (2 * LF_IRIS_LANES) /* taken together */
#define LINES       8                   /* irises whose tiles stay in the second-level cache together */
#define NOTHING     UINT32_MAX
#define FEW         3 /* turns each way; so few are counted faster than multiplied */

struct scratch {
        int8_t turned[LINES][STEPS][2][16][64]; /* four columns of sixteen rotations to a row of a tile */
        int8_t sign[ROWS][CHUNK_STEPS + 1]
                   [64];                       /* of one chunk; a line more, so that rows do not share sets */
        int32_t product[LINES][2][2][16][16];  /* by group and half of the rotations: row, rotation */
        uint16_t passed[LINES][LF_IRIS_BLOCK]; /* rows that passed the first stage */
        unsigned passes[LINES];
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

/* A rotation's signs begin one byte after those of the rotation before; a half has every other column. */
static void turn(const struct lf_iris_line *line, int8_t tile[STEPS][2][16][64])
{
        __m512i place = _mm512_setzero_si512();
        for (unsigned i = 0; i < 4; i++) /* byte i of rotation r: column 2 i, turned by r */
                place = _mm512_or_si512(
                    place, _mm512_sllv_epi32(_mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                                                                                10, 11, 12, 13, 14, 15),
                                                              _mm512_set1_epi32((int)(2 * i))),
                                             _mm512_set1_epi32((int)(8 * i))));
        for (unsigned step = 0; step < STEPS; step++) {
                const int8_t *sign = line->sign[lf_iris_half[step].ring] + lf_iris_half[step].odd;
                for (unsigned t = 0; t < 2; t++)
                        for (unsigned k = 0; k < 16; k++) {
                                __m256i some = _mm256_loadu_si256((const __m256i *)(sign + 8 * k + 16 * t));
                                _mm512_store_si512(
                                    tile[step][t][k],
                                    _mm512_permutexvar_epi8(place, _mm512_castsi256_si512(some)));
                        }
        }
}

/* A chunk's bits as eight rows of signs: a matrix of mask and code times the unit vectors puts the mask's bit
 * into the lowest bit of a byte, and the code's into the others. */
static inline void expand(const struct lf_iris_chunk *c, int8_t (*ret)[64])
{
        const __m512i unit = _mm512_set1_epi64((long long)0x8040201008040201);
        /* Quarter q of the pair below: byte 7 of each matrix from the mask, the others from the code. */
        const __m512i seven = _mm512_set1_epi64(0x0008080808080808);
        const __m512i column = _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7),
                                                  _mm512_set1_epi64(0x0101010101010101));
        __m512i place = _mm512_add_epi8(seven, column);
        __m512i mask = _mm512_load_si512(c->mask), code = _mm512_load_si512(c->code);
        __m512i even = _mm512_unpacklo_epi64(mask, code), odd = _mm512_unpackhi_epi64(mask, code);
        for (unsigned q = 0; q < 4; q++) {
                __m512i from = _mm512_add_epi8(place, _mm512_set1_epi8((char)(16 * q)));
                _mm512_store_si512(
                    ret[2 * q], _mm512_gf2p8affine_epi64_epi8(unit, _mm512_permutexvar_epi8(from, even), 0));
                _mm512_store_si512(ret[2 * q + 1], _mm512_gf2p8affine_epi64_epi8(
                                                       unit, _mm512_permutexvar_epi8(from, odd), 0));
        }
}

/* The greatest of each of sixteen rows. */
static inline __m512i greatest(const __m512i v[16])
{
        __m512i two[8], four[4], eight[2];
        for (unsigned i = 0; i < 8; i++)
                two[i] = _mm512_max_epi32(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                          _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
        for (unsigned i = 0; i < 4; i++)
                four[i] = _mm512_max_epi32(_mm512_unpacklo_epi64(two[2 * i], two[2 * i + 1]),
                                           _mm512_unpackhi_epi64(two[2 * i], two[2 * i + 1]));
        for (unsigned i = 0; i < 2; i++)
                eight[i] = _mm512_max_epi32(_mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0x44),
                                            _mm512_shuffle_i32x4(four[2 * i], four[2 * i + 1], 0xee));
        return _mm512_max_epi32(_mm512_shuffle_i32x4(eight[0], eight[1], 0x88),
                                _mm512_shuffle_i32x4(eight[0], eight[1], 0xdd));
}

static void expand_rows(const struct lf_iris_span *span, const uint16_t row[ROWS], unsigned rows, unsigned k,
                        struct scratch *s)
{
        for (unsigned i = 0; i < rows; i++)
                expand(k == 0 ? &span->chunk[row[i]] : &span->rest[row[i]].chunk[k - 1], s->sign[i]);
}

/* Fetches an eighth of chunk k of thirty-two rows, into the second-level cache: the first one is full of
 * tiles. */
static inline __attribute__((always_inline)) void fetch(const struct lf_iris_span *span, uint32_t row,
                                                        unsigned k, unsigned eighth)
{
        for (unsigned i = ROWS / 8 * eighth; i < ROWS / 8 * (eighth + 1); i++) {
                const struct lf_iris_chunk *c =
                    k == 0 ? &span->chunk[row + i] : &span->rest[row + i].chunk[k - 1];
                _mm_prefetch((const char *)c->mask, _MM_HINT_T1);
                _mm_prefetch((const char *)c->code, _MM_HINT_T1);
        }
}

/* Adds what chunk k says to the products of line i. Fetches the same chunk of the rows from `ahead` on, if
 * that is not NOTHING. */
static void multiply(const struct lf_iris_span *span, uint32_t ahead, unsigned i, unsigned k,
                     struct scratch *s)
{
        int8_t(*turned)[2][16][64] = s->turned[i] + k * CHUNK_STEPS;
        int32_t(*product)[2][16][16] = s->product[i];
        __asm__ volatile("" ::: "memory");
        if (k == 0) {
                _tile_zero(0);
                _tile_zero(1);
                _tile_zero(2);
                _tile_zero(3);
        } else {
                _tile_loadd(0, product[0][0], 64);
                _tile_loadd(1, product[0][1], 64);
                _tile_loadd(2, product[1][0], 64);
                _tile_loadd(3, product[1][1], 64);
        }
        for (unsigned step = 0; step < CHUNK_STEPS; step++) {
                _tile_loadd(4, s->sign[0][step], sizeof s->sign[0]);
                _tile_loadd(6, turned[step][0], 64);
                _tile_dpbssd(0, 4, 6);
                _tile_loadd(7, turned[step][1], 64);
                _tile_dpbssd(1, 4, 7);
                _tile_loadd(5, s->sign[LF_IRIS_LANES][step], sizeof s->sign[0]);
                _tile_dpbssd(2, 5, 6);
                _tile_dpbssd(3, 5, 7);
                if (ahead != NOTHING)
                        fetch(span, ahead, k, step);
        }
        _tile_stored(0, product[0][0], 64);
        _tile_stored(1, product[0][1], 64);
        _tile_stored(2, product[1][0], 64);
        _tile_stored(3, product[1][1], 64);
        __asm__ volatile("" ::: "memory");
}

/* Each row's best s over the rotations; at least 0. */
static inline __m512i best_of_turns(const struct lf_iris_line *line, const int32_t product[2][16][16])
{
        uint32_t valid = ((2u << 2 * line->turn) - 1) << (LF_IRIS_TURN_MAX - line->turn);
        __m512i v[16];
        for (unsigned i = 0; i < 16; i++)
                v[i] = _mm512_max_epi32(_mm512_maskz_load_epi32((__mmask16)valid, product[0][i]),
                                        _mm512_maskz_load_epi32((__mmask16)(valid >> 16), product[1][i]));
        return _mm512_max_epi32(greatest(v), _mm512_setzero_si512());
}

/* Which of sixteen rows may reach the floor. */
static unsigned near(__m512i most, __m512i bits, const struct lf_iris_line *line, float floor)
{
        if (!(floor > 0))
                return 0xffff;
        __m512i least = _mm512_max_epi32(
            _mm512_add_epi32(bits, _mm512_set1_epi32((int)line->bits - LF_IRIS_BITS)), _mm512_set1_epi32(1));
        __m512 square = _mm512_cvtepi32_ps(_mm512_mullo_epi32(most, most));
        float cut = floor * floor * 4 * LF_IRIS_REFERENCE * 0.9999f;
        return _mm512_cmp_ps_mask(square, _mm512_mul_ps(_mm512_cvtepi32_ps(least), _mm512_set1_ps(cut)),
                                  _CMP_GE_OQ);
}

/* Which of sixteen rows pass the first stage. */
static unsigned passing(__m512i most, const struct lf_iris_count *c, const struct lf_iris_line *line)
{
        /* The same operations in the same order as lf_iris_first_cut. */
        __m512 cut = _mm512_set1_ps(LF_IRIS_FIRST_SIGMAS * LF_IRIS_FIRST_SIGMAS * (float)line->first_bits);
        __m512 bits =
            _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(_mm256_load_si256((const __m256i *)c->first_bits)));
        cut = _mm512_div_ps(_mm512_mul_ps(cut, bits), _mm512_set1_ps(LF_IRIS_FIRST_BITS));
        __m512 square = _mm512_cvtepi32_ps(_mm512_mullo_epi32(most, most));
        return _mm512_cmp_ps_mask(square, cut, _CMP_GE_OQ) &
               _mm512_cmpgt_epi32_mask(most, _mm512_setzero_si512());
}

/* Takes those of up to thirty-two rows, whose products with line i are known, that may reach the floor. */
static void judge(const struct lf_iris_span *span, const uint16_t row[ROWS], unsigned rows,
                  const struct lf_iris_task *task, unsigned i, struct scratch *s)
{
        for (unsigned group = 0; LF_IRIS_LANES * group < rows; group++) {
                const uint16_t *at = row + LF_IRIS_LANES * group;
                int32_t bits[LF_IRIS_LANES];
                unsigned lanes = rows - LF_IRIS_LANES * group;
                lanes = lanes < LF_IRIS_LANES ? lanes : LF_IRIS_LANES;
                for (unsigned k = 0; k < LF_IRIS_LANES; k++) {
                        unsigned r = at[k < lanes ? k : 0];
                        bits[k] = span->count[r / LF_IRIS_LANES].bits[r % LF_IRIS_LANES];
                }
                unsigned mask = near(best_of_turns(task->line, s->product[i][group]),
                                     _mm512_loadu_si512(bits), task->line, task->topk->floor);
                for (mask &= (1u << lanes) - 1; mask; mask &= mask - 1)
                        lf_iris_take(span, at[__builtin_ctz(mask)], task, lf_iris_best_avx512);
        }
}

/* Notes those of up to thirty-two consecutive rows that pass, and fetches the rest of them. */
static void note(const struct lf_iris_span *span, uint32_t first, unsigned rows,
                 const struct lf_iris_line *line, unsigned i, struct scratch *s)
{
        for (uint32_t at = first; at < first + rows; at += LF_IRIS_LANES) {
                __m512i most = best_of_turns(line, s->product[i][(at - first) / LF_IRIS_LANES]);
                unsigned mask = passing(most, &span->count[at / LF_IRIS_LANES], line);
                for (; mask; mask &= mask - 1) {
                        uint32_t r = at + (unsigned)__builtin_ctz(mask);
                        s->passed[i][s->passes[i]++] = (uint16_t)r;
                        for (unsigned k = 0; k < sizeof(struct lf_iris_rest); k += 64)
                                _mm_prefetch((const char *)&span->rest[r] + k, _MM_HINT_T0);
                }
        }
}

/* Thirty-two rows: the exact lines come first. */
static void scan_rows(const struct lf_iris_span *span, uint32_t first, unsigned rows,
                      const struct lf_iris_task *task, unsigned exact, unsigned n, struct scratch *s)
{
        uint16_t row[ROWS];
        for (unsigned i = 0; i < rows; i++)
                row[i] = (uint16_t)(first + i);
        for (unsigned k = 0; k < (exact ? LF_IRIS_CHUNKS : 1); k++) {
                expand_rows(span, row, rows, k, s);
                for (unsigned i = 0; i < (k ? exact : n); i++)
                        multiply(span, i == 0 ? first + ROWS : NOTHING, i, k, s);
        }
        for (unsigned i = 0; i < exact; i++)
                judge(span, row, rows, &task[i], i, s);
        for (unsigned i = exact; i < n; i++)
                note(span, first, rows, task[i].line, i, s);
}

/* What passed the first stage of line i. */
static void second_stage(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned i,
                         struct scratch *s)
{
        for (unsigned at = 0; at < s->passes[i]; at += ROWS) {
                unsigned rows = s->passes[i] - at < ROWS ? s->passes[i] - at : ROWS;
                for (unsigned k = 0; k < LF_IRIS_CHUNKS; k++) {
                        expand_rows(span, s->passed[i] + at, rows, k, s);
                        multiply(span, NOTHING, i, k, s);
                }
                judge(span, s->passed[i] + at, rows, &task[i], i, s);
        }
}

/* Up to LINES tasks, of which the first ones are exact, with one pass over the span. */
static void scan(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned exact, unsigned n,
                 struct scratch *s)
{
        uint32_t all = span->groups * LF_IRIS_LANES;
        for (unsigned i = 0; i < n; i++) {
                s->passes[i] = 0;
                turn(task[i].line, s->turned[i]);
        }
        for (uint32_t first = 0; first < all; first += ROWS)
                scan_rows(span, first, all - first < ROWS ? all - first : ROWS, task, exact, n, s);
        for (unsigned i = exact; i < n; i++)
                second_stage(span, task, i, s);
}

void lf_iris_scan_amx(const struct lf_iris_span *span, const struct lf_iris_task *task, unsigned n,
                      void *scratch)
{
        struct lf_iris_task some[LINES];
        unsigned tasks = 0, exact = 0;
        configure();
        for (unsigned stages = 0; stages < 2; stages++)
                for (unsigned i = 0; i < n; i++) {
                        const struct lf_iris_line *line = task[i].line;
                        if (line->turn <= FEW || (line->search == LF_IRIS_TWO_STAGES) != stages)
                                continue;
                        some[tasks++] = task[i];
                        exact += !stages;
                        if (tasks < LINES)
                                continue;
                        scan(span, some, exact, tasks, scratch);
                        tasks = exact = 0;
                }
        if (tasks > 0)
                scan(span, some, exact, tasks, scratch);
        _tile_release();
        for (unsigned i = 0; i < n; i++)
                if (task[i].line->turn <= FEW)
                        lf_iris_scan_avx512(span, &task[i], 1, scratch);
}
