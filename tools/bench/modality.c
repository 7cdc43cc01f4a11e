#include "tools/bench/modality.h"

#include "base/log.h"
#include "tools/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

void *lf_bench_probe(enum lf_modality modality, const void *wire, size_t size)
{
        const struct lf_engine *engine = lf_engine_for(modality);
        struct lf_defect d;
        void *p = aligned_alloc(64, (engine->probe_size + 63) & ~(size_t)63);
        if (p && engine->prepare(wire, size, p, &d) < 0) {
                free(p);
                p = NULL;
        }
        return p;
}

static int build(const struct lf_bench_course *c, size_t n, struct lf_bench_gallery *ret)
{
        struct lf_source_record *records = calloc(n, sizeof *records);
        uint8_t *wire = malloc(c->wires * c->wire_max);
        int r = records && wire ? 0 : -ENOMEM;
        for (unsigned i = 0; r == 0 && i < c->wires; i++)
                records[i] = (struct lf_source_record){.wire = wire + i * c->wire_max,
                                                       .size = c->wire(i, wire + i * c->wire_max)};
        for (size_t i = c->wires; r == 0 && i < n; i++)
                records[i] = records[i - c->wires];
        if (r == 0)
                r = lf_bench_gallery(c->modality, records, n, ret);
        free(records);
        free(wire);
        return r;
}

static void print_json(const struct lf_bench_course *c, const struct lf_bench_gallery *g, double limit,
                       json_t *rows)
{
        json_t *j = json_object(), *notes = json_array();
        double load = 0;
        if (getloadavg(&load, 1) < 1)
                load = -1;
        json_object_set_new(j, "bench", json_string(c->name));
        json_object_set_new(j, "isa", json_string(lf_isa_name(lf_engines_isa())));
        json_object_set_new(j, "read_bandwidth_gb_s", json_real(g->read_bytes / 1e9));
        json_object_set_new(j, "limit_per_second", json_real(limit));
        json_object_set_new(j, "gallery_bytes", json_integer((json_int_t)g->size));
        json_object_set_new(j, "gallery_rows", json_integer(g->shard->rows));
        json_object_set_new(j, "load_average", json_real(load));
        json_object_set(j, "rows", rows);
        for (unsigned i = 0; c->notes[i]; i++)
                json_array_append_new(notes, json_string(c->notes[i]));
        json_object_set_new(j, "notes", notes);
        json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        putchar('\n');
        json_decref(j);
}

static int run(const struct lf_bench_course *c, unsigned mib, bool json)
{
        struct lf_bench_gallery g;
        json_t *rows = json_object();
        size_t n = ((size_t)mib << 20) / c->row_bytes;
        int r = lf_bench_fits((uint64_t)mib << 20);
        if (r == 0)
                r = lf_engines_init();
        if (r == 0)
                r = build(c, n < c->wires ? c->wires : n, &g);
        if (r == 0) {
                double limit = g.read_bytes / c->row_bytes;
                if (!json)
                        printf("%s: %u rows of %u bytes, %.1f GB/s read by one core: %.1f M rows/s are the "
                               "limit; %s\n"
                               "%-34s %7s %12s %9s %9s\n",
                               c->name, g.shard->rows, c->row_bytes, g.read_bytes / 1e9, limit / 1e6,
                               lf_isa_name(lf_engines_isa()), "", "probes", "M/s", "spread", "of limit");
                r = c->rows(&g, limit, !json, rows);
                if (r == 0 && json)
                        print_json(c, &g, limit, rows);
                for (unsigned i = 0; r == 0 && !json && c->notes[i]; i++)
                        printf("- %s\n", c->notes[i]);
                lf_bench_gallery_free(&g);
        }
        json_decref(rows);
        if (r < 0)
                lf_log_error("bench %s: %s", c->name, strerror(-r));
        return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
}

int lf_bench_course(const struct lf_bench_course *c, int argc, char **argv)
{
        static const struct option options[] = {
            {"json", 0, 0, 'j'}, {"mib", 1, 0, 'm'}, {"help", 0, 0, 'h'}, {0}};
        bool json = false;
        unsigned mib = 1024;
        optind = 1;
        for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                switch (o) {
                case 'j':
                        json = true;
                        break;
                case 'm':
                        mib = (unsigned)strtoul(optarg, NULL, 10);
                        break;
                case 'h':
                        fputs(c->usage, stdout);
                        return LF_EXIT_OK;
                default:
                        fputs(c->usage, stderr);
                        return LF_EXIT_USAGE;
                }
        }
        if (optind != argc || mib < 1) {
                fputs(c->usage, stderr);
                return LF_EXIT_USAGE;
        }
        return run(c, mib, json);
}
