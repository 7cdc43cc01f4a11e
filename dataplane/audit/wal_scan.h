/* Where the log begins and ends, and whether anything before its end is damaged. */
#pragma once

#include "dataplane/audit/wal_walk.h"

struct lf_wal_scan {
        struct lf_wal_recovery found;
        uint64_t start; /* position of the oldest record; == end: no record */
        uint64_t end;   /* position after the last record that belongs to the log */
        uint64_t
            stray; /* position after the last whole record of all: >= end; between them all is to be wiped */
        uint8_t chain[16]; /* of the last record */
};

/* Reads all of the source. 0, or -EBADMSG: damage, named in ret->found; or -errno of read, -ENOMEM. ret is
 * filled in the first two cases. */
int lf_wal_scan(const struct lf_wal_source *source, struct lf_wal_keys *keys, uint64_t expected,
                struct lf_wal_scan *ret);
