/* The checkpoint's text. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "control/tlog/note_key.h"
#include "control/tlog/tlog.h"

size_t lf_tlog_checkpoint_format(const struct lf_tlog_checkpoint *c, char *text)
{
        char root[48];
        EVP_EncodeBlock((uint8_t *)root, c->root, LF_TLOG_HASH);
        return (size_t)sprintf(text, "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
}

int lf_tlog_checkpoint_parse(const char *text, size_t size, struct lf_tlog_checkpoint *ret)
{
        struct lf_tlog_checkpoint c = {0};
        const char *end = text + size, *a = memchr(text, '\n', size);
        const char *b = a ? memchr(a + 1, '\n', (size_t)(end - (a + 1))) : NULL;
        const char *d = b ? memchr(b + 1, '\n', (size_t)(end - (b + 1))) : NULL;
        size_t n;
        if (!d || a == text || a - text > LF_NOTE_NAME_MAX || memchr(text, 0, (size_t)(a - text)))
                return -EBADMSG;
        memcpy(c.origin, text, (size_t)(a - text));
        if (b == a + 1 || (a[1] == '0' && b != a + 2))
                return -EBADMSG;
        for (const char *p = a + 1; p < b; p++) {
                if (*p < '0' || *p > '9' || c.size > (INT64_MAX - (uint64_t)(*p - '0')) / 10)
                        return -EBADMSG;
                c.size = c.size * 10 + (uint64_t)(*p - '0');
        }
        if (lf_base64_decode(b + 1, (size_t)(d - (b + 1)), c.root, sizeof c.root, &n) < 0 ||
            n != sizeof c.root)
                return -EBADMSG;
        *ret = c;
        return 0;
}
