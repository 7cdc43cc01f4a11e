#include "dataplane/resend.h"

#include "base/bytes.h"

#include <string.h>

enum state { EMPTY, PENDING, WRITING, DONE }; /* WRITING as a result: it did not settle */

/* How long to wait for another core that is in the middle of a few stores. */
#define SPINS 4000

static uint64_t word_of(uint64_t claim, enum state state)
{
        return claim << 2 | state;
}

static struct lf_resend_entry *entry_of(struct lf_resend_slot *slot, uint64_t claim)
{
        return &slot->entry[claim % LSP_RESENDS_KEPT];
}

static _Atomic uint64_t *place_of(struct lf_resend_slot *slot, uint64_t claim)
{
        return &slot->word[claim % LSP_RESENDS_KEPT];
}

static _Atomic uint32_t *tag_of(struct lf_resend_slot *slot, uint64_t claim)
{
        return &slot->tag[claim % LSP_RESENDS_KEPT];
}

static uint32_t folded(const uint8_t id[16])
{
        return lf_get_le32(id) ^ lf_get_le32(id + 4) ^ lf_get_le32(id + 8) ^ lf_get_le32(id + 12);
}

static void put(_Atomic uint64_t *to, const void *from, unsigned words)
{
        for (unsigned i = 0; i < words; i++) {
                uint64_t w;
                memcpy(&w, (const uint8_t *)from + 8 * i, 8);
                atomic_store_explicit(to + i, w, memory_order_relaxed);
        }
}

static void get(void *to, const _Atomic uint64_t *from, unsigned words)
{
        for (unsigned i = 0; i < words; i++) {
                uint64_t w = atomic_load_explicit((_Atomic uint64_t *)from + i, memory_order_relaxed);
                memcpy((uint8_t *)to + 8 * i, &w, 8);
        }
}

/* The entry's state once its claim has been filled in; EMPTY when the claim is gone, WRITING when it does not
 * appear in time: then nobody knows what it is. */
static enum state settled(struct lf_resend_slot *slot, uint64_t claim)
{
        for (unsigned i = 0; i < SPINS; i++) {
                uint64_t w = atomic_load_explicit(place_of(slot, claim), memory_order_acquire);
                if (w >> 2 > claim)
                        return EMPTY;
                if (w >> 2 == claim && (w & 3) != WRITING)
                        return (enum state)(w & 3);
                if (atomic_load_explicit(&entry_of(slot, claim)->given_up, memory_order_acquire) >= claim)
                        return EMPTY;
                __builtin_ia32_pause();
        }
        return WRITING;
}

static bool unchanged(struct lf_resend_slot *slot, uint64_t claim, enum state state)
{
        atomic_thread_fence(memory_order_acquire);
        return atomic_load_explicit(place_of(slot, claim), memory_order_relaxed) == word_of(claim, state);
}

/* Compares one entry; false: it is another query's, or is gone. */
static bool known(struct lf_resend_slot *slot, uint64_t claim, uint64_t session, const uint8_t query_id[16],
                  const uint8_t hash[32], enum lf_resend *ret, uint8_t ret_sealed[LSP_ANSWER_DATAGRAM])
{
        struct lf_resend_entry *e = entry_of(slot, claim);
        /* Repeats only when the claim moved on while it was read, which happens at most three times. */
        for (;;) {
                enum state state = settled(slot, claim);
                if (state == EMPTY)
                        return false;
                *ret = LF_RESEND_IN_FLIGHT;
                if (state == WRITING)
                        return true;
                if (atomic_load_explicit(tag_of(slot, claim), memory_order_relaxed) != folded(query_id)) {
                        if (unchanged(slot, claim, state))
                                return false;
                        continue;
                }
                uint8_t its_id[16], its_hash[32];
                bool same = atomic_load_explicit(&e->session, memory_order_relaxed) == session;
                get(its_id, e->query_id, 2);
                get(its_hash, e->hash, 4);
                same = same && memcmp(its_id, query_id, 16) == 0;
                *ret = memcmp(its_hash, hash, 32) != 0 ? LF_RESEND_REUSED
                       : state == PENDING              ? LF_RESEND_IN_FLIGHT
                                                       : LF_RESEND_DONE;
                if (same && *ret == LF_RESEND_DONE)
                        get(ret_sealed, e->sealed, LSP_ANSWER_DATAGRAM / 8);
                if (unchanged(slot, claim, state))
                        return same;
        }
}

