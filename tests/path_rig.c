#include "tests/path_rig.h"

#include "base/bytes.h"
#include "dataplane/lsp_seal.h"
#include "matcher/person_write.h"
#include "tests/finger_make.h"

#include <openssl/rand.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The dataplane's objects are held by memory that the leak checker does not look at by itself. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define WATCH(p, n)   __lsan_register_root_region(p, n)
#define UNWATCH(p, n) __lsan_unregister_root_region(p, n)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define WATCH(p, n)   __lsan_register_root_region(p, n)
#define UNWATCH(p, n) __lsan_unregister_root_region(p, n)
#endif
#endif
#ifndef WATCH
#define WATCH(p, n)
#define UNWATCH(p, n)
#endif

#define IN_MAX 512

struct rig rig;
unsigned rig_port_room = UINT32_MAX;

static struct rte_mempool *pool;
static struct lf_datagram in[IN_MAX];
static _Atomic unsigned in_head, in_tail; /* what the test gave, what the port took */
static uint8_t cookie_key[32];
static const uint8_t boot[16] = "the rig's boot";

static void must(bool ok, const char *what)
{
        if (ok)
                return;
        fprintf(stderr, "rig: %s\n", what);
        abort();
}

/* The port. */

unsigned lf_port_queues(const struct lf_port *port)
{
        return 1;
}

unsigned lf_port_rx(struct lf_port *port, unsigned queue, struct lf_datagram *ret, unsigned n,
                    uint64_t drops[3])
{
        unsigned i = 0;
        for (; i < n && in_tail != in_head; i++, in_tail++)
                ret[i] = in[in_tail % IN_MAX];
        return i;
}

struct rte_mbuf *lf_port_reply(struct lf_port *port, unsigned queue, const struct lf_return_path *back,
                               uint16_t size, uint8_t **ret_payload)
{
        struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
        if (!m)
                return NULL;
        *ret_payload = (uint8_t *)rte_pktmbuf_append(m, size);
        m->hash.rss = back->flow;
        return m;
}

unsigned lf_port_tx(struct lf_port *port, unsigned queue, struct rte_mbuf **replies, unsigned n)
{
        unsigned took = n < rig_port_room ? n : rig_port_room;
        for (unsigned i = 0; i < n; i++) {
                if (i < took && rig.out_n < RIG_OUT_MAX) {
                        struct rig_out *o = &rig.out[rig.out_n];
                        o->size = replies[i]->data_len;
                        o->flow = replies[i]->hash.rss;
                        o->tsc = lf_now();
                        memcpy(o->bytes, rte_pktmbuf_mtod(replies[i], void *), o->size);
                        rig.out_n++;
                }
                rte_pktmbuf_free(replies[i]);
        }
        return took;
}

void rig_inject(const uint8_t *bytes, uint16_t size, uint32_t flow)
{
        must(in_head - in_tail < IN_MAX, "too many datagrams at once");
        struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
        must(m != NULL, "no mbuf");
        uint8_t *payload = (uint8_t *)rte_pktmbuf_append(m, size);
        must(payload != NULL, "datagram too long");
        memcpy(payload, bytes, size);
        in[in_head % IN_MAX] =
            (struct lf_datagram){.mbuf = m, .payload = payload, .size = size, .back = {.flow = flow}};
        in_head++;
}

/* The dataplane. */

void rig_start(void)
{
        char *args[] = {"rig",        "--no-huge",         "-m",         "64", "--no-pci", "--no-telemetry",
                        "--lcores=0", "--log-level=error", "--no-shconf"};
        must(rte_eal_init(sizeof args / sizeof *args, args) >= 0, "EAL");
        pool = rte_pktmbuf_pool_create("rig", 2047, 0, 0, 2048, 0);
        must(pool != NULL, "mbuf pool");
        must(lf_engines_init() == 0, "engines");
        RAND_bytes(cookie_key, sizeof cookie_key);
}

