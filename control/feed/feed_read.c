/* The appliance's side: nothing of the directory is trusted but what the originator signed. */
#include "control/feed/feed.h"
#include "control/feed/keyring.h"
#include "control/feed/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct lf_feed_reader {
        char *directory, *keyring;
        struct lf_note_verifier key;
        _Atomic uint64_t *opened; /* NULL: nobody counts */
        uint8_t appliance_private[32], appliance_public[32];
        struct lf_tlog_checkpoint seen; /* size 0: nothing yet */
        uint64_t time;
        struct timespec keyring_time;
        uint64_t keyring_expires; /* seconds; 0: it has, or there is none */
        struct lf_feed_record *record;
        size_t n;
        size_t locked;
        int payload;  /* file; -1: none yet */
        uint8_t *box; /* a sealed payload */
        size_t box_room;
};

static int fail(char *why, int r, const char *what, const char *detail)
{
        snprintf(why, LF_FEED_WHY, "%s %.150s: %s", what, detail, strerror(-r));
        return r;
}

int lf_feed_reader_open(const struct lf_feed_options *options, struct lf_feed_reader **ret, char *why)
{
        struct lf_feed_reader *r = calloc(1, sizeof *r);
        if (!r)
                return fail(why, -ENOMEM, "no memory for feed", options->directory);
        r->payload = -1;
        r->opened = options->opened;
        r->directory = strdup(options->directory);
        r->keyring = strdup(options->keyring);
        int e = r->directory && r->keyring ? 0 : -ENOMEM;
        if (e < 0)
                fail(why, e, "no memory for feed", options->directory);
        else if ((e = lf_note_verifier_read(options->key, &r->key)) < 0)
                fail(why, e, "cannot read the originator's key", options->key);
        else if ((e = lf_keyring_appliance(options->appliance, r->appliance_private, r->appliance_public)) <
                 0)
                fail(why, e, "cannot read the appliance's secret", options->appliance);
        if (e < 0) {
                lf_feed_reader_close(r);
                return e;
        }
        *ret = r;
        return 0;
}

static void drop_all(struct lf_feed_record *record, size_t n)
{
        if (record)
                OPENSSL_cleanse(record, n * sizeof *record);
        free(record);
}

void lf_feed_reader_close(struct lf_feed_reader *r)
{
        if (!r)
                return;
        drop_all(r->record, r->n);
        OPENSSL_cleanse(r->appliance_private, sizeof r->appliance_private);
        if (r->payload >= 0)
                close(r->payload);
        free(r->box);
        free(r->directory);
        free(r->keyring);
        free(r);
}

const struct lf_feed_record *lf_feed_reader_records(const struct lf_feed_reader *r, size_t *ret_n)
{
        *ret_n = r->n;
        return r->record;
}

uint64_t lf_feed_reader_size(const struct lf_feed_reader *r)
{
        return r->seen.size;
}

uint64_t lf_feed_reader_time(const struct lf_feed_reader *r)
{
        return r->time;
}

size_t lf_feed_reader_locked(const struct lf_feed_reader *r)
{
        return r->locked;
}

/* What a sync builds beside the old state, to replace it as a whole. */
struct draft {
        struct lf_feed_record *record;
        size_t n, room;
        uint64_t time;
        bool changed;
        int *slot; /* open addressing over record ids: index + 1 into `record`; 0: free */
        size_t slots;
};

static size_t find_slot(const struct draft *d, const uint8_t id[16])
{
        uint64_t h;
        memcpy(&h, id, sizeof h);
        h *= 0x9e3779b97f4a7c15ull;
        size_t i = (size_t)(h >> 20) & (d->slots - 1);
        while (d->slot[i] && memcmp(d->record[d->slot[i] - 1].leaf.record, id, 16) != 0)
                i = (i + 1) & (d->slots - 1);
        return i;
}

