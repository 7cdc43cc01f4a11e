/* Signed notes and their Ed25519 keys, in the formats of c2sp.org/signed-note and
 * golang.org/x/mod/sumdb/note.
 *
 * A note is text that ends in a newline, an empty line, and signature lines. Nothing here touches files but
 * the two key functions that say so. Any thread may call; keys are plain values, to be wiped by their owner.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LF_NOTE_NAME_MAX       255     /* bytes of a key name, without the zero */
#define LF_NOTE_MAX            1000000 /* bytes of a signed note */
#define LF_NOTE_SIGNATURES_MAX 100
#define LF_NOTE_KEY_TEXT_MAX   (LF_NOTE_NAME_MAX + 80) /* a key as text, with its zero */

struct lf_note_verifier {
        char name[LF_NOTE_NAME_MAX + 1];
        uint32_t id; /* first four bytes of SHA-256(name, '\n', algorithm, key), big-endian */
        uint8_t key[32];
};

struct lf_note_signer {
        struct lf_note_verifier verifier;
        uint8_t seed[32];
};

/* A new key pair. `name` is a key name: UTF-8 without space and '+', not empty. -EINVAL: name. */
int lf_note_signer_generate(const char *name, struct lf_note_signer *ret);

/* "PRIVATE+KEY+name+id+base64" and "name+id+base64", with a zero at the end. Text must hold
 * LF_NOTE_KEY_TEXT_MAX. */
void lf_note_signer_format(const struct lf_note_signer *signer, char *text);
void lf_note_verifier_format(const struct lf_note_verifier *verifier, char *text);

/* The other way round; one newline at the end is allowed. -EBADMSG: not such a key, or its id is wrong. */
int lf_note_signer_parse(const char *text, struct lf_note_signer *ret);
int lf_note_verifier_parse(const char *text, struct lf_note_verifier *ret);

/* Keys in files, one line each. Write creates the file (signer: mode 0600, verifier: 0644), durably, and
 * refuses to replace one (-EEXIST). Read: -EBADMSG as parse, else the errno of open and read. */
int lf_note_signer_write(const struct lf_note_signer *signer, const char *path);
int lf_note_signer_read(const char *path, struct lf_note_signer *ret);
int lf_note_verifier_write(const struct lf_note_verifier *verifier, const char *path);
int lf_note_verifier_read(const char *path, struct lf_note_verifier *ret);

/* Signs `text`, which must end in a newline, have no other control character and be valid UTF-8 (-EINVAL).
 * ret_note: malloc'ed, caller frees, ret_size bytes. Signatures come in the order of the signers. */
int lf_note_sign(const char *text, size_t size, const struct lf_note_signer *const *signers,
                 unsigned n_signers, char **ret_note, size_t *ret_size);

/* Adds one more signature line (a cosignature) to a signed note. -EBADMSG: not a note. */
int lf_note_cosign(const char *note, size_t size, const struct lf_note_signer *signer, char **ret_note,
                   size_t *ret_size);

/* Takes a signed note apart. ret_verified: bit i is set when verifiers[i] (at most 64) signed it; lines of
 * other keys are passed over. ret_text_size: the text is note[0 .. text_size). -EBADMSG: not a note.
 * -EKEYREJECTED: a line of a given verifier has a false signature. -ENOKEY: none of the verifiers signed it.
 */
int lf_note_open(const char *note, size_t size, const struct lf_note_verifier *verifiers,
                 unsigned n_verifiers, uint64_t *ret_verified, size_t *ret_text_size);
