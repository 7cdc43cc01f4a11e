#include "control/gateway/vault.h"

#include "control/file/file.h"
#include "dataplane/lsp_cert.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC   0x3154564c /* "LVT1" */
#define DAY     86400
#define NAME    64
#define KEY_BOX (32 + LF_BOX_EXTRA)

/* In front of a sealed message, and additional data of both boxes. */
struct head {
        uint32_t magic, length; /* seconds of the period */
        uint64_t period, received;
        uint8_t id[LF_VAULT_ID];
};

struct lf_vault {
        int dir;
        uint64_t window, period;
};

void lf_vault_hex(const uint8_t id[LF_VAULT_ID], char ret_text[2 * LF_VAULT_ID + 1])
{
        lsp_hex_write(id, LF_VAULT_ID, ret_text);
}

int lf_vault_id(const char *text, uint8_t ret_id[LF_VAULT_ID])
{
        char digits[2 * LF_VAULT_ID + 1];
        if (strlen(text) < 2 * LF_VAULT_ID)
                return -EINVAL;
        memcpy(digits, text, 2 * LF_VAULT_ID);
        digits[2 * LF_VAULT_ID] = 0;
        return lsp_hex_read(digits, ret_id, LF_VAULT_ID);
}

int lf_vault_open(const char *directory, uint64_t window_s, struct lf_vault **ret)
{
        struct lf_vault *v = calloc(1, sizeof *v);
        if (!v)
                return -ENOMEM;
        v->window = window_s;
        v->period = window_s < DAY ? window_s : DAY;
        v->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (v->dir < 0) {
                int r = -errno;
                free(v);
                return r;
        }
        *ret = v;
        return 0;
}

void lf_vault_close(struct lf_vault *v)
{
        if (!v)
                return;
        close(v->dir);
        free(v);
}

