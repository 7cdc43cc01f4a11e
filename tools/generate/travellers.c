/* Whole invented people: a finger, both eyes, a face, a name and a date of birth each. */
#include "matcher/person_write.h"
#include "tools/generate/generate.h"
#include "tools/generate/iris.h"
#include "tools/generate/random.h"
#include "tools/records.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE 4096
#define MODEL     (&lf_generated_models[0])

enum kind { FINGER, IRIS, FACE, PERSON, KINDS };
static const char *const kind_name[KINDS] = {"fingerprint", "iris", "face", "person"};
static const char *const suffix[KINDS] = {"iso", "iris", "face", NULL};
#define WIRE_MAX LF_FACE_WIRE_MAX
_Static_assert(LF_FACE_WIRE_MAX >= LF_IRIS_WIRE_MAX && LF_FACE_WIRE_MAX >= LF_GENERATED_FINGER_MAX,
               "room for any");

void lf_generate_person(uint64_t seed, uint64_t number, struct lf_generated_person *ret)
{
        struct lf_random r = lf_random_seed(~seed * 0x9e3779b97f4a7c15u + number);
        for (unsigned i = 0; i < sizeof ret->reference; i += 8) {
                uint64_t u = lf_random_u64(&r);
                memcpy(ret->reference + i, &u, 8);
        }
        ret->year = 1940 + lf_random_below(&r, 65);
        ret->month = 1 + lf_random_below(&r, 12);
        ret->day = 1 + lf_random_below(&r, 28);
        lf_generate_name(seed, number, ret->name);
}

static size_t wire_of(enum kind kind, uint64_t seed, uint64_t number, uint64_t capture,
                      const struct lf_generated_person *person, uint8_t ret[WIRE_MAX])
{
        float value[LF_FACE_DIMS_MAX];
        size_t size = 0;
        switch (kind) {
        case FINGER:
                return lf_generate_finger(seed, number, capture, ret);
        case IRIS:
                return lf_generate_irises_of(seed, number, capture, 2, ret);
        case FACE:
                lf_generate_face(MODEL, seed, number, capture, value);
                return lf_generate_face_wire(MODEL, value, ret);
        default:
                lf_person_put(ret, WIRE_MAX, &size, LF_PERSON_NAME, person->name, strlen(person->name));
                lf_person_put_birth(ret, WIRE_MAX, &size, person->year, person->month, person->day);
                return size;
        }
}

static int open_file(const char *dir, const char *name, FILE **ret)
{
        char path[PATH_SIZE];
        if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
                return -ENAMETOOLONG;
        *ret = fopen(path, "we");
        return *ret ? 0 : -errno;
}

static int close_file(FILE *f, int r)
{
        if (fclose(f) != 0 && r == 0)
                return -errno;
        return r;
}

static int make_dir(const char *dir, const char *name)
{
        char path[PATH_SIZE];
        if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
                return -ENAMETOOLONG;
        return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int write_gallery(const char *dir, const struct lf_generated_crowd *c, enum kind kind)
{
        char name[64];
        FILE *f;
        snprintf(name, sizeof name, "gallery/%s.records", kind_name[kind]);
        int r = open_file(dir, name, &f);
        if (r < 0)
                return r;
        for (unsigned n = 1; r == 0 && n <= c->people; n++) {
                uint8_t wire[WIRE_MAX];
                struct lf_generated_person p;
                lf_generate_person(c->seed, n, &p);
                r = lf_record_write(f, p.reference, wire, wire_of(kind, c->seed, n, 0, &p, wire));
        }
        return close_file(f, r);
}

static int write_probes(const char *dir, const struct lf_generated_crowd *c, unsigned number)
{
        int r = 0;
        for (unsigned capture = 1; r == 0 && capture <= c->captures; capture++)
                for (enum kind k = FINGER; r == 0 && k <= FACE; k++) {
                        uint8_t wire[WIRE_MAX];
                        char name[64];
                        FILE *f;
                        snprintf(name, sizeof name, "probes/%u_%u.%s", number, capture, suffix[k]);
                        r = open_file(dir, name, &f);
                        if (r < 0)
                                break;
                        size_t size = wire_of(k, c->seed, number, capture, NULL, wire);
                        r = close_file(f, fwrite(wire, 1, size, f) == size ? 0 : -EIO);
                }
        return r;
}

static int write_table(const char *dir, const struct lf_generated_crowd *c)
{
        FILE *f;
        int r = open_file(dir, "travellers.tsv", &f);
        if (r < 0)
                return r;
        for (unsigned n = 1; n <= c->people + c->strangers; n++) {
                struct lf_generated_person p;
                lf_generate_person(c->seed, n, &p);
                fprintf(f, "%u\t%s\t", n, n <= c->people ? "enrolled" : "stranger");
                for (unsigned i = 0; i < sizeof p.reference; i++)
                        fprintf(f, "%02x", p.reference[i]);
                fprintf(f, "\t%s\t%04u-%02u-%02u\n", p.name, p.year, p.month, p.day);
        }
        return close_file(f, ferror(f) ? -EIO : 0);
}

int lf_generate_travellers(const char *dir, const struct lf_generated_crowd *c)
{
        lf_generate_iris_init();
        int r = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : make_dir(dir, "gallery");
        if (r == 0)
                r = make_dir(dir, "probes");
        for (enum kind k = FINGER; r == 0 && k < KINDS; k++)
                r = write_gallery(dir, c, k);
        for (unsigned n = 1; r == 0 && n <= c->people + c->strangers; n++)
                r = write_probes(dir, c, n);
        return r == 0 ? write_table(dir, c) : r;
}
