/* Records and probes of persons, and what the engine says of a pair. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "matcher/person_ofac.h"
#include "matcher/person_write.h"
#include "matcher/shard.h"

/* A score from here on is a hit in these tests; well below it nobody is stopped. */
#define HIT 0.78f

struct person {
        uint8_t wire[LF_PERSON_RECORD_MAX];
        size_t n;
};

static inline void put(struct person *p, enum lf_person_field f, const char *text)
{
        assert_int_equal(lf_person_put(p->wire, sizeof p->wire, &p->n, f, text, strlen(text)), 0);
}

static inline struct person named(const char *name)
{
        struct person p = {.n = 0};
        put(&p, LF_PERSON_NAME, name);
        return p;
}

static inline struct person born(struct person p, unsigned year, unsigned month, unsigned day)
{
        assert_int_equal(lf_person_put_birth(p.wire, sizeof p.wire, &p.n, year, month, day), 0);
        return p;
}

static inline struct person with(struct person p, enum lf_person_field f, const char *text)
{
        put(&p, f, text);
        return p;
}

static inline struct person holding(struct person p, const char *country, const char *number)
{
        assert_int_equal(
            lf_person_put_document(p.wire, sizeof p.wire, &p.n, 'P', country, number, strlen(number)), 0);
        return p;
}

static inline const struct lf_engine *engine(void)
{
        const struct lf_engine *e = lf_engine_for(LF_MODALITY_PERSON);
        assert_non_null(e);
        return e;
}

/* A shard of the records, to be freed. */
static inline struct lf_shard *shard_of(const struct person *p, size_t n)
{
        struct lf_source_record *r = calloc(n, sizeof *r);
        struct lf_shard_info info = {.generation = 1};
        size_t size;
        for (size_t i = 0; i < n; i++)
                r[i] = (struct lf_source_record){.wire = p[i].wire, .size = p[i].n};
        assert_int_equal(lf_shard_size(LF_MODALITY_PERSON, r, n, &size), 0);
        void *image = aligned_alloc(64, size);
        assert_non_null(image);
        assert_int_equal(lf_shard_build(LF_MODALITY_PERSON, &info, r, n, image, size, NULL), 0);
        assert_int_equal(lf_shard_check(image, size), 0);
        free(r);
        return image;
}

static inline void search(const struct lf_shard *s, const struct person *probe, float floor,
                          struct lf_topk *ret, struct lf_explanation *ret_best)
{
        struct lf_defect defect = {0};
        void *prepared = aligned_alloc(64, (engine()->probe_size + 63) & ~63ul);
        assert_int_equal(engine()->prepare(probe->wire, probe->n, prepared, &defect), 0);
        void *scratch = aligned_alloc(64, (engine()->scratch_size + 63) & ~63ul);
        assert_non_null(scratch);
        lf_topk_init(ret, LF_TOPK_MAX, floor);
        for (uint32_t b = 0; b < s->blocks; b++)
                engine()->scan(s, b, (const void *const[]){prepared}, (struct lf_topk *const[]){ret}, 1,
                               scratch);
        free(scratch);
        lf_topk_sort(ret);
        if (ret_best && ret->n)
                engine()->explain(s, prepared, &ret->hit[0], NULL, ret_best);
        free(prepared);
}

static inline float score_by(struct lf_person_rules rules, struct person probe, struct person record,
                             struct lf_explanation *ret)
{
        struct lf_shard *s = shard_of(&record, 1);
        s->person = rules;
        struct lf_topk t;
        struct lf_explanation unused = {0};
        search(s, &probe, 0, &t, ret ? ret : &unused);
        free(s);
        return t.n ? t.hit[0].score : 0;
}

static inline float score_of(struct person probe, struct person record, struct lf_explanation *ret)
{
        return score_by((struct lf_person_rules){0}, probe, record, ret);
}

static inline float score(const char *probe, const char *record)
{
        return score_of(named(probe), named(record), NULL);
}

static inline bool says(const struct lf_explanation *e, enum lf_match_reason_code code)
{
        for (unsigned i = 0; i < e->n; i++)
                if (e->reason[i].code == code)
                        return true;
        return false;
}

static inline void check_all(const char *const (*pair)[2], size_t n, bool hit)
{
        for (size_t i = 0; i < n; i++) {
                float s = score(pair[i][0], pair[i][1]);
                if ((s >= HIT) != hit)
                        fail_msg("%s | %s: %.3f", pair[i][0], pair[i][1], (double)s);
        }
}
#define HITS(...)                                                                                            \
        check_all((const char *const[][2]){__VA_ARGS__}, sizeof((const char *[][2]){__VA_ARGS__}) / 16, true)
#define MISSES(...)                                                                                          \
        check_all((const char *const[][2]){__VA_ARGS__}, sizeof((const char *[][2]){__VA_ARGS__}) / 16, false)
