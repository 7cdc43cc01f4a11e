/* Scalars: each kind of value, read strictly. */
#include "control/config/schema.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHOICES_MAX 32

static bool is_value(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f)
{
        if (!lf_schema_kind(r, node, LF_YAML_SCALAR, f->name))
                return false;
        if (node->text[0])
                return true;
        lf_schema_problem(r, node, "%s is empty; give it a value or delete the line", f->name);
        return false;
}

static bool fits(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f)
{
        if (!is_value(r, node, f))
                return false;
        if (strlen(node->text) < f->size)
                return true;
        lf_schema_problem(r, node, "%s is longer than %zu bytes; shorten it", f->name, f->size - 1);
        return false;
}

void lf_read_text(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (fits(r, node, f))
                strcpy(ret, node->text);
}

/* A name that can stand in a metric, a file name and a command line; min 1: in small letters. */
void lf_read_name(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (!fits(r, node, f))
                return;
        for (const char *p = node->text; *p; p++) {
                bool letter = f->min > 0 ? islower((unsigned char)*p) : isalpha((unsigned char)*p);
                if (letter || isdigit((unsigned char)*p) || (p > node->text && strchr("-_.", *p)))
                        continue;
                lf_schema_problem(r, node, "%s \"%.48s\" may have %s, digits and - _ . only", f->name,
                                  node->text, f->min > 0 ? "small letters" : "letters");
                return;
        }
        strcpy(ret, node->text);
}

/* An interface, socket path or device address: printable, without spaces. */
void lf_read_label(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                   void *ret)
{
        if (!fits(r, node, f))
                return;
        for (const char *p = node->text; *p; p++) {
                if (*p > ' ' && *p < 0x7f && *p != ',' && *p != '"')
                        continue;
                lf_schema_problem(r, node, "%s must not contain spaces, commas, quotes or other than ASCII",
                                  f->name);
                return;
        }
        strcpy(ret, node->text);
}

void lf_read_path(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (!fits(r, node, f))
                return;
        if (node->text[0] != '/')
                lf_schema_problem(r, node, "%s \"%.80s\" is not absolute; begin it with /", f->name,
                                  node->text);
        else
                strcpy(ret, node->text);
}

/* Decimal digits only: no sign, no hex, no spaces. */
static bool digits(const char *text, size_t size, uint64_t *ret)
{
        uint64_t v = 0;
        if (size == 0 || size > 18)
                return false;
        for (size_t i = 0; i < size; i++) {
                if (!isdigit((unsigned char)text[i]))
                        return false;
                v = v * 10 + (uint64_t)(text[i] - '0');
        }
        *ret = v;
        return true;
}

void lf_read_number(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                    void *ret)
{
        uint64_t v;
        if (!is_value(r, node, f))
                return;
        if (!digits(node->text, strlen(node->text), &v) || v < (uint64_t)f->min || v > (uint64_t)f->max)
                lf_schema_problem(r, node, "%s \"%.32s\" is not a whole number from %ld to %ld", f->name,
                                  node->text, (long)f->min, (long)f->max);
        else
                *(uint32_t *)ret = (uint32_t)v;
}

void lf_read_cpu(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (node->kind == LF_YAML_SCALAR && strcmp(node->text, "any") == 0)
                *(uint32_t *)ret = 0xffff;
        else
                lf_read_number(r, node, f, ret);
}

void lf_read_flag(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        if (!is_value(r, node, f))
                return;
        if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
                *(bool *)ret = node->text[0] == 't';
        else
                lf_schema_problem(r, node, "%s \"%.32s\" is neither true nor false", f->name, node->text);
}

struct unit {
        const char *name;
        uint64_t factor;
};

/* NUMBER UNIT, a space between them or not; 0 needs no unit. */
static bool quantity(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                     const struct unit *units, const char *example, uint64_t *ret)
{
        if (!is_value(r, node, f))
                return false;
        size_t n = strspn(node->text, "0123456789");
        const char *name = node->text + n + strspn(node->text + n, " ");
        uint64_t v;
        bool known = digits(node->text, n, &v);
        if (known && v == 0 && !*name) {
                if (f->min <= 0) {
                        *ret = 0;
                        return true;
                }
        } else if (known) {
                for (; units->name && strcmp(units->name, name) != 0; units++)
                        ;
                if (units->name && v <= (uint64_t)f->max / units->factor &&
                    v * units->factor >= (uint64_t)f->min) {
                        *ret = v * units->factor;
                        return true;
                }
                known = units->name != NULL;
        }
        lf_schema_problem(r, node,
                          known ? "%s \"%.32s\" is out of range; for instance %s"
                                : "%s \"%.32s\" lacks a number and its unit; for instance %s",
                          f->name, node->text, example);
        return false;
}

void lf_read_size(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        static const struct unit units[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};
        quantity(r, node, f, units, "64 MiB", ret);
}

void lf_read_duration(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                      void *ret)
{
        static const struct unit units[] = {{"us", 1},         {"ms", 1000},       {"s", 1000000},
                                            {"min", 60000000}, {"h", 3600000000u}, {"d", 86400000000u},
                                            {NULL, 0}};
        quantity(r, node, f, units, f->max > 3600000000 ? "24 h" : "5 ms", ret);
}

