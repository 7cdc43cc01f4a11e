/* A small generator of random numbers, the same on every machine for the same seed. xoshiro256** by
 * Blackman and Vigna (prng.di.unimi.it), seeded by splitmix64. Not for keys. */
#pragma once

#include <math.h>
#include <stdint.h>

struct lf_random {
        uint64_t s[4];
};

static inline uint64_t lf_random_u64(struct lf_random *r)
{
        uint64_t *s = r->s, x = s[1] * 5;
        uint64_t result = (x << 7 | x >> 57) * 9, t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3] << 45 | s[3] >> 19;
        return result;
}

static inline struct lf_random lf_random_seed(uint64_t seed)
{
        struct lf_random r;
        for (int i = 0; i < 4; i++) {
                uint64_t z = (seed += 0x9e3779b97f4a7c15ull);
                z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
                z = (z ^ z >> 27) * 0x94d049bb133111ebull;
                r.s[i] = z ^ z >> 31;
        }
        return r;
}

/* 0 .. n-1; n is small, so that the bias of the remainder does not matter. */
static inline uint32_t lf_random_below(struct lf_random *r, uint32_t n)
{
        return (uint32_t)(lf_random_u64(r) % n);
}

/* [0, 1) */
static inline double lf_random_unit(struct lf_random *r)
{
        return (double)(lf_random_u64(r) >> 11) * 0x1p-53;
}

/* Standard normal (Box and Muller). */
static inline double lf_random_normal(struct lf_random *r)
{
        double u = lf_random_unit(r), v = lf_random_unit(r);
        return sqrt(-2.0 * log(1.0 - u)) * cos(2.0 * M_PI * v);
}
