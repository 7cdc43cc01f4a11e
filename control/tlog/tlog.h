/* Transparency logs as directories of tiles (c2sp.org/tlog-tiles, RFC 6962 hashes), with a signed checkpoint
 * (c2sp.org/tlog-checkpoint).
 *
 *   DIR/checkpoint               signed note: origin, size, base64 root
 *   DIR/tile/LEVEL/NUMBER        256 hashes; NUMBER.p/WIDTH a partial tile of WIDTH
 *   DIR/tile/entries/NUMBER      256 entries, each behind its 16-bit big-endian length
 *
 * Writing is crash-safe: tiles are durable before the checkpoint that covers them, every file appears by
 * rename. The reader trusts nothing in the directory but the checkpoint's signature. Functions block on
 * files; a writer or a reader belongs to one thread at a time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/tlog/note.h"

#define LF_TLOG_HASH      32
#define LF_TLOG_ENTRY_MAX 65535
#define LF_TLOG_WIDTH     256
#define LF_TLOG_PROOF_MAX 64 /* hashes in an inclusion proof; a consistency proof has at most 65 */

struct lf_tlog_checkpoint {
        char origin[LF_NOTE_NAME_MAX + 1];
        uint64_t size;
        uint8_t root[LF_TLOG_HASH];
};

struct lf_tlog_proof {
        unsigned n;
        uint8_t hash[LF_TLOG_PROOF_MAX + 1][LF_TLOG_HASH];
};

/* What was wrong, and where: filled when a reader's function fails with -EBADMSG. */
struct lf_tlog_fault {
        char file[128];     /* path below the log's directory */
        uint64_t index;     /* first entry that it touches */
        uint64_t offset;    /* bytes into the file */
        const char *reason; /* static text */
};

/* Hashes: leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right). */
void lf_tlog_leaf_hash(const void *entry, size_t size, uint8_t ret_hash[LF_TLOG_HASH]);
void lf_tlog_node_hash(const uint8_t left[LF_TLOG_HASH], const uint8_t right[LF_TLOG_HASH],
                       uint8_t ret_hash[LF_TLOG_HASH]);

/* Pure checks of proofs. 0, or -EBADMSG: the proof does not hold (or indices make no sense). */
int lf_tlog_check_inclusion(const struct lf_tlog_proof *proof, uint64_t index,
                            const uint8_t leaf[LF_TLOG_HASH], uint64_t size,
                            const uint8_t root[LF_TLOG_HASH]);
int lf_tlog_check_consistency(const struct lf_tlog_proof *proof, uint64_t old_size,
                              const uint8_t old_root[LF_TLOG_HASH], uint64_t size,
                              const uint8_t root[LF_TLOG_HASH]);

/* The checkpoint's text, and its parser (lines after the root are extensions, passed over).
 * Format returns the text's size; `text` must hold LF_NOTE_NAME_MAX + 80. Parse: -EBADMSG. */
size_t lf_tlog_checkpoint_format(const struct lf_tlog_checkpoint *checkpoint, char *text);
int lf_tlog_checkpoint_parse(const char *text, size_t size, struct lf_tlog_checkpoint *ret);

/* ---- Writer: one a log. ---- */
struct lf_tlog_writer;

/* Opens, or starts, the log in `directory` (created when missing). The origin is the signer's key name. The
 * signer is copied. What an earlier writer appended without a checkpoint is gone: append it again. -EBADMSG:
 * the checkpoint there is not this signer's, or the tiles do not give its root. -EBUSY: another writer. */
int lf_tlog_writer_open(const char *directory, const struct lf_note_signer *signer,
                        struct lf_tlog_writer **ret);

/* Number of entries, appended and published. */
uint64_t lf_tlog_writer_size(const struct lf_tlog_writer *writer);
uint64_t lf_tlog_writer_published(const struct lf_tlog_writer *writer);

/* Adds an entry; complete tiles are written as they fill. -EINVAL: longer than
 * LF_TLOG_ENTRY_MAX. Other errors, here and in publish, are those of the file system; after one the writer
 * refuses to go on (-EIO): close it and open again. */
int lf_tlog_writer_append(struct lf_tlog_writer *writer, const void *entry, size_t size);

/* Makes tiles durable, then signs and replaces the checkpoint. Returns when the checkpoint is durable.
 * With nothing new since the last: does nothing, unless there is no checkpoint at all. */
int lf_tlog_writer_publish(struct lf_tlog_writer *writer);

/* The last published checkpoint. */
void lf_tlog_writer_checkpoint(const struct lf_tlog_writer *writer, struct lf_tlog_checkpoint *ret);

/* Does not publish. Wipes the signer. NULL is fine. */
void lf_tlog_writer_close(struct lf_tlog_writer *writer);

/* ---- Reader ---- */
struct lf_tlog_reader;

/* Reads the checkpoint and checks its signature: verifiers[0] is the log's own key and must have signed, and
 * the origin must be its name; the others (cosigners) show in ret_verified (may be NULL), as in lf_note_open.
 * The directory may be written meanwhile: the reader stays with the checkpoint that it opened. -ENOENT: no
 * checkpoint. -EBADMSG, -EKEYREJECTED, -ENOKEY: as lf_note_open. */
int lf_tlog_reader_open(const char *directory, const struct lf_note_verifier *verifiers, unsigned n_verifiers,
                        struct lf_tlog_reader **ret, uint64_t *ret_verified);
void lf_tlog_reader_close(struct lf_tlog_reader *reader);

/* Borrowed from the reader. */
const struct lf_tlog_checkpoint *lf_tlog_reader_checkpoint(const struct lf_tlog_reader *reader);
const struct lf_tlog_fault *lf_tlog_reader_fault(const struct lf_tlog_reader *reader);

/* Entry `index`, with its inclusion in the checkpoint verified. ret_entry is borrowed from the reader, until
 * its next call. -ERANGE: index not below the size. -EBADMSG: see lf_tlog_reader_fault. Else errno of the
 * file. */
int lf_tlog_reader_entry(struct lf_tlog_reader *reader, uint64_t index, const uint8_t **ret_entry,
                         size_t *ret_size);

/* Entry `index` as the bundle has it, not verified: to search a log; verify what was found. Else as above. */
int lf_tlog_reader_peek(struct lf_tlog_reader *reader, uint64_t index, const uint8_t **ret_entry,
                        size_t *ret_size);

/* The leaf hash of entry `index`, as the tiles have it: verified against the root only by
 * lf_tlog_reader_check or by a proof. */
int lf_tlog_reader_leaf(struct lf_tlog_reader *reader, uint64_t index, uint8_t ret_leaf[LF_TLOG_HASH]);

/* Proofs from the tiles, checked before they are returned. old_size 1..size (-ERANGE). ret_old_root: the root
 * that the tree had at old_size; compare it with what was seen then. */
int lf_tlog_reader_inclusion(struct lf_tlog_reader *reader, uint64_t index, struct lf_tlog_proof *ret);
int lf_tlog_reader_consistency(struct lf_tlog_reader *reader, uint64_t old_size, struct lf_tlog_proof *ret,
                               uint8_t ret_old_root[LF_TLOG_HASH]);

/* Reads everything: every tile of every level, every entry, the root. 0: all of it is what the checkpoint
 * says. -EBADMSG: the first fault in the order of entries is in lf_tlog_reader_fault. */
int lf_tlog_reader_check(struct lf_tlog_reader *reader);