static uint64_t real_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void fill_policy(struct lf_policy *p)
{
        *p = (struct lf_policy){.magic = LF_POLICY_MAGIC,
                                .abi = LF_POLICY_ABI,
                                .size = sizeof *p,
                                .ruleset = 41,
                                .quantum_us = 0};
        for (unsigned i = 1; i < 40; i++)
                p->lane[i] = (struct lf_policy_lane){.active = 1,
                                                     .priorities = 0x0f,
                                                     .roles = LF_ROLE_EGATE,
                                                     .agreements = 1u << RIG_ACCORD | 1u << RIG_CLOSED};
        for (unsigned a = RIG_ACCORD; a <= RIG_CLOSED; a++)
                p->agreement[a] = (struct lf_policy_agreement){.active = 1, .not_after = UINT64_MAX};
        p->agreement[RIG_ACCORD].datasets = 1u << RIG_PERSONS | 1u << RIG_FINGERS;
        p->agreement[RIG_ACCORD].rule[LSP_PURPOSE_VISA] =
            (struct lf_policy_rule){.categories = 0xff, .subjects = 0xff, .encounters = 0xff};
        p->dataset[RIG_PERSONS] = (struct lf_policy_dataset){.active = 1,
                                                             .agreement = RIG_ACCORD,
                                                             .modality = LF_MODALITY_PERSON,
                                                             .candidates = 5,
                                                             .categories = 1u << 1,
                                                             .threshold = -3};
        p->dataset[RIG_FINGERS] = (struct lf_policy_dataset){.active = 1,
                                                             .agreement = RIG_ACCORD,
                                                             .modality = LF_MODALITY_FINGERPRINT,
                                                             .candidates = 5,
                                                             .categories = 1u << 2,
                                                             .threshold = -3};
}

void rig_policy(void)
{
        rig.policy.ruleset++;
        must(lf_dataplane_set_policy(rig.dp, &rig.policy, sizeof rig.policy) == 0, "policy");
        rig_turn();
}

static uint64_t measure_hz(void)
{
        static uint64_t hz;
        if (hz == 0)
                hz = rte_get_tsc_hz();
        return hz;
}

void rig_create(struct lf_wal *wal, unsigned split, uint32_t contexts)
{
        struct lf_handover_options o = {
            .contexts = contexts, .sessions = 64, .cores = 1 + split, .housekeeping_cpu = UINT16_MAX};
        o.core[0].roles = split ? LF_ROLE_IO : LF_ROLE_IO | LF_ROLE_MATCH;
        for (unsigned i = 1; i <= split; i++)
                o.core[i].roles = LF_ROLE_MATCH;
        size_t size = (sizeof(struct lf_counters) + 63) / 64 * 64;
        rig = (struct rig){.counters = aligned_alloc(64, size), .wal = wal};
        rig.out = calloc(RIG_OUT_MAX, sizeof *rig.out);
        must(rig.counters && rig.out, "memory");
        memset(rig.counters, 0, size);
        rig.counters->tsc_hz = measure_hz();
        lf_set(&rig.counters->control_connected, 1);
        rig_port_room = UINT32_MAX;
        must(lf_dataplane_create(&o, NULL, rig.counters, wal, boot, &rig.dp) == 0, "dataplane");
        WATCH(rig.dp->arena.memory, rig.dp->arena.size);
        must(lf_dataplane_start(rig.dp) == 0, "audit");
        struct lf_handover_cookie_keys keys = {.key = {{.id = RIG_COOKIE_KEY, .until = UINT64_MAX}}};
        memcpy(keys.key[0].key, cookie_key, 32);
        must(lf_dataplane_set_cookie_keys(rig.dp, &keys) == 0, "keys");
        fill_policy(&rig.policy);
        rig_policy();
}

static void *images[64];
static unsigned images_n;

void rig_destroy(void)
{
        lf_dataplane_stop(rig.dp);
        UNWATCH(rig.dp->arena.memory, rig.dp->arena.size);
        lf_dataplane_destroy(rig.dp);
        free(rig.counters);
        free(rig.out);
        while (images_n > 0)
                free(images[--images_n]);
        for (; in_tail != in_head; in_tail++)
                rte_pktmbuf_free(in[in_tail % IN_MAX].mbuf);
}