/* A copy of the old records, and room for every leaf that may come. */
static int draft_init(struct draft *d, const struct lf_feed_reader *r, uint64_t leaves)
{
        *d = (struct draft){.n = r->n, .room = r->n + leaves, .time = r->time};
        for (d->slots = 1024; d->slots < 2 * d->room; d->slots *= 2)
                ;
        d->record = calloc(d->room + 1, sizeof *d->record);
        d->slot = calloc(d->slots, sizeof *d->slot);
        if (!d->record || !d->slot)
                return -ENOMEM;
        for (size_t i = 0; i < r->n; i++) {
                d->record[i] = r->record[i];
                d->slot[find_slot(d, r->record[i].leaf.record)] = (int)i + 1;
        }
        return 0;
}

/* A leaf that is not older than the one before it. -EBADMSG. */
static int read_leaf(const uint8_t *entry, size_t size, uint64_t since, struct lf_feed_leaf *ret)
{
        if (size != sizeof *ret)
                return -EBADMSG;
        memcpy(ret, entry, sizeof *ret);
        return ret->magic == LF_FEED_LEAF_MAGIC && ret->version == 1 && ret->time >= since ? 0 : -EBADMSG;
}

static int take_leaf(struct draft *d, const uint8_t *entry, size_t size, uint64_t index)
{
        struct lf_feed_leaf leaf;
        if (read_leaf(entry, size, d->time, &leaf) < 0)
                return -EBADMSG;
        d->time = leaf.time;
        size_t s = find_slot(d, leaf.record);
        switch (leaf.kind) {
        case LF_FEED_ADD:
                if (leaf.payload_size <= LF_FEED_SEAL_EXTRA ||
                    leaf.payload_size > LF_FEED_PAYLOAD_MAX + LF_FEED_SEAL_EXTRA)
                        return -EBADMSG;
                if (!d->slot[s])
                        d->slot[s] = (int)++d->n;
                d->record[d->slot[s] - 1] = (struct lf_feed_record){
                    .leaf = leaf, .index = index, .size = leaf.payload_size - LF_FEED_SEAL_EXTRA};
                d->changed = true;
                return 0;
        case LF_FEED_REMOVE:
                if (d->slot[s]) {
                        /* The slot stays taken, so that probing goes on past it; the record is dead. */
                        d->record[d->slot[s] - 1].leaf.kind = LF_FEED_REMOVE;
                        d->changed = true;
                }
                return 0;
        case LF_FEED_HEARTBEAT:
                return 0;
        default:
                return -EBADMSG;
        }
}

static int by_index(const void *a, const void *b)
{
        uint64_t x = ((const struct lf_feed_record *)a)->index, y = ((const struct lf_feed_record *)b)->index;
        return (x > y) - (x < y);
}

static void drop_dead(struct draft *d)
{
        size_t kept = 0;
        for (size_t i = 0; i < d->n; i++)
                if (d->record[i].leaf.kind == LF_FEED_ADD)
                        d->record[kept++] = d->record[i];
        d->n = kept;
        qsort(d->record, d->n, sizeof *d->record, by_index);
}

/* Reads a sealed payload and opens it into `ret`. -EBADMSG. */
static int open_payload(struct lf_feed_reader *r, int fd, const struct lf_feed_leaf *leaf,
                        const uint8_t key[32], uint8_t *ret)
{
        uint8_t hash[32];
        size_t size = leaf->payload_size;
        if (size > r->box_room) {
                free(r->box);
                r->box = malloc(r->box_room = size);
        }
        if (!r->box) {
                r->box_room = 0;
                return -ENOMEM;
        }
        if (pread(fd, r->box, size, (off_t)leaf->payload_offset) != (ssize_t)size)
                return -EBADMSG;
        if (r->opened)
                (*r->opened)++;
        SHA256(r->box, size, hash);
        return memcmp(hash, leaf->payload_hash, 32) == 0 ? lf_feed_unseal(leaf, key, r->box, size, ret)
                                                         : -EBADMSG;
}

