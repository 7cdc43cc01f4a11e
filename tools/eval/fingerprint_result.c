#include "tools/eval/fingerprint_result.h"

#include <jansson.h>
#include <stdio.h>

static json_t *json_count(double n)
{
        json_int_t whole = (json_int_t)n;
        return (double)whole == n ? json_integer(whole) : json_real(n);
}

static json_t *json_of(const char *dir, const struct lf_folder_result *r)
{
        json_t *j = json_object();
        if (dir)
                json_object_set_new(j, "dir", json_string(dir));
        json_object_set_new(j, "eer", json_real(r->rates.eer));
        json_object_set_new(j, "fnmr_at_fmr_1e2", json_real(r->rates.fnmr_1e2));
        json_object_set_new(j, "fnmr_at_fmr_1e3", json_real(r->rates.fnmr_1e3));
        json_object_set_new(j, "genuine", json_count(r->genuine));
        json_object_set_new(j, "impostor", json_count(r->impostor));
        json_object_set_new(j, "failures", json_count(r->failures));
        return j;
}

static json_t *json_checks(const struct lf_calibration_check *c)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < LF_CLAIMS; i++)
                json_array_append_new(list, json_pack("{s:f, s:f, s:f, s:f, s:I}", "claimed", c[i].claimed,
                                                      "measured", c[i].measured, "low", c[i].low, "high",
                                                      c[i].high, "pairs", (json_int_t)c[i].pairs));
        return list;
}

static json_t *json_identification(const struct lf_identification *s)
{
        return json_pack("{s:f, s:f, s:f, s:f, s:I, s:I}", "rank1", s->rank1, "fnir_at_fpir_1e2", s->fnir_1e2,
                         "first_stage_loss", s->first_stage_loss, "first_stage_kept", s->first_stage_kept,
                         "searches", (json_int_t)s->searches, "mates", (json_int_t)s->mates);
}

void lf_fingerprint_print_json(const struct lf_fingerprint_result *r)
{
        json_t *j = json_object(), *list = json_array();
        for (unsigned i = 0; i < r->dirs; i++)
                json_array_append_new(list, json_of(r->dir[i], &r->folder[i]));
        json_object_set_new(j, "directories", list);
        json_object_set_new(j, "mean", json_of(NULL, &r->mean));
        json_object_set_new(j, "pooled",
                            json_pack("{s:f, s:f, s:f, s:I, s:I}", "fnmr_at_fmr_1e3", r->fnmr_1e3,
                                      "fnmr_at_fmr_1e4", r->fnmr_1e4, "fmr_at_claimed_1e3",
                                      r->within[1].measured, "genuine", (json_int_t)r->genuine.n, "impostor",
                                      (json_int_t)r->impostor.n));
        json_object_set_new(j, "calibration", json_checks(r->all));
        json_object_set_new(j, "calibration_within", json_checks(r->within));
        json_object_set_new(j, "identification", json_identification(&r->search));
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static void print_line(const char *dir, const struct lf_folder_result *r)
{
        printf("%8.4f %14.4f %14.4f %8g %9g %9g  %s\n", r->rates.eer, r->rates.fnmr_1e2, r->rates.fnmr_1e3,
               r->genuine, r->impostor, r->failures, dir);
}

static void print_check(const struct lf_calibration_check *c, const char *what)
{
        printf("%8.0e %12.2e %10.2e .. %.2e %9zu  %s\n", c->claimed, c->measured, c->low, c->high, c->pairs,
               what);
}

void lf_fingerprint_print_table(const struct lf_fingerprint_result *r)
{
        printf("%8s %14s %14s %8s %9s %9s\n", "eer", "fnmr@fmr 1e-2", "fnmr@fmr 1e-3", "genuine", "impostor",
               "failures");
        for (unsigned i = 0; i < r->dirs; i++)
                print_line(r->dir[i], &r->folder[i]);
        print_line("mean", &r->mean);
        printf("pooled: fnmr %.4f at fmr 1e-3, %.4f at 1e-4\n", r->fnmr_1e3, r->fnmr_1e4);
        printf("%8s %12s %22s %9s\n", "claimed", "measured", "95% interval", "pairs");
        for (unsigned i = 0; i < LF_CLAIMS; i++)
                print_check(&r->all[i], r->dirs > 1 ? "within and across" : "within");
        for (unsigned i = 0; r->dirs > 1 && i < LF_CLAIMS; i++)
                print_check(&r->within[i], "within");
        const struct lf_identification *s = &r->search;
        printf("search over all: rank-1 %.4f, fnir %.4f at fpir 1e-2; the first stage keeps %.4f and loses "
               "%.4f of the mates\n",
               s->rank1, s->fnir_1e2, s->first_stage_kept, s->first_stage_loss);
        puts("Rates are fractions. A record that cannot be compared (failures) matches nothing.");
}