static const void *build(enum lf_modality m, unsigned dataset, unsigned category, uint64_t id,
                         const struct lf_source_record *records, unsigned n, size_t *ret_size)
{
        struct lf_shard_info info = {
            .generation = id, .dataset = (uint16_t)dataset, .category = (uint16_t)category};
        must(lf_shard_size(m, records, n, ret_size) == 0, "shard size");
        void *image = aligned_alloc(64, *ret_size);
        must(image != NULL && images_n < 64, "image");
        must(lf_shard_build(m, &info, records, n, image, *ret_size, NULL) == 0, "shard");
        images[images_n++] = image;
        return image;
}

size_t rig_finger(unsigned seed, const struct finger_placement *placement, uint8_t *ret, size_t cap)
{
        static struct lf_fmr record;
        struct finger f = finger_make(seed);
        finger_record(&f, placement, LF_FMR_ISO_2005, &record);
        size_t n = fmr_write(&record, ret);
        must(n <= cap, "finger");
        return n;
}

static size_t person_wire(const char *name, uint8_t ret[512])
{
        size_t n = 0;
        must(lf_person_put(ret, 512, &n, LF_PERSON_NAME, name, strlen(name)) == 0, "name");
        must(lf_person_put_birth(ret, 512, &n, 1960, 3, 12) == 0, "birth");
        return n;
}

void rig_gallery(uint64_t id, const char *const *names, unsigned persons, const unsigned *seeds,
                 unsigned fingers)
{
        static uint8_t wire[32][4096];
        struct lf_source_record person[32], finger[32];
        for (unsigned i = 0; i < persons; i++) {
                person[i] = (struct lf_source_record){.reference = {'p', (uint8_t)i}, .wire = wire[i]};
                person[i].size = person_wire(names[i], wire[i]);
        }
        const void *image[2];
        size_t size[2];
        image[0] = build(LF_MODALITY_PERSON, RIG_PERSONS, 1, id, person, persons, &size[0]);
        for (unsigned i = 0; i < fingers; i++) {
                finger[i] = (struct lf_source_record){.reference = {'f', (uint8_t)i}, .wire = wire[i]};
                finger[i].size = rig_finger(seeds[i], &finger_straight, wire[i], sizeof wire[i]);
        }
        image[1] = build(LF_MODALITY_FINGERPRINT, RIG_FINGERS, 2, id, finger, fingers, &size[1]);
        for (unsigned i = 0; i < 2; i++)
                must(lf_dataplane_check_shard(image[i], size[i]) == 0, "check");
        must(lf_dataplane_publish(rig.dp, id, image, 2) == 0, "publish");
}

unsigned rig_turn_of(uint64_t cores)
{
        unsigned work = 0;
        for (unsigned i = 0; i < lf_dataplane_cores(rig.dp); i++)
                if (cores >> i & 1)
                        work += lf_core_turn(lf_dataplane_core(rig.dp, i));
        if (work == 0)
                nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        return work;
}

unsigned rig_turn(void)
{
        return rig_turn_of(UINT64_MAX);
}

bool rig_wait(unsigned n)
{
        uint64_t start = lf_now();
        while (rig.out_n < n && lf_now() - start < 10 * rig.dp->tsc_hz)
                rig_turn();
        return rig.out_n >= n;
}

bool rig_settle(void)
{
        uint64_t start = lf_now();
        do
                rig_turn();
        while ((in_tail != in_head || lf_counters_sum(rig.counters, &rig.counters->core[0].in_flight) > 0 ||
                rig.dp->io[0].held_n > 0) &&
               lf_now() - start < 10 * rig.dp->tsc_hz);
        return lf_counters_sum(rig.counters, &rig.counters->core[0].in_flight) == 0;
}

/* Lanes. */

static void seal_with(const uint8_t key[32], const uint8_t nonce[12], const struct lsp_ad *ad, unsigned ads,
                      const void *plain, size_t size, uint8_t *box)
{
        struct lsp_aead *a;
        must(lsp_aead_create(&a) == 0 && lsp_aead_set_key(a, key) == 0, "aead");
        must(lsp_seal(a, nonce, ad, ads, plain, size, box) == 0, "seal");
        lsp_aead_destroy(a);
}

