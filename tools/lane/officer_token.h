/* An officer's token as `landfall officer token` prints it: a line of hex. It speaks for the officer for a
 * shift, so commands take it from a file or a pipe: what stands on a command line, every user can read. */
#pragma once

#include "dataplane/lsp.h"

/* `path` "-": standard input. -EBADMSG: there is no token in it. Errno of open and read. */
int lf_officer_token_read(const char *path, struct lsp_officer_token *ret);
