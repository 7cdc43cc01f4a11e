/* The configuration: the default is valid, and every kind of mistake is named with its line and column. */
#include "control/config/config.h"
#include "control/config/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#define HEAD                                                                                                 \
        "port: {kind: udp}\n"                                                                                \
        "cores: [{cpu: 0, roles: [io, match]}]\n"
#define LAW                                                                                                  \
        HEAD "categories: {wanted: 0, NO: 1, yes: 2}\n" /* line 3 */                                         \
             "agreements:\n"                                                                                 \
             "  - number: 1\n"                                                                               \
             "    name: one\n"                                                                               \
             "    originator: NO\n"                                                                          \
             "    not_before: 2026-01-01\n"                                                                  \
             "    not_after: 2026-12-31T12:00:00Z\n"                                                         \
             "    purposes: {visa: {categories: [wanted], needs: [officer]}}\n" /* line 10 */

static struct lf_problems problems;

static int parse(const char *text, struct lf_config **ret)
{
        return lf_config_parse("f.yaml", text, strlen(text), ret, &problems);
}

/* The text has this problem at this place; `exactly` problems in all. */
static void wrong(const char *text, unsigned line, unsigned column, const char *part, unsigned exactly)
{
        struct lf_config *c = (struct lf_config *)1;
        int r = parse(text, &c);
        if (r != -EBADMSG || problems.n + problems.more != exactly)
                for (unsigned i = 0; i < problems.n; i++)
                        print_message("%u:%u: %s\n", problems.problem[i].line, problems.problem[i].column,
                                      problems.problem[i].text);
        assert_int_equal(r, -EBADMSG);
        assert_ptr_equal(c, (void *)1); /* untouched */
        assert_int_equal(problems.n + problems.more, exactly);
        for (unsigned i = 0; i < problems.n; i++) {
                const struct lf_problem *p = &problems.problem[i];
                if (p->line == line && p->column == column && strstr(p->text, part))
                        return;
                print_message("%u:%u: %s\n", p->line, p->column, p->text);
        }
        fail_msg("no problem at %u:%u with \"%s\"", line, column, part);
}

static void default_is_valid(void **state)
{
        char path[512];
        snprintf(path, sizeof path, "%s/config/landfall.yaml", getenv("LANDFALL_SOURCE"));
        struct lf_config *c;
        assert_int_equal(lf_config_read(path, &c, &problems), 0);
        assert_int_equal(problems.n, 0);
        assert_int_equal(c->port.kind, LF_PORT_UDP);
        assert_int_equal(c->cores, 2);
        assert_int_equal(c->core[0].roles, LF_ROLE_IO | LF_ROLE_MATCH);
        assert_string_equal(c->audit.wal[0], "/var/lib/landfall/audit/wal");
        assert_int_equal(c->audit.segment_size, 16 << 20);
        assert_int_equal(c->answer_quantum_us, 5000);
        assert_int_equal(c->agreements, 2);
        assert_int_equal(c->agreement[0].rules, 2);
        assert_int_equal(c->agreement[0].rule[0].categories, 3);
        assert_int_equal(c->agreement[0].rule[1].needs, LF_NEEDS_OFFICER | LF_NEEDS_WARRANT);
        assert_int_equal(c->dataset[1].agreement, 2);
        assert_int_equal(c->dataset[0].freshness_us, 86400ull * 1000000);
        assert_float_equal(c->dataset[0].threshold, -4.0, 0);
        assert_int_equal(c->lane[0].agreements, 1 << 1 | 1 << 2);
        assert_int_equal(c->lane[1].query_burst, 20);
        assert_int_equal(c->lane[1].priorities, 3);
        assert_int_equal(c->warrant[0].reference[0], 0x8f);
        assert_int_equal(c->warrant[0].purposes, 1 << LSP_PURPOSE_LAW_ENFORCEMENT);
        char address[64];
        lf_address_format(&c->metrics, address, sizeof address);
        assert_string_equal(address, "127.0.0.1:9464");
        lf_config_destroy(c);
}

