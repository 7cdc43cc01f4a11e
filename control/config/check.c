/* What no single value shows. */
#include "control/config/schema.h"

#include <netinet/in.h>
#include <string.h>

static void bad(struct lf_schema_reader *r, struct lf_place at, const char *text, const char *name)
{
        lf_problem_add(r->problems, at.line, at.column, text, name);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void check_port(struct lf_schema_reader *r)
{
        const struct lf_config_port *p = &r->config->port;
        if (p->kind == 0)
                return; /* said already */
        const char *kind = lf_value_name(lf_port_names, p->kind);
        if (p->kind != LF_PORT_UDP && !p->interface[0])
                bad(r, p->place, "port kind %s lacks \"interface\"; add it", kind);
        if (p->kind == LF_PORT_UDP && p->interface[0])
                bad(r, p->place, "port kind %s takes \"address\", not \"interface\"; delete that", kind);
        if (p->memif_server && p->kind != LF_PORT_MEMIF)
                bad(r, p->place, "memif_server is for kind memif, not %s; delete it", kind);
}

static bool is_loopback(const uint8_t ip[16])
{
        const struct in6_addr *a = (const struct in6_addr *)ip;
        return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && ip[12] == 127);
}

static void check_cores(struct lf_schema_reader *r)
{
        const struct lf_config *c = r->config;
        uint32_t roles = 0;
        for (unsigned i = 0; i < c->cores; i++)
                roles |= c->core[i].roles;
        if (c->cores && !(roles & LF_ROLE_IO))
                bad(r, c->core[0].place, "no core has the role %s; add it to one", "io");
        if (c->cores && !(roles & LF_ROLE_MATCH))
                bad(r, c->core[0].place, "no core has the role %s; add it to one", "match");
        if (c->contexts & (c->contexts - 1))
                lf_problem_add(r->problems, 0, 0, "contexts %u is not a power of two; 512 is a good value",
                               c->contexts);
        if (c->audit.segment_size & ((1 << 20) - 1))
                lf_problem_add(r->problems, 0, 0, "audit segment_size is not a multiple of 1 MiB");
        if (c->hugepages & ((1 << 20) - 1))
                lf_problem_add(r->problems, 0, 0, "hugepages is not a multiple of 1 MiB");
        if (!is_loopback(c->metrics.ip))
                lf_problem_add(
                    r->problems, 0, 0,
                    "metrics must be on loopback; 127.0.0.1:9464, and let a local agent carry them");
}

/* A number or name that an earlier item has. */
#define UNIQUE(r, items, n, member, same, text, name)                                                        \
        for (unsigned i = 0; i < (n); i++)                                                                   \
                for (unsigned j = 0; j < i; j++)                                                             \
                        if (same((items)[i].member, (items)[j].member)) {                                    \
                                bad(r, (items)[i].place, text, name);                                        \
                                break;                                                                       \
                        }
#define SAME_NUMBER(a, b)    ((a) == (b))
#define SAME_TEXT(a, b)      ((a)[0] && strcmp(a, b) == 0)
#define SAME_REFERENCE(a, b) (memcmp(a, b, 16) == 0)

static void check_unique(struct lf_schema_reader *r)
{
        const struct lf_config *c = r->config;
        UNIQUE(r, c->agreement, c->agreements, number, SAME_NUMBER,
               "the number of agreement \"%s\" is another's; numbers are never shared", c->agreement[i].name)
        UNIQUE(r, c->agreement, c->agreements, name, SAME_TEXT, "agreement \"%s\" stands twice",
               c->agreement[i].name)
        UNIQUE(r, c->dataset, c->datasets, number, SAME_NUMBER,
               "the number of dataset \"%s\" is another's; numbers are never shared", c->dataset[i].name)
        UNIQUE(r, c->dataset, c->datasets, name, SAME_TEXT, "dataset \"%s\" stands twice", c->dataset[i].name)
        UNIQUE(r, c->lane, c->lanes, name, SAME_TEXT, "lane \"%s\" stands twice", c->lane[i].name)
        UNIQUE(r, c->officer, c->officers, number, SAME_NUMBER,
               "the number of officer \"%s\" is another's; numbers are never shared", c->officer[i].name)
        UNIQUE(r, c->officer, c->officers, name, SAME_TEXT, "officer \"%s\" stands twice", c->officer[i].name)
        UNIQUE(r, c->warrant, c->warrants, reference, SAME_REFERENCE, "this warrant's %s stands twice",
               "reference")
        UNIQUE(r, c->core, c->cores, cpu, SAME_NUMBER,
               "two cores on one CPU starve each other; give one core both %s", "roles")
}

static void check_law(struct lf_schema_reader *r)
{
        const struct lf_config *c = r->config;
        for (unsigned i = 0; i < c->agreements; i++) {
                const struct lf_config_agreement *a = &c->agreement[i];
                if (a->not_before && a->not_after && a->not_after <= a->not_before)
                        bad(r, a->place,
                            "agreement \"%s\" ends before it begins; mend not_before or not_after", a->name);
        }
        for (unsigned i = 0; i < c->warrants; i++) {
                const struct lf_config_warrant *w = &c->warrant[i];
                bool known = !w->lane[0];
                for (unsigned j = 0; j < c->lanes && !known; j++)
                        known = strcmp(c->lane[j].name, w->lane) == 0;
                if (!known)
                        bad(r, w->place, "the warrant's lane \"%s\" is not in lanes; add it or take it out",
                            w->lane);
        }
}

void lf_config_check(struct lf_schema_reader *r)
{
        check_port(r);
        check_cores(r);
        check_unique(r);
        check_law(r);
        lf_gateway_check(r);
}