int lf_feed_reader_payload(struct lf_feed_reader *r, const struct lf_feed_record *record, uint8_t *ret,
                           char *why)
{
        int e = !record->open || r->payload < 0
                    ? -ENOKEY
                    : open_payload(r, r->payload, &record->leaf, record->key, ret);
        return e < 0 ? fail(why, e, "a payload cannot be opened in", r->directory) : 0;
}

/* Finds each record's key in the keyring, and opens the payloads that were not opened under it before. A
 * payload that is not what its leaf says is an error; a missing key is not: the originator took it back, or
 * has not sent it yet. */
static int try_payloads(struct lf_feed_reader *r, struct draft *d, const struct lf_keyring_key *keys,
                        uint32_t n_keys, int fd, size_t *ret_locked)
{
        static const uint8_t none[32];
        uint8_t *opened = malloc(LF_FEED_PAYLOAD_MAX);
        size_t locked = 0;
        uint32_t k = 0;
        int e = opened ? 0 : -ENOMEM;
        for (size_t i = 0; e == 0 && i < d->n; i++) {
                struct lf_feed_record *rec = &d->record[i];
                while (k < n_keys && keys[k].index < rec->index)
                        k++;
                bool known = k < n_keys && keys[k].index == rec->index;
                if (known && rec->open && memcmp(rec->key, keys[k].key, 32) == 0)
                        continue;
                if (known)
                        e = open_payload(r, fd, &rec->leaf, keys[k].key, opened);
                rec->open = known;
                memcpy(rec->key, known ? keys[k].key : none, 32);
                if (known)
                        OPENSSL_cleanse(opened, rec->size);
                else
                        locked++;
        }
        free(opened);
        *ret_locked = locked;
        return e;
}

static int open_payloads(struct lf_feed_reader *r, struct draft *d, const struct lf_keyring_key *keys,
                         uint32_t n_keys, size_t *ret_locked, char *why)
{
        char path[4096];
        snprintf(path, sizeof path, "%s/payload", r->directory);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return d->n ? fail(why, -errno, "cannot open", path) : 0;
        int e = try_payloads(r, d, keys, n_keys, fd, ret_locked);
        if (e < 0) {
                close(fd);
                return fail(why, e, "a payload is missing, or is not what its leaf says, in", path);
        }
        if (r->payload >= 0)
                close(r->payload);
        r->payload = fd;
        return 0;
}

static int read_leaves(struct lf_feed_reader *r, struct lf_tlog_reader *log, struct draft *d, char *why)
{
        const struct lf_tlog_checkpoint *c = lf_tlog_reader_checkpoint(log);
        int e = 0;
        for (uint64_t i = r->seen.size; e == 0 && i < c->size; i++) {
                const uint8_t *entry;
                size_t size;
                e = lf_tlog_reader_entry(log, i, &entry, &size);
                if (e == 0)
                        e = take_leaf(d, entry, size, i);
                if (e < 0) {
                        char where[128];
                        snprintf(where, sizeof where, "entry %lu of %.90s", (unsigned long)i, r->directory);
                        fail(why, e, "cannot read", where);
                }
        }
        return e;
}

static int check_growth(struct lf_feed_reader *r, struct lf_tlog_reader *log, char *why)
{
        const struct lf_tlog_checkpoint *c = lf_tlog_reader_checkpoint(log);
        struct lf_tlog_proof proof;
        uint8_t old_root[LF_TLOG_HASH];
        if (r->seen.size == 0)
                return 0;
        if (c->size < r->seen.size)
                return fail(why, -ESTALE, "rollback: shorter than it was:", r->directory);
        int e = lf_tlog_reader_consistency(log, r->seen.size, &proof, old_root);
        if (e == 0 && memcmp(old_root, r->seen.root, sizeof old_root) != 0)
                e = -EBADMSG;
        return e < 0 ? fail(why, e, "fork: does not continue what was seen:", r->directory) : 0;
}

