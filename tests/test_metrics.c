/* The metrics page against a strict reading of Prometheus's text format (version 0.0.4), its figures, and
 * what it must not tell. */
#include "control/daemon/daemon.h"
#include "control/daemon/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ctype.h>
#include <time.h>

/* ---- the checker ---- */

struct family {
        char name[96], type[16];
        char seen[400][160]; /* samples, name and labels */
        unsigned samples;
};

static size_t metric_name(const char *p)
{
        size_t n = 0;
        while (isalpha((unsigned char)p[n]) || p[n] == '_' || p[n] == ':' ||
               (n && isdigit((unsigned char)p[n])))
                n++;
        return n;
}

/* {name="value",...}: returns its length; 0: none; -1: malformed. */
static int labels(const char *p)
{
        const char *q = p;
        if (*q != '{')
                return 0;
        q++;
        while (*q != '}') {
                size_t n = metric_name(q);
                if (n == 0 || memchr(q, ':', n) || q[n] != '=' || q[n + 1] != '"')
                        return -1;
                q += n + 2;
                while (*q && *q != '"') {
                        if (*q == '\n' || (*q == '\\' && !strchr("\\\"n", q[1])))
                                return -1;
                        q += *q == '\\' ? 2 : 1;
                }
                if (*q++ != '"')
                        return -1;
                if (*q == ',')
                        q++;
                else if (*q != '}')
                        return -1;
        }
        return (int)(q + 1 - p);
}

static void check_sample(struct family *f, const char *line)
{
        size_t n = metric_name(line), base = strlen(f->name);
        assert_true(n > 0);
        bool histogram = strcmp(f->type, "histogram") == 0;
        if (strncmp(line, f->name, base) != 0)
                fail_msg("sample outside its family %s: %s", f->name, line);
        if (histogram)
                assert_true(strncmp(line + base, "_bucket{", 8) == 0 ||
                            strncmp(line + base, "_count ", 7) == 0 || strncmp(line + base, "_sum ", 5) == 0);
        else
                assert_int_equal(n, base);
        int l = labels(line + n);
        assert_true(l >= 0);
        const char *value = line + n + l;
        assert_int_equal(*value, ' ');
        char *end;
        double v = strtod(value + 1, &end);
        assert_int_equal(*end, 0);
        if (strcmp(f->type, "counter") == 0) {
                assert_true(v >= 0);
                assert_true(base > 6 && strcmp(f->name + base - 6, "_total") == 0);
        }
        char key[160];
        snprintf(key, sizeof key, "%.*s", (int)(n + (size_t)l), line);
        for (unsigned i = 0; i < f->samples; i++)
                assert_string_not_equal(f->seen[i], key);
        assert_true(f->samples < 400);
        strcpy(f->seen[f->samples++], key);
}

static void check_page(char *page)
{
        static struct family f;
        static char families[200][96];
        unsigned n = 0;
        bool typed = false;
        assert_int_equal(page[strlen(page) - 1], '\n');
        for (char *save, *line = strtok_r(page, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                if (strncmp(line, "# HELP ", 7) == 0) {
                        memset(&f, 0, sizeof f);
                        size_t l = metric_name(line + 7);
                        assert_true(l > 9 && l < sizeof f.name && line[7 + l] == ' ' && line[8 + l]);
                        memcpy(f.name, line + 7, l);
                        assert_int_equal(strncmp(f.name, "landfall_", 9), 0);
                        for (unsigned i = 0; i < n; i++)
                                assert_string_not_equal(families[i], f.name);
                        strcpy(families[n++], f.name);
                        typed = false;
                } else if (strncmp(line, "# TYPE ", 7) == 0) {
                        char name[96];
                        assert_int_equal(sscanf(line + 7, "%95s %15s", name, f.type), 2);
                        assert_string_equal(name, f.name);
                        assert_true(!typed && f.samples == 0);
                        typed = true;
                } else {
                        assert_true(typed && line[0] != '#');
                        check_sample(&f, line);
                }
        }
        assert_true(n > 0);
}

static char *page_of(const struct lf_counters *c)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        lf_metrics_counters(out, c);
        fclose(out);
        return text;
}

static struct lf_counters *busy_page(void)
{
        struct lf_counters *c = calloc(1, sizeof *c);
        c->cores = 3;
        c->tsc_hz = 2000000000;
        atomic_store(&c->pid, 77);
        lf_set(&c->updated_ns, (uint64_t)time(NULL) * 1000000000);
        for (unsigned i = 0; i < 3; i++) {
                c->core[i].cpu = 4 + i;
                lf_set(&c->core[i].received, 100 + i);
                lf_set(&c->core[i].drop[LF_DROP_forged], 7);
                lf_set(&c->core[i].latency_histogram[12], 5);
                lf_set(&c->core[i].latency_histogram[LF_GAP_BUCKETS - 1], 1);
                lf_set(&c->core[i].stage_cycles[LF_STAGE_scan], UINT64_MAX / 2);
                for (unsigned v = 0; v < 5; v++)
                        lf_set(&c->core[i].verdict[v], 424200 + v);
        }
        lf_set(&c->audit_state, LF_AUDIT_FULL);
        return c;
}

