#include "dataplane/dataplane.h"

#include "dataplane/topology.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Both clocks at one moment: what came between the readings is part of no more than 20 us, or the least of
 * some tries. */
static uint64_t real_ns(uint64_t tsc_hz, uint64_t *ret_tsc)
{
        uint64_t least = UINT64_MAX, ns = 0;
        for (unsigned i = 0; i < 8 && least > tsc_hz / 50000; i++) {
                struct timespec t;
                uint64_t before = lf_now();
                clock_gettime(CLOCK_REALTIME, &t);
                uint64_t passed = lf_now() - before;
                if (passed >= least)
                        continue;
                least = passed;
                *ret_tsc = before + passed / 2;
                ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
        }
        return ns;
}

static void fill_counters(struct lf_dataplane *dp, const struct lf_handover_options *o)
{
        struct lf_counters *c = dp->counters;
        c->magic = LF_COUNTERS_MAGIC;
        c->abi = LF_COUNTERS_ABI;
        c->cores = (uint16_t)dp->cores;
        c->size = sizeof *c;
        memcpy(c->boot, dp->boot, sizeof c->boot);
        for (unsigned i = 0; i < dp->cores; i++) {
                c->core[i].present = 1;
                c->core[i].cpu = o->core[i].cpu;
                c->core[i].roles = o->core[i].roles;
        }
}

static int make(struct lf_dataplane *dp, const struct lf_handover_options *o)
{
        lf_topology_carve(dp, o);
        int r = lf_aead_init();
        if (r == 0)
                r = lf_arena_map(&dp->arena, 0);
        if (r == 0)
                r = lf_arena_map(&dp->locked, 1);
        if (r < 0)
                return r;
        lf_topology_carve(dp, o);
        for (unsigned i = 0; r == 0 && i < dp->ios; i++) {
                r = RAND_bytes(dp->io[i].ratchet, 32) == 1 ? 0 : -EIO;
                lf_sessions_init(&dp->io[i].sessions, dp->sessions, dp->boot);
        }
        return r;
}

int lf_dataplane_create(const struct lf_handover_options *o, struct lf_port *port,
                        struct lf_counters *counters, struct lf_wal *wal, const uint8_t boot[16],
                        struct lf_dataplane **ret)
{
        int r = lf_topology_check(o, lf_port_queues(port));
        if (r < 0 || counters->tsc_hz < 1000000)
                return -EINVAL;
        struct lf_dataplane *dp = aligned_alloc(64, (sizeof *dp + 63) / 64 * 64);
        if (!dp)
                return -ENOMEM;
        *dp = (struct lf_dataplane){
            .port = port,
            .counters = counters,
            .wal = wal,
            .tsc_hz = counters->tsc_hz,
            .contexts = o->contexts,
            .sessions = o->sessions,
            .housekeeping_cpu = o->housekeeping_cpu,
            .cores = o->cores,
        };
        memcpy(dp->boot, boot, sizeof dp->boot);
        for (unsigned i = 0; i < o->cores; i++) {
                dp->ios += (o->core[i].roles & LF_ROLE_IO) != 0;
                dp->matches += (o->core[i].roles & LF_ROLE_MATCH) != 0;
        }
        atomic_store(&dp->ios_running, dp->ios);
        lf_epoch_init(&dp->epoch, dp->cores);
        uint64_t tsc = 0, now = real_ns(dp->tsc_hz, &tsc);
        lf_clock_init(&dp->clock, dp->tsc_hz, tsc, now, o->legal_floor * 1000000000);
        r = make(dp, o);
        if (r < 0) {
                lf_dataplane_destroy(dp);
                return r;
        }
        fill_counters(dp, o);
        *ret = dp;
        return 0;
}

int lf_dataplane_start(struct lf_dataplane *dp)
{
        return lf_audit_start(dp);
}

void lf_dataplane_use_limits(struct lf_dataplane *dp, struct lf_limits *limits)
{
        dp->limits = limits;
}

unsigned lf_dataplane_cores(const struct lf_dataplane *dp)
{
        return dp->cores;
}

void *lf_dataplane_core(struct lf_dataplane *dp, unsigned i)
{
        return &dp->core[i];
}

unsigned lf_dataplane_match_cores(const struct lf_dataplane *dp)
{
        return dp->matches;
}

/* Until every core has begun a turn since: what was replaced then may be written to. */
static int wait_for(const struct lf_dataplane *dp, uint64_t epoch)
{
        for (unsigned i = 0; i < 10000; i++) {
                if (lf_epoch_passed(&dp->epoch, epoch))
                        return 0;
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 100000}, NULL);
        }
        return -ETIMEDOUT;
}

static int place_of(const struct lf_cookie_keys *k, uint32_t id)
{
        for (int i = 0; i < LF_COOKIE_KEYS; i++)
                if (k->id[i] == id)
                        return i;
        return -1;
}

/* A control that has started again does not know its predecessor's keys, and lanes still have cookies of
 * them: free places go to the keys from before, those first that last longest. */
static void carry_over(struct lf_cookie_keys *new, const struct lf_cookie_keys *old, uint64_t now)
{
        for (int place; (place = place_of(new, 0)) >= 0;) {
                int best = -1;
                for (int i = 0; i < LF_COOKIE_KEYS; i++)
                        if (old->id[i] != 0 && old->until[i] > now && place_of(new, old->id[i]) < 0 &&
                            (best < 0 || old->until[i] > old->until[best]))
                                best = i;
                if (best < 0)
                        return;
                new->id[place] = old->id[best];
                new->until[place] = old->until[best];
                memcpy(new->key[place], old->key[best], sizeof new->key[place]);
        }
}

