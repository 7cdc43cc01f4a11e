/* What the evaluations of the person engine share. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "matcher/person_write.h"
#include "matcher/shard.h"
#include "tools/eval/table.h"

/* From this score on two records are taken for one person: the threshold of every figure, unless another is
 * given. */
#define LF_EVAL_PERSON_THRESHOLD 0.78

/* A person or entity in wire form. */
struct lf_wire {
        uint8_t byte[LF_PERSON_RECORD_MAX];
        size_t n;
};

/* -EBADMSG, logged with its place: no name that a record can hold. */
int lf_wire_name(struct lf_wire *w, char kind, const struct lf_table *t, const struct lf_csv_field *name);
/* Adds "1960", "1960-03" or "1960-03-12"; of a day or month
 * that cannot be only the rest; an empty field adds nothing. -EBADMSG, logged. */
int lf_wire_birth(struct lf_wire *w, const struct lf_table *t, const struct lf_csv_field *date);

/* A shard over the records, to be freed; NULL, logged, without memory. */
struct lf_shard *lf_eval_shard(const struct lf_wire *record, size_t n);
/* The best hits above `floor`, best first. False: the probe cannot be compared. `prepared` has probe_size
 * bytes, `scratch` scratch_size. */
bool lf_eval_search(const struct lf_shard *shard, const struct lf_wire *probe, float floor, void *prepared,
                    void *scratch, struct lf_topk *ret);
/* Aligned to 64 bytes, at least one byte; to be freed. */
void *lf_eval_aligned(size_t size);

/* The evaluations; each adds what it found to `out`. */
int lf_eval_person_pairs(const char *path, float threshold, json_t *out);
int lf_eval_person_altered(const char *listed, const char *altered, char **negatives, int n, float threshold,
                           json_t *out);
/* Every name of the negatives with every name of the list's individuals. */
int lf_eval_person_claims(const char *list, const char *aliases, char **negatives, int n, json_t *out);
