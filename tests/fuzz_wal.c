/* The write-ahead log's scan over arbitrary segments: the input is laid over a sound log of two segments as
 * runs of (place, length, bytes), with CRCs made right where a run asks for it. */
#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>

#include "base/bytes.h"
#include "dataplane/audit/wal_scan.h"

#define SEGMENT LF_WAL_COMMIT_SIZE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *context, unsigned mirror, unsigned segment, uint64_t offset, void *buffer,
                       size_t n)
{
        memcpy(buffer, (uint8_t *)context + segment * SEGMENT + offset, n);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t key[LF_WAL_KEY_SIZE];
        static uint8_t image[2 * SEGMENT];
        struct lf_reader r = lf_reader_over(data, size);
        bool with_key = lf_reader_u8(&r) & 1;
        memset(image, 0, sizeof image);
        while (lf_reader_left(&r) > 4) {
                uint32_t slot = lf_reader_le16(&r) % 256, at = lf_reader_u8(&r) * 2u, n = lf_reader_u8(&r);
                struct lf_wal_record *k = (void *)(image + slot * LF_WAL_RECORD_SIZE);
                const uint8_t *bytes = lf_reader_take(&r, n);
                if (!bytes || at + n > LF_WAL_RECORD_SIZE)
                        break;
                if (k->magic == 0) {
                        k->magic = LF_WAL_RECORD_MAGIC;
                        k->length = LF_WAL_RECORD_SIZE;
                        k->version = LF_WAL_RECORD_VERSION;
                        k->kind = LF_WAL_RECORD_ENTRY;
                        k->index = k->position = slot;
                }
                memcpy((uint8_t *)k + at, bytes, n);
                k->crc = crc32_iscsi((unsigned char *)k, offsetof(struct lf_wal_record, crc), 0xffffffffu);
        }
        struct lf_wal_source source = {
            .mirrors = 1, .segments = 2, .segment_size = SEGMENT, .read = read_memory, .context = image};
        struct lf_wal_keys *keys = NULL;
        struct lf_wal_scan scan;
        if (with_key && lf_wal_keys_new(key, NULL, &keys) < 0)
                return 0;
        int rc = lf_wal_scan(&source, keys, 0, &scan);
        if (rc == 0 && (scan.found.entries < scan.found.first || scan.end < scan.start ||
                        scan.stray < scan.end || scan.stray - scan.start > 2 * lf_wal_total_slots(&source)))
                abort();
        lf_wal_keys_free(keys);
        return 0;
}
