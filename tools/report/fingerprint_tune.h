/* Tuning of the fingerprint engine's second stage, with databases held out. */
#pragma once

#include "tools/eval/calibration.h"
#include "tools/eval/rates.h"

#define TUNE_EXTRACTORS 8
#define TUNE_DATABASES  8

/* Every extractor's templates of every database: database d of extractor e is folder d of its trial. */
struct tune_data {
        unsigned extractors, databases;
        char extractor[TUNE_EXTRACTORS][64], database[TUNE_DATABASES][64];
        struct lf_impressions all[TUNE_EXTRACTORS];
        struct lf_trial trial[TUNE_EXTRACTORS];
};
/* Reads ROOT/EXTRACTOR/YEAR/DATABASE: of each extractor the same databases. -errno and a line on stderr;
 * release in any case. */
int tune_read(const char *root, struct tune_data *ret);
void tune_free(struct tune_data *d);

/* Compares under lf_finger_tuning all pairs of each extractor within the databases of a bit set, and across
 * them if asked for. Release each with free(item). */
int tune_compare(const struct tune_data *d, uint32_t databases, bool across, struct lf_comparisons *ret);

/* What tuning lessens: the false non-match rate of all extractors and databases under one threshold, since
 * one calibration serves all; the mean over false match rates of 3e-2, 1e-2, 3e-3 and 1e-3. Less than 0:
 * -errno. */
double tune_cost(const struct tune_data *d, uint32_t databases);
/* Each extractor's rates as a mean over databases, each by itself. */
int tune_rates(const struct tune_data *d, uint32_t databases, struct lf_rates *ret);

/* Fits a calibration on some databases and extractors, and prints how its claims fare on the pairs that hold
 * another database or extractor. */
int tune_claims_of_databases(const struct tune_data *d, uint32_t fitted);
int tune_claims_of_extractors(const struct tune_data *d, uint32_t fitted);
/* Fits to everything. */
int tune_fit(const struct tune_data *d, struct lf_finger_calibration *ret);
