/* How much memory galleries may still take. */
#pragma once

#include <stdint.h>

/* What the machine has to give, in bytes: what the kernel calls available, or what this process' control
 * groups (version 2) leave, whichever is less. UINT64_MAX: neither says. */
uint64_t lf_memory_available(void);

/* "5.3 GiB", "12.0 MiB". `text` holds 32 bytes. Returns it. */
const char *lf_memory_text(uint64_t bytes, char *text);
