/* Keys of notes: their ids, their text, their files. */
#include "control/tlog/note_key.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "control/file/file.h"
#include "control/tlog/note.h"

#define ED25519 1 /* the algorithm's byte */

static int digit(char c)
{
        return c >= 'A' && c <= 'Z'   ? c - 'A'
               : c >= 'a' && c <= 'z' ? c - 'a' + 26
               : c >= '0' && c <= '9' ? c - '0' + 52
               : c == '+'             ? 62
               : c == '/'             ? 63
                                      : -1;
}

int lf_base64_decode(const char *text, size_t size, uint8_t *ret, size_t room, size_t *ret_n)
{
        if (size == 0 || size % 4)
                return -EBADMSG;
        size_t pad = text[size - 1] != '=' ? 0 : text[size - 2] != '=' ? 1 : 2, n = 0;
        if (size / 4 * 3 - pad > room)
                return -EBADMSG;
        uint32_t bits = 0;
        unsigned have = 0;
        for (size_t i = 0; i < size - pad; i++) {
                int d = digit(text[i]);
                if (d < 0)
                        return -EBADMSG;
                bits = bits << 6 | (uint32_t)d;
                have += 6;
                if (have >= 8) {
                        have -= 8;
                        ret[n++] = (uint8_t)(bits >> have);
                }
        }
        if (bits & ((1u << have) - 1))
                return -EBADMSG;
        *ret_n = n;
        return 0;
}

static bool name_ok(const char *name, size_t n)
{
        if (n == 0 || n > LF_NOTE_NAME_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if ((uint8_t)name[i] <= ' ' || name[i] == '+' || name[i] == 0x7f)
                        return false;
        return true;
}

static void set_id(struct lf_note_verifier *v)
{
        uint8_t data[LF_NOTE_NAME_MAX + 2 + 32], hash[32];
        size_t n = strlen(v->name);
        memcpy(data, v->name, n);
        data[n++] = '\n';
        data[n++] = ED25519;
        memcpy(data + n, v->key, 32);
        SHA256(data, n + 32, hash);
        v->id = lf_get_be32(hash);
}

/* Public key and id from the seed. */
static int derive(struct lf_note_signer *s)
{
        size_t n = 32;
        EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, s->seed, 32);
        int ok = key && EVP_PKEY_get_raw_public_key(key, s->verifier.key, &n) == 1;
        EVP_PKEY_free(key);
        if (!ok)
                return -EIO;
        set_id(&s->verifier);
        return 0;
}

int lf_note_signer_generate(const char *name, struct lf_note_signer *ret)
{
        struct lf_note_signer s = {0};
        if (!name_ok(name, strlen(name)))
                return -EINVAL;
        strcpy(s.verifier.name, name);
        if (RAND_bytes(s.seed, sizeof s.seed) != 1)
                return -EIO;
        int rc = derive(&s);
        if (rc == 0)
                *ret = s;
        OPENSSL_cleanse(&s, sizeof s);
        return rc;
}

static void format(const struct lf_note_verifier *v, const uint8_t key[32], const char *prefix, char *text)
{
        uint8_t raw[33] = {ED25519};
        memcpy(raw + 1, key, 32);
        int n = sprintf(text, "%s%s+%08x+", prefix, v->name, v->id);
        EVP_EncodeBlock((uint8_t *)text + n, raw, sizeof raw);
        OPENSSL_cleanse(raw, sizeof raw);
}

void lf_note_signer_format(const struct lf_note_signer *signer, char *text)
{
        format(&signer->verifier, signer->seed, "PRIVATE+KEY+", text);
}

void lf_note_verifier_format(const struct lf_note_verifier *verifier, char *text)
{
        format(verifier, verifier->key, "", text);
}

/* "name+id+base64" into name, id and key bytes. */
static int parse(const char *text, struct lf_note_verifier *v, uint8_t key[32])
{
        size_t size = strlen(text), n;
        if (size && text[size - 1] == '\n')
                size--;
        const char *plus = memchr(text, '+', size);
        uint8_t raw[33];
        if (!plus || !name_ok(text, (size_t)(plus - text)))
                return -EBADMSG;
        memset(v, 0, sizeof *v);
        memcpy(v->name, text, (size_t)(plus - text));
        const char *id = plus + 1, *end = text + size;
        if (end - id < 9 || id[8] != '+')
                return -EBADMSG;
        for (int i = 0; i < 8; i++) {
                if (!isxdigit((unsigned char)id[i]))
                        return -EBADMSG;
                v->id = v->id << 4 |
                        (uint32_t)(isdigit((unsigned char)id[i]) ? id[i] - '0' : (id[i] | 32) - 'a' + 10);
        }
        if (lf_base64_decode(id + 9, (size_t)(end - (id + 9)), raw, sizeof raw, &n) < 0 || n != sizeof raw ||
            raw[0] != ED25519)
                return -EBADMSG;
        memcpy(key, raw + 1, 32);
        OPENSSL_cleanse(raw, sizeof raw);
        return 0;
}

int lf_note_verifier_parse(const char *text, struct lf_note_verifier *ret)
{
        struct lf_note_verifier v;
        int rc = parse(text, &v, v.key);
        if (rc < 0)
                return rc;
        uint32_t id = v.id;
        set_id(&v);
        if (v.id != id)
                return -EBADMSG;
        *ret = v;
        return 0;
}

int lf_note_signer_parse(const char *text, struct lf_note_signer *ret)
{
        static const char prefix[] = "PRIVATE+KEY+";
        struct lf_note_signer s;
        if (strncmp(text, prefix, sizeof prefix - 1) != 0)
                return -EBADMSG;
        int rc = parse(text + sizeof prefix - 1, &s.verifier, s.seed);
        if (rc < 0)
                return rc;
        uint32_t id = s.verifier.id;
        rc = derive(&s);
        if (rc == 0 && s.verifier.id != id)
                rc = -EBADMSG;
        if (rc == 0)
                *ret = s;
        OPENSSL_cleanse(&s, sizeof s);
        return rc;
}

static int write_line(const char *path, char *text, mode_t mode)
{
        strcat(text, "\n");
        int rc = lf_file_create(path, text, strlen(text), mode);
        OPENSSL_cleanse(text, strlen(text));
        return rc;
}

int lf_note_signer_write(const struct lf_note_signer *signer, const char *path)
{
        char text[LF_NOTE_KEY_TEXT_MAX + 1];
        lf_note_signer_format(signer, text);
        return write_line(path, text, 0600);
}

int lf_note_verifier_write(const struct lf_note_verifier *verifier, const char *path)
{
        char text[LF_NOTE_KEY_TEXT_MAX + 1];
        lf_note_verifier_format(verifier, text);
        return write_line(path, text, 0644);
}

int lf_note_signer_read(const char *path, struct lf_note_signer *ret)
{
        uint8_t *text;
        size_t n;
        int rc = lf_file_read(AT_FDCWD, path, LF_NOTE_KEY_TEXT_MAX, &text, &n);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        rc = lf_note_signer_parse((char *)text, ret);
        OPENSSL_cleanse(text, n);
        free(text);
        return rc;
}

int lf_note_verifier_read(const char *path, struct lf_note_verifier *ret)
{
        uint8_t *text;
        size_t n;
        int rc = lf_file_read(AT_FDCWD, path, LF_NOTE_KEY_TEXT_MAX, &text, &n);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        rc = lf_note_verifier_parse((char *)text, ret);
        free(text);
        return rc;
}
