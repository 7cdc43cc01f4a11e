/* A feed whose originator signs what it likes: leaves of any content are taken in or refused, and the records
 * that come of them are those that the leaves add and do not remove. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ftw.h>

#include "control/feed/feed.h"
#include "control/feed/keyring.h"

#define LEAF_BYTES 8 /* of the input, for one leaf */
#define LEAVES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], path[6][128];
static struct lf_note_signer signer;
enum { FEED, LOG, KEY, KEYRING, SECRET, PAYLOAD };

static void write_file(const char *name, const void *bytes, size_t size)
{
        FILE *f = fopen(name, "we");
        if (!f || fwrite(bytes, 1, size, f) != size || fclose(f) != 0)
                abort();
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(name);
}

static void clean_up(void)
{
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void set_up(void)
{
        static const char *const names[] = {"feed", "feed/log", "key", "keyring", "secret", "feed/payload"};
        uint8_t private[32], public[32];
        struct lf_keyring_key keys[LEAVES_MAX] = {{0}};
        snprintf(dir, sizeof dir, "%s/landfall-fuzz-feed.XXXXXX",
                 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(dir) || lf_note_signer_generate("fuzz.example/feed", &signer) < 0)
                abort();
        atexit(clean_up);
        for (unsigned i = 0; i < 6; i++)
                snprintf(path[i], sizeof path[i], "%s/%s", dir, names[i]);
        for (unsigned i = 0; i < LEAVES_MAX; i++)
                keys[i].index = i;
        write_file(path[SECRET], "a secret of thirty-two bytes....", 32);
        if (lf_note_verifier_write(&signer.verifier, path[KEY]) < 0 ||
            lf_keyring_appliance(path[SECRET], private, public) < 0 ||
            lf_keyring_write(path[KEYRING], public, 1, UINT64_MAX, keys, LEAVES_MAX) < 0)
                abort();
}

/* Nearly a good leaf: each byte of the input bends one field. */
static struct lf_feed_leaf leaf_of(const uint8_t *b, uint64_t before)
{
        return (struct lf_feed_leaf){.magic = b[0] == 255 ? 0 : LF_FEED_LEAF_MAGIC,
                                     .version = b[0] == 254 ? 2 : 1,
                                     .kind = b[1] % 8 < 4 ? LF_FEED_ADD : b[1] % 8,
                                     .record = {b[2] % 8},
                                     .time = before + b[3] % 4 - (b[3] == 255),
                                     .category = b[4],
                                     .modality = b[4] >> 5,
                                     .payload_size = b[5] == 255 ? UINT32_MAX : b[5],
                                     .payload_offset = b[6] == 255 ? UINT64_MAX - b[7] : b[6],
                                     .expiry = b[7]};
}

static size_t write_feed(const uint8_t *data, size_t size, struct lf_feed_leaf leaf[LEAVES_MAX])
{
        struct lf_tlog_writer *log;
        size_t n = 0;
        uint64_t time = 1000;
        if (mkdir(path[FEED], 0700) < 0 || lf_tlog_writer_open(path[LOG], &signer, &log) < 0)
                abort();
        for (; n < LEAVES_MAX && (n + 1) * LEAF_BYTES <= size; n++) {
                const uint8_t *b = data + n * LEAF_BYTES;
                leaf[n] = leaf_of(b, time);
                time = leaf[n].time;
                size_t bytes = b[0] == 253 ? b[7] % sizeof *leaf : sizeof *leaf;
                if (bytes < sizeof *leaf)
                        leaf[n].magic = 0; /* cut: none */
                if (lf_tlog_writer_append(log, &leaf[n], bytes) < 0)
                        abort();
        }
        if (lf_tlog_writer_publish(log) < 0)
                abort();
        lf_tlog_writer_close(log);
        write_file(path[PAYLOAD], data, size);
        return n;
}

/* Which records there must be, by the rules of the header alone. */
static unsigned expected(const struct lf_feed_leaf *leaf, size_t n)
{
        unsigned live = 0;
        for (size_t i = 0; i < n; i++) {
                unsigned bit = 1u << leaf[i].record[0];
                if (leaf[i].kind == LF_FEED_ADD)
                        live |= bit;
                else if (leaf[i].kind == LF_FEED_REMOVE)
                        live &= ~bit;
        }
        return live;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct lf_feed_leaf leaf[LEAVES_MAX];
        struct lf_feed_reader *reader;
        char why[LF_FEED_WHY];
        bool changed;
        if (!dir[0])
                set_up();
        size_t n = write_feed(data, size, leaf);
        const struct lf_feed_options options = {
            .directory = path[FEED], .key = path[KEY], .keyring = path[KEYRING], .appliance = path[SECRET]};
        if (lf_feed_reader_open(&options, &reader, why) < 0)
                abort();
        if (lf_feed_reader_sync(reader, &changed, why) == 0) {
                size_t records;
                const struct lf_feed_record *r = lf_feed_reader_records(reader, &records);
                unsigned live = 0;
                for (size_t i = 0; i < records; i++)
                        live |= 1u << r[i].leaf.record[0];
                if (live != expected(leaf, n) || (size_t)__builtin_popcount(live) != records)
                        abort();
        }
        lf_feed_reader_close(reader);
        nftw(path[FEED], remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return 0;
}
