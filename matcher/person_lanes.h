/* The kernels' loops, written so that a compiler makes of them what its instruction set has. */
#pragma once

#include <string.h>

#include "matcher/person_kernel.h"
#include "matcher/person_token.h"

#define LANES         LF_KERNEL_LANES
#define EACH_LANE     for (unsigned l = 0; l < LANES; l++)
#define LESSER(x, y)  ((x) < (y) ? (x) : (y))
#define GREATER(x, y) ((x) > (y) ? (x) : (y))

typedef uint8_t lanes[LANES];

static unsigned possible(const uint64_t *signature, unsigned n, uint64_t probe, unsigned own, unsigned theirs,
                         uint32_t first, uint32_t *ret)
{
        unsigned found = 0;
        for (unsigned i = 0; i < n; i++) {
                ret[found] = first + i;
                found += lf_signature_possible(signature[i], probe, own, theirs);
        }
        return found;
}

/* The words' letters, and what leaving each out costs. */
static void columns(const struct lf_costs *k, const uint8_t (*word)[LF_KERNEL_LETTERS], const uint32_t *id,
                    unsigned count, unsigned m, lanes *restrict letter, lanes *restrict gap)
{
        const uint8_t vowel_gap = k->vowel_gap, doubled = k->doubled, h = k->h, other = k->other;
        for (unsigned l = 0; l < count; l++) {
                const uint8_t *w = word[id[l]];
                for (unsigned j = 0; j < m; j++)
                        letter[j][l] = w[j];
        }
        for (unsigned j = 0; j < m; j++) {
                const uint8_t *now = letter[j], *before = letter[j > 0 ? j - 1 : 0];
                const uint8_t twice = j > 0 ? doubled : 0xff;
                EACH_LANE
                {
                        uint8_t b = now[l], g = b == LF_CODE_H ? h : other;
                        g = b < LF_CODE_VOWELS ? vowel_gap : g;
                        uint8_t d = b == before[l] ? twice : g;
                        gap[j][l] = LESSER(d, g);
                }
        }
}

static void distance(const uint8_t *a, unsigned n, const uint8_t (*word)[LF_KERNEL_LETTERS],
                     const uint32_t *id, const uint8_t *length, unsigned count, uint8_t *ret)
{
        unsigned m = 0;
        for (unsigned i = 0; i < count; i++)
                m = GREATER(m, length[i]);
        const struct lf_costs *k = (n > m ? n : m) < LF_COSTS_LONG ? &lf_costs_short : &lf_costs_long;
        _Alignas(64) lanes letter[LF_KERNEL_LETTERS] = {{0}}, gap[LF_KERNEL_LETTERS];
        _Alignas(64) lanes rows[3][LF_KERNEL_LETTERS + 1];
        lanes *two = rows[0], *one = rows[1], *now = rows[2];
        columns(k, word, id, count, m, letter, gap);
        EACH_LANE one[0][l] = 0;
        for (unsigned j = 0; j < m; j++)
                EACH_LANE one[j + 1][l] = (uint8_t)(one[j][l] + gap[j][l]);
        const uint8_t other = k->other, swap = k->swap;
        for (unsigned i = 0; i < n; i++) {
                const uint8_t c = a[i], before = i > 0 ? a[i - 1] : c;
                const struct lf_kin kin = lf_kin_of(k, c);
                const uint8_t out = i > 0 && c == before ? k->doubled
                                    : c < LF_CODE_VOWELS ? k->vowel_gap
                                    : c == LF_CODE_H     ? k->h
                                                         : k->other;
                EACH_LANE now[0][l] = (uint8_t)(one[0][l] + out);
                for (unsigned j = 0; j < m; j++) {
                        EACH_LANE
                        {
                                uint8_t b = letter[j][l];
                                uint8_t cost = (uint8_t)(b - kin.first) < kin.n ? kin.cost : other;
                                cost = b == c ? 0 : cost;
                                uint8_t d = (uint8_t)(one[j][l] + cost), e = (uint8_t)(one[j + 1][l] + out),
                                        f = (uint8_t)(now[j][l] + gap[j][l]);
                                d = LESSER(d, e);
                                now[j + 1][l] = LESSER(d, f);
                        }
                        if (c == before || j == 0)
                                continue;
                        EACH_LANE
                        {
                                uint8_t s = (uint8_t)(two[j - 1][l] + swap), d = now[j + 1][l];
                                uint8_t turned = (letter[j - 1][l] == c) & (letter[j][l] == before);
                                now[j + 1][l] = turned && s < d ? s : d;
                        }
                }
                lanes *spare = two;
                two = one, one = now, now = spare;
        }
        _Alignas(64) lanes last = {0};
        memcpy(last, length, count);
        EACH_LANE ret[l] = 0;
        for (uint8_t j = 1; j <= m; j++)
                EACH_LANE ret[l] = last[l] == j ? one[j][l] : ret[l];
}