void rig_cookie(struct rig_lane *l, uint32_t key_id, uint64_t expiry)
{
        struct lsp_cookie_plain plain = {
            .session = l->session, .lane = l->lane, .slot = l->slot, .slot_turn = l->turn, .expiry = expiry};
        memcpy(plain.key, l->key, 32);
        struct lsp_cookie c = {.key_id = key_id};
        RAND_bytes(c.nonce, sizeof c.nonce);
        struct lsp_ad ad = {&c.key_id, 4};
        uint8_t box[sizeof plain + LSP_TAG_SIZE];
        seal_with(cookie_key, c.nonce, &ad, 1, &plain, sizeof plain, box);
        memcpy(c.box, box, sizeof c.box);
        memcpy(c.tag, box + sizeof c.box, sizeof c.tag);
        memcpy(l->cookie, &c, sizeof c);
}

void rig_lane_open(struct rig_lane *l, uint32_t lane, uint32_t slot, uint32_t turn)
{
        static uint64_t sessions;
        *l = (struct rig_lane){.session = ++sessions, .lane = lane, .slot = slot, .turn = turn};
        RAND_bytes(l->key, sizeof l->key);
        memcpy(l->boot, boot, 16);
        rig_cookie(l, RIG_COOKIE_KEY, UINT64_MAX);
}

struct lsp_officer_token rig_officer(uint32_t officer)
{
        struct lsp_officer_token t = {.key_id = RIG_COOKIE_KEY, .nonce = {1}};
        const struct lsp_officer_plain plain = {.officer = officer, .expiry = real_us() / 1000000 + 60};
        const struct lsp_ad ad[2] = {{&t.key_id, sizeof t.key_id}, {"OFCR", 4}};
        struct lsp_aead *a;
        must(lsp_aead_create_sealer(&a) == 0 && lsp_aead_set_key(a, cookie_key) == 0 &&
                 lsp_seal(a, t.nonce, ad, 2, &plain, sizeof plain, t.box) == 0,
             "token");
        lsp_aead_destroy(a);
        return t;
}

void rig_put(struct rig_plain *p, uint16_t type, const void *value, size_t n)
{
        must(p->size + 4 + n <= sizeof p->bytes, "plaintext");
        uint8_t head[4] = {(uint8_t)type, (uint8_t)(type >> 8), (uint8_t)n, (uint8_t)(n >> 8)};
        memcpy(p->bytes + p->size, head, 4);
        if (n > 0)
                memcpy(p->bytes + p->size + 4, value, n);
        p->size += 4 + n;
}

void rig_pad(struct rig_plain *p)
{
        static const uint8_t zero[LSP_PART_MAX];
        size_t last = p->size % LSP_PART_MAX;
        if (p->size == 0 || (last > 0 && last < (size_t)LSP_PART_MIN))
                rig_put(p, LSP_TLV_PAD, zero, last + 4 < (size_t)LSP_PART_MIN ? LSP_PART_MIN - last - 4 : 0);
}

struct rig_plain rig_person(const char *name)
{
        struct rig_plain p = {0};
        uint8_t wire[512];
        rig_put(&p, LSP_TLV_AGREEMENTS, &(uint16_t){RIG_ACCORD}, 2);
        rig_put(&p, LSP_TLV_PURPOSE, &(uint16_t){LSP_PURPOSE_VISA}, 2);
        size_t n = person_wire(name, wire);
        rig_put(&p, LSP_TLV_PERSON, wire, n);
        rig_pad(&p);
        return p;
}

struct rig_plain rig_long(const char *name)
{
        static const uint8_t zero[LSP_QUERY_MAX];
        struct rig_plain p = rig_person(name);
        size_t at = 0;
        while (at < p.size && lf_get_le16(p.bytes + at) != LSP_TLV_PAD)
                at += 4u + lf_get_le16(p.bytes + at + 2);
        p.size = at; /* what there was of padding makes room for more */
        rig_put(&p, LSP_TLV_PAD, zero, 3 * LSP_PART_MAX - 100 - at);
        return p;
}