static int get_file(struct lf_vault *v, const char *name, uint8_t **ret, size_t *ret_size)
{
        struct stat st;
        int fd = openat(v->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EBADMSG;
        if (r == 0)
                r = lf_read_whole(fd, 0, (size_t)st.st_size, ret, ret_size);
        close(fd);
        return r;
}

static void key_name(const struct head *h, char name[NAME])
{
        snprintf(name, NAME, "key-%llu-%llu", (unsigned long long)h->period,
                 (unsigned long long)h->period + h->length);
}

static int read_key(struct lf_vault *v, const struct head *h, uint8_t key[32])
{
        char name[NAME];
        uint8_t *bytes;
        size_t size;
        key_name(h, name);
        int r = get_file(v, name, &bytes, &size);
        if (r < 0)
                return r == -ENOENT ? -ENOKEY : r;
        r = size == 32 ? 0 : -ENOKEY;
        if (r == 0)
                memcpy(key, bytes, 32);
        OPENSSL_cleanse(bytes, size);
        free(bytes);
        return r;
}

static int make_key(struct lf_vault *v, const struct head *h, uint8_t key[32])
{
        char name[NAME];
        key_name(h, name);
        if (RAND_bytes(key, 32) != 1)
                return -EIO;
        return lf_file_replace(v->dir, name, key, 32, 0600, true);
}

static void file_name(const uint8_t id[LF_VAULT_ID], const char *suffix, char name[NAME])
{
        char text[2 * LF_VAULT_ID + 1];
        lf_vault_hex(id, text);
        snprintf(name, NAME, "%s.%s", text, suffix);
}

int lf_vault_seal(struct lf_vault *v, struct lf_vault_message *m, const void *plain, size_t size,
                  bool durable)
{
        char name[NAME];
        struct head h = {.magic = MAGIC,
                         .length = (uint32_t)v->period,
                         .period = m->received - m->received % v->period,
                         .received = m->received};
        memcpy(h.id, m->id, sizeof h.id);
        m->journal = -1;
        m->records = 0;
        file_name(m->id, "msg", name);
        if (faccessat(v->dir, name, F_OK, 0) == 0)
                return -EEXIST;
        size_t whole = sizeof h + KEY_BOX + size + LF_BOX_EXTRA;
        uint8_t *bytes = malloc(whole), day[32];
        if (!bytes)
                return -ENOMEM;
        memcpy(bytes, &h, sizeof h);
        int r = read_key(v, &h, day);
        if (r == -ENOKEY)
                r = make_key(v, &h, day);
        if (r == 0 && RAND_bytes(m->key, 32) != 1)
                r = -EIO;
        if (r == 0)
                r = lf_box_seal(day, &h, sizeof h, m->key, 32, bytes + sizeof h);
        if (r == 0)
                r = lf_box_seal(m->key, &h, sizeof h, plain, size, bytes + sizeof h + KEY_BOX);
        if (r == 0)
                r = lf_file_replace(v->dir, name, bytes, whole, 0600, durable);
        OPENSSL_cleanse(day, sizeof day);
        free(bytes);
        return r;
}

/* Opens what get_file brought. */
static int open_boxes(struct lf_vault *v, const uint8_t *bytes, size_t size, struct lf_vault_message *m,
                      uint8_t **ret_plain, size_t *ret_size)
{
        struct head h;
        uint8_t day[32];
        if (size < sizeof h + KEY_BOX + LF_BOX_EXTRA)
                return -EBADMSG;
        memcpy(&h, bytes, sizeof h);
        if (h.magic != MAGIC || memcmp(h.id, m->id, sizeof h.id) != 0)
                return -EBADMSG;
        int r = read_key(v, &h, day);
        if (r == 0)
                r = lf_box_open(day, &h, sizeof h, bytes + sizeof h, KEY_BOX, m->key);
        OPENSSL_cleanse(day, sizeof day);
        if (r < 0)
                return r;
        size_t box = size - sizeof h - KEY_BOX;
        uint8_t *plain = malloc(box);
        if (!plain)
                return -ENOMEM;
        r = lf_box_open(m->key, &h, sizeof h, bytes + sizeof h + KEY_BOX, box, plain);
        if (r < 0) {
                free(plain);
                return r;
        }
        m->received = h.received;
        *ret_plain = plain;
        *ret_size = box - LF_BOX_EXTRA;
        return 0;
}

int lf_vault_unseal(struct lf_vault *v, const uint8_t id[LF_VAULT_ID], struct lf_vault_message *ret,
                    uint8_t **ret_plain, size_t *ret_size)
{
        struct lf_vault_message m = {.journal = -1};
        char name[NAME];
        uint8_t *bytes;
        size_t size;
        memcpy(m.id, id, sizeof m.id);
        file_name(id, "msg", name);
        int r = get_file(v, name, &bytes, &size);
        if (r < 0)
                return r;
        r = open_boxes(v, bytes, size, &m, ret_plain, ret_size);
        free(bytes);
        if (r == 0)
                *ret = m;
        OPENSSL_cleanse(&m, sizeof m);
        return r;
}

void lf_vault_let_go(struct lf_vault_message *m)
{
        if (m->journal >= 0)
                close(m->journal);
        OPENSSL_cleanse(m, sizeof *m);
        m->journal = -1;
}

/* ---- the journal: length (4), box; the record's number is additional data ---- */

struct record_ad {
        uint8_t id[LF_VAULT_ID];
        uint32_t number;
};

static int open_journal(struct lf_vault *v, struct lf_vault_message *m)
{
        char name[NAME];
        if (m->journal >= 0)
                return 0;
        file_name(m->id, "log", name);
        m->journal = openat(v->dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        return m->journal < 0 ? -errno : 0;
}

int lf_vault_append(struct lf_vault *v, struct lf_vault_message *m, const void *record, size_t size,
                    bool durable)
{
        struct record_ad ad = {.number = m->records};
        memcpy(ad.id, m->id, sizeof ad.id);
        int r = m->torn ? -EIO : open_journal(v, m);
        if (r < 0)
                return r;
        uint32_t box = (uint32_t)(size + LF_BOX_EXTRA);
        uint8_t *bytes = malloc(sizeof box + box);
        if (!bytes)
                return -ENOMEM;
        memcpy(bytes, &box, sizeof box);
        r = lf_box_seal(m->key, &ad, sizeof ad, record, size, bytes + sizeof box);
        off_t before = lseek(m->journal, 0, SEEK_END);
        if (r == 0)
                r = before < 0 ? -errno : lf_write_whole(m->journal, bytes, sizeof box + box);
        if (r == 0 && durable && (fdatasync(m->journal) < 0 || fsync(v->dir) < 0))
                r = -errno;
        if (r == 0)
                m->records++;
        else if (before >= 0)
                m->torn = ftruncate(m->journal, before) < 0;
        free(bytes);
        return r;
}

int lf_vault_replay(struct lf_vault *v, struct lf_vault_message *m,
                    int (*each)(void *arg, const uint8_t *record, size_t size), void *arg)
{
        char name[NAME];
        uint8_t *bytes, *plain = NULL;
        size_t size, at = 0;
        file_name(m->id, "log", name);
        int r = get_file(v, name, &bytes, &size);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        plain = malloc(size + 1);
        m->records = 0;
        while (plain && r == 0) {
                struct record_ad ad = {.number = m->records};
                uint32_t box;
                memcpy(ad.id, m->id, sizeof ad.id);
                if (size - at < sizeof box)
                        break;
                memcpy(&box, bytes + at, sizeof box);
                if (box < LF_BOX_EXTRA || box > size - at - sizeof box ||
                    lf_box_open(m->key, &ad, sizeof ad, bytes + at + sizeof box, box, plain) < 0)
                        break;
                r = each(arg, plain, box - LF_BOX_EXTRA);
                at += sizeof box + box;
                m->records++;
        }
        if (!plain)
                r = -ENOMEM;
        if (r == 0 && at < size)
                r = open_journal(v, m);
        if (r == 0 && at < size && ftruncate(m->journal, (off_t)at) < 0)
                r = -errno;
        if (plain)
                OPENSSL_cleanse(plain, size);
        free(plain);
        free(bytes);
        return r;
}

/* ---- the window ---- */

static bool ends_in(const char *name, const char *suffix)
{
        size_t n = strlen(name), k = strlen(suffix);
        return n >= k && strcmp(name + n - k, suffix) == 0;
}

static int read_head(struct lf_vault *v, const char *name, struct head *ret)
{
        int fd = openat(v->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int r = read(fd, ret, sizeof *ret) == (ssize_t)sizeof *ret && ret->magic == MAGIC ? 0 : -EBADMSG;
        close(fd);
        return r;
}

int lf_vault_list(struct lf_vault *v,
                  void (*each)(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received), void *arg)
{
        int fd = openat(v->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d) {
                int r = -errno;
                if (fd >= 0)
                        close(fd);
                return r;
        }
        for (struct dirent *e; (e = readdir(d));) {
                uint8_t id[LF_VAULT_ID];
                struct head h;
                if (ends_in(e->d_name, ".msg") && lf_vault_id(e->d_name, id) == 0 &&
                    read_head(v, e->d_name, &h) == 0 && memcmp(h.id, id, sizeof id) == 0)
                        each(arg, id, h.received);
        }
        closedir(d);
        return 0;
}

void lf_vault_forget(struct lf_vault *v, const uint8_t id[LF_VAULT_ID])
{
        char name[NAME];
        file_name(id, "msg", name);
        lf_wipe_file(v->dir, name);
        file_name(id, "log", name);
        unlinkat(v->dir, name, 0);
}

struct expiry {
        struct lf_vault *v;
        uint64_t now;
        unsigned n;
};

static void expire_one(void *arg, const uint8_t id[LF_VAULT_ID], uint64_t received)
{
        struct expiry *x = arg;
        if (x->now < received + x->v->window)
                return;
        lf_vault_forget(x->v, id);
        x->n++;
}

/* A key whose last message is past its window; what a crash left. */
static bool left_over(struct lf_vault *v, const char *name, uint64_t now)
{
        unsigned long long start, end;
        uint8_t id[LF_VAULT_ID];
        char message[NAME];
        if (ends_in(name, ".new"))
                return true;
        if (sscanf(name, "key-%llu-%llu", &start, &end) == 2)
                return now >= end + v->window;
        if (!ends_in(name, ".log") || lf_vault_id(name, id) < 0)
                return false;
        file_name(id, "msg", message);
        return faccessat(v->dir, message, F_OK, 0) < 0 && errno == ENOENT;
}

unsigned lf_vault_expire(struct lf_vault *v, uint64_t now)
{
        struct expiry x = {.v = v, .now = now};
        lf_vault_list(v, expire_one, &x);
        int fd = openat(v->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        for (struct dirent *e; d && (e = readdir(d));) {
                x.n += left_over(v, e->d_name, now) && lf_wipe_file(v->dir, e->d_name) == 0;
        }
        if (d)
                closedir(d);
        else if (fd >= 0)
                close(fd);
        return x.n;
}
