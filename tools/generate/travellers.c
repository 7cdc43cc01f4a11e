/* Whole invented people: a finger, both eyes, a face and a name each. */
#include "tools/generate/face.h"
#include "tools/generate/generate.h"
#include "tools/generate/iris.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int write_file(const char *dir, const char *name, const void *bytes, size_t size)
{
        char path[4096];
        if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
                return -ENAMETOOLONG;
        FILE *f = fopen(path, "we");
        if (!f)
                return -errno;
        size_t n = fwrite(bytes, 1, size, f);
        return fclose(f) == 0 && n == size ? 0 : -EIO;
}

static int write_iris(const char *dir, uint64_t seed, unsigned person, unsigned capture)
{
        struct lf_iris_wire eye[2];
        uint8_t wire[LF_IRIS_WIRE_MAX];
        char name[64];
        for (uint8_t e = 0; e < 2; e++) {
                struct lf_generated_iris iris;
                lf_generate_iris(seed, person, (uint8_t)(e + 1), &iris);
                lf_generate_iris_capture(&iris, seed, ((uint64_t)person * 1000 + capture) * 2 + e, &eye[e]);
        }
        snprintf(name, sizeof name, "%u_%u.iris", person, capture);
        return write_file(dir, name, wire, lf_generate_iris_wire(eye, 2, wire));
}

static int write_face(const char *dir, uint64_t seed, unsigned person, unsigned capture)
{
        float value[LF_FACE_DIMS_MAX];
        uint8_t wire[LF_FACE_WIRE_MAX];
        char name[64];
        lf_generate_face(&lf_generated_models[0], seed, person, capture, value);
        snprintf(name, sizeof name, "%u_%u.face", person, capture);
        return write_file(dir, name, wire, lf_generate_face_wire(&lf_generated_models[0], value, wire));
}

int lf_generate_travellers(const char *dir, uint64_t seed, unsigned people, unsigned captures)
{
        lf_generate_iris_init();
        int r = lf_generate_fingers(dir, seed, people, captures);
        for (unsigned p = 101; r == 0 && p < 101 + people; p++) {
                char file[64], name[128];
                for (unsigned c = 1; r == 0 && c <= captures; c++) {
                        r = write_iris(dir, seed, p, c);
                        if (r == 0)
                                r = write_face(dir, seed, p, c);
                }
                snprintf(file, sizeof file, "%u.name", p);
                lf_generate_name(seed, p, name);
                if (r == 0)
                        r = write_file(dir, file, name, strlen(name));
        }
        return r;
}
