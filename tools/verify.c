#include "tools/verify.h"

#include "control/config/config.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *path, const struct lf_config *c, const struct lf_problems *p)
{
        char line[600];
        for (unsigned i = 0; i < p->n; i++) {
                lf_problem_format(p, i, line, sizeof line);
                fprintf(stderr, "%s\n", line);
        }
        if (p->more)
                fprintf(stderr, "%s: and %u more\n", p->file, p->more);
        if (c)
                printf("%s: valid: %u agreements, %u datasets, %u lanes, %u officers, %u warrants\n", path,
                       c->agreements, c->datasets, c->lanes, c->officers, c->warrants);
}

static void say_json(const char *path, bool valid, const struct lf_problems *p)
{
        json_t *list = json_array();
        for (unsigned i = 0; i < p->n; i++)
                json_array_append_new(list,
                                      json_pack("{s:i, s:i, s:s}", "line", (int)p->problem[i].line, "column",
                                                (int)p->problem[i].column, "text", p->problem[i].text));
        json_t *all = json_pack("{s:s, s:b, s:i, s:o}", "file", path, "valid", valid, "problems_left_out",
                                (int)p->more, "problems", list);
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(all);
}

static int usage(FILE *to)
{
        fprintf(to, "usage: landfall verify [--json] FILE\n"
                    "Checks a configuration file; the running system is not touched.\n"
                    "Exit status: 0 valid, 1 not valid, 2 usage.\n");
        return to == stdout ? 0 : 2;
}

int lf_cmd_verify(int argc, char **argv)
{
        static const struct option options[] = {
            {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
        bool json = false;
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o != 'j')
                        return usage(stderr);
                json = true;
        }
        if (optind != argc - 1)
                return usage(stderr);
        const char *path = argv[optind];
        struct lf_config *config = NULL;
        struct lf_problems *problems = malloc(sizeof *problems);
        if (!problems)
                return 1;
        int r = lf_config_read(path, &config, problems);
        if (json)
                say_json(path, r == 0, problems);
        else
                say(path, config, problems);
        lf_config_destroy(config);
        free(problems);
        return r == 0 ? 0 : 1;
}
