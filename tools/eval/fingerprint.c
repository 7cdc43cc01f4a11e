/* landfall eval fingerprint: error rates over folders of FINGER_IMPRESSION.iso.
 *
 * Genuine comparisons are all pairs of one finger's impressions, impostor comparisons all pairs of different
 * fingers' within a folder. What scores claim is checked on pairs across folders besides. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "matcher/shard.h"
#include "tools/eval/det.h"
#include "tools/eval/eval.h"
#include "tools/eval/fingerprint_result.h"

#define ACROSS_MAX 200000 /* pairs across folders: enough, and bounded when folders are large */

static const char usage[] =
    "usage: landfall eval fingerprint DIR... [--json] [--det FILE]\n"
    "\n"
    "Each DIR holds FINGER_IMPRESSION.iso: ISO/IEC 19794-2 or ANSI 378 records; different DIRs must hold\n"
    "different fingers. Prints, for each DIR and as a mean over them, the equal error rate and the false\n"
    "non-match rate at false match rates of 1e-2 and 1e-3, from all pairs of one finger (genuine) and of\n"
    "different fingers (impostor). A record that cannot be compared, for instance one without minutiae,\n"
    "matches nothing: its pairs count with the lowest score, its search finds nothing.\n"
    "Then all DIRs together: the rates of their pooled scores; how often strangers, within and across DIRs,\n"
    "reach a score that claims a false match rate of 1e-2, 1e-3, 1e-4, with an interval by the jackknife\n"
    "over fingers; and every record searched among all. --det draws the error trade-off of all DIRs and of\n"
    "each as SVG.\n";

/* The scores of one folder's own pairs. */
static int scores_of(const struct lf_comparisons *c, unsigned folder, struct lf_scores *genuine,
                     struct lf_scores *impostor)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < c->n; i++) {
                const struct lf_comparison *one = &c->item[i];
                if (!lf_is_across(one) && lf_folder_of(one->a) == folder)
                        r = lf_scores_add(lf_is_genuine(one) ? genuine : impostor, one->score);
        }
        return r;
}

static int add_scores(struct lf_scores *all, const struct lf_scores *some)
{
        int r = 0;
        for (size_t i = 0; r == 0 && i < some->n; i++)
                r = lf_scores_add(all, some->score[i]);
        return r;
}

static int evaluate_folder(const struct lf_trial *t, const struct lf_comparisons *c, unsigned folder,
                           struct lf_fingerprint_result *ret)
{
        struct lf_folder_result *f = &ret->folder[folder];
        int r = scores_of(c, folder, &f->mates, &f->strangers);
        if (r == 0 && (f->mates.n == 0 || f->strangers.n == 0)) {
                lf_log_error("%s: needs two impressions of one finger, and two fingers", ret->dir[folder]);
                r = -EINVAL;
        }
        if (r < 0)
                return r;
        f->rates = lf_rates_of(&f->mates, &f->strangers);
        f->genuine = (double)f->mates.n;
        f->impostor = (double)f->strangers.n;
        f->failures = (double)lf_trial_failures(t, folder);
        r = add_scores(&ret->genuine, &f->mates);
        return r < 0 ? r : add_scores(&ret->impostor, &f->strangers);
}

/* All folders together, and each where there are several. */
static int write_det(const char *path, const struct lf_fingerprint_result *r)
{
        struct lf_det_curve *curve = calloc(r->dirs + 1, sizeof *curve);
        if (!curve)
                return -ENOMEM;
        curve[0] = (struct lf_det_curve){"all together", &r->genuine, &r->impostor};
        for (unsigned i = 0; i < r->dirs; i++) {
                const char *name = r->dir[i], *end = name + strlen(name);
                for (unsigned parts = 0; end > name && parts < 2; parts += end[-1] == '/')
                        end--;
                curve[i + 1] = (struct lf_det_curve){*end == '/' ? end + 1 : end, &r->folder[i].mates,
                                                     &r->folder[i].strangers};
        }
        int e = lf_det_write(path, curve, r->dirs > 1 ? r->dirs + 1 : 1);
        if (e < 0)
                lf_log_error("%s: %s", path, strerror(-e));
        free(curve);
        return e;
}

