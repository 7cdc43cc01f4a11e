/* A folder of labelled fingerprint records: FINGER_IMPRESSION.iso. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct lf_impression {
        unsigned finger, impression;
        void *wire;
        size_t size;
};

struct lf_impressions {
        struct lf_impression *item;
        size_t n;
};

/* Reads every FINGER_IMPRESSION.iso of a folder, in order; other files are not looked at. On failure, -errno
 * and one line about it on stderr. Release with lf_impressions_free(). */
int lf_impressions_read(const char *dir, struct lf_impressions *ret);
/* Adds those of n folders to `all`, which starts empty; finger numbers of folder i are raised by i times
 * LF_IMPRESSIONS_STEP, since different folders hold different fingers. Release `all` in any case. */
#define LF_IMPRESSIONS_STEP 100000
int lf_impressions_read_all(char **dirs, int n, struct lf_impressions *all);
void lf_impressions_free(struct lf_impressions *s);
