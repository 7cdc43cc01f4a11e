/* Asks the cache for memory that is wanted soon: a line that is not there costs as much as a digest. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LF_PREFETCH_LINE 64

/* To be read. */
static inline void lf_prefetch(const void *p, size_t size)
{
        const uint8_t *at = (const uint8_t *)((uintptr_t)p & ~(uintptr_t)(LF_PREFETCH_LINE - 1));
        for (; at < (const uint8_t *)p + size; at += LF_PREFETCH_LINE)
                __builtin_prefetch(at);
}

/* To be written: taken away from a core that has read or written it. */
static inline void lf_prefetch_write(const void *p, size_t size)
{
        const uint8_t *at = (const uint8_t *)((uintptr_t)p & ~(uintptr_t)(LF_PREFETCH_LINE - 1));
        for (; at < (const uint8_t *)p + size; at += LF_PREFETCH_LINE)
                __asm__ volatile("prefetchw %0" : : "m"(*at));
}
