/* The section `gateway:`: what landfall-gateway may do, and who gets its answers. */
#include "control/config/schema.h"

#include <string.h>

/* Purposes as a mask, and the first of them. */
static void read_purposes(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                          void *ret)
{
        struct lf_config_recipient *to =
            (struct lf_config_recipient *)((char *)ret - offsetof(struct lf_config_recipient, purposes));
        lf_read_numbers(r, node, f, &to->purposes);
        if (node->kind == LF_YAML_LIST && node->n > 0 && node->item[0]->kind == LF_YAML_SCALAR)
                lf_name_value(lf_purpose_names, node->item[0]->text, &to->purpose);
}

static void read_callers(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                         void *ret)
{
        const struct lf_field name = {.name = "a caller", .size = sizeof r->config->gateway.caller[0]};
        struct lf_config_gateway *g = &r->config->gateway;
        if (!lf_schema_kind(r, node, LF_YAML_LIST, f->name))
                return;
        for (unsigned i = 0; i < node->n; i++) {
                if (i == LF_CALLERS_MAX) {
                        lf_schema_problem(r, node->item[i], "more than %d callers; take some out",
                                          LF_CALLERS_MAX);
                        return;
                }
                lf_read_name(r, node->item[i], &name, g->caller[i]);
                g->callers = i + 1;
        }
}

#define RECIPIENT(member) offsetof(struct lf_config_recipient, member)
static const struct lf_field recipient[] = {
    {"name", lf_read_text, .offset = RECIPIENT(name), .required = true, .size = LF_NAME_MAX},
    {"purposes", read_purposes, .offset = RECIPIENT(purposes), .required = true, .names = lf_purpose_names,
     .min = 1},
    {0}};

#define GATEWAY(member) offsetof(struct lf_config_gateway, member)
const struct lf_field lf_gateway_keys[] = {
    {"lane", lf_read_name, .offset = GATEWAY(lane), .required = true, .size = LF_NAME_MAX, .min = 1},
    {"bundle", lf_read_path, .offset = GATEWAY(bundle), .required = true, .size = LF_PATH_MAX},
    {"directory", lf_read_path, .offset = GATEWAY(directory), .size = 80},
    {"user", lf_read_name, .offset = GATEWAY(user), .size = 64},
    {"agreements", lf_read_agreements, .offset = GATEWAY(agreements), .required = true},
    {"window", lf_read_duration, .offset = GATEWAY(window_us), .min = 1000000, .max = 31L * 86400 * 1000000},
    {"rescreen", lf_read_flag, .offset = GATEWAY(rescreen)},
    {"in_flight", lf_read_number, .offset = GATEWAY(in_flight), .min = 1, .max = 512},
    {"in_background", lf_read_number, .offset = GATEWAY(in_background), .min = 1, .max = 512},
    {"largest_message", lf_read_size, .offset = GATEWAY(largest), .min = 1024, .max = 1 << 30},
    {"callers", read_callers, .offset = GATEWAY(caller)},
    {"recipients", lf_read_maps, .offset = GATEWAY(recipient), .required = true,
     .size = sizeof(struct lf_config_recipient), .table = recipient, .max = LF_RECIPIENTS_MAX,
     .count = offsetof(struct lf_config, gateway.recipients), .place = RECIPIENT(place)},
    {0}};

void lf_gateway_defaults(struct lf_config_gateway *g)
{
        strcpy(g->directory, "/var/lib/landfall/gateway");
        strcpy(g->user, "nobody");
        g->window_us = 72 * 3600000000ull;
        g->rescreen = true;
        g->in_flight = 256;
        g->in_background = 1;
        g->largest = 64 << 20;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void bad(struct lf_schema_reader *r, struct lf_place at, const char *text, const char *name)
{
        lf_problem_add(r->problems, at.line, at.column, text, name);
}

static void check_lane(struct lf_schema_reader *r)
{
        const struct lf_config *c = r->config;
        const struct lf_config_gateway *g = &c->gateway;
        const struct lf_config_lane *lane = NULL;
        for (unsigned i = 0; i < c->lanes; i++)
                if (strcmp(c->lane[i].name, g->lane) == 0)
                        lane = &c->lane[i];
        if (!lane) {
                bad(r, g->place, "the gateway's lane \"%s\" is not in lanes; add it", g->lane);
                return;
        }
        if (g->agreements & ~lane->agreements)
                bad(r, g->place,
                    "the gateway asks under agreements that its lane \"%s\" may not use; add them there",
                    g->lane);
        if (!(lane->priorities >> LSP_PRIORITY_MANIFEST & 1))
                bad(r, g->place, "the gateway's lane \"%s\" may not use the priority manifest; add it there",
                    g->lane);
        if (__builtin_popcount(g->agreements) > 8)
                bad(r, g->place,
                    "the gateway of lane \"%s\" asks under more than eight agreements; take some out",
                    g->lane);
}

void lf_gateway_check(struct lf_schema_reader *r)
{
        struct lf_config_gateway *g = &r->config->gateway;
        g->given = g->place.line > 0;
        if (!g->given || !g->lane[0])
                return;
        check_lane(r);
        for (unsigned i = 0; i < g->recipients; i++)
                for (unsigned j = 0; j < i; j++)
                        if (g->recipient[i].name[0] &&
                            strcmp(g->recipient[i].name, g->recipient[j].name) == 0)
                                bad(r, g->recipient[i].place,
                                    "recipient \"%s\" stands twice; give it one list of purposes",
                                    g->recipient[i].name);
}
