#include "tools/lane/query_arguments.h"

#include "control/config/names.h"
#include "dataplane/lsp_cert.h"
#include "matcher/person_write.h"
#include "tools/lane/officer_token.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char lf_query_help[] =
    "usage: landfall lane query --lane BUNDLE --agreement N... --purpose NAME PROBE... [OPTIONS]\n"
    "\n"
    "Asks the appliance once and prints verdict, reasons, receipt and microseconds.\n"
    "\n"
    "probes, at least one:\n"
    "  --fingerprint FILE    ISO/IEC 19794-2 or ANSI 378 record\n"
    "  --iris FILE           one or two iris codes (matcher/iris.h)\n"
    "  --face FILE           an embedding (matcher/face.h)\n"
    "  --name NAME           a person's name, any script (--alias: another; may repeat), with\n"
    "    --birth DATE        YYYY, YYYY-MM or YYYY-MM-DD\n"
    "    --sex M|F|X\n"
    "    --nationality CODE  two or three letters; may repeat\n"
    "    --document K:C:NO   kind P, I, V or O, issuing country, number: P:UTO:L898902C3\n"
    "\n"
    "  --agreement N         all named agreements must permit the query; 1 to 8\n"
    "  --purpose NAME        border-check, visa, asylum, law-enforcement, sanctions, customs,\n"
    "                        aviation-security, missing-person\n"
    "  --subject NAME, --encounter NAME, --priority NAME   as in the configuration\n"
    "  --categories MASK     which categories to search, e.g. 0x3 (default: all permitted)\n"
    "  --deadline MS         (default 1000)\n"
    "  --warrant HEX         32 digits: a registered warrant or case\n"
    "  --officer-token FILE  what `landfall officer token` printed; - reads it from standard input\n"
    "  --standby BUNDLE      for the standby appliance (default: as lane.conf says)\n"
    "  --repeat N            ask N times, each a query of its own\n"
    "  --json\n"
    "\n"
    "exit status: 0 answered, whatever the verdict; 1 failed; 2 wrong usage; 4 unreachable\n";

struct reading {
        struct lf_lane_query *query;
        uint16_t agreement[8];
        unsigned agreements;
        uint8_t person[LF_PERSON_RECORD_MAX];
        size_t person_size;
        bool purpose;
};

static int number(const char *text, unsigned long max, unsigned long *ret)
{
        char *end = NULL;
        if (*text < '0' || *text > '9')
                return -EINVAL;
        errno = 0;
        unsigned long n = strtoul(text, &end, 0);
        if (errno || *end || n > max)
                return -EINVAL;
        *ret = n;
        return 0;
}

static int add_file(struct lf_lane_query *q, uint16_t type, const char *path)
{
        uint8_t bytes[LSP_QUERY_MAX];
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        size_t n = fread(bytes, 1, sizeof bytes, f);
        int r = ferror(f) ? -EIO : 0;
        fclose(f);
        return r < 0 ? r : lf_lane_query_put(q, type, bytes, n);
}

static int add_token(struct lf_lane_query *q, const char *path)
{
        struct lsp_officer_token token;
        int r = lf_officer_token_read(path, &token);
        return r < 0 ? r : lf_lane_query_put(q, LSP_TLV_OFFICER, &token, sizeof token);
}

static int add_word(struct lf_lane_query *q, uint16_t type, const struct lf_name *list, const char *word,
                    unsigned width)
{
        uint32_t value = 0;
        int r = lf_name_value(list, word, &value);
        if (r < 0)
                return r;
        return width == 2 ? lf_lane_query_u16(q, type, (uint16_t)value)
                          : lf_lane_query_u8(q, type, (uint8_t)value);
}

static int add_field(struct reading *r, enum lf_person_field field, const char *value)
{
        return lf_person_put(r->person, sizeof r->person, &r->person_size, field, value, strlen(value));
}

static int add_birth(struct reading *r, const char *text)
{
        unsigned year = 0, month = 0, day = 0;
        int used = 0;
        int n = sscanf(text, "%4u%n-%2u%n-%2u%n", &year, &used, &month, &used, &day, &used);
        if (n < 1 || text[used] != '\0')
                return -EINVAL;
        return lf_person_put_birth(r->person, sizeof r->person, &r->person_size, year, month, day);
}

static int add_document(struct reading *r, const char *text)
{
        char country[4] = "";
        const char *second = text[0] && text[1] == ':' ? strchr(text + 2, ':') : NULL;
        if (!second || second - text - 2 > 3)
                return -EINVAL;
        memcpy(country, text + 2, (size_t)(second - text - 2));
        return lf_person_put_document(r->person, sizeof r->person, &r->person_size, text[0], country,
                                      second + 1, strlen(second + 1));
}

static int add_number(struct lf_lane_query *q, int option, const char *text)
{
        unsigned long n = 0;
        int r = number(text, option == 'D' ? 65535 : UINT32_MAX, &n);
        if (r < 0)
                return r;
        return option == 'D' ? lf_lane_query_u16(q, LSP_TLV_DEADLINE, (uint16_t)n)
                             : lf_lane_query_u32(q, LSP_TLV_CATEGORIES, (uint32_t)n);
}