static void words_stay_words(void **state)
{
        struct lf_config *c;
        assert_int_equal(parse(LAW, &c), 0);
        assert_string_equal(c->category[1].name, "NO");
        assert_string_equal(c->agreement[0].originator, "NO");
        assert_int_equal(c->agreement[0].not_before, 1767225600);
        assert_int_equal(c->agreement[0].not_after, 1798718400);
        assert_int_equal(c->agreement[0].rule[0].subjects, 1 << LSP_SUBJECT_TRAVELLER);
        lf_config_destroy(c);
        /* what YAML 1.1 calls a boolean is none here */
        wrong(
            "port: {kind: memif, interface: /x, memif_server: yes}\ncores: [{cpu: 0, roles: [io, match]}]\n",
            1, 50, "neither true nor false", 1);
        wrong("port: {kind: udp, udp_port: 0x10}\ncores: [{cpu: 0, roles: [io, match]}]\n", 1, 29,
              "not a whole number", 1);
}

static void not_yaml(void **state)
{
        wrong("", 1, 1, "empty", 1);
        wrong("port: [1\ncores: 2\n", 2, 6, "not YAML", 1);
        wrong("port: \"a\n", 2, 1, "not YAML", 1);
        wrong(HEAD "run: &a /x\n", 3, 6, "anchor", 1);
        wrong(HEAD "run: !!str /x\n", 3, 6, "tag", 1);
        wrong(HEAD "run: *a\n", 3, 6, "alias", 1);
        wrong(HEAD "---\nrun: /x\n", 3, 1, "second document", 1);
        wrong(HEAD "run: \"/x\\0y\"\n", 3, 6, "control character", 1);
        wrong(HEAD "? [a]\n: 1\n", 3, 3, "plain word", 1);
        wrong(HEAD "run: [[[[[[[[[[[[[[x]]]]]]]]]]]]]]\n", 3, 18, "too deeply", 1);
        const char bytes[] = "run: \xff\xfe\n";
        struct lf_config *c;
        assert_int_equal(lf_config_parse("f", bytes, sizeof bytes - 1, &c, &problems), -EBADMSG);
}

static void keys(void **state)
{
        wrong(HEAD "runn: /x\n", 3, 1, "did you mean \"run\"?", 1);
        wrong(HEAD "zzzzzzzzzzz: /x\n", 3, 1, "known here: site, run", 1);
        wrong(HEAD "run: /x\nrun: /y\n", 4, 1, "stands twice: first in line 3", 1);
        wrong("cores: [{cpu: 0, roles: [io, match]}]\n", 1, 1, "lacks \"port\"", 1);
        wrong("port: {kind: udp}\ncores: [{roles: [io, match]}]\n", 2, 9, "lacks \"cpu\"", 1);
        wrong("port: udp\ncores: [{cpu: 0, roles: [io, match]}]\n", 1, 7, "must be a map, not a value", 1);
        wrong("port: {kind: udp}\ncores: {cpu: 0}\n", 2, 8, "must be a list, not a map", 1);
        wrong(HEAD "run: [/x]\n", 3, 6, "must be a value, not a list", 1);
        wrong("- a\n", 1, 1, "must be a map", 1);
}

