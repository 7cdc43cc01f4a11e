/* What landfall eval fingerprint found, and its two forms. */
#pragma once

#include "tools/eval/calibration.h"
#include "tools/eval/identification.h"
#include "tools/eval/rates.h"

/* One folder, or the mean of several. */
struct lf_folder_result {
        struct lf_rates rates;
        double genuine, impostor, failures; /* counts; in a mean they need not be whole */
        struct lf_scores mates, strangers;  /* sorted; of a mean none */
};

#define LF_CLAIMS 3 /* 1e-2, 1e-3, 1e-4 */

struct lf_fingerprint_result {
        char **dir;
        struct lf_folder_result *folder; /* of each */
        unsigned dirs;
        struct lf_folder_result mean;
        /* The scores of all folders' own pairs, and the rates they have together. */
        struct lf_scores genuine, impostor;
        double fnmr_1e3, fnmr_1e4;
        /* Strangers within and across folders, and those within alone. */
        struct lf_calibration_check all[LF_CLAIMS], within[LF_CLAIMS];
        struct lf_identification search;
};

void lf_fingerprint_print_json(const struct lf_fingerprint_result *r);
void lf_fingerprint_print_table(const struct lf_fingerprint_result *r);
