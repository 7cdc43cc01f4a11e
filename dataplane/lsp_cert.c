#include "dataplane/lsp_cert.h"

#include "dataplane/lsp.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind `prefix` in the one URI that begins with it, into `ret` (terminated). */
static int uri_tail(const X509 *certificate, const char *prefix, char *ret, size_t size)
{
        GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
        size_t head = strlen(prefix);
        int found = 0;
        for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
                const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
                if (g->type != GEN_URI)
                        continue;
                const char *text = (const char *)ASN1_STRING_get0_data(g->d.uniformResourceIdentifier);
                size_t n = (size_t)ASN1_STRING_length(g->d.uniformResourceIdentifier);
                if (n <= head || n - head >= size || memcmp(text, prefix, head) != 0 || memchr(text, 0, n))
                        continue;
                memcpy(ret, text + head, n - head);
                ret[n - head] = '\0';
                found++;
        }
        GENERAL_NAMES_free(names);
        return found == 1 ? 0 : -ENOENT;
}

int lsp_cert_lane(const X509 *certificate, uint32_t *ret_lane)
{
        char text[11];
        if (uri_tail(certificate, LSP_URI_LANE, text, sizeof text) < 0)
                return -ENOENT;
        if (strspn(text, "0123456789") != strlen(text) || text[0] == '0')
                return -ENOENT;
        unsigned long long n = strtoull(text, NULL, 10);
        if (n > UINT32_MAX)
                return -ENOENT;
        *ret_lane = (uint32_t)n;
        return 0;
}

int lsp_cert_appliance(const X509 *certificate, uint8_t ret_appliance[16])
{
        char text[33];
        if (uri_tail(certificate, LSP_URI_APPLIANCE, text, sizeof text) < 0)
                return -ENOENT;
        return lsp_hex_read(text, ret_appliance, 16) < 0 ? -ENOENT : 0;
}

static int digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int lsp_hex_read(const char *text, uint8_t *ret_bytes, unsigned n)
{
        if (strlen(text) != 2 * (size_t)n)
                return -EINVAL;
        for (unsigned i = 0; i < 2 * n; i++)
                if (digit(text[i]) < 0)
                        return -EINVAL;
        for (unsigned i = 0; i < n; i++)
                ret_bytes[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
        return 0;
}

void lsp_hex_write(const uint8_t *bytes, unsigned n, char *ret_text)
{
        static const char digits[] = "0123456789abcdef";
        for (unsigned i = 0; i < n; i++) {
                ret_text[2 * i] = digits[bytes[i] >> 4];
                ret_text[2 * i + 1] = digits[bytes[i] & 15];
        }
        ret_text[2 * n] = '\0';
}
