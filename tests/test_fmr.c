/* The five minutiae formats: what is written is read, known records decode to what their makers say of them,
 * and a malformed one is refused with what is wrong and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/data.h"
#include "tests/fmr_write.h"

static struct lf_fmr made, got;
static uint8_t wire[64 * 1024];
static struct lf_defect defect;

static void make(enum lf_fmr_format format, unsigned views, unsigned minutiae)
{
        bool iso = format == LF_FMR_ISO_2005 || format == LF_FMR_ISO_2011;
        memset(&made, 0, sizeof made);
        made.format = format;
        made.vendor = iso ? 0 : 66;
        made.sensor_id = format == LF_FMR_ISO_2011 ? 0 : 181;
        made.n = (uint16_t)views;
        for (unsigned i = 0; i < views; i++) {
                struct lf_fmr_view *v = &made.view[i];
                v->position = (uint8_t)(1 + i % 10);
                v->number = (uint8_t)(i / 10);
                v->quality = 77;
                v->width = 400;
                v->height = 500;
                v->resolution_x = v->resolution_y = 197;
                v->n = (uint16_t)minutiae;
                v->first = made.minutiae;
                for (unsigned k = 0; k < minutiae; k++)
                        made.minutia[made.minutiae++] = (struct lf_fmr_minutia){
                            .x = (uint16_t)(7 * k % 400),
                            .y = (uint16_t)(13 * k % 500),
                            .angle = (uint16_t)(k % 180 * (iso ? 45 : 64)),
                            .type = (uint8_t)(k % 3),
                            .quality = (uint8_t)(k % 101),
                        };
        }
}

static void what_is_written_is_read(void **state)
{
        for (unsigned format = LF_FMR_ISO_2005; format <= LF_FMR_ANSI_2009_AM1; format++) {
                make(format, 12, 60);
                size_t size = fmr_write(&made, wire);
                assert_int_equal(lf_fmr_read(wire, size, &got, &defect), 0);
                assert_int_equal(got.format, format);
                assert_int_equal(got.vendor, made.vendor);
                assert_int_equal(got.sensor_id, made.sensor_id);
                assert_int_equal(got.n, 12);
                assert_int_equal(got.minutiae, 720);
                assert_memory_equal(got.minutia, made.minutia, 720 * sizeof made.minutia[0]);
                for (unsigned i = 0; i < 12; i++) {
                        assert_int_equal(got.view[i].position, made.view[i].position);
                        assert_int_equal(got.view[i].number, made.view[i].number);
                        assert_int_equal(got.view[i].quality, 77);
                        assert_int_equal(got.view[i].width, 400);
                        assert_int_equal(got.view[i].height, 500);
                        assert_int_equal(got.view[i].resolution_x, 197);
                        assert_int_equal(got.view[i].n, 60);
                        assert_int_equal(got.view[i].first, 60 * i);
                }
        }
}

static void every_truncation_is_refused_within_the_record(void **state)
{
        for (unsigned format = LF_FMR_ISO_2005; format <= LF_FMR_ANSI_2009_AM1; format++) {
                make(format, 2, 20);
                size_t size = fmr_write(&made, wire);
                for (size_t n = 0; n < size; n++) {
                        uint8_t *exact = malloc(n ? n : 1);
                        memcpy(exact, wire, n);
                        assert_int_equal(lf_fmr_read(exact, n, &got, &defect), -EBADMSG);
                        assert_int_not_equal(defect.code, LF_DEFECT_NONE);
                        assert_true(defect.offset <= n);
                        free(exact);
                }
                wire[size] = 0;
                assert_int_equal(lf_fmr_read(wire, size + 1, &got, &defect), -EBADMSG);
                assert_int_equal(defect.code, LF_DEFECT_LENGTH);
                assert_int_equal(defect.offset, size);
        }
}

/* One byte of a good ISO 2005 record is changed. */
static void defects_say_what_and_where(void **state)
{
        static const struct {
                unsigned at, value, code, offset;
        } cases[] = {
            {0, 'X', LF_DEFECT_MAGIC, 0},         {5, '9', LF_DEFECT_VERSION, 4},
            {14, 0, LF_DEFECT_DIMENSIONS, 28},    {18, 0xff, LF_DEFECT_RESOLUTION, 18},
            {21, 1, LF_DEFECT_RESOLUTION, 20},    {22, 0, LF_DEFECT_NUMBER, 22},
            {24, 11, LF_DEFECT_FIELD, 24},        {28, 0xc0, LF_DEFECT_FIELD, 28},
            {30, 0x3f, LF_DEFECT_DIMENSIONS, 30}, {10, 0xff, LF_DEFECT_TRUNCATED, 54},
            {22, 2, LF_DEFECT_TRUNCATED, 54},     {11, 0xff, LF_DEFECT_TRUNCATED, 54},
        };
        make(LF_FMR_ISO_2005, 1, 4);
        made.minutia[0].x = 300;
        size_t size = fmr_write(&made, wire);
        assert_int_equal(size, 54);
        assert_int_equal(lf_fmr_read(wire, size, &got, &defect), 0);
        for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                size = fmr_write(&made, wire);
                wire[cases[i].at] = (uint8_t)cases[i].value;
                assert_int_equal(lf_fmr_read(wire, size, &got, &defect), -EBADMSG);
                if (defect.code != cases[i].code || defect.offset != cases[i].offset)
                        fail_msg("byte %u = %u: %s at %u", cases[i].at, cases[i].value,
                                 lf_defect_text(defect.code), defect.offset);
        }
}