uint16_t rig_seal(struct rig_lane *l, const uint8_t query_id[16], const struct rig_plain *p, unsigned part,
                  uint8_t ret[LSP_DATAGRAM_MAX])
{
        unsigned parts = p->size ? (unsigned)((p->size + LSP_PART_MAX - 1) / LSP_PART_MAX) : 1;
        struct lsp_query_header qh = {.h = {.version = LSP_VERSION,
                                            .type = LSP_QUERY,
                                            .part = (uint8_t)part,
                                            .parts = (uint8_t)parts,
                                            .total = (uint32_t)p->size,
                                            .nonce = ++l->nonce,
                                            .time = real_us() + (uint64_t)l->clock_offset_us}};
        memcpy(qh.h.query_id, query_id, 16);
        memcpy(qh.h.boot, l->boot, 16);
        memcpy(qh.cookie, l->cookie, sizeof qh.cookie);
        size_t from = (size_t)part * LSP_PART_MAX, size = p->size - from;
        if (size > LSP_PART_MAX)
                size = LSP_PART_MAX;
        uint8_t key[32], nonce[12];
        must(lsp_derive(l->key, l->boot, LSP_INFO_TO_APPLIANCE, key) == 0, "derive");
        lsp_nonce(qh.h.nonce, nonce);
        struct lsp_ad ad = {&qh, sizeof qh};
        memcpy(ret, &qh, sizeof qh);
        seal_with(key, nonce, &ad, 1, p->bytes + from, size, ret + sizeof qh);
        return (uint16_t)(size + LSP_QUERY_OVERHEAD);
}

void rig_send(struct rig_lane *l, uint64_t query_id, const struct rig_plain *p)
{
        uint8_t id[16] = {0}, bytes[LSP_DATAGRAM_MAX];
        memcpy(id, &query_id, 8);
        for (unsigned part = 0; part * LSP_PART_MAX < p->size; part++) {
                uint16_t n = rig_seal(l, id, p, part, bytes);
                rig_inject(bytes, n, l->slot);
        }
}

uint8_t rig_open(const struct rig_lane *l, unsigned i, struct lsp_header *ret_header,
                 struct lsp_answer *ret_answer)
{
        const struct rig_out *o = &rig.out[i];
        struct lsp_header h;
        if (i >= rig.out_n || o->size < sizeof h + LSP_TAG_SIZE)
                return 0;
        memcpy(&h, o->bytes, sizeof h);
        uint8_t key[32], nonce[12], plain[LSP_DATAGRAM_MAX];
        must(lsp_derive(l->key, h.boot, LSP_INFO_TO_LANE, key) == 0, "derive");
        lsp_nonce(h.nonce, nonce);
        struct lsp_ad ad[2] = {{&h, sizeof h}, {&l->session, 8}};
        struct lsp_aead *a;
        must(lsp_aead_create(&a) == 0 && lsp_aead_set_key(a, key) == 0, "aead");
        size_t size = o->size - sizeof h - LSP_TAG_SIZE;
        int r = lsp_open(a, nonce, ad, 2, o->bytes + sizeof h, size, plain);
        lsp_aead_destroy(a);
        if (r < 0 || size != h.total)
                return 0;
        if (ret_header)
                *ret_header = h;
        if (ret_answer && size == sizeof *ret_answer)
                memcpy(ret_answer, plain, size);
        return h.type;
}

struct lsp_answer rig_ask(struct rig_lane *l, uint64_t query_id, const struct rig_plain *p)
{
        struct lsp_answer a = {0};
        unsigned n = rig.out_n;
        rig_send(l, query_id, p);
        if (!rig_wait(n + 1) || rig_open(l, n, NULL, &a) != LSP_ANSWER)
                a.verdict = 0;
        return a;
}

uint64_t rig_dropped(enum lf_drop drop)
{
        return lf_counters_sum(rig.counters, &rig.counters->core[0].drop[drop]);
}

bool rig_balanced(void)
{
        char text[256];
        bool good = lf_counters_balance(rig.counters, text, sizeof text);
        if (!good)
                fprintf(stderr, "%s\n", text);
        return good;
}
