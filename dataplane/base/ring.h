/* A bounded queue of pointers between cores: one producer; one consumer, or several that each take with
 * lf_ring_take; no lock, no system call.
 *
 * The owner sizes a ring to the number of objects that can ever be in it, so that a push cannot fail on
 * the query path; it still reports a full ring, because a wrong size must be found, not ignored. */
#pragma once

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LF_CACHE_LINE 64

struct lf_ring {
        void **slot; /* capacity entries, owned by whoever called lf_ring_init */
        uint32_t mask;
        _Alignas(LF_CACHE_LINE) _Atomic uint32_t head; /* written by the producer */
        _Alignas(LF_CACHE_LINE) _Atomic uint32_t tail; /* written by who consumes */
};

/* capacity: a power of two. -EINVAL otherwise. `slots` must outlive the ring. */
static inline int lf_ring_init(struct lf_ring *r, void **slots, uint32_t capacity)
{
        if (capacity == 0 || (capacity & (capacity - 1)) != 0)
                return -EINVAL;
        r->slot = slots;
        r->mask = capacity - 1;
        atomic_init(&r->head, 0);
        atomic_init(&r->tail, 0);
        return 0;
}

/* Producer only. -ENOBUFS when full. */
static inline int lf_ring_push(struct lf_ring *r, void *object)
{
        uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
        if (head - atomic_load_explicit(&r->tail, memory_order_acquire) > r->mask)
                return -ENOBUFS;
        __atomic_store_n(&r->slot[head & r->mask], object, __ATOMIC_RELAXED);
        atomic_store_explicit(&r->head, head + 1, memory_order_release);
        return 0;
}

/* The only consumer. NULL when empty. */
static inline void *lf_ring_pop(struct lf_ring *r)
{
        uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
        if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
                return NULL;
        void *object = r->slot[tail & r->mask];
        atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
        return object;
}

/* Where there are several consumers, each takes with this instead. NULL when empty. Whoever is held up in it
 * holds up nobody: an object is gone from the ring at once or not taken at all. Whoever sees a tail that
 * another has written sees the head that the other saw, too: no head is read that is behind the tail. */
static inline void *lf_ring_take(struct lf_ring *r)
{
        uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
        while (tail != atomic_load_explicit(&r->head, memory_order_acquire)) {
                void *object = __atomic_load_n(&r->slot[tail & r->mask], __ATOMIC_RELAXED);
                if (atomic_compare_exchange_weak_explicit(&r->tail, &tail, tail + 1, memory_order_acq_rel,
                                                          memory_order_acquire))
                        return object;
        }
        return NULL;
}

/* Any core: a snapshot, for counters. What passes through between the two readings is counted in. */
static inline uint32_t lf_ring_depth(const struct lf_ring *r)
{
        uint32_t tail = atomic_load_explicit(&((struct lf_ring *)r)->tail, memory_order_acquire);
        return atomic_load_explicit(&((struct lf_ring *)r)->head, memory_order_relaxed) - tail;
}