/* Changed since the last look? A new keyring opens or closes records without a new leaf. */
static bool keyring_changed(struct lf_feed_reader *r, struct timespec *ret)
{
        struct stat st = {0};
        if (stat(r->keyring, &st) < 0)
                st.st_mtim = (struct timespec){0};
        *ret = st.st_mtim;
        return st.st_mtim.tv_sec != r->keyring_time.tv_sec || st.st_mtim.tv_nsec != r->keyring_time.tv_nsec;
}

/* Heartbeats alone, of which only the time counts: the records, perhaps millions, need not be set out anew.
 * Any doubt: no. */
static bool only_heartbeats(const struct lf_feed_reader *r, struct lf_tlog_reader *log, uint64_t *ret_time)
{
        uint64_t end = lf_tlog_reader_checkpoint(log)->size, time = r->time;
        for (uint64_t i = r->seen.size; i < end; i++) {
                const uint8_t *entry;
                size_t size;
                struct lf_feed_leaf leaf;
                if (lf_tlog_reader_entry(log, i, &entry, &size) < 0 ||
                    read_leaf(entry, size, time, &leaf) < 0 || leaf.kind != LF_FEED_HEARTBEAT)
                        return false;
                time = leaf.time;
        }
        *ret_time = time;
        return true;
}

static int rebuild(struct lf_feed_reader *r, struct lf_tlog_reader *log, struct draft *d, bool new_keys,
                   char *why)
{
        const struct lf_tlog_checkpoint *c = lf_tlog_reader_checkpoint(log);
        if (!new_keys && only_heartbeats(r, log, &r->time)) {
                r->seen = *c;
                return 0;
        }
        struct lf_keyring_key *keys = NULL;
        uint32_t n_keys = 0;
        uint64_t now = (uint64_t)time(NULL), expires = 0;
        size_t locked = 0;
        int e = draft_init(d, r, c->size - r->seen.size);
        if (e < 0)
                return fail(why, e, "no memory for feed", r->directory);
        e = read_leaves(r, log, d, why);
        d->changed |= new_keys;
        if (e == 0 && d->changed) {
                drop_dead(d);
                e = lf_keyring_read(r->keyring, r->appliance_private, r->appliance_public, now, &keys,
                                    &n_keys, &expires);
                if (e == -EKEYEXPIRED)
                        e = expires = 0; /* no key: every record is locked */
                if (e < 0)
                        fail(why, e, "cannot use the keyring", r->keyring);
                else
                        e = open_payloads(r, d, keys, n_keys, &locked, why);
                lf_keyring_free(keys, n_keys);
        }
        if (e < 0)
                return e;
        if (d->changed) {
                drop_all(r->record, r->n);
                r->record = d->record;
                r->n = d->n;
                r->locked = locked;
                r->keyring_expires = expires;
                d->record = NULL;
                d->n = 0;
        }
        r->time = d->time;
        r->seen = *c;
        return 0;
}

int lf_feed_reader_sync(struct lf_feed_reader *r, bool *ret_changed, char *why)
{
        char path[4096];
        struct lf_tlog_reader *log;
        struct timespec keyring_time;
        struct draft d = {0};
        snprintf(path, sizeof path, "%s/log", r->directory);
        int e = lf_tlog_reader_open(path, &r->key, 1, &log, NULL);
        if (e < 0)
                return fail(why, e, "cannot read the checkpoint of", path);
        bool new_keys = keyring_changed(r, &keyring_time) ||
                        (r->keyring_expires && r->keyring_expires < (uint64_t)time(NULL));
        e = check_growth(r, log, why);
        if (e == 0 && (new_keys || lf_tlog_reader_checkpoint(log)->size > r->seen.size))
                e = rebuild(r, log, &d, new_keys, why);
        if (e == 0) {
                r->keyring_time = keyring_time;
                if (d.changed)
                        *ret_changed = true;
                if (r->n && r->keyring_expires == 0)
                        e = fail(why, -EKEYEXPIRED,
                                 "no record can be searched until there is a new keyring:", r->keyring);
        }
        drop_all(d.record, d.n);
        free(d.slot);
        lf_tlog_reader_close(log);
        return e;
}
