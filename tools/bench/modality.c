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
        size_t wires = c->wires && c->wires < n ? c->wires : n;
        int r = lf_bench_fits((uint64_t)n * (c->row_bytes + sizeof(struct lf_source_record)) +
                              (uint64_t)wires * c->wire_max);
        if (r < 0)
                return r;
        struct lf_source_record *records = calloc(n, sizeof *records);
        uint8_t *wire = malloc(wires * c->wire_max);
        r = records && wire ? 0 : -ENOMEM;
        for (size_t i = 0; r == 0 && i < wires; i++)
                records[i] = (struct lf_source_record){.wire = wire + i * c->wire_max,
                                                       .size = c->wire((unsigned)i, wire + i * c->wire_max)};
        for (size_t i = wires; r == 0 && i < n; i++)
                records[i] = records[i - wires];
        if (r == 0)
                r = lf_bench_gallery(c->modality, records, n, c->row_bytes, ret);
        free(records);
        free(wire);
        return r;
}

static double load_average(void)
{
        double load = 0;
        return getloadavg(&load, 1) < 1 ? -1 : load;
}

/* The limit of the whole run: the rows' median. */
static double limit_of(json_t *rows)
{
        double v[64];
        unsigned n = 0;
        const char *name;
        json_t *row;
        json_object_foreach(rows, name,
                            row) if (n < 64 && json_integer_value(json_object_get(row, "cores")) == 1)
            v[n++] = json_number_value(json_object_get(row, "read_bandwidth_gb_s"));
        return n ? lf_bench_median(v, n, NULL) : 0;
}

static void print_json(const struct lf_bench_course *c, const struct lf_bench_gallery *g, double load,
                       json_t *rows)
{
        json_t *j = json_object(), *notes = json_array();
        double read = limit_of(rows);
        json_object_set_new(j, "bench", json_string(c->name));
        json_object_set_new(j, "isa", json_string(lf_isa_name(lf_engines_isa())));
        json_object_set_new(j, "read_bandwidth_gb_s", json_real(read));
        json_object_set_new(j, "read_streams", json_integer(g->streams));
        json_object_set_new(j, "limit_per_second", json_real(read * 1e9 / c->row_bytes));
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

static int run(const struct lf_bench_course *c, unsigned mib, const char *numkong, bool json)
{
        struct lf_bench_gallery g;
        json_t *rows = json_object();
        double load = load_average();
        size_t n = ((size_t)mib << 20) / c->row_bytes;
        int r = lf_engines_init();
        if (r == 0)
                r = build(c, n, &g);
        if (r == 0) {
                if (!json)
                        printf("%s: %u rows of %u bytes, read as %u streams; %s; load average %.2f\n"
                               "%-34s %7s %12s %9s %8s %9s\n",
                               c->name, g.shard->rows, c->row_bytes, g.streams, lf_isa_name(lf_engines_isa()),
                               load, "", "probes", "M/s", "spread", "GB/s", "of limit");
                r = c->rows(&g, numkong, !json, rows);
                if (r == 0 && json)
                        print_json(c, &g, load, rows);
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
            {"json", 0, 0, 'j'}, {"mib", 1, 0, 'm'}, {"numkong", 1, 0, 'k'}, {"help", 0, 0, 'h'}, {0}};
        const char *numkong = NULL;
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
                case 'k':
                        numkong = optarg;
                        break;
                case 'h':
                        fputs(c->usage, stdout);
                        return LF_EXIT_OK;
                default:
                        fputs(c->usage, stderr);
                        return LF_EXIT_USAGE;
                }
        }
        if (optind != argc || mib < 1 || (numkong && !c->peer)) {
                fputs(c->usage, stderr);
                return LF_EXIT_USAGE;
        }
        return run(c, mib, numkong, json);
}
