/* The order of a step keeps what matters on disk at every moment: vault first, then tiles, then the
 * checkpoint, and only then is landfalld told that it may reuse the segments. After a crash the log resumes
 * from its checkpoint and takes the same entries in again. */
#include "control/audit/audit_log.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "control/audit/vault.h"
#include "control/tlog/tlog.h"
#include "dataplane/audit/wal_read.h"

#define STEP_ENTRIES 16384
#define PUBLISH_NS   1000000000ll

struct lf_audit_log {
        char vault[PATH_MAX];
        char wal[LF_WAL_MIRRORS][PATH_MAX];
        bool mirrored;
        uint8_t wal_key[LF_WAL_KEY_SIZE];
        uint8_t vault_key[LF_VAULT_KEY];
        struct lf_tlog_writer *tiles;
        struct lf_wal_reader *reader; /* NULL: not yet at the write-ahead log */
        int error;
        int64_t published_at;
        struct lf_entry_opening opening[LF_VAULT_GROUP]; /* of the group that is being filled */
        bool group_dirty;
};

static int64_t now_ns(void)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* ---- Taking in ---- */

static int find_wal(struct lf_audit_log *log)
{
        const char *directories[LF_WAL_MIRRORS] = {log->wal[0], log->mirrored ? log->wal[1] : NULL};
        struct lf_wal_reader *reader;
        int rc = lf_wal_reader_open(directories, log->wal_key, &reader);
        if (rc < 0)
                return rc;
        rc = lf_wal_reader_seek(reader, lf_tlog_writer_size(log->tiles));
        if (rc < 0) {
                lf_wal_reader_close(reader);
                return rc == -ENOENT ? -EBADMSG : rc;
        }
        log->reader = reader;
        return 0;
}

/* Writes the current group's openings, of which the tiles have `n`. */
static int keep_group(struct lf_audit_log *log, uint64_t last_index)
{
        unsigned n = (unsigned)(last_index % LF_VAULT_GROUP) + 1;
        int rc = lf_vault_write(log->vault, log->vault_key, last_index / LF_VAULT_GROUP, log->opening, n);
        if (rc == 0)
                log->group_dirty = false;
        return rc;
}

static int take_one(struct lf_audit_log *log)
{
        const struct lf_wal_record *record;
        uint64_t index = lf_tlog_writer_size(log->tiles);
        unsigned in_group = (unsigned)(index % LF_VAULT_GROUP);
        int rc = lf_wal_reader_next(log->reader, &record);
        if (rc < 0)
                return rc;
        if (rc == 0 || record->index != index)
                return -EBADMSG;
        rc = lf_wal_reader_opening(log->reader, record, &log->opening[in_group]);
        if (rc < 0)
                return rc;
        log->group_dirty = true;
        if (in_group == LF_VAULT_GROUP - 1)
                rc = keep_group(log, index);
        if (rc == 0)
                rc = lf_tlog_writer_append(log->tiles, &record->entry, sizeof record->entry);
        return rc;
}

static int publish(struct lf_audit_log *log)
{
        uint64_t size = lf_tlog_writer_size(log->tiles);
        int rc = log->group_dirty ? keep_group(log, size - 1) : 0;
        if (rc == 0)
                rc = lf_tlog_writer_publish(log->tiles);
        log->published_at = now_ns();
        return rc;
}

static int step(struct lf_audit_log *log, uint64_t durable)
{
        uint64_t size = lf_tlog_writer_size(log->tiles);
        int rc = 0;
        if (durable > size && !log->reader)
                rc = find_wal(log);
        for (unsigned n = 0; rc == 0 && n < STEP_ENTRIES && lf_tlog_writer_size(log->tiles) < durable; n++)
                rc = take_one(log);
        if (rc == 0 && (now_ns() - log->published_at >= PUBLISH_NS || log->published_at == 0))
                rc = publish(log);
        return rc;
}

