#include "tools/check/plan.h"

#include "control/config/names.h"
#include "dataplane/lsp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_verdict(const char *text, uint8_t *ret)
{
        static const char *const names[] = {[LSP_CLEAR] = "CLEAR",
                                            [LSP_CANDIDATE] = "CANDIDATE",
                                            [LSP_RETRY] = "RETRY",
                                            [LSP_REFUSED] = "REFUSED"};
        for (uint8_t v = LSP_CLEAR; v <= LSP_REFUSED; v++)
                if (strcmp(text, names[v]) == 0) {
                        *ret = v;
                        return 0;
                }
        return -EINVAL;
}

static int read_agreements(char *text, struct lf_plan_query *q)
{
        char *rest = NULL;
        for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
                if (q->agreements == 8)
                        return -EINVAL;
                q->agreement[q->agreements++] = (uint16_t)atoi(word);
        }
        return q->agreements ? 0 : -EINVAL;
}

static int read_record(const char *text, struct lf_plan_query *q)
{
        if (strcmp(text, "-") == 0)
                return 0;
        if (strlen(text) != 32)
                return -EINVAL;
        for (int i = 0; i < 16; i++) {
                unsigned v;
                if (sscanf(text + 2 * i, "%2x", &v) != 1)
                        return -EINVAL;
                q->record[i] = (uint8_t)v;
        }
        q->has_record = 1;
        return 0;
}

static int copy_word(char *to, size_t size, const char *from)
{
        if (strcmp(from, "-") == 0)
                from = "";
        if (strlen(from) >= size)
                return -EINVAL;
        strcpy(to, from);
        return 0;
}

static const char *read_query(char **field, int n, struct lf_plan_query *q)
{
        if (n != 8)
                return "a query has eight fields, separated by tabs";
        *q = (struct lf_plan_query){0};
        if (copy_word(q->group, sizeof q->group, field[0]) < 0)
                return "the group's name is too long";
        if (read_agreements(field[1], q) < 0)
                return "agreements are one to eight numbers with commas";
        if (lf_name_value(lf_purpose_names, field[2], &q->purpose) < 0)
                return "no such purpose";
        if (copy_word(q->probes, sizeof q->probes, field[3]) < 0 ||
            copy_word(q->name, sizeof q->name, field[4]) < 0)
                return "a file or name is too long";
        if (strcmp(field[5], "-") != 0 && sscanf(field[5], "%u-%u-%u", &q->year, &q->month, &q->day) < 1)
                return "a birth date is YYYY, YYYY-MM or YYYY-MM-DD";
        if (strcmp(field[6], "?") != 0 && read_verdict(field[6], &q->expected) < 0)
                return "expected is CLEAR, CANDIDATE, RETRY, REFUSED or ?";
        if (read_record(field[7], q) < 0)
                return "a record is 32 hex digits";
        return NULL;
}

static const char *read_share(char **field, int n, struct lf_plan_share *s)
{
        if (n != 5)
                return "a share has five fields, separated by tabs";
        *s = (struct lf_plan_share){0};
        if (copy_word(s->group, sizeof s->group, field[1]) < 0)
                return "the group's name is too long";
        if (strcmp(field[2], "RECORD") != 0 && read_verdict(field[2], &s->verdict) < 0)
                return "a share is of CLEAR, CANDIDATE, RETRY, REFUSED or RECORD";
        s->least = atof(field[3]);
        s->most = atof(field[4]);
        return NULL;
}

static int split(char *line, char **field, int most)
{
        int n = 0;
        line[strcspn(line, "\r\n")] = 0;
        for (char *p = line; n < most; n++) {
                field[n] = p;
                p = strchr(p, '\t');
                if (!p)
                        return n + 1;
                *p++ = 0;
        }
        return most + 1;
}

static int add_query(struct lf_plan *plan, const struct lf_plan_query *q)
{
        if ((plan->queries & (plan->queries - 1)) == 0) {
                unsigned room = plan->queries ? 2 * plan->queries : 1;
                struct lf_plan_query *more = realloc(plan->query, room * sizeof *more);
                if (!more)
                        return -ENOMEM;
                plan->query = more;
        }
        plan->query[plan->queries++] = *q;
        return 0;
}

static int read_line(struct lf_plan *plan, char *line, const char **ret_why)
{
        char *field[8];
        if (line[0] == '#' || line[strspn(line, " \t\r\n")] == 0)
                return 0;
        int n = split(line, field, 8);
        if (strcmp(field[0], "share") == 0) {
                if (plan->shares == LF_PLAN_GROUPS)
                        *ret_why = "too many shares";
                else
                        *ret_why = read_share(field, n, &plan->share[plan->shares++]);
                return *ret_why ? -EBADMSG : 0;
        }
        struct lf_plan_query q;
        *ret_why = read_query(field, n, &q);
        return *ret_why ? -EBADMSG : add_query(plan, &q);
}

int lf_plan_read(const char *path, struct lf_plan *ret, unsigned *ret_line, const char **ret_why)
{
        struct lf_plan plan = {0};
        char *line = NULL;
        size_t room = 0;
        unsigned number = 0;
        int r = 0;
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        while (r == 0 && getline(&line, &room, f) >= 0) {
                number++;
                r = read_line(&plan, line, ret_why);
        }
        free(line);
        fclose(f);
        if (r < 0) {
                lf_plan_finish(&plan);
                *ret_line = number;
                return r;
        }
        *ret = plan;
        return 0;
}

void lf_plan_finish(struct lf_plan *plan)
{
        free(plan->query);
}
