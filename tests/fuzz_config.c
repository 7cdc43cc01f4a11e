/* Any bytes as a configuration: read or refused with reasons, never worse. */
#include "control/config/config.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct lf_problems problems;
        struct lf_config *config = NULL;
        int r = lf_config_parse("fuzz", data, size, &config, &problems);
        if ((r == 0) != (config != NULL) || (r != 0 && problems.n == 0))
                __builtin_trap();
        lf_config_destroy(config);
        return 0;
}
