#include "control/config/config.h"

#include "control/config/schema.h"
#include "control/file/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT(member) offsetof(struct lf_config_port, member)
static const struct lf_field port[] = {
    {"kind", lf_read_choice, .offset = PORT(kind), .required = true, .names = lf_port_names},
    {"interface", lf_read_label, .offset = PORT(interface), .size = 108},
    {"address", lf_read_address, .offset = PORT(address), .min = -1},
    {"udp_port", lf_read_number, .offset = PORT(udp_port), .min = 1, .max = 65535},
    {"queues", lf_read_number, .offset = PORT(queues), .min = 0, .max = LF_CORES_MAX},
    {"memif_server", lf_read_flag, .offset = PORT(memif_server)},
    {0}};

#define CORE(member) offsetof(struct lf_config_core, member)
static const struct lf_field core[] = {
    {"cpu", lf_read_number, .offset = CORE(cpu), .required = true, .min = 0, .max = 4095},
    {"roles", lf_read_bits, .offset = CORE(roles), .required = true, .names = lf_core_role_names, .min = 1},
    {0}};

/* A list of at most two paths. */
static void read_wals(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                      void *ret)
{
        struct lf_config_audit *a = &r->config->audit;
        if (!lf_schema_kind(r, node, LF_YAML_LIST, f->name))
                return;
        if (node->n < 1 || node->n > 2) {
                lf_schema_problem(r, node, "%s names %u directories; one, or two for two disks", f->name,
                                  node->n);
                return;
        }
        for (a->wals = 0; a->wals < node->n; a->wals++)
                lf_read_path(r, node->item[a->wals], f, a->wal[a->wals]);
        if (a->wals == 2 && strcmp(a->wal[0], a->wal[1]) == 0)
                lf_schema_problem(r, node->item[1],
                                  "both directories are the same; the second is for another disk");
}

#define AUDIT(member) offsetof(struct lf_config_audit, member)
static const struct lf_field audit[] = {
    {"directory", lf_read_path, .offset = AUDIT(directory), .size = LF_PATH_MAX},
    {"wal", read_wals, .offset = AUDIT(wal), .size = LF_PATH_MAX},
    {"segment_size", lf_read_size, .offset = AUDIT(segment_size), .min = 1 << 20, .max = 1L << 32},
    {"segments", lf_read_number, .offset = AUDIT(segments), .min = 2, .max = 64},
    {0}};

