/* What control hands over, checked and put to use. Main thread; may run under the sandbox. */
#pragma once

#include "dataplane/dataplane.h"
#include "dataplane/handover.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_INTAKE_TEXT sizeof((struct lf_handover_done){0}.text)

struct lf_intake;

/* -ENOMEM. `dp` is lent. */
int lf_intake_create(struct lf_dataplane *dp, struct lf_intake **ret);
/* After lf_dataplane_destroy: unmaps what is still mapped. NULL is fine. */
void lf_intake_destroy(struct lf_intake *in);

/* Magic, ABI, sizes and type of a message from control, and the number of descriptors with it. 0, -EPROTO, or
 * -EBADMSG; `text` says what. */
int lf_intake_check(const void *message, size_t size, unsigned fds, char text[LF_INTAKE_TEXT]);

/* Acts on one message. Descriptors stay the caller's. 0, or -errno with its cause in `text`; then nothing
 * changed, but that a generation whose later messages may still come is given up as a whole.
 * Beside lf_intake_check's and the dataplane's errors: -EPERM: a memfd without the seals. -EALREADY: options
 * again. -ESTALE: the rest of a generation that was given up. */
int lf_intake_take(struct lf_intake *in, const void *message, size_t size, const int *fd, unsigned fds,
                   char text[LF_INTAKE_TEXT]);

/* Control has gone: an unfinished generation is given up. */
void lf_intake_reset(struct lf_intake *in);

/* True once for each generation that was let go; it is unmapped by then. */
bool lf_intake_retired(struct lf_intake *in, uint64_t *ret_id);

/* In force; 0: none. */
uint64_t lf_intake_generation(const struct lf_intake *in);
uint32_t lf_intake_ruleset(const struct lf_intake *in);