static struct lf_folder_result mean_of(const struct lf_folder_result *results, unsigned n)
{
        struct lf_folder_result m = {0};
        for (unsigned i = 0; i < n; i++) {
                m.rates.eer += results[i].rates.eer / n;
                m.rates.fnmr_1e2 += results[i].rates.fnmr_1e2 / n;
                m.rates.fnmr_1e3 += results[i].rates.fnmr_1e3 / n;
                m.genuine += results[i].genuine / n;
                m.impostor += results[i].impostor / n;
                m.failures += results[i].failures / n;
        }
        return m;
}

static bool is_within(const struct lf_comparison *c, const void *context)
{
        (void)context;
        return !lf_is_across(c);
}

static int check_claims(const struct lf_comparisons *c, struct lf_fingerprint_result *ret)
{
        static const double claimed[LF_CLAIMS] = {1e-2, 1e-3, 1e-4};
        struct lf_strangers all = {.of = c}, within = {.of = c, .belongs = is_within};
        int r = 0;
        for (unsigned i = 0; r == 0 && i < LF_CLAIMS; i++) {
                r = lf_calibration_check(&all, 1, &lf_finger_calibration, claimed[i], &ret->all[i]);
                if (r == 0)
                        r = lf_calibration_check(&within, 1, &lf_finger_calibration, claimed[i],
                                                 &ret->within[i]);
        }
        return r;
}

static int evaluate(const struct lf_impressions *all, struct lf_fingerprint_result *ret)
{
        struct lf_trial trial;
        struct lf_comparisons c = {0};
        int r = lf_trial_prepare(all, &trial);
        if (r == 0)
                r = lf_trial_run(&trial, UINT32_MAX, ACROSS_MAX, &c);
        for (unsigned i = 0; r == 0 && i < ret->dirs; i++)
                r = evaluate_folder(&trial, &c, i, ret);
        if (r == 0)
                r = check_claims(&c, ret);
        if (r == 0) {
                ret->mean = mean_of(ret->folder, ret->dirs);
                lf_rates_of(&ret->genuine, &ret->impostor); /* sorts */
                ret->fnmr_1e3 = lf_fnmr_at(&ret->genuine, &ret->impostor, 1e-3);
                ret->fnmr_1e4 = lf_fnmr_at(&ret->genuine, &ret->impostor, 1e-4);
                r = lf_identify(all, lf_threshold_at(&ret->impostor, 1e-3), &ret->search);
        }
        lf_trial_free(&trial);
        free(c.item);
        return r;
}

static int run(char **dirs, int n, bool json, const char *det)
{
        struct lf_fingerprint_result result = {
            .dir = dirs, .dirs = (unsigned)n, .folder = calloc((size_t)n, sizeof *result.folder)};
        struct lf_impressions all = {0};
        int r = result.folder ? lf_engines_init() : -ENOMEM;
        if (r < 0)
                lf_log_error("engines: %s", strerror(-r));
        if (r == 0)
                r = lf_impressions_read_all(dirs, n, &all);
        if (r == 0)
                r = evaluate(&all, &result);
        if (r == 0 && det)
                r = write_det(det, &result);
        if (r == 0)
                (json ? lf_fingerprint_print_json : lf_fingerprint_print_table)(&result);
        lf_impressions_free(&all);
        for (int i = 0; result.folder && i < n; i++) {
                free(result.folder[i].mates.score);
                free(result.folder[i].strangers.score);
        }
        free(result.folder);
        free(result.genuine.score);
        free(result.impostor.score);
        return r < 0 ? 1 : 0;
}

int lf_eval_fingerprint(int argc, char **argv)
{
        bool json = false;
        const char *det = NULL;
        int n = 0;
        for (int i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--help") == 0) {
                        fputs(usage, stdout);
                        return 0;
                }
                if (strcmp(argv[i], "--json") == 0) {
                        json = true;
                } else if (strcmp(argv[i], "--det") == 0 && i + 1 < argc) {
                        det = argv[++i];
                } else if (argv[i][0] == '-') {
                        lf_log_error("%s: no such option", argv[i]);
                        fputs(usage, stderr);
                        return 2;
                } else {
                        argv[1 + n++] = argv[i];
                }
        }
        if (n == 0) {
                fputs(usage, stderr);
                return 2;
        }
        return run(argv + 1, n, json, det);
}
