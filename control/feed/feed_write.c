/* The originator's side: ORIGIN/signer (Ed25519), ORIGIN/key (its verifier), ORIGIN/records (the keys of the
 * live records), ORIGIN/feed (what is published). */
#include "control/feed/feed.h"
#include "control/feed/keyring.h"
#include "control/feed/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 4096

struct live {
        struct lf_keyring_key key;
        uint8_t record[16];
};

struct lf_feed_writer {
        char dir[PATH_SIZE - 64];
        struct lf_tlog_writer *log;
        FILE *payload;
        uint64_t payload_end;
        uint64_t last_time;
        struct live *live; /* in rising order of index; forgotten ones have KEY_GONE as index */
        size_t n, room, gone;
        uint32_t *slot; /* open addressing over record ids: place in `live` + 1; 0: free */
        size_t slots;
};
#define KEY_GONE UINT64_MAX

static int fail(char *why, int r, const char *what, const char *path)
{
        snprintf(why, LF_FEED_WHY, "%s %.150s: %s", what, path, strerror(-r));
        return r;
}

static int join(char *out, const char *dir, const char *name)
{
        return snprintf(out, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

int lf_feed_init(const char *origin_dir, const char *origin_name, char *why)
{
        char path[PATH_SIZE];
        struct lf_note_signer signer;
        if (mkdir(origin_dir, 0700) < 0 && errno != EEXIST)
                return fail(why, -errno, "cannot make", origin_dir);
        int r = lf_note_signer_generate(origin_name, &signer);
        if (r < 0)
                return fail(why, r, "not a usable originator name (no space, no +):", origin_name);
        join(path, origin_dir, "signer");
        r = lf_note_signer_write(&signer, path);
        if (r == 0) {
                join(path, origin_dir, "key");
                r = lf_note_verifier_write(&signer.verifier, path);
        }
        if (r < 0) {
                OPENSSL_cleanse(&signer, sizeof signer);
                return fail(why, r, "cannot write", path);
        }
        join(path, origin_dir, "feed");
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                r = fail(why, -errno, "cannot make", path);
        join(path, origin_dir, "feed/keyring");
        if (r == 0 && mkdir(path, 0755) < 0 && errno != EEXIST)
                r = fail(why, -errno, "cannot make", path);
        struct lf_tlog_writer *log;
        join(path, origin_dir, "feed/log");
        if (r == 0 && (r = lf_tlog_writer_open(path, &signer, &log)) == 0) {
                r = lf_tlog_writer_publish(log);
                lf_tlog_writer_close(log);
        }
        OPENSSL_cleanse(&signer, sizeof signer);
        return r < 0 ? fail(why, r, "cannot start the log", path) : 0;
}

static int load_live(struct lf_feed_writer *w)
{
        char path[PATH_SIZE];
        join(path, w->dir, "records");
        FILE *f = fopen(path, "re");
        if (!f)
                return errno == ENOENT ? 0 : -errno;
        struct stat st;
        int r = fstat(fileno(f), &st) < 0 ? -errno : 0;
        if (r == 0 && st.st_size % (off_t)sizeof *w->live != 0)
                r = -EBADMSG;
        if (r == 0) {
                w->n = w->room = (size_t)st.st_size / sizeof *w->live;
                w->live = calloc(w->room + 1, sizeof *w->live);
                if (!w->live)
                        r = -ENOMEM;
                else if (fread(w->live, sizeof *w->live, w->n, f) != w->n)
                        r = -EIO;
        }
        fclose(f);
        return r;
}

int lf_feed_writer_open(const char *origin_dir, struct lf_feed_writer **ret, char *why)
{
        char path[PATH_SIZE];
        struct lf_note_signer signer;
        struct lf_feed_writer *w = calloc(1, sizeof *w);
        if (!w)
                return fail(why, -ENOMEM, "no memory for", origin_dir);
        snprintf(w->dir, sizeof w->dir, "%s", origin_dir);
        join(path, w->dir, "signer");
        int r = lf_note_signer_read(path, &signer);
        if (r == 0) {
                join(path, w->dir, "feed/log");
                r = lf_tlog_writer_open(path, &signer, &w->log);
                OPENSSL_cleanse(&signer, sizeof signer);
        }
        if (r == 0) {
                join(path, w->dir, "records");
                r = load_live(w);
        }
        /* Keys of leaves that were never published: their indices will be given out again. */
        while (r == 0 && w->n && w->live[w->n - 1].key.index >= lf_tlog_writer_size(w->log))
                OPENSSL_cleanse(&w->live[--w->n], sizeof *w->live);
        if (r == 0) {
                join(path, w->dir, "feed/payload");
                w->payload = fopen(path, "abe");
                if (!w->payload)
                        r = -errno;
        }
        if (r < 0) {
                lf_feed_writer_close(w);
                return fail(why, r, "cannot open", path);
        }
        fseeko(w->payload, 0, SEEK_END);
        w->payload_end = (uint64_t)ftello(w->payload);
        *ret = w;
        return 0;
}

void lf_feed_writer_close(struct lf_feed_writer *w)
{
        if (!w)
                return;
        if (w->payload)
                fclose(w->payload);
        lf_tlog_writer_close(w->log);
        if (w->live)
                OPENSSL_cleanse(w->live, w->n * sizeof *w->live);
        free(w->live);
        free(w->slot);
        free(w);
}

uint64_t lf_feed_writer_records(const struct lf_feed_writer *w)
{
        return w->n - w->gone;
}

static int append(struct lf_feed_writer *w, struct lf_feed_leaf *leaf, char *why)
{
        uint64_t now = (uint64_t)time(NULL);
        w->last_time = leaf->time = now > w->last_time ? now : w->last_time;
        int r = lf_tlog_writer_append(w->log, leaf, sizeof *leaf);
        return r < 0 ? fail(why, r, "cannot append to the log in", w->dir) : 0;
}

static size_t slot_of(const struct lf_feed_writer *w, const uint8_t record[16])
{
        uint64_t h;
        memcpy(&h, record, sizeof h);
        size_t i = (size_t)(h * 0x9e3779b97f4a7c15ull >> 20) & (w->slots - 1);
        while (w->slot[i] && memcmp(w->live[w->slot[i] - 1].record, record, 16) != 0)
                i = (i + 1) & (w->slots - 1);
        return i;
}

/* Closes the gaps of forgotten keys. The slots are to be made anew. */
static void close_gaps(struct lf_feed_writer *w)
{
        size_t kept = 0;
        for (size_t i = 0; w->gone > 0 && i < w->n; i++)
                if (w->live[i].key.index != KEY_GONE)
                        w->live[kept++] = w->live[i];
        if (w->gone > 0) {
                OPENSSL_cleanse(w->live + kept, (w->n - kept) * sizeof *w->live);
                w->n = kept;
                w->gone = 0;
        }
        free(w->slot);
        w->slot = NULL;
        w->slots = 0;
}

/* Slots for twice as many records as there are. */
static int make_slots(struct lf_feed_writer *w)
{
        close_gaps(w);
        size_t slots = 4096;
        while (slots < 4 * w->n)
                slots *= 2;
        w->slot = calloc(slots, sizeof *w->slot);
        if (!w->slot)
                return -ENOMEM;
        w->slots = slots;
        for (size_t i = 0; i < w->n; i++)
                w->slot[slot_of(w, w->live[i].record)] = (uint32_t)i + 1;
        return 0;
}

static bool forget(struct lf_feed_writer *w, const uint8_t record[16])
{
        uint32_t at = w->slot[slot_of(w, record)];
        if (at == 0 || w->live[at - 1].key.index == KEY_GONE)
                return false;
        OPENSSL_cleanse(w->live[at - 1].key.key, sizeof w->live->key.key);
        w->live[at - 1].key.index = KEY_GONE;
        w->gone++;
        return true;
}

static int remember(struct lf_feed_writer *w, const struct live *l)
{
        if (w->n == UINT32_MAX)
                return -ENOMEM;
        if (w->n == w->room) {
                size_t room = w->room ? 2 * w->room : 1024;
                struct live *live = calloc(room, sizeof *live);
                if (!live)
                        return -ENOMEM;
                if (w->n)
                        memcpy(live, w->live, w->n * sizeof *live);
                if (w->live)
                        OPENSSL_cleanse(w->live, w->n * sizeof *live);
                free(w->live);
                w->live = live;
                w->room = room;
        }
        w->live[w->n++] = *l;
        w->slot[slot_of(w, l->record)] = (uint32_t)w->n;
        return 2 * w->n > w->slots ? make_slots(w) : 0;
}

int lf_feed_add(struct lf_feed_writer *w, struct lf_feed_leaf *leaf, const void *payload, size_t size,
                char *why)
{
        static const uint8_t none[16];
        if (size == 0 || size > LF_FEED_PAYLOAD_MAX)
                return fail(why, -EMSGSIZE, "a payload must have 1 to 1,048,576 bytes:", w->dir);
        struct live l = {.key.index = lf_tlog_writer_size(w->log)};
        if (!w->slot && make_slots(w) < 0)
                return fail(why, -ENOMEM, "no memory for the keys of", w->dir);
        bool is_new = memcmp(leaf->record, none, 16) == 0;
        if ((is_new && RAND_bytes(leaf->record, 16) != 1) || RAND_priv_bytes(l.key.key, 32) != 1)
                return fail(why, -EIO, "no random numbers for", w->dir);
        memcpy(l.record, leaf->record, 16);
        leaf->magic = LF_FEED_LEAF_MAGIC;
        leaf->version = 1;
        leaf->kind = LF_FEED_ADD;
        leaf->payload_offset = w->payload_end;
        leaf->payload_size = (uint32_t)(size + LF_FEED_SEAL_EXTRA);
        uint64_t now = (uint64_t)time(NULL);
        leaf->time = now > w->last_time ? now : w->last_time;
        uint8_t *box = malloc(leaf->payload_size);
        if (!box)
                return fail(why, -ENOMEM, "no memory for a payload of", w->dir);
        int r = lf_feed_seal(leaf, l.key.key, payload, size, box);
        if (r == 0) {
                SHA256(box, leaf->payload_size, leaf->payload_hash);
                if (fwrite(box, leaf->payload_size, 1, w->payload) != 1)
                        r = -EIO;
        }
        free(box);
        if (r < 0)
                return fail(why, r, "cannot write a payload in", w->dir);
        w->payload_end += leaf->payload_size;
        w->last_time = leaf->time;
        r = lf_tlog_writer_append(w->log, leaf, sizeof *leaf);
        if (r < 0)
                return fail(why, r, "cannot append to the log in", w->dir);
        if (!is_new)
                forget(w, leaf->record);
        r = remember(w, &l);
        OPENSSL_cleanse(&l, sizeof l);
        return r < 0 ? fail(why, r, "no memory for the keys of", w->dir) : 0;
}

int lf_feed_remove(struct lf_feed_writer *w, const uint8_t record[16], char *why)
{
        if (!w->slot && make_slots(w) < 0)
                return fail(why, -ENOMEM, "no memory for the keys of", w->dir);
        if (!forget(w, record))
                return fail(why, -ENOENT, "no such record in", w->dir);
        struct lf_feed_leaf leaf = {.magic = LF_FEED_LEAF_MAGIC, .version = 1, .kind = LF_FEED_REMOVE};
        memcpy(leaf.record, record, 16);
        return append(w, &leaf, why);
}

int lf_feed_heartbeat(struct lf_feed_writer *w, char *why)
{
        struct lf_feed_leaf leaf = {.magic = LF_FEED_LEAF_MAGIC, .version = 1, .kind = LF_FEED_HEARTBEAT};
        return append(w, &leaf, why);
}

static int save_live(struct lf_feed_writer *w)
{
        char path[PATH_SIZE], part[PATH_SIZE];
        close_gaps(w);
        join(path, w->dir, "records");
        join(part, w->dir, "records.part");
        int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        size_t size = w->n * sizeof *w->live;
        int r = 0;
        for (size_t done = 0; r == 0 && done < size;) {
                ssize_t n = write(fd, (const uint8_t *)w->live + done, size - done);
                if (n < 0)
                        r = -errno;
                else
                        done += (size_t)n;
        }
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        close(fd);
        return r == 0 && rename(part, path) < 0 ? -errno : r;
}

int lf_feed_publish(struct lf_feed_writer *w, char *why)
{
        /* Keys and payloads first: a leaf that can be seen must be openable. */
        int r = save_live(w);
        if (r < 0)
                return fail(why, r, "cannot save the record keys in", w->dir);
        if (fflush(w->payload) != 0 || fsync(fileno(w->payload)) < 0)
                return fail(why, -errno, "cannot save the payloads in", w->dir);
        r = lf_tlog_writer_publish(w->log);
        return r < 0 ? fail(why, r, "cannot publish the log in", w->dir) : 0;
}

int lf_feed_write_keyring(struct lf_feed_writer *w, const uint8_t appliance_public[32], unsigned days,
                          char *why)
{
        char path[PATH_SIZE], hex[17];
        for (int i = 0; i < 8; i++)
                snprintf(hex + 2 * i, 3, "%02x", appliance_public[i]);
        snprintf(path, sizeof path, "%s/feed/keyring/%s", w->dir, hex);
        close_gaps(w);
        struct lf_keyring_key *keys = calloc(w->n + 1, sizeof *keys);
        if (!keys)
                return fail(why, -ENOMEM, "no memory for", path);
        for (size_t i = 0; i < w->n; i++)
                keys[i] = w->live[i].key;
        uint64_t now = (uint64_t)time(NULL);
        int r = lf_keyring_write(path, appliance_public, now, now + days * 86400ull, keys, (uint32_t)w->n);
        lf_keyring_free(keys, (uint32_t)w->n);
        return r < 0 ? fail(why, r, "cannot write", path) : 0;
}
