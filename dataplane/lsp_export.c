#include "dataplane/lsp.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>

int lsp_export_key(SSL *ssl, const uint8_t appliance[16], uint8_t ret_key[LSP_KEY_SIZE])
{
        struct lsp_exporter_context context = {.version = LSP_VERSION, .aead = LSP_AEAD_AES_256_GCM};
        memcpy(context.appliance, appliance, 16);
        return SSL_export_keying_material(ssl, ret_key, LSP_KEY_SIZE, LSP_EXPORTER_LABEL,
                                          strlen(LSP_EXPORTER_LABEL), (const uint8_t *)&context,
                                          sizeof context, 1) == 1
                   ? 0
                   : -EIO;
}
