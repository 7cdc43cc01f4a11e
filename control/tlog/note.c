/* Signing and opening notes. */
#include "control/tlog/note.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "control/tlog/note_key.h"

#define SIGNATURE      64
#define LINE_SIGNATURE 92 /* base64 of id and signature: 68 bytes */

static const char dash[] = "\xe2\x80\x94 "; /* an em dash and a space begin a signature line */

/* Valid UTF-8 without control characters other than newline? */
static bool text_ok(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n;) {
                uint8_t c = p[i++];
                if (c < 0x80) {
                        if ((c < 0x20 && c != '\n'))
                                return false;
                        continue;
                }
                unsigned more = c >= 0xc2 && c < 0xe0   ? 1
                                : (c & 0xf0) == 0xe0    ? 2
                                : c >= 0xf0 && c < 0xf5 ? 3
                                                        : 0;
                if (more == 0 || more > n - i)
                        return false;
                uint32_t v = c & (0x3f >> more);
                for (unsigned k = 0; k < more; k++, i++) {
                        if ((p[i] & 0xc0) != 0x80)
                                return false;
                        v = v << 6 | (p[i] & 0x3f);
                }
                if ((more == 2 && (v < 0x800 || (v >= 0xd800 && v < 0xe000))) ||
                    (more == 3 && (v < 0x10000 || v > 0x10ffff)))
                        return false;
        }
        return true;
}

static int sign(const struct lf_note_signer *signer, const char *text, size_t size, uint8_t ret[SIGNATURE])
{
        size_t n = SIGNATURE;
        EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, signer->seed, 32);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        int rc = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
                         EVP_DigestSign(ctx, ret, &n, (const uint8_t *)text, size) == 1
                     ? 0
                     : -EIO;
        EVP_MD_CTX_free(ctx);
        EVP_PKEY_free(key);
        return rc;
}

static bool verify(const struct lf_note_verifier *v, const char *text, size_t size, const uint8_t *signature)
{
        EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, v->key, 32);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool ok = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                  EVP_DigestVerify(ctx, signature, SIGNATURE, (const uint8_t *)text, size) == 1;
        EVP_MD_CTX_free(ctx);
        EVP_PKEY_free(key);
        return ok;
}

/* Appends a signature line of the signer over text. `out` has room. */
static int put_line(const struct lf_note_signer *signer, const char *text, size_t size, char *out, size_t *n)
{
        uint8_t raw[4 + SIGNATURE];
        lf_put_be32(raw, signer->verifier.id);
        int rc = sign(signer, text, size, raw + 4);
        if (rc < 0)
                return rc;
        *n += (size_t)sprintf(out + *n, "%s%s ", dash, signer->verifier.name);
        *n += (size_t)EVP_EncodeBlock((uint8_t *)out + *n, raw, sizeof raw);
        out[(*n)++] = '\n';
        return 0;
}

#define LINE_MAX_SIZE (sizeof dash + LF_NOTE_NAME_MAX + LINE_SIGNATURE + 4)

int lf_note_sign(const char *text, size_t size, const struct lf_note_signer *const *signers,
                 unsigned n_signers, char **ret_note, size_t *ret_size)
{
        if (size == 0 || text[size - 1] != '\n' || size > LF_NOTE_MAX || n_signers > LF_NOTE_SIGNATURES_MAX ||
            !text_ok((const uint8_t *)text, size))
                return -EINVAL;
        char *note = malloc(size + 1 + n_signers * LINE_MAX_SIZE + 1);
        if (!note)
                return -ENOMEM;
        size_t n = size;
        memcpy(note, text, size);
        note[n++] = '\n';
        for (unsigned i = 0; i < n_signers; i++) {
                int rc = put_line(signers[i], text, size, note, &n);
                if (rc < 0) {
                        free(note);
                        return rc;
                }
        }
        *ret_note = note;
        *ret_size = n;
        return 0;
}

/* Where the text ends (behind its newline) and the signature lines begin: the last empty line divides. */
static int split(const char *note, size_t size, size_t *ret_text, size_t *ret_lines)
{
        if (size < 3 || size > LF_NOTE_MAX || note[size - 1] != '\n' || !text_ok((const uint8_t *)note, size))
                return -EBADMSG;
        for (size_t i = size - 1; i > 0; i--)
                if (note[i] == '\n' && note[i - 1] == '\n') {
                        if (i + 1 == size)
                                return -EBADMSG; /* no signature line */
                        *ret_text = i;
                        *ret_lines = i + 1;
                        return 0;
                }
        return -EBADMSG;
}

int lf_note_cosign(const char *note, size_t size, const struct lf_note_signer *signer, char **ret_note,
                   size_t *ret_size)
{
        size_t text, lines;
        int rc = split(note, size, &text, &lines);
        if (rc < 0)
                return rc;
        char *out = malloc(size + LINE_MAX_SIZE + 1);
        if (!out)
                return -ENOMEM;
        size_t n = size;
        memcpy(out, note, size);
        rc = put_line(signer, note, text, out, &n);
        if (rc < 0) {
                free(out);
                return rc;
        }
        *ret_note = out;
        *ret_size = n;
        return 0;
}

/* One signature line, without its newline. ret_raw: id and signature; ret_n of them (a signature of another
 * algorithm may be longer or shorter; what does not fit is not ours). */
static int parse_line(const char *line, size_t size, const char **ret_name, size_t *ret_name_size,
                      uint8_t raw[128], size_t *ret_n)
{
        size_t d = sizeof dash - 1;
        if (size < d || memcmp(line, dash, d) != 0)
                return -EBADMSG;
        const char *name = line + d, *space = memchr(name, ' ', size - d);
        if (!space || space == name || memchr(name, '+', (size_t)(space - name)))
                return -EBADMSG;
        size_t rest = (size_t)(line + size - (space + 1));
        *ret_name = name;
        *ret_name_size = (size_t)(space - name);
        return lf_base64_decode(space + 1, rest, raw, 128, ret_n) < 0 || *ret_n < 5 ? -EBADMSG : 0;
}

int lf_note_open(const char *note, size_t size, const struct lf_note_verifier *verifiers,
                 unsigned n_verifiers, uint64_t *ret_verified, size_t *ret_text_size)
{
        size_t text, at;
        if (n_verifiers > 64)
                return -EINVAL;
        int rc = split(note, size, &text, &at);
        if (rc < 0)
                return rc;
        uint64_t verified = 0;
        for (unsigned lines = 0; at < size; lines++) {
                const char *end = memchr(note + at, '\n', size - at), *name;
                size_t name_size, n;
                uint8_t raw[128];
                if (lines == LF_NOTE_SIGNATURES_MAX ||
                    parse_line(note + at, (size_t)(end - (note + at)), &name, &name_size, raw, &n) < 0)
                        return -EBADMSG;
                at = (size_t)(end + 1 - note);
                for (unsigned i = 0; i < n_verifiers; i++) {
                        const struct lf_note_verifier *v = &verifiers[i];
                        if (v->id != lf_get_be32(raw) || strlen(v->name) != name_size ||
                            memcmp(v->name, name, name_size) != 0 || (verified >> i & 1))
                                continue;
                        if (n != 4 + SIGNATURE || !verify(v, note, text, raw + 4))
                                return -EKEYREJECTED;
                        verified |= 1ull << i;
                }
        }
        if (!verified)
                return -ENOKEY;
        if (ret_verified)
                *ret_verified = verified;
        *ret_text_size = text;
        return 0;
}
