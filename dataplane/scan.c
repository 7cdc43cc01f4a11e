#include "dataplane/path.h"

#include <math.h>
#include <stdlib.h>

static bool needs(const struct lf_query *q, const struct lf_shard *s)
{
        uint8_t place = q->place[s->dataset];
        return place != 0xff && q->wanted[place].modality == s->modality &&
               q->wanted[place].categories >> s->category & 1;
}

/* Whether shard i is this task's to look at. */
static bool looks_at(const struct lf_match *m, const struct lf_task *t, uint32_t i)
{
        const struct lf_shard *s = t->query->generation->shard[i];
        if (lf_engine_for(s->modality)->indexed != t->indexed ||
            (!t->indexed && i % m->dp->matches != m->index))
                return false;
        return needs(t->query, s);
}

static uint64_t blocks_needed(const struct lf_match *m, const struct lf_task *t)
{
        const struct lf_generation *g = t->query->generation;
        uint64_t blocks = 0;
        for (uint32_t i = 0; i < g->shards; i++)
                if (looks_at(m, t, i))
                        blocks += g->shard[i]->blocks;
        return blocks;
}

/* The hits in this shard join the best of its dataset. */
static void flush(struct lf_task *t, const struct lf_shard *s)
{
        struct lf_query *q = t->query;
        for (uint32_t i = 0; i < t->topk.n; i++)
                lf_result_push(&t->result[q->place[s->dataset]],
                               &(struct lf_best){.shard = s, .hit = t->topk.hit[i]});
        lf_topk_init(&t->topk, LF_TOPK_MAX, -INFINITY);
}

static void hand_back(struct lf_match *m, struct lf_task *t)
{
        struct lf_query *q = t->query;
        m->waiting--;
        m->of_class[q->request.priority]--;
        lf_count(&m->k->stage_count[LF_STAGE_scan], 1);
        if (lf_ring_push(lf_done_ring(m->dp, q->io, m->index), t) < 0)
                abort(); /* the ring has room for two tasks of every context */
}

/* Newcomers, up to a batch. */
static void admit(struct lf_match *m, struct lf_sweep *s)
{
        while (s->waiting && s->members < LF_SCAN_BATCH) {
                struct lf_task *t = s->waiting;
                s->waiting = t->next;
                t->remaining = blocks_needed(m, t);
                t->had = false;
                lf_topk_init(&t->topk, LF_TOPK_MAX, -INFINITY);
                if (t->remaining == 0)
                        hand_back(m, t);
                else
                        s->member[s->members++] = t;
        }
}

static void leave(struct lf_match *m, struct lf_sweep *s, uint32_t i)
{
        struct lf_task *t = s->member[i];
        s->member[i] = s->member[--s->members];
        hand_back(m, t);
}

static void leave_late(struct lf_match *m, struct lf_sweep *s, uint64_t now)
{
        for (uint32_t i = s->members; i-- > 0;)
                if (now > s->member[i]->query->deadline) {
                        s->member[i]->late = true;
                        leave(m, s, i);
                }
}

/* A lower class may wait for long: its late tasks give their contexts back all the same. */
static void look_over(struct lf_match *m, struct lf_sweep *s, uint64_t now)
{
        leave_late(m, s, now);
        struct lf_task **p = &s->waiting;
        while (*p) {
                struct lf_task *t = *p;
                if (now > t->query->deadline) {
                        *p = t->next;
                        t->late = true;
                        hand_back(m, t);
                } else
                        p = &t->next;
        }
        s->waiting_end = p;
}

static void next_shard(struct lf_sweep *s, const struct lf_generation *g)
{
        s->block = 0;
        if (++s->shard >= g->shards)
                s->shard = 0;
}

/* Finds the next block that a member needs (there is one, since members have blocks to go) and the members
 * that need it. */
static const struct lf_shard *find_work(struct lf_match *m, struct lf_sweep *s, struct lf_task **ret_task,
                                        unsigned *ret_n)
{
        const struct lf_generation *g = s->member[0]->query->generation;
        for (;;) {
                const struct lf_shard *shard = g->shard[s->shard];
                *ret_n = 0;
                if (s->block < shard->blocks)
                        for (uint32_t i = 0; i < s->members; i++)
                                if (looks_at(m, s->member[i], s->shard))
                                        ret_task[(*ret_n)++] = s->member[i];
                if (*ret_n > 0)
                        return shard;
                next_shard(s, g);
        }
}

/* Where modalities are weighed together, a hit may count that its own dataset's threshold would not let
 * through: of few rows every hit is kept, of many those that fewer than one in a thousand strangers reach. */
#define FEW_ROWS     4096
#define WEAKEST_RATE -3.0f

static bool several_modalities(const struct lf_query *q)
{
        for (unsigned i = 1; i < q->wanted_n; i++)
                if (q->wanted[i].modality != q->wanted[0].modality)
                        return true;
        return false;
}

/* The score that a hit in this shard must be above to count. */
static float floor_of(const struct lf_query *q, const struct lf_shard *s)
{
        const struct lf_engine *engine = lf_engine_for(s->modality);
        float rate = q->wanted[q->place[s->dataset]].threshold;
        bool several = several_modalities(q);
        if (!engine->score_at || (several && s->rows <= FEW_ROWS))
                return -INFINITY;
        return engine->score_at(several && rate < WEAKEST_RATE ? WEAKEST_RATE : rate);
}

/* A record past its expiry is not reported, nor does it take the place of another. */
static void begin(struct lf_task *t, const struct lf_shard *s)
{
        lf_topk_init(&t->topk, LF_TOPK_MAX, floor_of(t->query, s));
        lf_topk_pass_over_expired(&t->topk, s, t->query->request.now);
}

