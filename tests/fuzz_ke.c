/* The two messages of the key exchange, as either side takes them from a peer that has shown a certificate.
 */
#include <stdlib.h>

#include "control/ke/ke_internal.h"
#include "tools/lane/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct lsp_ke_reply reply;
        int r = lf_ke_request_check(data, size);
        if (r >= 0 && size != sizeof(struct lsp_ke_request))
                abort();
        if (r != LSP_KE_OK && r != LSP_KE_VERSION && r >= 0)
                abort();
        if (lf_exchange_reply_check(data, size, &reply) == 0 &&
            (size != sizeof reply || reply.status != LSP_KE_OK || reply.port == 0))
                abort();
        return 0;
}