/* Nobody is to wait for this claim. */
static void give_up(struct lf_resend_entry *e, uint64_t claim)
{
        uint64_t old = atomic_load_explicit(&e->given_up, memory_order_relaxed);
        while (old < claim && !atomic_compare_exchange_weak_explicit(
                                  &e->given_up, &old, claim, memory_order_release, memory_order_relaxed))
                ;
}

/* Takes the entry over from whoever had it; not while its answer is being written. */
static bool take_over(_Atomic uint64_t *word, uint64_t claim)
{
        uint64_t w = atomic_load_explicit(word, memory_order_relaxed);
        for (unsigned i = 0; i < SPINS; i++) {
                if ((w & 3) == WRITING) {
                        __builtin_ia32_pause();
                        w = atomic_load_explicit(word, memory_order_relaxed);
                        continue;
                }
                if (w >> 2 >= claim)
                        return false;
                if (atomic_compare_exchange_weak_explicit(word, &w, word_of(claim, WRITING),
                                                          memory_order_acq_rel, memory_order_relaxed))
                        return true;
        }
        return false;
}

enum lf_resend lf_resend_claim(struct lf_resend_slot *slot, uint64_t session, const uint8_t query_id[16],
                               const uint8_t hash[32], uint64_t *ret_claim,
                               uint8_t ret_sealed[LSP_ANSWER_DATAGRAM])
{
        uint64_t claims = atomic_load_explicit(&slot->claims, memory_order_acquire);
        do {
                /* Claims are numbered from 1; the last eight of them are kept. */
                uint64_t first = claims >= LSP_RESENDS_KEPT ? claims - LSP_RESENDS_KEPT + 1 : 1;
                for (uint64_t c = claims; c >= first; c--) {
                        enum lf_resend r;
                        if (known(slot, c, session, query_id, hash, &r, ret_sealed))
                                return r;
                }
        } while (!atomic_compare_exchange_strong_explicit(&slot->claims, &claims, claims + 1,
                                                          memory_order_acq_rel, memory_order_acquire));
        uint64_t claim = claims + 1;
        struct lf_resend_entry *e = entry_of(slot, claim);
        *ret_claim = LF_RESEND_NO_CLAIM;
        if (!take_over(place_of(slot, claim), claim)) {
                give_up(e, claim);
                return LF_RESEND_NEW;
        }
        atomic_thread_fence(memory_order_release);
        atomic_store_explicit(tag_of(slot, claim), folded(query_id), memory_order_relaxed);
        atomic_store_explicit(&e->session, session, memory_order_relaxed);
        put(e->query_id, query_id, 2);
        put(e->hash, hash, 4);
        atomic_store_explicit(place_of(slot, claim), word_of(claim, PENDING), memory_order_release);
        *ret_claim = claim;
        return LF_RESEND_NEW;
}

/* Moves the claim from pending to `next`; false when another claim has its place. */
static bool settle(struct lf_resend_slot *slot, uint64_t claim, enum state next)
{
        uint64_t expected = word_of(claim, PENDING);
        return claim != LF_RESEND_NO_CLAIM &&
               atomic_compare_exchange_strong_explicit(place_of(slot, claim), &expected, word_of(claim, next),
                                                       memory_order_acq_rel, memory_order_relaxed);
}

void lf_resend_keep(struct lf_resend_slot *slot, uint64_t claim, const uint8_t sealed[LSP_ANSWER_DATAGRAM])
{
        if (!settle(slot, claim, WRITING))
                return;
        struct lf_resend_entry *e = entry_of(slot, claim);
        atomic_thread_fence(memory_order_release);
        put(e->sealed, sealed, LSP_ANSWER_DATAGRAM / 8);
        atomic_store_explicit(place_of(slot, claim), word_of(claim, DONE), memory_order_release);
}

void lf_resend_forget(struct lf_resend_slot *slot, uint64_t claim)
{
        settle(slot, claim, EMPTY);
}
