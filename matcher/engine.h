/* An engine: a pure function from (probe, shard) to scored candidates.
 *
 * Every modality has the same shape: `build` lays records out for scanning, `scan` scores a range of
 * blocks for a batch of probes and keeps each probe's best, `explain` says why one record was close.
 * An engine does no I/O, takes no lock, keeps no state between calls and, after lf_engines_init(),
 * allocates nothing in `prepare`, `scan`, `compare`, `score_log10_fmr`, `score_at` and `explain`: those may
 * be called on any matcher or io core. `build` belongs to control and allocates.
 *
 * Records and probes arrive in the same wire form: an ISO/IEC 19794-2 or ANSI 378 record for fingerprint,
 * a person record (matcher/person.h) for person. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "matcher/isa.h"

enum lf_modality {
        LF_MODALITY_FINGERPRINT = 0,
        LF_MODALITY_IRIS = 1,
        LF_MODALITY_FACE = 2,
        LF_MODALITY_PERSON = 3,
        LF_MODALITY_CONSIGNMENT = 4,
        LF_MODALITY_COUNT = 5,
};

/* What is wrong with a malformed template, and where: becomes the RETRY answer's reason. */
struct lf_defect {
        uint16_t code;   /* enum lf_defect_code, from matcher/defect.def */
        uint32_t offset; /* bytes from the start of the wire form */
};

enum lf_defect_code {
        LF_DEFECT_NONE = 0,
#define LF_DEFECT(name, text) LF_DEFECT_##name,
#include "matcher/defect.def"
#undef LF_DEFECT
        LF_DEFECT_COUNT
};
/* The text of matcher/defect.def; "unknown defect" for a code that is not in it. */
const char *lf_defect_text(uint16_t code);

/* One reason of an explanation: a code of matcher/reason.def and up to three small numbers that its text
 * names. This is also its wire form. */
struct lf_match_reason {
        uint8_t code;
        uint8_t a, b, c;
};

enum lf_match_reason_code {
        LF_MATCH_REASON_NONE = 0,
#define LF_MATCH_REASON(name, text) LF_MATCH_REASON_##name,
#include "matcher/reason.def"
#undef LF_MATCH_REASON
        LF_MATCH_REASON_COUNT
};
/* Writes the reason's text with its numbers filled in; always terminated. Returns `out`. */
const char *lf_match_reason_text(struct lf_match_reason reason, char *out, size_t size);

#define LF_EXPLANATION_MAX 8
struct lf_explanation {
        uint8_t n;
        struct lf_match_reason reason[LF_EXPLANATION_MAX];
};

struct lf_shard; /* matcher/shard.h */

/* The best hits of one probe, one per record, best first after lf_topk_sort(). */
#define LF_TOPK_MAX 16
struct lf_hit {
        uint32_t record; /* index into the shard's record table */
        uint32_t row;    /* the template or name of that record which was closest */
        float score;     /* the engine's scale; higher is closer */
};
struct lf_topk {
        uint32_t k; /* 1..LF_TOPK_MAX */
        uint32_t n;
        float floor;                  /* a score below this cannot enter: scans may skip on it */
        const struct lf_shard *shard; /* whose records have no place here once they expire; NULL: all have */
        uint64_t now;                 /* legal time, seconds */
        struct lf_hit hit[LF_TOPK_MAX];
};
/* An empty list for the best k hits that score above `floor`. */
void lf_topk_init(struct lf_topk *t, uint32_t k, float floor);
/* From now on this shard's records that have expired by `now` are passed over. */
void lf_topk_pass_over_expired(struct lf_topk *t, const struct lf_shard *shard, uint64_t now);
/* Whether a hit on the record may enter. */
bool lf_topk_admits(const struct lf_topk *t, uint32_t record);
/* Keeps the better of two hits on one record; equal scores keep the lower record, then the lower row. */
void lf_topk_push(struct lf_topk *t, uint32_t record, uint32_t row, float score);
void lf_topk_sort(struct lf_topk *t);