static int add_agreement(struct reading *r, const char *text)
{
        unsigned long n = 0;
        int error = number(text, 65535, &n);
        if (error < 0 || r->agreements == 8)
                return -EINVAL;
        r->agreement[r->agreements++] = (uint16_t)n;
        return 0;
}

static int add_warrant(struct lf_lane_query *q, const char *text)
{
        uint8_t reference[16];
        int r = lsp_hex_read(text, reference, sizeof reference);
        return r < 0 ? r : lf_lane_query_put(q, LSP_TLV_WARRANT, reference, sizeof reference);
}

static int take_option(struct reading *r, struct lf_query_arguments *a, int option, const char *value)
{
        unsigned long n = 0;
        int error;
        switch (option) {
        case 'l':
                a->bundle = value;
                return 0;
        case 'y':
                a->standby = value;
                return 0;
        case 'j':
                a->json = true;
                return 0;
        case 'r':
                error = number(value, 1000000, &n);
                a->repeat = (unsigned)n;
                return error < 0 || n == 0 ? -EINVAL : 0;
        case 'a':
                return add_agreement(r, value);
        case 'p':
                r->purpose = true;
                return add_word(r->query, LSP_TLV_PURPOSE, lf_purpose_names, value, 2);
        case 's':
                return add_word(r->query, LSP_TLV_SUBJECT, lf_subject_names, value, 1);
        case 'e':
                return add_word(r->query, LSP_TLV_ENCOUNTER, lf_encounter_names, value, 1);
        case 'P':
                return add_word(r->query, LSP_TLV_PRIORITY, lf_priority_names, value, 1);
        case 'D':
        case 'c':
                return add_number(r->query, option, value);
        case 'w':
                return add_warrant(r->query, value);
        case 'o':
                return add_token(r->query, value);
        case 'f':
                return add_file(r->query, LSP_TLV_FINGERPRINT, value);
        case 'i':
                return add_file(r->query, LSP_TLV_IRIS, value);
        case 'F':
                return add_file(r->query, LSP_TLV_FACE, value);
        case 'n':
                return add_field(r, LF_PERSON_NAME, value);
        case 'A':
                return add_field(r, LF_PERSON_ALIAS, value);
        case 'b':
                return add_birth(r, value);
        case 'x':
                return add_field(r, LF_PERSON_SEX, value);
        case 'N':
                return add_field(r, LF_PERSON_NATIONALITY, value);
        case 'd':
                return add_document(r, value);
        default:
                return -EINVAL;
        }
}

static const struct option options[] = {
    {"lane", 1, 0, 'l'},       {"standby", 1, 0, 'y'},       {"agreement", 1, 0, 'a'},
    {"purpose", 1, 0, 'p'},    {"subject", 1, 0, 's'},       {"encounter", 1, 0, 'e'},
    {"priority", 1, 0, 'P'},   {"deadline", 1, 0, 'D'},      {"warrant", 1, 0, 'w'},
    {"categories", 1, 0, 'c'}, {"officer-token", 1, 0, 'o'}, {"fingerprint", 1, 0, 'f'},
    {"iris", 1, 0, 'i'},       {"face", 1, 0, 'F'},          {"name", 1, 0, 'n'},
    {"alias", 1, 0, 'A'},      {"birth", 1, 0, 'b'},         {"sex", 1, 0, 'x'},
    {"document", 1, 0, 'd'},   {"nationality", 1, 0, 'N'},   {"repeat", 1, 0, 'r'},
    {"json", 0, 0, 'j'},       {"help", 0, 0, 'h'},          {0}};

static int finish(struct reading *r, const struct lf_query_arguments *a)
{
        if (!a->bundle || r->agreements == 0 || !r->purpose) {
                fprintf(stderr, "landfall: --lane, --agreement and --purpose are needed\n");
                return -EINVAL;
        }
        int error = lf_lane_query_agreements(r->query, r->agreement, r->agreements);
        if (error == 0 && r->person_size)
                error = lf_lane_query_put(r->query, LSP_TLV_PERSON, r->person, r->person_size);
        if (error < 0)
                fprintf(stderr, "landfall: %s\n",
                        error == -EMSGSIZE ? "the query is too long" : strerror(-error));
        return error < 0 ? -EINVAL : 0;
}

int lf_query_arguments_read(int argc, char **argv, struct lf_query_arguments *ret,
                            struct lf_lane_query *query)
{
        struct lf_query_arguments a = {.repeat = 1};
        struct reading reading = {.query = query};
        int index = 0;
        for (int c; (c = getopt_long(argc, argv, "", options, &index)) != -1;) {
                if (c == 'h')
                        return LF_QUERY_HELP;
                int r = c == '?' ? -EINVAL : take_option(&reading, &a, c, optarg);
                if (r < 0) {
                        if (c != '?')
                                fprintf(stderr, "landfall: --%s %s: %s\n", options[index].name, optarg,
                                        strerror(-r));
                        return -EINVAL;
                }
        }
        if (optind != argc) {
                fprintf(stderr, "landfall: what is \"%s\"?\n", argv[optind]);
                return -EINVAL;
        }
        int r = finish(&reading, &a);
        if (r == 0)
                *ret = a;
        return r;
}