/* 2027-12-31 (its first second) or 2027-12-31T18:00:00Z. */
void lf_read_instant(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                     void *ret)
{
        if (!is_value(r, node, f))
                return;
        static const char *const shapes[] = {"dddd-dd-dd", "dddd-dd-ddTdd:dd:ddZ"};
        bool shaped = false;
        for (unsigned s = 0; s < 2 && !shaped; s++) {
                shaped = strlen(shapes[s]) == strlen(node->text);
                for (unsigned i = 0; shaped && shapes[s][i]; i++)
                        shaped = shapes[s][i] == 'd' ? isdigit((unsigned char)node->text[i]) != 0
                                                     : shapes[s][i] == node->text[i];
        }
        struct tm tm = {0};
        if (shaped) {
                sscanf(node->text, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                       &tm.tm_min, &tm.tm_sec);
                tm.tm_year -= 1900;
                tm.tm_mon -= 1;
                struct tm asked = tm;
                time_t t = timegm(&tm); /* normalises: a date that it changes does not exist */
                if (t >= 0 && tm.tm_year == asked.tm_year && tm.tm_mon == asked.tm_mon &&
                    tm.tm_mday == asked.tm_mday && tm.tm_hour == asked.tm_hour && tm.tm_min == asked.tm_min &&
                    tm.tm_sec == asked.tm_sec) {
                        *(uint64_t *)ret = (uint64_t)t;
                        return;
                }
        }
        lf_schema_problem(r, node,
                          "%s \"%.32s\" is not a date; write 2027-12-31 or 2027-12-31T18:00:00Z (UTC)",
                          f->name, node->text);
}

/* log10 of a false-match rate. */
void lf_read_decade(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                    void *ret)
{
        if (!is_value(r, node, f))
                return;
        char *end;
        double v = 1;
        if (strspn(node->text, "-.0123456789") == strlen(node->text)) {
                v = strtod(node->text, &end);
                if (*end)
                        v = 1;
        }
        if (v >= (double)f->min && v <= (double)f->max)
                *(double *)ret = v;
        else
                lf_schema_problem(r, node,
                                  "%s \"%.32s\" is not a log10 from %ld to %ld; \"-4.0\" is one false match "
                                  "in 10,000",
                                  f->name, node->text, (long)f->min, (long)f->max);
}

static bool ip_from(const char *text, uint8_t ret[16])
{
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        if (inet_pton(AF_INET6, text, ret) == 1)
                return true;
        if (inet_pton(AF_INET, text, ret + 12) != 1)
                return false;
        memcpy(ret, mapped, sizeof mapped);
        return true;
}

/* ADDRESS:PORT or [ADDRESS]:PORT; min -1: ADDRESS alone. */
void lf_read_address(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                     void *ret)
{
        if (!is_value(r, node, f))
                return;
        struct lf_address a = {.given = true};
        char text[64];
        snprintf(text, sizeof text, "%s", node->text);
        char *host = text, *port = NULL;
        bool alone = f->min < 0, good = strlen(node->text) < sizeof text;
        if (!alone && text[0] == '[') {
                port = strstr(text, "]:");
                if (port) {
                        host++;
                        *port++ = 0;
                }
        } else if (!alone)
                port = strchr(text, ':');
        if (port)
                *port++ = 0;
        uint64_t number = 0;
        if (!alone)
                good = good && port && digits(port, strlen(port), &number) && number >= 1 && number <= 65535;
        if (good && ip_from(host, a.ip)) {
                a.port = (uint16_t)number;
                *(struct lf_address *)ret = a;
                return;
        }
        lf_schema_problem(r, node, "%s \"%.48s\" is not %s", f->name, node->text,
                          alone ? "an IP address; for instance 192.0.2.1 or 2001:db8::1"
                                : "an IP address and port; for instance 127.0.0.1:4761 or [::1]:4761");
}

/* 32 hexadecimal digits. */
void lf_read_reference(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                       void *ret)
{
        if (!is_value(r, node, f))
                return;
        if (strlen(node->text) != 32 || strspn(node->text, "0123456789abcdefABCDEF") != 32) {
                lf_schema_problem(r, node, "%s \"%.48s\" is not 32 hexadecimal digits", f->name, node->text);
                return;
        }
        for (unsigned i = 0; i < 16; i++) {
                char byte[3] = {node->text[2 * i], node->text[2 * i + 1], 0};
                ((uint8_t *)ret)[i] = (uint8_t)strtoul(byte, NULL, 16);
        }
}

static bool choice(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                   uint32_t *ret)
{
        if (!is_value(r, node, f))
                return false;
        if (lf_name_value(f->names, node->text, ret) == 0)
                return true;
        const char *names[CHOICES_MAX];
        unsigned n = 0;
        for (const struct lf_name *c = f->names; c->name && n < CHOICES_MAX; c++)
                names[n++] = c->name;
        lf_schema_unknown(r, node, f->name, names, n);
        return false;
}

void lf_read_choice(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                    void *ret)
{
        uint32_t v;
        if (choice(r, node, f, &v))
                *(uint32_t *)ret = v;
}

static void words(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                  bool shift, uint32_t *ret)
{
        if (!lf_schema_kind(r, node, LF_YAML_LIST, f->name))
                return;
        uint32_t mask = 0;
        for (unsigned i = 0; i < node->n; i++) {
                uint32_t v;
                if (choice(r, node->item[i], f, &v))
                        mask |= shift ? 1u << v : v;
        }
        if (node->n == 0 && f->min > 0)
                lf_schema_problem(r, node, "%s is empty; name at least one", f->name);
        *ret = mask;
}

void lf_read_bits(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f, void *ret)
{
        words(r, node, f, false, ret);
}

void lf_read_numbers(struct lf_schema_reader *r, const struct lf_yaml *node, const struct lf_field *f,
                     void *ret)
{
        words(r, node, f, true, ret);
}