/* An extension of eight data bytes, its length with and without its own header.
 * The total length stays too small, so that the last view has no licence. */
static void extension_lengths_are_taken_either_way_in_iso_2005_only(void **state)
{
        for (unsigned format = LF_FMR_ISO_2005; format <= LF_FMR_ANSI_2009_AM1; format++) {
                for (unsigned length = 7; length <= 13; length++) {
                        make(format, 1, 4);
                        size_t size = fmr_write(&made, wire);
                        memcpy(wire + size - 2, "\0\14\1\2\0\14abcdefgh", 14);
                        wire[size + 3] = (uint8_t)length;
                        size += 12;
                        if (format == LF_FMR_ISO_2011)
                                lf_put_be32(wire + 15, (uint32_t)size - 15);
                        if (format == LF_FMR_ISO_2011) /* else it would be taken for ANSI 2009 */
                                lf_put_be32(wire + 8, (uint32_t)size);
                        int r = lf_fmr_read(wire, size, &got, &defect);
                        bool good = length == 12 || (length == 8 && format == LF_FMR_ISO_2005);
                        assert_int_equal(r, good ? 0 : -EBADMSG);
                        assert_int_equal(got.view[0].extensions == 1 && got.view[0].extension[0].size == 8,
                                         good);
                        if (!good)
                                assert_int_equal(defect.code, LF_DEFECT_EXTENSION);
                }
        }
}

static void capacity_is_a_defect_not_an_overflow(void **state)
{
        make(LF_FMR_ANSI_2009, LF_FMR_VIEW_MAX, 10);
        size_t size = fmr_write(&made, wire);
        assert_int_equal(lf_fmr_read(wire, size, &got, &defect), 0);
        wire[19] = LF_FMR_VIEW_MAX + 1;
        assert_int_equal(lf_fmr_read(wire, size, &got, &defect), -EBADMSG);
        make(LF_FMR_ISO_2005, 17, 200);
        for (unsigned i = 0; i < 17; i++) /* the same minutiae again: more than fit together */
                made.view[i].n = 250, made.view[i].first = 0;
        size = fmr_write(&made, wire);
        assert_int_equal(lf_fmr_read(wire, size, &got, &defect), -EBADMSG);
        assert_int_equal(defect.code, LF_DEFECT_TOO_LONG);
}

/* ---- the vectors of the data folder ---- */

static json_int_t number(const json_t *o, const char *key)
{
        json_t *v = json_object_get(o, key);
        assert_true(json_is_integer(v));
        return json_integer_value(v);
}

