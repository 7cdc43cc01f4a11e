#include "tools/lane/officer_token.h"

#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int lf_officer_token_read(const char *path, struct lsp_officer_token *ret)
{
        struct lsp_officer_token token;
        char hex[2 * sizeof token + 3] = "";
        bool piped = strcmp(path, "-") == 0;
        FILE *f = piped ? stdin : fopen(path, "re");
        if (!f)
                return -errno;
        int r = !fgets(hex, sizeof hex, f) && ferror(f) ? -EIO : 0;
        if (!piped)
                fclose(f);
        hex[strcspn(hex, "\n")] = 0;
        if (r == 0 && lsp_hex_read(hex, (uint8_t *)&token, sizeof token) < 0)
                r = -EBADMSG;
        if (r == 0)
                *ret = token;
        explicit_bzero(hex, sizeof hex);
        explicit_bzero(&token, sizeof token);
        return r;
}
