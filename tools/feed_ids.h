/* What `landfall feed add --ids` wrote: which record has which name. */
#pragma once

#include <stdint.h>

struct lf_feed_ids;

/* Lines "ID<tab>NAME"; others are passed over. The errno of the file. -ENOMEM. */
int lf_feed_ids_open(const char *path, struct lf_feed_ids **ret);
/* The ID under this name, up to the last dot of either. -ENOENT. */
int lf_feed_ids_find(const struct lf_feed_ids *ids, const char *name, uint8_t ret[16]);
/* NULL is fine. */
void lf_feed_ids_close(struct lf_feed_ids *ids);
