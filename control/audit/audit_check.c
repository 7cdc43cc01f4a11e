#include "control/audit/audit_check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/audit/leaf.h"
#include "dataplane/audit/wal_read.h"

#define TRIES 4 /* a living write-ahead log may reuse a segment while it is being read */

static int say(struct lf_audit_check *c, const char *part, const char *file, uint64_t index, uint64_t offset,
               const char *reason)
{
        snprintf(c->part, sizeof c->part, "%s", part);
        snprintf(c->file, sizeof c->file, "%s", file);
        c->index = index;
        c->offset = offset;
        c->reason = reason;
        return -EBADMSG;
}

static int check_log(const char *directory, const struct lf_note_verifier *verifier, struct lf_audit_check *c,
                     struct lf_tlog_reader **ret)
{
        char path[PATH_MAX];
        struct lf_tlog_reader *r;
        snprintf(path, sizeof path, "%s/log", directory);
        int rc = lf_tlog_reader_open(path, verifier, 1, &r, NULL);
        if (rc == -EBADMSG)
                return say(c, "checkpoint", "log/checkpoint", 0, 0, "it is not a checkpoint of this log");
        if (rc == -EKEYREJECTED)
                return say(c, "checkpoint", "log/checkpoint", 0, 0, "the signature is false");
        if (rc == -ENOKEY)
                return say(c, "checkpoint", "log/checkpoint", 0, 0, "the key has not signed it");
        if (rc < 0)
                return rc;
        c->checkpoint = *lf_tlog_reader_checkpoint(r);
        rc = lf_tlog_reader_check(r);
        if (rc == -EBADMSG) {
                const struct lf_tlog_fault *f = lf_tlog_reader_fault(r);
                char file[140];
                snprintf(file, sizeof file, "log/%s", f->file);
                say(c, "log", file, f->index, f->offset, f->reason);
        }
        if (rc < 0)
                lf_tlog_reader_close(r);
        else
                *ret = r;
        return rc;
}

/* Whether damage that shows is there to stay: a rotation under our eyes looks the same once. */
static int check_wal(struct lf_wal_reader *wal, uint64_t size, struct lf_audit_check *c)
{
        struct lf_wal_recovery found;
        uint64_t before = UINT64_MAX;
        int rc = 0;
        for (int i = 0; i < TRIES; i++) {
                rc = lf_wal_reader_check(wal, size, &found);
                if (rc != -EBADMSG || found.index == before)
                        break;
                before = found.index;
        }
        if (rc == -EBADMSG) {
                char file[16];
                snprintf(file, sizeof file, "%04u.seg", found.segment);
                return say(c, "wal", file, found.index, found.offset, found.reason);
        }
        c->wal_first = found.first;
        c->wal_entries = found.entries;
        return rc;
}

/* Entries in both places are the same. */
static int check_join(struct lf_wal_reader *wal, struct lf_tlog_reader *log, struct lf_audit_check *c)
{
        uint64_t size = c->checkpoint.size;
        const struct lf_wal_record *record;
        uint8_t there[32], here[32];
        if (c->wal_first >= size)
                return 0;
        int rc = lf_wal_reader_seek(wal, c->wal_first);
        if (rc == -ENOENT) /* the oldest segment was reused meanwhile: the next one begins later */
                return 0;
        for (uint64_t i = c->wal_first; rc >= 0 && i < size && i < c->wal_entries; i++) {
                rc = lf_wal_reader_next(wal, &record);
                if (rc == 0)
                        break;
                if (rc > 0)
                        rc = lf_tlog_reader_leaf(log, i, there);
                if (rc < 0)
                        break;
                lf_entry_leaf_hash(&record->entry, here);
                if (memcmp(here, there, sizeof here) != 0) {
                        unsigned segment = 0;
                        uint64_t offset = 0;
                        char file[16];
                        lf_wal_reader_place(wal, &segment, &offset);
                        snprintf(file, sizeof file, "%04u.seg", segment);
                        return say(c, "join", file, i, offset ? offset - LF_WAL_RECORD_SIZE : 0,
                                   "the write-ahead log and the tiles hold different entries");
                }
                c->joined++;
        }
        return rc < 0 ? rc : 0;
}

static int open_wal(const struct lf_audit_check_options *o, struct lf_wal_reader **ret)
{
        char path[PATH_MAX];
        const char *directories[LF_WAL_MIRRORS] = {o->wal[0], o->wal[1]};
        snprintf(path, sizeof path, "%s/wal", o->directory);
        if (!o->wal[0])
                directories[0] = path;
        int rc = lf_wal_reader_open(directories, o->wal_key, ret);
        if (rc == -ENOENT && !o->wal[0])
                return 0;
        return rc < 0 ? rc : 1;
}

int lf_audit_check(const struct lf_audit_check_options *o, struct lf_audit_check *ret)
{
        struct lf_note_verifier own;
        struct lf_tlog_reader *log = NULL;
        struct lf_wal_reader *wal = NULL;
        int rc = 0;
        memset(ret, 0, sizeof *ret);
        if (!o->verifier) {
                char path[PATH_MAX];
                snprintf(path, sizeof path, "%s/verifier", o->directory);
                rc = lf_note_verifier_read(path, &own);
                if (rc == -EBADMSG)
                        return say(ret, "checkpoint", "verifier", 0, 0, "it is not a verifier key");
        }
        if (rc == 0)
                rc = check_log(o->directory, o->verifier ? o->verifier : &own, ret, &log);
        if (rc < 0)
                return rc;
        rc = open_wal(o, &wal);
        if (rc > 0) {
                ret->wal = true;
                rc = check_wal(wal, ret->checkpoint.size, ret);
                if (rc == 0)
                        rc = check_join(wal, log, ret);
        }
        lf_wal_reader_close(wal);
        lf_tlog_reader_close(log);
        return rc;
}
