/* The client library's inside, and the hooks by which tests and trials misbehave on purpose.
 *
 * Everything here is called on the lane's one thread, but for what stands in struct lf_job. */
#pragma once

#include "tools/lane/exchange.h"
#include "tools/lane/landfall_lane.h"

#include <pthread.h>
#include <stdatomic.h>

struct lsp_aead;

#define LF_PEERS            2    /* the appliance and its standby */
#define LF_IN_FLIGHT        1024 /* unless the options say otherwise */
#define LF_IN_FLIGHT_MAX    16384
#define LF_RENEW_MS         3600000u /* a cookie is renewed after an hour, or half its life */
#define LF_EXCHANGE_GAP     2000u /* between two exchanges with one appliance; doubles with each failure ... */
#define LF_EXCHANGE_GAP_MAX 15000u /* ... up to this */
#define LF_NOTICES_MAX      8      /* notices to one query that are acted on at once */
#define LF_BUSY_PAUSE_MS    10     /* doubles with each BUSY */
#define LF_TIMER_SLACK_MS   5      /* timers are looked at no more often than this */

/* A session's keys under one boot id. */
struct lf_session {
        bool live;
        uint64_t number;
        uint64_t nonce; /* last used; rises over REBOOTs too: an old boot id may come back */
        uint8_t boot[LSP_BOOT_SIZE];
        uint8_t cookie[LSP_COOKIE_SIZE];
        uint8_t exported[LSP_KEY_SIZE];
        struct lsp_aead *to_appliance, *to_lane;
};

/* A key exchange on its own thread. The thread writes `result` and `error`, then `done`, then `wake`. */
struct lf_job {
        bool running;
        pthread_t thread;
        const struct lf_bundle *bundle;
        uint64_t time;
        int wake;
        struct lf_exchange result;
        int error;
        atomic_bool done;
};

struct lf_peer {
        struct lf_bundle bundle;
        struct lf_session session, previous; /* answers to queries under way may come under the previous */
        int fd;                              /* connected UDP socket; -1: none yet */
        struct sockaddr_storage address;
        socklen_t address_size;
        bool down; /* it let a query wait for LSP_STANDBY_MS: sessions are exchanged anew */
        uint64_t heard_us, renew_ms, expiry_ms, next_exchange_ms;
        uint32_t gap_ms;
        struct lf_job job;
};

enum lf_pending_state {
        LF_PENDING_FREE,
        LF_PENDING_WAITING,
        LF_PENDING_DONE,
};

struct lf_pending {
        enum lf_pending_state state;
        uint8_t peer; /* that it was last sent to */
        uint8_t step; /* of the retransmission timetable */
        uint8_t notices;
        uint8_t busy;
        uint8_t *plain; /* padded */
        uint32_t size;
        uint32_t next; /* in the queue of finished ones */
        uint64_t submitted_us, sent_ms, due_ms;
        struct lf_lane_result result;
};

#define LF_NONE UINT32_MAX

#define LF_OUTBOX     8  /* datagrams that are sent together at most */
#define LF_RANDOM_IDS 32 /* that are drawn at once */

/* Datagrams of one size to one peer, one behind the other. */
struct lf_outbox {
        int fd;
        unsigned n;
        size_t size; /* of each */
        uint8_t bytes[LF_OUTBOX * LSP_DATAGRAM_MAX];
};

struct lf_lane {
        struct lf_peer peer[LF_PEERS];
        unsigned peers;
        int epoll, wake;
        struct lf_pending *pending;
        uint32_t *free;
        uint32_t size, n_free;
        uint32_t done_first, done_last;
        uint64_t timers_ms;      /* when they were last looked at */
        int64_t clock_offset_us; /* learnt from CLOCK */
        int64_t clock_fault_us;  /* injected */
        struct lf_lane_stats stats;
        struct lf_outbox out;
        uint8_t in[UINT16_MAX]; /* datagrams as they came */
        bool gathers;           /* the caller says when what is in `out` goes */
        const uint8_t *last;    /* the last datagram, in `out`; NULL: none */
        size_t last_size;
        uint8_t random[LF_RANDOM_IDS][12]; /* for query ids */
        unsigned random_left;
        bool chosen_ids; /* the caller has chosen a query id: ids need not name their places */
};

struct lf_lane_query {
        uint8_t plain[LSP_QUERY_MAX];
        uint32_t size;
};

/* lane.c */
int lf_lane_new(unsigned in_flight, struct lf_lane **ret);
uint64_t lf_lane_now_us(void);                         /* monotonic */
uint64_t lf_lane_clock_us(const struct lf_lane *lane); /* real time as this lane believes it to be */

/* session.c */
int lf_session_open(const struct lf_exchange *e, struct lf_session *ret);
void lf_session_close(struct lf_session *s);
/* New directional keys for a new boot id. -EIO: the old ones stay. */
int lf_session_reboot(struct lf_session *s, const uint8_t boot[LSP_BOOT_SIZE]);
/* Opens an answer or a notice; `plain` has room for what is behind the header. -EBADMSG. */
int lf_session_open_box(struct lf_session *s, const uint8_t *datagram, size_t size, void *ret_plain);
/* Whether a REBOOT is genuine under the boot id that it carries. -EBADMSG. */
int lf_session_check_reboot(const struct lf_session *s, const uint8_t *datagram, size_t size);

/* peer.c */
/* Takes a finished exchange for the peer's session. */
int lf_peer_install(struct lf_lane *lane, struct lf_peer *peer, const struct lf_exchange *e);
void lf_peer_start_exchange(struct lf_lane *lane, struct lf_peer *peer);
/* Collects finished exchanges and starts those that are due. */
void lf_peers_step(struct lf_lane *lane, uint64_t now_ms);
void lf_peer_close(struct lf_peer *peer);

/* send.c */
/* Seals all parts of a query to one peer, and sends them unless they are gathered. Loss in our own kernel
 * counts as loss on the way. */
int lf_pending_send(struct lf_lane *lane, struct lf_pending *p, unsigned peer);
/* Sends what is gathered. */
void lf_lane_flush(struct lf_lane *lane);
/* Bytes that a query of `size` takes once it is padded. */
uint32_t lf_padded_size(uint32_t size);

/* receive.c */
void lf_lane_receive(struct lf_lane *lane, unsigned peer, const uint8_t *datagram, size_t size);

/* pending.c */
struct lf_pending *lf_pending_find(struct lf_lane *lane, const uint8_t query_id[16]);
void lf_pending_finish(struct lf_lane *lane, struct lf_pending *p, int error);
void lf_pending_clear(struct lf_lane *lane, struct lf_pending *p);
int lf_pending_add(struct lf_lane *lane, const struct lf_lane_query *query, void *user,
                   const uint8_t *query_id, uint8_t ret_query_id[16]);
void lf_pending_timers(struct lf_lane *lane, uint64_t now_ms);

/* hooks.c: only for tests and trials. */

/* Makes this lane's clock run `us` ahead of the machine's. */
void lf_lane_hook_clock(struct lf_lane *lane, int64_t us);
/* Sends bytes as they are to the appliance. */
int lf_lane_hook_send(struct lf_lane *lane, const void *data, size_t size);
/* Sends the last datagram again, byte for byte. -ENODATA: there is none. */
int lf_lane_hook_replay(struct lf_lane *lane);
/* The last datagram sent; borrowed until the next. */
const uint8_t *lf_lane_hook_last(const struct lf_lane *lane, size_t *ret_size);
/* Exchanges keys with the appliance anew at the next lf_lane_process. */
void lf_lane_hook_renew(struct lf_lane *lane);
