/* CUSRES: the answer to a PAXLST, traveller by traveller (UN/EDIFACT D.05B; WCO/IATA/ICAO API guidelines,
 * interactive API).
 *
 * A hit that nobody has looked at is never "do not board": that status takes a named officer and the decision
 * that the audit log holds. Memory is the caller's; any thread. */
#pragma once

#include "control/manifest/manifest.h"

/* ERC C901 9321: the first character says who boards, as carriers' systems know it (0 ok, 1 do not board, 2
 * look closer, 4 could not be checked); the second is of electronic travel authorisations: "Z", none was
 * asked for. */
enum lf_cusres_status {
        LF_CUSRES_OK = 0,           /* "0Z": ok to board */
        LF_CUSRES_REFER = 1,        /* "2Z": refer to an officer */
        LF_CUSRES_DO_NOT_BOARD = 2, /* "1Z" */
        LF_CUSRES_UNKNOWN = 3,      /* "4Z": could not be checked: refer to an officer */
};

/* Fills the start of a CUSRES from the PAXLST that it answers. `control`: the reference of this interchange
 * (at most 14 characters); `now`: when it is written, UTC. -EINVAL: not a PAXLST. */
struct lf_cusres {
        const struct lf_manifest_header *paxlst;
        const char *control;
        struct lf_manifest_time now;
        /* What lf_cusres_* count. */
        uint32_t segments, travellers;
};

struct lf_cusres_traveller {
        const char *locator, *reference; /* as the party has them; NULL or "": none */
        uint32_t number;                 /* the party's: told where there is neither of them */
        enum lf_cusres_status status;
        const char *officer;  /* LF_CUSRES_DO_NOT_BOARD: who decided */
        const char *decision; /* and where the audit log says so */
};

/* Each writes the next part to `buf` and its length to *ret_n. -ENOSPC: not enough room (LF_CUSRES_PART
 * always is for what a message gave); nothing was counted. begin: -EINVAL as said above. traveller: -EPERM:
 * LF_CUSRES_DO_NOT_BOARD without an officer or a decision. */
#define LF_CUSRES_PART 4096
int lf_cusres_begin(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n);
int lf_cusres_traveller(struct lf_cusres *c, const struct lf_cusres_traveller *t, char *buf, size_t size,
                        size_t *ret_n);
int lf_cusres_end(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n);

/* All at once. */
int lf_cusres_write(const struct lf_manifest_header *paxlst, const char *control, struct lf_manifest_time now,
                    const struct lf_cusres_traveller *travellers, size_t n, char *buf, size_t size,
                    size_t *ret_n);