/* A probe may be made to be slow: those behind it that are late by now are not scanned for nothing. They
 * leave at the end of the block. */
static void scan_some(struct lf_match *m, const struct lf_shard *shard, uint32_t block, struct lf_task **task,
                      unsigned n)
{
        const void *probe[LF_SCAN_AT_ONCE];
        struct lf_topk *topk[LF_SCAN_AT_ONCE];
        uint64_t now = lf_now();
        unsigned some = 0;
        for (unsigned i = 0; i < n; i++) {
                if (now > task[i]->query->deadline) {
                        task[i]->late = true;
                        continue;
                }
                probe[some] = task[i]->query->probe[shard->modality].prepared;
                if (task[i]->topk.shard != shard)
                        begin(task[i], shard);
                topk[some++] = &task[i]->topk;
        }
        if (some > 0)
                lf_engine_for(shard->modality)->scan(shard, block, probe, topk, some, m->scratch);
}

/* A class behind LIVE gives the core back after as many members as LF_SCAN_TURN_US holds, by the time that
 * the last ones took: some engines need long for one probe, and who stands waiting waits for one turn at
 * most. */
static unsigned turn_of(const struct lf_match *m, const struct lf_sweep *s, unsigned n)
{
        bool live = s >= m->sweep[LSP_PRIORITY_LIVE] && s < m->sweep[LSP_PRIORITY_LIVE + 1];
        unsigned most = live ? LF_SCAN_BATCH : s->turn ? s->turn : 1;
        return n < most ? n : most;
}

static void measure_turn(const struct lf_match *m, struct lf_sweep *s, unsigned n, uint64_t cycles)
{
        uint64_t budget = m->dp->tsc_hz / 1000000 * LF_SCAN_TURN_US, fit = n * budget / (cycles + 1);
        s->turn = fit < 1 ? 1 : fit > LF_SCAN_BATCH ? LF_SCAN_BATCH : (uint32_t)fit;
}

/* Those in `task` that have not had the block, up to a turn of them. True: now all have. */
static bool scan_turn(struct lf_match *m, struct lf_sweep *s, const struct lf_shard *shard,
                      struct lf_task **task, unsigned n)
{
        struct lf_task *some[LF_SCAN_BATCH];
        unsigned left = 0;
        for (unsigned i = 0; i < n; i++)
                if (!task[i]->had)
                        some[left++] = task[i];
        unsigned turn = turn_of(m, s, left);
        uint64_t start = lf_now();
        for (unsigned i = 0; i < turn; i += LF_SCAN_AT_ONCE)
                scan_some(m, shard, s->block, some + i,
                          turn - i < LF_SCAN_AT_ONCE ? turn - i : LF_SCAN_AT_ONCE);
        for (unsigned i = 0; i < turn; i++)
                some[i]->had = true;
        if (turn > 0)
                measure_turn(m, s, turn, lf_now() - start);
        return turn == left;
}

static void scan_block(struct lf_match *m, struct lf_sweep *s)
{
        struct lf_task *task[LF_SCAN_BATCH];
        unsigned n;
        const struct lf_shard *shard = find_work(m, s, task, &n);
        if (!scan_turn(m, s, shard, task, n))
                return;
        lf_count(&m->k->scan_blocks[shard->modality], 1);
        uint64_t rows = (uint64_t)shard->rows * (s->block + 1) / shard->blocks -
                        (uint64_t)shard->rows * s->block / shard->blocks;
        lf_count(&m->k->scan_pairs[shard->modality], n * rows);
        bool last = ++s->block == shard->blocks;
        for (unsigned i = 0; i < n; i++) {
                task[i]->had = false;
                task[i]->remaining--;
                if (last || task[i]->remaining == 0)
                        flush(task[i], shard);
        }
        for (uint32_t i = s->members; i-- > 0;)
                if (s->member[i]->remaining == 0)
                        leave(m, s, i);
}

/* The class that goes first; within it the oldest generation, so that it can be let go. */
static struct lf_sweep *first_sweep(struct lf_match *m)
{
        for (unsigned p = 0; p < LSP_PRIORITY_COUNT; p++) {
                struct lf_sweep *first = NULL;
                for (unsigned g = 0; g < LF_GENERATIONS_MAX; g++) {
                        struct lf_sweep *s = &m->sweep[p][g];
                        if ((s->members > 0 || s->waiting) && (!first || s->generation < first->generation))
                                first = s;
                }
                if (first)
                        return first;
        }
        return NULL;
}

unsigned lf_scan(struct lf_match *m)
{
        struct lf_sweep *s = m->waiting > 0 ? first_sweep(m) : NULL;
        if (!s)
                return 0;
        uint64_t start = lf_now();
        if (start > m->next_look) {
                for (unsigned p = 0; p < LSP_PRIORITY_COUNT; p++) {
                        lf_inbox_any(m, p, LF_SCAN_AT_ONCE);
                        for (unsigned g = 0; g < LF_GENERATIONS_MAX; g++)
                                look_over(m, &m->sweep[p][g], start);
                }
                m->next_look = start + m->dp->tsc_hz / 1000;
        }
        admit(m, s);
        leave_late(m, s, start);
        if (s->members > 0)
                scan_block(m, s);
        lf_count(&m->k->stage_cycles[LF_STAGE_scan], lf_now() - start);
        return 1;
}
/* Exits: a task that has seen every block it needs, or is past its deadline, to merge. */
