/* What a disk can do for the audit log, measured without it. */
#pragma once

struct lf_disk_figures {
        double commit_us_p50, commit_us_p99; /* 64 KiB written in place with O_DIRECT, then fdatasync */
        char filesystem[16];
};
/* In a directory of ours. -errno. */
int lf_disk_measure(const char *directory, struct lf_disk_figures *ret);