/* A record as control hands it to `build`. All pointers are borrowed. */
struct lf_source_record {
        uint8_t reference[16]; /* opaque: the only name that an answer gives to a record */
        uint64_t expiry;       /* legal time, seconds since 1970; 0: the dataset's rule alone */
        uint32_t flags;        /* LF_RECORD_* */
        const void *wire;
        size_t size;
};
#define LF_RECORD_DISPUTED   1u
#define LF_RECORD_RESTRICTED 2u
#define LF_RECORD_REDRESS    4u

#define LF_PROBE_MAX   (64 * 1024) /* no engine's prepared probe is larger */
#define LF_SCRATCH_MAX (8 * 1024 * 1024)

struct lf_engine {
        const char *name;
        enum lf_modality modality;
        bool indexed; /* a scan looks at few of a shard's rows: half a shard is more than half the work */
        size_t probe_size;   /* bytes of a prepared probe, at most LF_PROBE_MAX; alignment 64 */
        size_t scratch_size; /* bytes that scan, compare and explain want per core, at most LF_SCRATCH_MAX;
                                alignment 64 */

        /* Reads one wire-form probe into `ret_probe` (probe_size bytes). -EBADMSG: malformed or too poor to
         * be compared; `ret_defect` says what and where, `ret_probe` holds nothing of use. */
        int (*prepare)(const void *wire, size_t size, void *ret_probe, struct lf_defect *ret_defect);

        /* Lays out `n` records. With payload NULL only the size is computed. A record that cannot be read is
         * left out of the rows (it stays in the record table) and its defect written to defects[i]
         * (code LF_DEFECT_NONE when it is well); `defects` may be NULL. -ENOMEM. */
        int (*build)(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                     uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects);

        /* Checks the whole payload, so that no later call can leave it. -EBADMSG. */
        int (*check)(const struct lf_shard *shard);

        /* The model of which a payload's rows are, 0: none; NULL: an engine without models. Becomes
         * shard->model. */
        uint32_t (*model)(const void *payload);

        /* Whether the shard holds what the probe can be compared with: the same model. NULL: always. A scan
         * of another shard finds nothing. */
        bool (*comparable)(const struct lf_shard *shard, const void *probe);

        /* Scores block `block` (0 .. shard->blocks-1) for n prepared probes. */
        void (*scan)(const struct lf_shard *shard, uint32_t block, const void *const *probes,
                     struct lf_topk *const *topks, unsigned n, void *scratch);

        /* log10 of the rate at which impostor comparisons reach this score: -3.0 is one in a thousand. Never
         * above 0, non-increasing in score. */
        float (*score_log10_fmr)(float score);

        /* How many pairs of templates a record's score is the best of, each of which has the rate above.
         * NULL: the rate is the record's already. */
        unsigned (*pairs)(const struct lf_shard *shard, const void *probe, uint32_t record);

        /* A score that every hit of at most this rate is above: a scan with it as floor loses none of them.
         * -INFINITY when all hits are. NULL: the engine's scans gain nothing from a floor. */
        float (*score_at)(float log10_fmr);

        /* Scores one record, though no scan kept it: its closest row. False: it has none that the probe can
         * be compared with. */
        bool (*compare)(const struct lf_shard *shard, const void *probe, uint32_t record, void *scratch,
                        struct lf_hit *ret);

        /* Says why `hit` scored as it did. */
        void (*explain)(const struct lf_shard *shard, const void *probe, const struct lf_hit *hit,
                        void *scratch, struct lf_explanation *ret);
};

/* Prepares tables and libraries (ICU's transliterators, SIMD dispatch) once, before any core starts and
 * before the sandbox closes. Chooses the instruction set (LANDFALL_ISA in the environment forces one).
 * -ENOMEM; -ENOTSUP and -EINVAL as lf_isa_choose. */
int lf_engines_init(void);
/* What it chose. */
enum lf_isa lf_engines_isa(void);
/* log10 of the rate at which records of strangers, compared with this probe, reach the hit's score. */
float lf_hit_log10_fmr(const struct lf_shard *shard, const void *probe, const struct lf_hit *hit);
/* NULL when this build has no engine for the modality. */
const struct lf_engine *lf_engine_for(enum lf_modality modality);