static void values(void **state)
{
        wrong(HEAD "run:\n", 3, 5, "is empty", 1);
        wrong(HEAD "run: x/y\n", 3, 6, "not absolute", 1);
        wrong(HEAD "sessions: 0\n", 3, 11, "from 1 to 65536", 1);
        wrong(HEAD "sessions: -1\n", 3, 11, "from 1 to 65536", 1);
        wrong(HEAD "sessions: 99999999999999999999\n", 3, 11, "from 1 to 65536", 1);
        wrong(HEAD "answer_quantum: 5\n", 3, 17, "lacks a number and its unit", 1);
        wrong(HEAD "answer_quantum: 5 weeks\n", 3, 17, "lacks a number and its unit", 1);
        wrong(HEAD "answer_quantum: 5 h\n", 3, 17, "out of range", 1);
        wrong(HEAD "audit: {segment_size: 1 KiB}\n", 3, 23, "out of range", 1);
        wrong(HEAD "metrics: localhost:1\n", 3, 10, "not an IP address and port", 1);
        wrong(HEAD "metrics: 127.0.0.1\n", 3, 10, "not an IP address and port", 1);
        wrong(HEAD "advertise: 127.0.0.1:1\n", 3, 12, "not an IP address", 1);
        wrong(HEAD
              "site: /0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
              "56789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
              "45678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n",
              3, 7, "longer than 255", 1);
        wrong("port: {kind: ufp}\ncores: [{cpu: 0, roles: [io, match]}]\n", 1, 14, "did you mean \"udp\"?",
              1);
        wrong(LAW "lanes:\n  - {name: A}\n", 12, 12, "small letters", 4);
        wrong(LAW "officers:\n  - {name: a b}\n", 12, 12, "may have letters", 4);
        wrong(HEAD "warrants: [{reference: 12}]\n", 3, 24, "32 hexadecimal", 5);
        wrong(HEAD "agreements:\n  - not_after: 2026-02-29\n", 4, 16, "not a date", 6);
        wrong(HEAD "agreements:\n  - not_after: 2026-02-01T25:00:00Z\n", 4, 16, "not a date", 6);
}

static void law(void **state)
{
        wrong(LAW "lanes:\n  - {name: a, roles: [egate], agreements: [two], queries_per_second: 1, "
                  "candidates_per_hour: 0}\n",
              12, 44, "unknown agreement \"two\"; known here: one", 1);
        wrong(LAW "lanes:\n  - {name: a, roles: [], agreements: [one], queries_per_second: 1, "
                  "candidates_per_hour: 0}\n",
              12, 22, "roles is empty", 1);
        wrong(HEAD "categories: {a: 0, b: 0}\n", 3, 23, "category \"a\" already", 1);
        wrong(HEAD "categories: {a: 32}\n", 3, 17, "0 to 31", 1);
        wrong(HEAD "agreements:\n  - {number: 0, name: a, originator: x, not_before: 2026-01-01, "
                   "not_after: 2025-01-01, purposes: {vissa: {categories: [x]}}}\n",
              4, 99, "did you mean \"visa\"?", 2);
        wrong(LAW "datasets:\n  - {number: 1, name: a, agreement: one, modality: iris, categories: [NA], "
                  "threshold: -99, feed: {directory: /a, key: /b, keyring: /c}}\n",
              12, 71, "unknown category \"NA\"", 2);
        wrong(LAW "officers:\n"
                  "  - {number: 1, name: a, roles: [officer], agreements: [one], candidates_per_hour: 0}\n"
                  "  - {number: 1, name: a, roles: [officer], agreements: [one], candidates_per_hour: 0}\n",
              13, 5, "is another's", 2);
        wrong(LAW
              "warrants:\n  - {reference: 00000000000000000000000000000001, not_after: 2027-01-01, uses: 1, "
              "agreements: [one], purposes: [visa], lane: nobody}\n",
              12, 5, "not in lanes", 1);
}

static void together(void **state)
{
        wrong("port: {kind: af_xdp}\ncores: [{cpu: 0, roles: [io, match]}]\n", 1, 7, "lacks \"interface\"",
              1);
        wrong("port: {kind: udp}\ncores: [{cpu: 0, roles: [io]}]\n", 2, 9, "role match", 1);
        wrong("port: {kind: udp}\ncores: [{cpu: 0, roles: [io]}, {cpu: 0, roles: [match]}]\n", 2, 32,
              "starve", 1);
        wrong(HEAD "contexts: 100\n", 0, 0, "power of two", 1);
        wrong(HEAD "metrics: 10.0.0.1:9464\n", 0, 0, "loopback", 1);
        wrong(HEAD "metrics: \"[2001:db8::1]:9464\"\n", 0, 0, "loopback", 1);
        wrong(HEAD "audit: {wal: [/a, /a]}\n", 3, 19, "the same", 1);
}