int lf_audit_log_step(struct lf_audit_log *log, uint64_t durable, uint64_t *ret_consumed, bool *ret_more)
{
        if (log->error == 0)
                log->error = step(log, durable);
        if (log->error < 0)
                return log->error;
        *ret_consumed = lf_tlog_writer_published(log->tiles);
        if (ret_more)
                *ret_more = lf_tlog_writer_size(log->tiles) < durable;
        return 0;
}

uint64_t lf_audit_log_published(const struct lf_audit_log *log)
{
        return lf_tlog_writer_published(log->tiles);
}

/* ---- Opening ---- */

static int join(char path[PATH_MAX], const char *a, const char *b)
{
        return snprintf(path, PATH_MAX, "%s%s%s", a, *b ? "/" : "", b) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int make_directory(const char *path, mode_t mode)
{
        return mkdir(path, mode) < 0 && errno != EEXIST ? -errno : 0;
}

/* DIR/verifier holds this signer's key: written once, and never another. */
static int keep_verifier(const char *directory, const struct lf_note_verifier *verifier)
{
        char path[PATH_MAX];
        struct lf_note_verifier there;
        int rc = join(path, directory, "verifier");
        if (rc == 0)
                rc = lf_note_verifier_write(verifier, path);
        if (rc != -EEXIST)
                return rc;
        rc = lf_note_verifier_read(path, &there);
        if (rc == 0 && (there.id != verifier->id || memcmp(there.key, verifier->key, sizeof there.key) != 0))
                rc = -EBADMSG;
        return rc;
}

/* The openings of the last, partial group: they are written again with what joins them. An erased group stays
 * erased, its openings zero. */
static int resume_group(struct lf_audit_log *log)
{
        uint64_t size = lf_tlog_writer_size(log->tiles);
        unsigned n, have = (unsigned)(size % LF_VAULT_GROUP);
        if (have == 0)
                return 0;
        int rc = lf_vault_read(log->vault, log->vault_key, size / LF_VAULT_GROUP, log->opening, &n);
        if (rc == -ENOENT)
                return 0;
        return rc < 0 ? rc : n < have ? -EBADMSG : 0;
}

static int open_parts(struct lf_audit_log *log, const struct lf_audit_log_options *o)
{
        char tiles[PATH_MAX];
        int rc = make_directory(o->directory, 0755);
        if (rc == 0)
                rc = join(log->vault, o->directory, "vault");
        if (rc == 0)
                rc = make_directory(log->vault, 0700);
        if (rc == 0)
                rc = o->wal[0] ? join(log->wal[0], o->wal[0], "") : join(log->wal[0], o->directory, "wal");
        if (rc == 0 && o->wal[1]) {
                log->mirrored = true;
                rc = join(log->wal[1], o->wal[1], "");
        }
        if (rc == 0)
                rc = join(tiles, o->directory, "log");
        if (rc == 0)
                rc = lf_tlog_writer_open(tiles, &o->signer, &log->tiles);
        if (rc == 0)
                rc = keep_verifier(o->directory, &o->signer.verifier);
        if (rc == 0)
                rc = resume_group(log);
        return rc;
}

static void release(struct lf_audit_log *log)
{
        lf_wal_reader_close(log->reader);
        lf_tlog_writer_close(log->tiles);
        OPENSSL_cleanse(log, sizeof *log);
        free(log);
}

int lf_audit_log_open(const struct lf_audit_log_options *o, struct lf_audit_log **ret)
{
        struct lf_audit_log *log = calloc(1, sizeof *log);
        if (!log)
                return -ENOMEM;
        memcpy(log->wal_key, o->wal_key, sizeof log->wal_key);
        memcpy(log->vault_key, o->vault_key, sizeof log->vault_key);
        int rc = open_parts(log, o);
        if (rc < 0) {
                release(log);
                return rc;
        }
        *ret = log;
        return 0;
}

int lf_audit_log_close(struct lf_audit_log *log)
{
        if (!log)
                return 0;
        int rc = log->error ? log->error : publish(log);
        release(log);
        return rc;
}
