/* An outsider's check of an audit directory: tiles, the write-ahead log's tail, and their join. Reads only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/tlog/tlog.h"
#include "dataplane/audit/wal.h"

struct lf_audit_check_options {
        const char *directory;           /* as in audit_log.h */
        const char *wal[LF_WAL_MIRRORS]; /* wal[0] NULL: DIR/wal, if it is there */
        const struct lf_note_verifier
            *verifier;          /* NULL: DIR/verifier, which proves no more than consistency */
        const uint8_t *wal_key; /* NULL: the chain's link is checked, its HMAC not */
};

struct lf_audit_check {
        struct lf_tlog_checkpoint checkpoint;
        bool wal;           /* a write-ahead log was there */
        uint64_t wal_first; /* its entries: [wal_first, wal_entries) */
        uint64_t wal_entries;
        uint64_t joined; /* entries that are in both, and were compared */

        /* The first damage, with -EBADMSG. */
        char part[16]; /* "checkpoint", "log", "wal", "join" */
        char file[160];
        uint64_t index;
        uint64_t offset;
        const char *reason;
};

/* 0: sound. -EBADMSG: damage, named. -ENOENT: no log there. Else errno of a file. */
int lf_audit_check(const struct lf_audit_check_options *options, struct lf_audit_check *ret);