#define ROOT(member) offsetof(struct lf_config, member)
#define ITEMS(one, many, keys, most)                                                                         \
        .size = sizeof(struct lf_config_##one), .table = keys, .max = most, .count = ROOT(many),             \
        .place = offsetof(struct lf_config_##one, place)
/* In this order: what is referred to comes first. */
static const struct lf_field root[] = {
    {"site", lf_read_path, .offset = ROOT(site), .size = LF_PATH_MAX},
    {"run", lf_read_path, .offset = ROOT(run), .size = 80},
    {"control_user", lf_read_name, .offset = ROOT(control_user), .size = 64},
    {"dataplane_user", lf_read_name, .offset = ROOT(dataplane_user), .size = 64},
    {"port", lf_read_map, .offset = ROOT(port), .required = true, .table = port, .place = PORT(place)},
    {"cores", lf_read_maps, .offset = ROOT(core), .required = true, ITEMS(core, cores, core, LF_CORES_MAX)},
    {"housekeeping_cpu", lf_read_cpu, .offset = ROOT(housekeeping_cpu), .min = 0, .max = 4095},
    {"contexts", lf_read_number, .offset = ROOT(contexts), .min = 64, .max = 4096},
    {"sessions", lf_read_number, .offset = ROOT(sessions), .min = 1, .max = 65536},
    {"hugepages", lf_read_size, .offset = ROOT(hugepages), .min = 0, .max = 1L << 40},
    {"gallery_memory", lf_read_size, .offset = ROOT(gallery_memory), .min = 0, .max = 1L << 46},
    {"answer_quantum", lf_read_duration, .offset = ROOT(answer_quantum_us), .min = 0, .max = 1000000},
    {"audit", lf_read_map, .offset = ROOT(audit), .table = audit},
    {"key_exchange", lf_read_address, .offset = ROOT(key_exchange)},
    {"advertise", lf_read_address, .offset = ROOT(advertise), .min = -1},
    {"metrics", lf_read_address, .offset = ROOT(metrics)},
    {"categories", lf_read_category_list, .offset = ROOT(category)},
    {"agreements", lf_read_maps, .offset = ROOT(agreement),
     ITEMS(agreement, agreements, lf_law_agreement, LF_AGREEMENTS_MAX)},
    {"datasets", lf_read_maps, .offset = ROOT(dataset),
     ITEMS(dataset, datasets, lf_law_dataset, LF_DATASETS_MAX)},
    {"lanes", lf_read_maps, .offset = ROOT(lane), ITEMS(lane, lanes, lf_law_lane, LF_LANES_MAX)},
    {"officers", lf_read_maps, .offset = ROOT(officer),
     ITEMS(officer, officers, lf_law_officer, LF_OFFICERS_MAX)},
    {"warrants", lf_read_maps, .offset = ROOT(warrant),
     ITEMS(warrant, warrants, lf_law_warrant, LF_WARRANTS_MAX)},
    {"gateway", lf_read_map, .offset = ROOT(gateway), .table = lf_gateway_keys,
     .place = offsetof(struct lf_config_gateway, place)},
    {0}};

static void loopback(struct lf_address *a, uint16_t number)
{
        static const uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
        memcpy(a->ip, ip, 16);
        a->port = number;
        a->given = true;
}

/* What holds where the file says nothing. */
static void defaults(struct lf_config *c)
{
        strcpy(c->site, "/var/lib/landfall/site");
        strcpy(c->run, "/run/landfall");
        strcpy(c->control_user, LF_HANDOVER_CONTROL_USER);
        strcpy(c->dataplane_user, "nobody");
        strcpy(c->audit.directory, "/var/lib/landfall/audit");
        c->audit.segment_size = 16 << 20;
        c->audit.segments = 8;
        c->port.udp_port = 4762;
        c->housekeeping_cpu = 0xffff;
        c->contexts = 512;
        c->sessions = 4096;
        c->answer_quantum_us = 5000;
        loopback(&c->port.address, 0);
        loopback(&c->key_exchange, LSP_KE_PORT);
        loopback(&c->metrics, 9464);
        lf_gateway_defaults(&c->gateway);
}

static void read_root(struct lf_schema_reader *r, const struct lf_yaml *tree)
{
        struct lf_config *c = r->config;
        defaults(c);
        lf_schema_map(r, tree, root, "the configuration", c);
        for (unsigned i = 0; i < c->datasets; i++)
                if (c->dataset[i].candidates == 0)
                        c->dataset[i].candidates = 3;
        for (unsigned i = 0; i < c->lanes; i++) {
                struct lf_config_lane *l = &c->lane[i];
                if (l->priorities == 0)
                        l->priorities = 1u << LSP_PRIORITY_LIVE;
                if (l->query_burst == 0)
                        l->query_burst = l->queries_per_second;
        }
        if (c->audit.wals == 0) {
                int n =
                    snprintf(c->audit.wal[0], LF_PATH_MAX, "%.*s/wal", LF_PATH_MAX - 5, c->audit.directory);
                c->audit.wals = n > 0;
        }
        lf_config_check(r);
}

int lf_config_parse(const char *name, const void *text, size_t size, struct lf_config **ret,
                    struct lf_problems *problems)
{
        lf_problems_init(problems, name);
        struct lf_yaml *tree;
        int r = lf_yaml_parse(text, size, &tree, problems);
        if (r < 0)
                return r;
        struct lf_config *c = calloc(1, sizeof *c);
        if (!c) {
                lf_yaml_destroy(tree);
                return -ENOMEM;
        }
        struct lf_schema_reader reader = {.problems = problems, .config = c};
        read_root(&reader, tree);
        lf_yaml_destroy(tree);
        lf_problems_sort(problems);
        if (problems->n) {
                lf_config_destroy(c);
                return -EBADMSG;
        }
        *ret = c;
        return 0;
}

static int read_whole(const char *path, char **ret, size_t *ret_size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        struct stat st;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        if (r == 0 && !S_ISREG(st.st_mode))
                r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        if (r == 0 && st.st_size > LF_YAML_FILE_MAX)
                r = -EFBIG;
        uint8_t *text;
        if (r == 0)
                r = lf_read_whole(fd, 0, (size_t)st.st_size, &text, ret_size);
        close(fd);
        if (r < 0)
                return r;
        *ret = (char *)text;
        return 0;
}

int lf_config_read(const char *path, struct lf_config **ret, struct lf_problems *problems)
{
        lf_problems_init(problems, path);
        char *text = NULL;
        size_t size = 0;
        int r = read_whole(path, &text, &size);
        if (r < 0) {
                lf_problem_add(problems, 0, 0, "%s; name a configuration file that can be read",
                               strerror(-r));
                return r;
        }
        r = lf_config_parse(path, text, size, ret, problems);
        free(text);
        return r;
}

struct lf_config *lf_config_read_or_print(const char *path, FILE *problems_to)
{
        struct lf_problems *problems = malloc(sizeof *problems);
        struct lf_config *config = NULL;
        if (!problems)
                fprintf(problems_to, "%s: %s\n", path, strerror(ENOMEM));
        else if (lf_config_read(path, &config, problems) < 0)
                for (unsigned i = 0; i < problems->n; i++) {
                        char line[600];
                        lf_problem_format(problems, i, line, sizeof line);
                        fprintf(problems_to, "%s\n", line);
                }
        free(problems);
        return config;
}

void lf_config_destroy(struct lf_config *config)
{
        free(config);
}

const struct lf_config_agreement *lf_config_agreement_by_number(const struct lf_config *c, uint32_t number)
{
        for (unsigned i = 0; i < c->agreements; i++)
                if (c->agreement[i].number == number)
                        return &c->agreement[i];
        return NULL;
}

const struct lf_config_officer *lf_config_officer_by_name(const struct lf_config *c, const char *name)
{
        for (unsigned i = 0; i < c->officers; i++)
                if (strcmp(c->officer[i].name, name) == 0)
                        return &c->officer[i];
        return NULL;
}

void lf_address_format(const struct lf_address *a, char *out, size_t size)
{
        char text[INET6_ADDRSTRLEN];
        if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->ip)) {
                inet_ntop(AF_INET, a->ip + 12, text, sizeof text);
                snprintf(out, size, "%s:%u", text, a->port);
        } else {
                inet_ntop(AF_INET6, a->ip, text, sizeof text);
                snprintf(out, size, "[%s]:%u", text, a->port);
        }
}
