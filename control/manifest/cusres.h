/* CUSRES: the answer to a PAXLST, traveller by traveller (UN/EDIFACT D.05B; WCO/IATA/ICAO API guidelines,
 * interactive API).
 *
 * A hit that nobody has looked at is never "do not board": that status takes a named officer and the decision
 * that the audit log holds. Memory is the caller's; any thread. */
#pragma once

#include "control/manifest/manifest.h"

/* ERC C901 9321: the first character is the vetting's, the second that of an electronic travel authorisation:
 * "Z", none was asked for. As governments send them and carriers' systems read them: 0 board, 1 do not board,
 * 2 advisory (the "selectee" of Secure Flight), 4 insufficient data. Only 0Z lets a carrier board at once.
 *
 * Sources: what a departure control system takes them for, github.com/deyoz/astra, src/iapi_interaction.h (0Z
 * on board, 1Z no board, 2Z advisory, 4Z insufficient data; whole answers of this form in
 * src/ts/iapi_china.ts); the codes of the United Kingdom, the United States and Canada at
 * streamlane.tech/knowledge-base/passenger-clearance-statuses. Some states let carriers board a 2Z: the text
 * that stands with it says what we mean. */
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
#define LF_CUSRES_PART 12288
int lf_cusres_begin(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n);
int lf_cusres_traveller(struct lf_cusres *c, const struct lf_cusres_traveller *t, char *buf, size_t size,
                        size_t *ret_n);
int lf_cusres_end(struct lf_cusres *c, char *buf, size_t size, size_t *ret_n);

/* All at once. */
int lf_cusres_write(const struct lf_manifest_header *paxlst, const char *control, struct lf_manifest_time now,
                    const struct lf_cusres_traveller *travellers, size_t n, char *buf, size_t size,
                    size_t *ret_n);
