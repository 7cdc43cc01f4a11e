/* Reads the page of landfall-observe. */
#pragma once

#include <stdbool.h>

#include "ebpf/abi.h"

/* Copies RUN_DIR/observe as it was at one moment. -ENOENT: landfall-observe never ran here. -EPROTO: another
 * version wrote it. Else what the kernel said. */
int lf_observe_read(const char *run_dir, struct lf_observe_page *ret);

/* Whether its writer still updates it: it has not ended, and wrote within the last five seconds. */
bool lf_observe_is_alive(const struct lf_observe_page *page);

/* The key of a cause in JSON, and its text; "unknown" beyond the list. */
const char *lf_cause_key(__u32 cause);
const char *lf_cause_text(__u32 cause);
enum lf_cause_kind lf_cause_kind_of(__u32 cause);