static void format(void **state)
{
        struct lf_counters *c = busy_page();
        char *text = page_of(c);
        check_page(text);
        free(text);
        free(c);
        text = page_of(NULL);
        assert_non_null(strstr(text, "\nlandfall_up 0\n"));
        check_page(text);
        free(text);
}

static void figures(void **state)
{
        struct lf_counters *c = busy_page();
        char *text = page_of(c);
        static const char *const lines[] = {
            "\nlandfall_up 1\n",
            "\nlandfall_datagrams_received_total 303\n",
            "\nlandfall_dropped_total{reason=\"forged\",kind=\"silent\"} 21\n",
            "\nlandfall_dropped_total{reason=\"audit_full\",kind=\"query\"} 0\n",
            "\nlandfall_answer_latency_seconds_bucket{le=\"0.008192\"} 15\n",
            "\nlandfall_answer_latency_seconds_bucket{le=\"+Inf\"} 18\n",
            "\nlandfall_answer_latency_seconds_count 18\n",
            "\nlandfall_stage_cycles_total{core=\"2\",stage=\"scan\"} 9223372036854775807\n",
            "\nlandfall_audit_state{state=\"full\"} 1\n",
            "\nlandfall_audit_state{state=\"ok\"} 0\n",
        };
        for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++)
                if (!strstr(text, lines[i]))
                        fail_msg("missing:%s", lines[i]);
        for (int d = 0; d < LF_DROP_COUNT; d++)
                assert_non_null(strstr(text, lf_drop_name(d)));
        free(text);
        free(c);
}

/* A verdict's running count would tell what the last person's answer was. */
static void no_running_outcomes(void **state)
{
        struct lf_counters *c = busy_page();
        char *text = page_of(c);
        assert_null(strstr(text, "verdict"));
        assert_null(strstr(text, "candidate"));
        assert_null(strstr(text, "lane"));
        assert_null(strstr(text, " 42420"));
        free(text);
        free(c);
}

static void set_verdicts(struct lf_counters *c, const uint64_t verdict[5])
{
        for (unsigned v = 0; v < 5; v++)
                lf_set(&c->core[0].verdict[v], verdict[v]);
}

static void hours(void **state)
{
        struct lf_counters *c = calloc(1, sizeof *c);
        struct lf_outcomes o = {0};
        uint64_t n = 0;
        c->cores = 1;
        c->boot[0] = 1;
        lf_outcomes_step(&o, c, 3600 * 100);
        set_verdicts(c, (uint64_t[]){0, 1000, 30, 40, 50});
        lf_outcomes_step(&o, c, 3600 * 100 + 1800);
        assert_false(lf_outcomes_cell(&o, LSP_CLEAR, &n)); /* the hour is not over */
        /* landfalld restarts within the hour: its counters begin again */
        c->boot[0] = 2;
        set_verdicts(c, (uint64_t[]){0, 500, 0, 0, 0});
        lf_outcomes_step(&o, c, 3600 * 100 + 2000);
        lf_outcomes_step(&o, c, 3600 * 101);
        assert_true(lf_outcomes_cell(&o, LSP_CLEAR, &n));
        assert_int_equal(n, 1500);
        assert_true(lf_outcomes_cell(&o, LSP_CANDIDATE, &n));
        assert_int_equal(n, 30);
        /* one small cell: withheld, and the smallest other with it */
        set_verdicts(c, (uint64_t[]){0, 600, 3, 0, 20});
        lf_outcomes_step(&o, c, 3600 * 101 + 5);
        lf_outcomes_step(&o, c, 3600 * 102);
        assert_false(lf_outcomes_cell(&o, LSP_CANDIDATE, &n));
        assert_false(lf_outcomes_cell(&o, LSP_REFUSED, &n));
        assert_true(lf_outcomes_cell(&o, LSP_CLEAR, &n));
        assert_int_equal(n, 100);
        assert_true(lf_outcomes_cell(&o, LSP_RETRY, &n));
        assert_int_equal(n, 0);
        free(c);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(format), cmocka_unit_test(figures),
                                           cmocka_unit_test(no_running_outcomes), cmocka_unit_test(hours)};
        return cmocka_run_group_tests(tests, NULL, NULL);
}
