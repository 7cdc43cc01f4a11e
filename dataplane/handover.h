/* What control and the dataplane hand each other, over one Unix SEQPACKET socket.
 *
 * landfalld listens (mode 0600, its run directory); control connects, and connects again after a restart of
 * either. Only the peer with control's uid, or root, is accepted; a second connection replaces the first.
 * Every message begins with struct lf_handover_head; another magic, ABI or size is answered with
 * LF_HANDOVER_ERROR and the message is not acted on. Memory is passed as memfds: sealed
 * FUTURE_WRITE|SHRINK|GROW, mapped read-only. */
#pragma once

#include <stdint.h>

#define LF_HANDOVER_MAGIC        0x484c464cu /* "LFLH" */
#define LF_HANDOVER_ABI          3
#define LF_HANDOVER_SOCKET       "dataplane.sock" /* in the run directory */
#define LF_HANDOVER_CONTROL_USER "daemon" /* who control is when root started both, unless told otherwise */
#define LF_HANDOVER_FDS_MAX      200      /* in one message */

enum lf_handover_type {
        /* dataplane to control */
        LF_HANDOVER_HELLO = 1,   /* struct lf_handover_hello, once after connecting */
        LF_HANDOVER_READY = 2,   /* head only: options are applied, the port is open, queries are taken */
        LF_HANDOVER_DONE = 3,    /* struct lf_handover_done: the message with that sequence took effect */
        LF_HANDOVER_ERROR = 4,   /* struct lf_handover_done with a text: it did not, nothing changed */
        LF_HANDOVER_RETIRED = 5, /* struct lf_handover_generation: let go, control may wipe it */
        /* control to dataplane */
        LF_HANDOVER_OPTIONS = 16,     /* struct lf_handover_options: first, once in landfalld's life */
        LF_HANDOVER_COOKIE_KEYS = 17, /* struct lf_handover_cookie_keys */
        LF_HANDOVER_POLICY = 18,      /* head + one fd: struct lf_policy */
        LF_HANDOVER_GENERATION = 19,  /* struct lf_handover_generation + fds, one a shard; `more` continues */
        LF_HANDOVER_CONSUMED = 20,    /* struct lf_handover_consumed: audit entries below are in tiles */
        LF_HANDOVER_CLOCK = 21,       /* struct lf_handover_clock: legal time may follow the clock */
};

struct lf_handover_head {
        uint32_t magic;
        uint16_t abi;
        uint16_t type;
        uint32_t size;     /* of the whole message */
        uint32_t sequence; /* the sender's; answered by DONE or ERROR */
};
_Static_assert(sizeof(struct lf_handover_head) == 16, "handover head layout");

struct lf_handover_hello {
        struct lf_handover_head head;
        uint8_t boot[16];
        uint32_t pid;
        uint32_t configured;    /* 1: options were taken in an earlier connection: do not send them again */
        uint32_t match_cores;   /* 0 until configured */
        uint32_t ruleset;       /* of the policy in force; 0: none */
        uint64_t generation;    /* in force; 0: none */
        uint64_t audit_durable; /* entries on stable storage; their segments follow in the audit directory */
};
_Static_assert(sizeof(struct lf_handover_hello) == 64, "handover hello layout");

#define LF_PORT_AF_XDP 1
#define LF_PORT_MEMIF  2
#define LF_PORT_UDP    3
#define LF_PORT_PCI    4

#define LF_CORES_MAX  64
#define LF_ROLE_IO    1u
#define LF_ROLE_MATCH 2u

struct lf_handover_options {
        struct lf_handover_head head;
        uint32_t port_kind;    /* LF_PORT_* */
        uint32_t queues;       /* RX queues; 0: as many as there are io cores */
        char interface[108];   /* af_xdp: interface; memif: socket path; pci: address; udp: empty */
        uint8_t address[16];   /* udp: where to bind, IPv4 mapped into IPv6 or IPv6 */
        uint16_t udp_port;     /* host order, all kinds */
        uint16_t memif_server; /* 1: the dataplane makes the socket */
        uint32_t contexts;     /* query contexts per io core: a power of two, 64..4096 */
        uint32_t sessions;     /* replay slots, 1..65,536 */
        uint32_t cores;
        struct {
                uint16_t cpu;
                uint16_t roles; /* LF_ROLE_IO | LF_ROLE_MATCH */
        } core[LF_CORES_MAX];
        uint16_t housekeeping_cpu; /* of the audit thread and the main thread; 0xffff: any */
        uint16_t audit_dirs;       /* 1 or 2 */
        uint32_t run_uid, run_gid; /* what landfalld becomes after start; 0: stays (if it is not root) */
        char audit_dir[2][256];
        uint64_t audit_segment_size; /* bytes, a multiple of 1 MiB */
        uint32_t audit_segments;     /* 2..64 */
        uint32_t hugepages;          /* MiB that EAL may take from huge pages; 0: none, ordinary pages */
        uint64_t audit_expected;     /* entries that control has in tiles: the log must hold no fewer */
        uint64_t legal_floor;        /* legal time now, seconds since 1970; 0: the clock is right */
        uint8_t audit_key[32];
        uint8_t appliance[16];
};

/* Replaces the keys from before; where there are fewer, the free places keep those of them that still are
 * accepted. */
#define LF_COOKIE_KEYS 3
struct lf_handover_cookie_keys {
        struct lf_handover_head head;
        struct {
                uint32_t id; /* 0: none */
                uint32_t reserved;
                uint64_t until; /* accepted until then, seconds since 1970 */
                uint8_t key[32];
        } key[LF_COOKIE_KEYS];
};

struct lf_handover_generation {
        struct lf_handover_head head;
        uint64_t generation; /* rises; published when the last message of it (more = 0) has come */
        uint32_t shards;     /* fds in this message */
        uint32_t more;
};
_Static_assert(sizeof(struct lf_handover_generation) == 32, "handover generation layout");

struct lf_handover_consumed {
        struct lf_handover_head head;
        uint64_t entries; /* indices below this need not be kept in the write-ahead log */
};

/* Two officers have said that the clock, which was set forward, is right. May come again. */
struct lf_handover_clock {
        struct lf_handover_head head;
        uint64_t legal; /* what it said then, seconds since 1970 */
        uint32_t officer[2];
};
_Static_assert(sizeof(struct lf_handover_clock) == 32, "handover clock layout");

struct lf_handover_done {
        struct lf_handover_head head;
        uint32_t sequence; /* of the message that this answers */
        int32_t error;     /* -errno; 0: done */
        char text[104];    /* cause and cure, terminated */
};
_Static_assert(sizeof(struct lf_handover_done) == 128, "handover done layout");
