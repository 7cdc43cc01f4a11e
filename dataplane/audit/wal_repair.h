/* After a scan that found the log sound: makes the mirrors equal and wipes what lies beyond the cut. */
#pragma once

#include "dataplane/audit/disk.h"
#include "dataplane/audit/wal_scan.h"

/* Writes only blocks that differ from what they should be, and syncs every file it wrote to before it
 * returns. A mirror whose write or sync fails is added to *failed (bit per mirror), and is not touched again.
 * ret_ends[segment]: index after the segment's last entry. Counts into scan->found.repaired. */
int lf_wal_repair(struct lf_disk *disk, const struct lf_wal_source *source, struct lf_wal_keys *keys,
                  struct lf_wal_scan *scan, unsigned *failed, uint64_t *ret_ends);
