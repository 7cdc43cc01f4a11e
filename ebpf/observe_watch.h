/* The BPF programs of landfall-observe: loads them, says what they watch, copies what they counted.
 *
 * Only lf_watch_open needs privileges (CAP_BPF, CAP_PERFMON; root in practice). Not for use by two threads at
 * once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ebpf/abi.h"

struct btf;
struct lf_watch;

/* Whether the kernel that `kernel` describes has the tracing event: it has the type btf_trace_<event>. */
bool lf_watch_has_event(const struct btf *kernel, const char *event);

/* Loads and attaches what the kernel offers. What it lacks or refuses is entered into page->missing, what is
 * attached is counted in page->events; neither is an error. *ret is the caller's until lf_watch_close.
 * Silences libbpf. -EPERM: no permission for BPF; -ENOTSUP: the kernel has no BTF or none of the events, or
 * this is a container's PID namespace; else what the kernel said. All of them are entered into page->missing,
 * too. */
int lf_watch_open(struct lf_observe_page *page, struct lf_watch **ret);

/* Watches thread `tid` (as the initial PID namespace numbers it; 0: none) in place `slot` from now on, all
 * its figures at 0. */
void lf_watch_set(struct lf_watch *watch, uint32_t slot, uint32_t tid);

/* Writes tally, cpu, absent_ns and absent_for of `slot` into *core. */
void lf_watch_copy(const struct lf_watch *watch, uint32_t slot, struct lf_observe_core *core);

/* Detaches all and frees; NULL is allowed. */
void lf_watch_close(struct lf_watch *watch);
