#include "dataplane/quota.h"

#include <string.h>

static int find(const struct lf_limits *l, const uint8_t reference[16])
{
        for (int i = 0; i < 2 * LF_WARRANTS_MAX; i++)
                if (l->warrant[i].taken && memcmp(l->warrant[i].reference, reference, 16) == 0)
                        return i;
        return -1;
}

/* A place that no warrant of either policy has: there are as many places as both together can have. */
static int vacant(const struct lf_limits *l, const bool wanted[2 * LF_WARRANTS_MAX])
{
        for (int i = 0; i < 2 * LF_WARRANTS_MAX; i++)
                if (!l->warrant[i].taken)
                        return i;
        for (int i = 0; i < 2 * LF_WARRANTS_MAX; i++)
                if (!wanted[i])
                        return i;
        return 0;
}

void lf_limits_place(struct lf_limits *l, const struct lf_policy *policy, const struct lf_policy *in_force,
                     const uint16_t in_force_place[LF_WARRANTS_MAX], uint16_t ret_place[LF_WARRANTS_MAX])
{
        bool wanted[2 * LF_WARRANTS_MAX] = {false};
        for (int i = 0; in_force && i < LF_WARRANTS_MAX; i++)
                if (in_force->warrant[i].uses)
                        wanted[in_force_place[i]] = true;
        for (int i = 0; i < LF_WARRANTS_MAX; i++) {
                int at = policy->warrant[i].uses ? find(l, policy->warrant[i].reference) : -1;
                if (at >= 0)
                        wanted[at] = true;
        }
        for (int i = 0; i < LF_WARRANTS_MAX; i++) {
                ret_place[i] = 0;
                if (policy->warrant[i].uses == 0)
                        continue;
                int at = find(l, policy->warrant[i].reference);
                if (at < 0) {
                        at = vacant(l, wanted);
                        memcpy(l->warrant[at].reference, policy->warrant[i].reference, 16);
                        atomic_store(&l->warrant[at].used, 0);
                        l->warrant[at].taken = true;
                        wanted[at] = true;
                }
                ret_place[i] = (uint16_t)at;
        }
}

/* The generic cell rate algorithm: one number tells when the bucket will be full again. */
static bool take_one(_Atomic uint64_t *next, uint64_t step, uint64_t room, uint64_t tsc)
{
        uint64_t old = atomic_load_explicit(next, memory_order_relaxed), from;
        do {
                from = old > tsc ? old : tsc;
                if (from + step > tsc + room)
                        return false;
        } while (!atomic_compare_exchange_weak_explicit(next, &old, from + step, memory_order_relaxed,
                                                        memory_order_relaxed));
        return true;
}

static uint64_t burst(const struct lf_policy_lane *rule)
{
        return rule->query_burst > 0 ? rule->query_burst : 1;
}

bool lf_limits_query(struct lf_limits *l, const struct lf_policy_lane *rule, uint32_t lane, uint64_t tsc,
                     uint64_t tsc_hz)
{
        if (rule->queries_per_second == 0)
                return true;
        uint64_t step = tsc_hz / rule->queries_per_second;
        return take_one(&l->lane_next[lane], step, step * burst(rule), tsc);
}

bool lf_limits_flood(struct lf_limits *l, const struct lf_policy_lane *rule, uint32_t lane, uint64_t tsc,
                     uint64_t tsc_hz)
{
        if (rule->queries_per_second == 0)
                return true;
        uint64_t step = tsc_hz / rule->queries_per_second / 2;
        return take_one(&l->lane_flood[lane], step, 2 * step * burst(rule), tsc);
}

static uint32_t in_hour(uint64_t value, uint64_t now)
{
        return value >> 32 == now / 3600 ? (uint32_t)value : 0;
}

bool lf_limits_candidate(_Atomic uint64_t *hour, uint32_t limit, uint64_t now)
{
        uint64_t old = atomic_load_explicit(hour, memory_order_relaxed);
        uint32_t count;
        do {
                count = in_hour(old, now);
                if (limit != 0 && count >= limit)
                        return false;
        } while (!atomic_compare_exchange_weak_explicit(hour, &old, (now / 3600) << 32 | (count + 1),
                                                        memory_order_relaxed, memory_order_relaxed));
        return true;
}

void lf_limits_candidate_back(_Atomic uint64_t *hour, uint64_t now)
{
        uint64_t old = atomic_load_explicit(hour, memory_order_relaxed);
        do {
                if (in_hour(old, now) == 0)
                        return;
        } while (!atomic_compare_exchange_weak_explicit(hour, &old, old - 1, memory_order_relaxed,
                                                        memory_order_relaxed));
}

bool lf_limits_warrant(struct lf_limits *l, uint16_t place, uint32_t uses)
{
        _Atomic uint32_t *used = &l->warrant[place].used;
        uint32_t old = atomic_load_explicit(used, memory_order_relaxed);
        do {
                if (old >= uses)
                        return false;
        } while (!atomic_compare_exchange_weak_explicit(used, &old, old + 1, memory_order_relaxed,
                                                        memory_order_relaxed));
        return true;
}

void lf_limits_warrant_back(struct lf_limits *l, uint16_t place)
{
        _Atomic uint32_t *used = &l->warrant[place].used;
        uint32_t old = atomic_load_explicit(used, memory_order_relaxed);
        while (old > 0 && !atomic_compare_exchange_weak_explicit(used, &old, old - 1, memory_order_relaxed,
                                                                 memory_order_relaxed))
                ;
}

bool lf_limits_page_begin(struct lf_limits_page *page)
{
        if (page->magic != LF_LIMITS_MAGIC || page->abi != LF_LIMITS_ABI || page->size != sizeof *page)
                return false;
        memset(page->limits.lane_next, 0, sizeof page->limits.lane_next);
        memset(page->limits.lane_flood, 0, sizeof page->limits.lane_flood);
        return true;
}