/* Every problem is said, in the order of the file, and a flood of them is only counted. */
static void all_of_them(void **state)
{
        wrong("prt: 1\nrun: x\nsite: y\nsessions: many\n", 4, 11, "whole number", 6);
        for (unsigned i = 1; i < problems.n; i++)
                assert_true(problems.problem[i - 1].line <= problems.problem[i].line);
        char text[20000] = HEAD "lanes:\n";
        for (unsigned i = 0; i < 300; i++)
                strcat(text, "  - {name: X}\n");
        wrong(text, 4, 5, "lacks \"roles\"", 300 * 4);
        assert_int_equal(problems.n, LF_PROBLEMS_MAX);
}

static void files(void **state)
{
        struct lf_config *c;
        assert_int_equal(lf_config_read("/nonexistent/x", &c, &problems), -ENOENT);
        assert_int_equal(problems.n, 1);
        assert_int_equal(lf_config_read("/", &c, &problems), -EISDIR);
        assert_int_equal(lf_config_read("/dev/zero", &c, &problems), -EINVAL);
}

static void nearest(void **state)
{
        static const char *const names[] = {"border-check", "visa", "a"};
        assert_string_equal(lf_nearest_name("bordercheck", names, 3), "border-check");
        assert_string_equal(lf_nearest_name("viza", names, 3), "visa");
        assert_null(lf_nearest_name("customs", names, 3));
        assert_null(lf_nearest_name("b", names, 3));
        assert_null(lf_nearest_name("", names, 3));
        assert_string_equal(lf_value_name(lf_purpose_names, LSP_PURPOSE_VISA), "visa");
        assert_string_equal(lf_value_name(lf_purpose_names, 99), "unknown");
}

#define GATEWAY                                                                                              \
        LAW "lanes:\n"                                                                                       \
            "  - {name: gw, roles: [gateway], agreements: [one], priorities: [manifest], "                   \
            "queries_per_second: 9}\n"                                                                       \
            "gateway:\n"
#define RECIPIENT "  recipients: [{name: AIR, purposes: [visa, customs]}]\n"

static void gateway(void **state)
{
        struct lf_config *c;
        assert_int_equal(
            parse(GATEWAY "  lane: gw\n  bundle: /b\n  agreements: [one]\n  window: 3 h\n" RECIPIENT, &c), 0);
        assert_true(c->gateway.given);
        assert_int_equal(c->gateway.window_us, 3 * 3600000000ull);
        assert_int_equal(c->gateway.recipients, 1);
        assert_int_equal(c->gateway.recipient[0].purpose, LSP_PURPOSE_VISA);
        assert_int_equal(c->gateway.recipient[0].purposes, 1 << LSP_PURPOSE_VISA | 1 << LSP_PURPOSE_CUSTOMS);
        assert_int_equal(c->agreement[0].rescreening, LF_RESCREEN_SAME);
        lf_config_destroy(c);
        assert_int_equal(parse(LAW, &c), 0);
        assert_false(c->gateway.given);
        lf_config_destroy(c);
        wrong(GATEWAY "  lane: nobody\n  bundle: /b\n  agreements: [one]\n" RECIPIENT, 14, 3, "not in lanes",
              1);
        wrong(GATEWAY "  lane: gw\n  bundle: /b\n  agreements: [one]\n", 14, 3, "lacks \"recipients\"", 1);
        wrong(GATEWAY "  lane: gw\n  bundle: /b\n  agreements: [one]\n  window: 0 s\n" RECIPIENT, 17, 11,
              "out of range", 1);
        wrong(GATEWAY "  lane: gw\n  bundle: /b\n  agreements: [one]\n"
                      "  recipients: [{name: A, purposes: [visa]}, {name: A, purposes: [visa]}]\n",
              17, 45, "stands twice", 1);
        wrong(GATEWAY "  lane: gw\n  bundle: /b\n  agreements: [one]\n"
                      "  recipients: [{name: A, purposes: [everything]}]\n",
              17, 37, "unknown purposes", 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(default_is_valid), cmocka_unit_test(words_stay_words),
            cmocka_unit_test(not_yaml),         cmocka_unit_test(keys),
            cmocka_unit_test(values),           cmocka_unit_test(law),
            cmocka_unit_test(together),         cmocka_unit_test(gateway),
            cmocka_unit_test(all_of_them),      cmocka_unit_test(files),
            cmocka_unit_test(nearest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
