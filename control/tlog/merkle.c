/* RFC 6962 hashes, and the checks of RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#include "control/tlog/tlog.h"

void lf_tlog_leaf_hash(const void *entry, size_t size, uint8_t ret_hash[LF_TLOG_HASH])
{
        uint8_t data[1 + LF_TLOG_ENTRY_MAX];
        if (size > LF_TLOG_ENTRY_MAX)
                size = LF_TLOG_ENTRY_MAX; /* no such entry is ever taken */
        data[0] = 0;
        memcpy(data + 1, entry, size);
        SHA256(data, size + 1, ret_hash);
}

void lf_tlog_node_hash(const uint8_t left[LF_TLOG_HASH], const uint8_t right[LF_TLOG_HASH],
                       uint8_t ret_hash[LF_TLOG_HASH])
{
        uint8_t data[1 + 2 * LF_TLOG_HASH];
        data[0] = 1;
        memcpy(data + 1, left, LF_TLOG_HASH);
        memcpy(data + 1 + LF_TLOG_HASH, right, LF_TLOG_HASH);
        SHA256(data, sizeof data, ret_hash);
}

int lf_tlog_check_inclusion(const struct lf_tlog_proof *proof, uint64_t index,
                            const uint8_t leaf[LF_TLOG_HASH], uint64_t size, const uint8_t root[LF_TLOG_HASH])
{
        if (index >= size)
                return -EBADMSG;
        uint64_t fn = index, sn = size - 1;
        uint8_t r[LF_TLOG_HASH];
        memcpy(r, leaf, sizeof r);
        for (unsigned i = 0; i < proof->n; i++) {
                if (sn == 0)
                        return -EBADMSG;
                if ((fn & 1) || fn == sn) {
                        lf_tlog_node_hash(proof->hash[i], r, r);
                        while (!(fn & 1) && fn != 0) {
                                fn >>= 1;
                                sn >>= 1;
                        }
                } else {
                        lf_tlog_node_hash(r, proof->hash[i], r);
                }
                fn >>= 1;
                sn >>= 1;
        }
        return sn == 0 && memcmp(r, root, sizeof r) == 0 ? 0 : -EBADMSG;
}

/* The proof's hashes from the n-th on, against both roots at once. */
static int climb(const struct lf_tlog_proof *proof, unsigned n, uint64_t fn, uint64_t sn, uint8_t *fr,
                 uint8_t *sr)
{
        for (; n < proof->n; n++) {
                if (sn == 0)
                        return -EBADMSG;
                if ((fn & 1) || fn == sn) {
                        lf_tlog_node_hash(proof->hash[n], fr, fr);
                        lf_tlog_node_hash(proof->hash[n], sr, sr);
                        while (!(fn & 1) && fn != 0) {
                                fn >>= 1;
                                sn >>= 1;
                        }
                } else {
                        lf_tlog_node_hash(sr, proof->hash[n], sr);
                }
                fn >>= 1;
                sn >>= 1;
        }
        return sn == 0 ? 0 : -EBADMSG;
}

int lf_tlog_check_consistency(const struct lf_tlog_proof *proof, uint64_t old_size,
                              const uint8_t old_root[LF_TLOG_HASH], uint64_t size,
                              const uint8_t root[LF_TLOG_HASH])
{
        if (old_size == 0 || old_size > size)
                return -EBADMSG;
        if (old_size == size)
                return proof->n == 0 && memcmp(old_root, root, LF_TLOG_HASH) == 0 ? 0 : -EBADMSG;
        uint8_t fr[LF_TLOG_HASH], sr[LF_TLOG_HASH];
        uint64_t fn = old_size - 1, sn = size - 1;
        while (fn & 1) {
                fn >>= 1;
                sn >>= 1;
        }
        unsigned n = 0;
        const uint8_t *seed = old_root; /* a complete old tree is its own first hash */
        if (old_size & (old_size - 1)) {
                if (proof->n == 0)
                        return -EBADMSG;
                seed = proof->hash[n++];
        }
        memcpy(fr, seed, sizeof fr);
        memcpy(sr, seed, sizeof sr);
        if (climb(proof, n, fn, sn, fr, sr) < 0)
                return -EBADMSG;
        return memcmp(fr, old_root, sizeof fr) == 0 && memcmp(sr, root, sizeof sr) == 0 ? 0 : -EBADMSG;
}
