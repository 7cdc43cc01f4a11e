#include "tools/verify.h"

#include "control/config/config.h"
#include "control/replica/memory.h"
#include "control/replica/replica.h"
#include "matcher/engine.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        fprintf(to,
                "usage: landfall verify [--json] [--galleries] FILE\n"
                "Checks a configuration file; the running system is not touched. --galleries also reads the\n"
                "feeds, which takes the rights of landfall-control, and says how much memory their\n"
                "galleries need, and have.\n"
                "Exit status: 0 valid, 1 not valid, or too large for the memory, 2 usage.\n");
        return to == stdout ? 0 : 2;
}

/* What the galleries need, and whether that is there. False: no. */
static bool check_galleries(const struct lf_config *c)
{
        struct lf_replica_dataset *d = calloc(c->datasets + 1, sizeof *d);
        struct lf_replica *replica = NULL;
        char secret[LF_PATH_MAX + 16], why[LF_REPLICA_WHY] = "", need_text[32], have_text[32];
        uint64_t need = 0, have = lf_replica_memory(c->gallery_memory);
        bool changed;
        snprintf(secret, sizeof secret, "%s/root.key", c->site);
        for (unsigned i = 0; d && i < c->datasets; i++)
                d[i] = lf_replica_dataset_of(&c->dataset[i]);
        int r = d ? lf_engines_init() : -ENOMEM;
        if (r == 0)
                r = lf_replica_open(d, c->datasets, secret, &replica, why);
        if (r == 0)
                r = lf_replica_sync(replica, &changed, why);
        if (r == 0)
                r = lf_replica_need(replica, &need, why);
        for (unsigned i = 0; r == 0 && i < c->datasets; i++) {
                struct lf_feed_state s;
                lf_replica_feed_state(replica, i, &s);
                printf("%-24s %10lu entries, needs %s\n", c->dataset[i].name, (unsigned long)s.size,
                       lf_memory_text(s.need, need_text));
        }
        if (r == 0)
                printf("the galleries need %s and have %s%s\n", lf_memory_text(need, need_text),
                       lf_memory_text(have, have_text), need > have ? ": too large" : "");
        else
                fprintf(stderr, "landfall verify: %s\n", why[0] ? why : strerror(-r));
        lf_replica_close(replica);
        free(d);
        return r == 0 && need <= have;
}

int lf_cmd_verify(int argc, char **argv)
{
        static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                                {"galleries", no_argument, NULL, 'g'},
                                                {"help", no_argument, NULL, 'h'},
                                                {0}};
        bool json = false, galleries = false;
        optind = 0;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (o == 'h')
                        return usage(stdout);
                if (o != 'j' && o != 'g')
                        return usage(stderr);
                json |= o == 'j';
                galleries |= o == 'g';
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
        bool fits = r < 0 || !galleries || check_galleries(config);
        lf_config_destroy(config);
        free(problems);
        return r == 0 && fits ? 0 : 1;
}
