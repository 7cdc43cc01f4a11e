/* Control's half of the audit log: follows landfalld's write-ahead log, makes tiles of durable entries, signs
 * a checkpoint each second, and moves the openings of commitments into the vault.
 *
 *   DIR/log      transparency log: tiles, checkpoint
 *   DIR/verifier the log's verifier key, so that DIR can be checked as it stands
 *   DIR/vault    openings, sealed: one file for each 256 entries
 *   DIR/wal      landfalld's segments (read only here; may be elsewhere)
 *
 * One thread calls; functions block on files for milliseconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "control/tlog/note.h"
#include "dataplane/audit/wal.h"

struct lf_audit_log;

struct lf_audit_log_options {
        const char *directory;           /* DIR: created when missing */
        const char *wal[LF_WAL_MIRRORS]; /* landfalld's directories; wal[0] NULL: DIR/wal */
        struct lf_note_signer signer;
        uint8_t wal_key[LF_WAL_KEY_SIZE];
        uint8_t vault_key[32]; /* see lf_vault_key_read */
};

/* Opens or starts the log. The options are copied. The write-ahead log need not exist yet. Errors: as
 * lf_tlog_writer_open. */
int lf_audit_log_open(const struct lf_audit_log_options *options, struct lf_audit_log **ret);

/* Takes in what is durable in the write-ahead log, at most 16,384 entries a call, and publishes a checkpoint
 * when a second has passed since the last. `durable`: the durable index from the counters page. ret_consumed:
 * entries below it are in tiles and vault durably; tell landfalld. ret_more (may be NULL): call again soon.
 * -EBADMSG: the write-ahead log is damaged, or lacks an entry between the tiles and its own oldest. Else
 * errno. After an error nothing is taken in again until the log is opened anew. */
int lf_audit_log_step(struct lf_audit_log *log, uint64_t durable, uint64_t *ret_consumed, bool *ret_more);

/* Entries in the published checkpoint: what lf_wal_options.expected wants. */
uint64_t lf_audit_log_published(const struct lf_audit_log *log);

/* Publishes what was taken in, wipes keys, frees. NULL is fine. */
int lf_audit_log_close(struct lf_audit_log *log);
