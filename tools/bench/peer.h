/* What `landfall bench` and its helper landfall-load say to each other, over a SEQPACKET socket that is the
 * helper's standard input. The helper is one end of a memif: it sends queries, or it is a plain echo in
 * landfalld's place. It ends when the socket does. */
#pragma once

#include "tools/bench/traffic.h"

#define LF_PEER_LOAD 1u /* memif client: sends and counts */
#define LF_PEER_ECHO 2u /* memif server: sends back what comes, 512 bytes of it */

struct lf_peer_start { /* the first message */
        uint32_t role;
        uint32_t cpu;
        uint32_t contexts; /* of landfalld: an echo has as many buffers */
        uint32_t frames;   /* most that one run sends */
        char run_dir[100]; /* of its own */
        char socket[108];  /* of the memif */
        struct lf_traffic_options traffic;
};

enum lf_peer_order {
        LF_PEER_PREPARE = 1, /* load: seals `frames` queries */
        LF_PEER_ASK = 2,     /* load: sends them, `window` in flight at once, for at most `ms` */
        LF_PEER_BOUNCE = 3,  /* load: sends prepared frames over and over for `ms`, to an echo */
        LF_PEER_READ = 4,    /* echo: what it did since it was last asked */
};

struct lf_peer_command { /* each is answered */
        uint32_t order;
        uint32_t window;
        uint64_t frames, ms;
};

struct lf_peer_result {
        int32_t error; /* -errno, then `why` */
        char why[256];
        uint64_t ns;             /* from the first frame to the last answer */
        uint64_t sent;           /* frames */
        uint64_t answered;       /* echo: frames sent back */
        uint64_t other;          /* frames back that are no answer: notices */
        uint64_t lost;           /* given up */
        uint64_t opened, wrong;  /* answers that were opened: all, and those that were not CLEAR */
        uint64_t p50_us, p99_us; /* from sending to answer, of those that were opened */
        uint32_t burst;          /* most frames that a port takes or gives at once */
        double busy;             /* share of its polling loop's time with work */
};