int lf_dataplane_set_cookie_keys(struct lf_dataplane *dp, const struct lf_handover_cookie_keys *keys)
{
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++)
                for (unsigned j = 0; j < i; j++)
                        if (keys->key[i].id != 0 && keys->key[i].id == keys->key[j].id)
                                return -EINVAL;
        int r = wait_for(dp, dp->keys_epoch);
        if (r < 0)
                return r;
        struct lf_cookie_keys *old = atomic_load(&dp->keys), *new = &dp->keys_place[old == dp->keys_place];
        for (unsigned i = 0; i < LF_COOKIE_KEYS; i++) {
                new->id[i] = keys->key[i].id;
                new->until[i] = keys->key[i].until;
                memcpy(new->key[i], keys->key[i].key, sizeof new->key[i]);
        }
        if (old)
                carry_over(new, old, lf_clock_legal(&dp->clock, lf_now()) / 1000000000);
        atomic_store(&dp->keys, new);
        dp->keys_epoch = lf_epoch_advance(&dp->epoch);
        /* A retired key does not stay in memory until the next rotation. */
        if (old && wait_for(dp, dp->keys_epoch) == 0)
                OPENSSL_cleanse(old, sizeof *old);
        return 0;
}

int lf_dataplane_set_policy(struct lf_dataplane *dp, const void *image, size_t size)
{
        if (size != sizeof(struct lf_policy))
                return -EBADMSG;
        int r = wait_for(dp, dp->law_epoch);
        if (r < 0)
                return r;
        struct lf_law *old = atomic_load(&dp->law), *new = &dp->law_place[old == dp->law_place];
        memcpy(&new->policy, image, sizeof new->policy);
        r = lf_policy_check(&new->policy, size); /* the copy: nobody else can change it any more */
        if (r < 0)
                return r;
        lf_limits_place(dp->limits, &new->policy, old ? &old->policy : NULL, old ? old->warrant_place : NULL,
                        new->warrant_place);
        r = lf_audit_note(dp, LF_ENTRY_POLICY, 0, new->policy.ruleset);
        if (r < 0)
                return r;
        atomic_store(&dp->law, new);
        dp->law_epoch = lf_epoch_advance(&dp->epoch);
        lf_set(&dp->counters->ruleset, new->policy.ruleset);
        return 0;
}

int lf_dataplane_publish(struct lf_dataplane *dp, uint64_t id, const void *const *images, size_t n)
{
        struct lf_generation *new;
        int r = lf_generation_prepare(dp->generations, dp->matches, id, images, n, &new);
        if (r < 0)
                return r;
        r = lf_audit_note(dp, LF_ENTRY_GENERATION, id, 0);
        if (r < 0) {
                new->id = 0;
                return r;
        }
        lf_generation_publish(dp->generations, &dp->epoch, new);
        uint64_t records = 0;
        for (size_t i = 0; i < n; i++)
                records += new->shard[i]->records;
        lf_set(&dp->counters->generation, id);
        lf_set(&dp->counters->generations_held, lf_generations_held(dp->generations));
        lf_set(&dp->counters->shards, n);
        lf_set(&dp->counters->records, records);
        return 0;
}

bool lf_dataplane_retired(struct lf_dataplane *dp, uint64_t *ret_id)
{
        bool gone = lf_generation_retired(dp->generations, &dp->epoch, ret_id);
        if (gone)
                lf_set(&dp->counters->generations_held, lf_generations_held(dp->generations));
        return gone;
}

void lf_dataplane_consumed(struct lf_dataplane *dp, uint64_t entries)
{
        lf_audit_consumed(dp, entries);
}

int lf_dataplane_approve_clock(struct lf_dataplane *dp, const struct lf_handover_clock *clock)
{
        if (clock->legal > UINT64_MAX / 1000000000)
                return -ERANGE;
        int r = lf_clock_approve(&dp->clock, lf_now(), clock->legal * 1000000000, true);
        if (r <= 0)
                return r;
        r = lf_audit_note(dp, LF_ENTRY_CLOCK, clock->legal,
                          clock->officer[0] << 16 | (clock->officer[1] & 0xffff));
        return r < 0 ? r : lf_clock_approve(&dp->clock, lf_now(), clock->legal * 1000000000, false);
}

void lf_dataplane_housekeep(struct lf_dataplane *dp)
{
        uint64_t tsc = 0, now = real_ns(dp->tsc_hz, &tsc);
        if (lf_clock_update(&dp->clock, tsc, now))
                lf_count(&dp->counters->clock_steps, 1);
        lf_set(&dp->counters->legal_ns, lf_clock_legal(&dp->clock, tsc));
        lf_audit_housekeep(dp);
        lf_set(&dp->counters->updated_ns, now);
}

void lf_dataplane_stop(struct lf_dataplane *dp)
{
        atomic_store(&dp->stopping, true);
}

void lf_dataplane_destroy(struct lf_dataplane *dp)
{
        if (!dp)
                return;
        lf_audit_stop(dp);
        for (unsigned i = 0; dp->io && i < dp->ios; i++)
                lf_sessions_fini(&dp->io[i].sessions);
        if (dp->locked.memory)
                OPENSSL_cleanse(dp->locked.memory, dp->locked.size);
        lf_arena_unmap(&dp->locked);
        lf_arena_unmap(&dp->arena);
        free(dp);
}
