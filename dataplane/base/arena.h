/* One region of memory for everything that is acquired at start: measured first, mapped once, carved up.
 *
 * Pages come from the kernel as they are touched; nothing in an arena reaches a core dump. Run the same
 * carving code twice: with an arena that has no memory yet it only adds up the size. One thread. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define LF_ARENA_ALIGN 64

struct lf_arena {
        uint8_t *memory; /* NULL: measuring */
        size_t used, size;
};

/* n zeroed bytes aligned to 64; NULL while measuring. */
static inline void *lf_arena_take(struct lf_arena *a, size_t n)
{
        uint8_t *p = a->memory ? a->memory + a->used : NULL;
        a->used += (n + LF_ARENA_ALIGN - 1) & ~(size_t)(LF_ARENA_ALIGN - 1);
        return p;
}

/* Ends measuring: maps what was added up. `lock`: kept out of swap. -ENOMEM, -EPERM (may not be locked),
 * -EAGAIN. */
static inline int lf_arena_map(struct lf_arena *a, int lock)
{
        size_t size = (a->used + 4095) & ~(size_t)4095;
        if (size == 0)
                size = 4096;
        void *p =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
                return -errno;
        if (madvise(p, size, MADV_DONTDUMP) < 0 || (lock && mlock(p, size) < 0)) {
                int r = -errno;
                munmap(p, size);
                return r;
        }
        *a = (struct lf_arena){.memory = p, .size = size};
        return 0;
}

static inline void lf_arena_unmap(struct lf_arena *a)
{
        if (a->memory)
                munmap(a->memory, a->size);
        *a = (struct lf_arena){0};
}
