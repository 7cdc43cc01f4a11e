/* Reading another process's write-ahead log: control follows it, the verifier checks it. Files are opened for
 * reading only. Entries need no key; the chain's HMAC and the openings do. */
#pragma once

#include "dataplane/audit/wal_record.h"

struct lf_wal_reader;

/* directory[1] may be NULL. key NULL: without. -ENOENT: no segments. -EINVAL: the segments' sizes or the
 * mirrors' counts differ. Else errno. */
int lf_wal_reader_open(const char *const directory[LF_WAL_MIRRORS], const uint8_t *key,
                       struct lf_wal_reader **ret);
void lf_wal_reader_close(struct lf_wal_reader *reader);

/* Goes to entry `index`, which the next call of lf_wal_reader_next returns, or to the log's end when `index`
 * is the number of its entries. -ENOENT: the log does not reach it, or has gone past it. Else -errno of read.
 */
int lf_wal_reader_seek(struct lf_wal_reader *reader, uint64_t index);

/* The next entry's record: 1, borrowed until the next call. 0: none here. Whoever follows a living log asks
 * only while the index is below what landfalld says is durable; then 0 means damage. Else -errno of read. */
int lf_wal_reader_next(struct lf_wal_reader *reader, const struct lf_wal_record **ret_record);

/* The opening that belongs to a record of this log. -ENOKEY: opened without key. -EBADMSG: wrong key, or
 * damaged. */
int lf_wal_reader_opening(struct lf_wal_reader *reader, const struct lf_wal_record *record,
                          struct lf_entry_opening *ret);

/* Looks at every slot, as recovery does; changes nothing. `expected`: entries below it are elsewhere; 0: not
 * known. -EBADMSG: damage, named in ret_found, as in lf_wal_open. The log's owner must not be running. */
int lf_wal_reader_check(struct lf_wal_reader *reader, uint64_t expected, struct lf_wal_recovery *ret_found);

/* Where the next look will be: for messages. */
void lf_wal_reader_place(const struct lf_wal_reader *reader, unsigned *ret_segment, uint64_t *ret_offset);
