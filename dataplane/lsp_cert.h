/* Who a certificate of LSP/1 speaks for. Needs only OpenSSL; allocates; not for the query path. */
#pragma once

#include <openssl/x509.h>
#include <stdint.h>

/* The lane's number (LSP_URI_LANE). -ENOENT: the certificate names none, or more than one. */
int lsp_cert_lane(const X509 *certificate, uint32_t *ret_lane);
/* The appliance's id (LSP_URI_APPLIANCE). Errors as above. */
int lsp_cert_appliance(const X509 *certificate, uint8_t ret_appliance[16]);

/* 2n lower-case hex digits into n bytes; the text must end there. -EINVAL. */
int lsp_hex_read(const char *text, uint8_t *ret_bytes, unsigned n);
/* n bytes into 2n digits and a zero. */
void lsp_hex_write(const uint8_t *bytes, unsigned n, char *ret_text);