static unsigned word(const json_t *o, const char *key, const char *const *words, unsigned n)
{
        const char *s = json_string_value(json_object_get(o, key));
        assert_non_null(s);
        for (unsigned i = 0; i < n; i++)
                if (strcmp(s, words[i]) == 0)
                        return i;
        fail_msg("%s: unknown word %s", key, s);
        return 0;
}
#define WORD(o, key, ...)                                                                                    \
        word(o, key, (const char *const[]){__VA_ARGS__},                                                     \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static size_t base64(const char *in, uint8_t *out)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        uint32_t bits = 0;
        size_t n = 0;
        for (unsigned i = 0; in[i] && in[i] != '='; i++) {
                bits = bits << 6 | (uint32_t)(strchr(digits, in[i]) - digits);
                if (i % 4)
                        out[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
        return n;
}

/* Ridge counts and unknown extensions, in the order of the record. */
static void compare_extensions(const json_t *j, const struct lf_fmr_view *v)
{
        const json_t *counts = json_object_get(j, "counts"), *others = json_object_get(j, "extensions");
        size_t other = 0, ridge = 0;
        assert_true(json_is_null(json_object_get(j, "coredelta")));
        assert_true(v->extensions <= LF_FMR_EXTENSION_MAX);
        for (unsigned i = 0; i < v->extensions; i++) {
                const struct lf_fmr_extension *e = &v->extension[i];
                const uint8_t *data = wire + e->offset;
                if (e->type == 1) {
                        assert_int_equal(data[0], WORD(counts, "type", "CUSTOM", "QUADRANTS", "OCTANTS"));
                        const json_t *edges = json_object_get(counts, "edges");
                        assert_int_equal(json_array_size(edges), (e->size - 1) / 3);
                        for (size_t k = 0; k < json_array_size(edges); k++) {
                                const json_t *edge = json_array_get(edges, k);
                                assert_int_equal(data[1 + 3 * k], number(edge, "from"));
                                assert_int_equal(data[2 + 3 * k], number(edge, "to"));
                                assert_int_equal(data[3 + 3 * k], number(edge, "count"));
                        }
                        ridge++;
                        continue;
                }
                const json_t *expected = json_array_get(others, other++);
                uint8_t bytes[256];
                size_t n = base64(json_string_value(json_object_get(expected, "data")), bytes);
                assert_int_equal(e->type, number(expected, "type"));
                assert_int_equal(e->size, n);
                assert_memory_equal(data, bytes, n);
        }
        assert_int_equal(other, json_array_size(others));
        assert_int_equal(ridge, !json_is_null(counts));
}

static void compare_2011(const json_t *j, const struct lf_fmr_view *v)
{
        const json_t *t = json_object_get(j, "datetime"), *q = json_object_get(j, "qrecords");
        assert_int_equal(v->year, number(t, "year"));
        assert_int_equal(v->month, number(t, "month"));
        assert_int_equal(v->day, number(t, "day"));
        assert_int_equal(v->hour, number(t, "hour"));
        assert_int_equal(v->minute, number(t, "minute"));
        assert_int_equal(v->second, number(t, "second"));
        assert_int_equal(v->millisecond, number(t, "millisecond"));
        assert_int_equal(v->sensor_type, WORD(j, "sensorType", "UNKNOWN"));
        assert_int_equal(v->sensor_vendor, number(j, "sensorVendor"));
        assert_int_equal(v->sensor_id, number(j, "sensorId"));
        assert_int_equal(v->qualities, json_array_size(q));
        assert_int_equal(v->certificates, json_array_size(json_object_get(j, "certificates")));
        q = json_array_get(q, 0);
        assert_int_equal(v->quality, number(q, "quality"));
        assert_int_equal(v->quality_vendor, number(q, "vendor"));
        assert_int_equal(v->quality_algorithm, number(q, "algorithm"));
        assert_int_equal(v->ending_type, WORD(j, "endingType", "VALLEY_SKELETON_BIFURCATION"));
}

static void compare_view(const json_t *record, const json_t *j, const struct lf_fmr_view *v)
{
        const json_t *geometry = json_object_get(record, "width") ? record : j;
        unsigned unit = got.format == LF_FMR_ISO_2005 || got.format == LF_FMR_ISO_2011 ? 45 : 64;
        assert_int_equal(v->position, WORD(j, "position", "UNKNOWN", "RIGHT_THUMB", "RIGHT_INDEX",
                                           "RIGHT_MIDDLE", "RIGHT_RING", "RIGHT_LITTLE", "LEFT_THUMB",
                                           "LEFT_INDEX", "LEFT_MIDDLE", "LEFT_RING", "LEFT_LITTLE"));
        assert_int_equal(v->number, number(j, "view"));
        assert_int_equal(v->impression, WORD(j, "scanType", "LIVE_PLAIN"));
        assert_int_equal(v->width, number(geometry, "width"));
        assert_int_equal(v->height, number(geometry, "height"));
        assert_int_equal(v->resolution_x, number(geometry, "resolutionX"));
        assert_int_equal(v->resolution_y, number(geometry, "resolutionY"));
        if (got.format == LF_FMR_ISO_2011)
                compare_2011(j, v);
        else
                assert_int_equal(v->quality, number(j, "quality"));
        if (json_object_get(j, "qualityVendorId")) {
                assert_int_equal(v->quality_vendor, number(j, "qualityVendorId"));
                assert_int_equal(v->quality_algorithm, number(j, "qualityAlgorithmId"));
        }
        const json_t *list = json_object_get(j, "minutiae");
        assert_int_equal(v->n, json_array_size(list));
        for (unsigned i = 0; i < v->n; i++) {
                const json_t *e = json_array_get(list, i);
                const struct lf_fmr_minutia *m = &lf_fmr_minutiae(&got, v)[i];
                unsigned type = WORD(e, "type", "OTHER", "ENDING", "BIFURCATION", "EITHER");
                assert_int_equal(m->type, type == 3 ? LF_FMR_OTHER : type);
                assert_int_equal(m->x, number(e, "positionX"));
                assert_int_equal(m->y, number(e, "positionY"));
                assert_int_equal(m->angle, number(e, "angle") * unit % LF_FMR_TURN);
                assert_int_equal(m->quality, number(e, "quality"));
        }
        compare_extensions(j, v);
}

static void known_records_decode_to_what_is_said_of_them(void **state)
{
        static const struct {
                const char *name;
                enum lf_fmr_format format;
        } vectors[] = {{"ansi378v2004", LF_FMR_ANSI_2004},
                       {"ansi378v2009", LF_FMR_ANSI_2009},
                       {"ansi378v2009am1", LF_FMR_ANSI_2009_AM1},
                       {"iso19794p2v2005", LF_FMR_ISO_2005},
                       {"iso19794p2v2011", LF_FMR_ISO_2011}};
        const char *data = test_data();
        for (unsigned i = 0; data && i < 5; i++) {
                char name[256];
                snprintf(name, sizeof name, "formats/fingerprintio/%s-sample.dat", vectors[i].name);
                size_t size = test_file(data, name, wire, sizeof wire);
                assert_int_equal(lf_fmr_read(wire, size, &got, &defect), 0);
                assert_int_equal(got.format, vectors[i].format);
                char path[4096 + 256];
                snprintf(path, sizeof path, "%s/formats/fingerprintio/%s-sample.json", data, vectors[i].name);
                json_t *j = json_load_file(path, 0, NULL);
                assert_non_null(j);
                if (json_object_get(j, "vendorId")) {
                        assert_int_equal(got.vendor, number(j, "vendorId"));
                        assert_int_equal(got.subformat, number(j, "subformat"));
                }
                if (json_object_get(j, "sensorId")) {
                        assert_int_equal(got.sensor_certified,
                                         json_is_true(json_object_get(j, "sensorCertified")));
                        assert_int_equal(got.sensor_id, number(j, "sensorId"));
                }
                const json_t *views = json_object_get(j, "fingerprints");
                assert_int_equal(got.n, json_array_size(views));
                for (unsigned v = 0; v < got.n; v++)
                        compare_view(j, json_array_get(views, v), &got.view[v]);
                json_decref(j);
        }
}

static void public_examples_decode(void **state)
{
        static const struct {
                const char *name;
                enum lf_fmr_format format;
                unsigned views, minutiae[3];
        } examples[] = {
            {"formats/biomdi/ANSI-INCITS-378_2004/Appendix-B2_Example.raw", LF_FMR_ANSI_2004, 2, {27, 22}},
            {"formats/biomdi/ISO-19794-2_2005/Appendix-C2_Example.raw", LF_FMR_ISO_2005, 2, {27, 22}},
            {"formats/libbiomeval/fmr.ansi2004", LF_FMR_ANSI_2004, 3, {27, 22, 28}},
            {"formats/libbiomeval/fmr.ansi2007", LF_FMR_ANSI_2009, 2, {27, 22}},
            {"formats/libbiomeval/fmr.iso2005", LF_FMR_ISO_2005, 2, {27, 22}},
        };
        const char *data = test_data();
        for (unsigned i = 0; data && i < 5; i++) {
                size_t size = test_file(data, examples[i].name, wire, sizeof wire);
                if (lf_fmr_read(wire, size, &got, &defect) < 0)
                        fail_msg("%s: %s at byte %u", examples[i].name, lf_defect_text(defect.code),
                                 defect.offset);
                assert_int_equal(got.format, examples[i].format);
                assert_int_equal(got.n, examples[i].views);
                assert_int_equal(got.sensor_id, 181);
                for (unsigned v = 0; v < got.n; v++) {
                        assert_int_equal(got.view[v].n, examples[i].minutiae[v]);
                        assert_int_equal(got.view[v].resolution_x, 197);
                        assert_int_equal(got.view[v].width, 512);
                }
        }
}

static void invalid_records_are_refused(void **state)
{
        const char *data = test_data();
        for (unsigned i = 1; data && i <= 3; i++) {
                char name[256];
                snprintf(name, sizeof name, "formats/openafis-invalid/101_1_truncate_%u_byte%s.iso", i,
                         i > 1 ? "s" : "");
                size_t size = test_file(data, name, wire, sizeof wire);
                assert_int_equal(lf_fmr_read(wire, size, &got, &defect), -EBADMSG);
                assert_int_equal(defect.code, LF_DEFECT_TRUNCATED);
                assert_int_equal(defect.offset, 30 - i);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_is_written_is_read),
            cmocka_unit_test(every_truncation_is_refused_within_the_record),
            cmocka_unit_test(defects_say_what_and_where),
            cmocka_unit_test(extension_lengths_are_taken_either_way_in_iso_2005_only),
            cmocka_unit_test(capacity_is_a_defect_not_an_overflow),
            cmocka_unit_test(known_records_decode_to_what_is_said_of_them),
            cmocka_unit_test(public_examples_decode),
            cmocka_unit_test(invalid_records_are_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
