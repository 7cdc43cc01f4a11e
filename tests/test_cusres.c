/* The answer to a PAXLST: well formed, one status a traveller, and no refusal to board without an officer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/manifest/cusres.h"
#include "control/manifest/edifact.h"
#include "tests/manifest_messages.h"

static const struct lf_manifest_time now = {2024, 3, 10, 9, 5, true};

static int keep_header(void *context, const struct lf_manifest_header *h, const struct lf_manifest_summary *s)
{
        *(struct lf_manifest_header *)context = *h;
        return 0;
}

static void header_of(const char *message, struct lf_manifest_header *ret)
{
        const struct lf_manifest_calls calls = {.end = keep_header};
        struct lf_manifest_error e;
        assert_int_equal(lf_manifest_read(message, strlen(message), &calls, ret, &e), 0);
}

static void test_whole(void **state)
{
        static const char right[] =
            "UNA:+.?*'UNB+UNOA:4+BORDERS:ZZ+ACMEAIR:ZZ+240310:0905+R1'"
            "UNG+CUSRES+BORDERS:ZZ+ACMEAIR:ZZ+240310:0905+R1+UN+D:05B'"
            "UNH+M1+CUSRES:D:05B:UN:IATA+COMMON1'BGM+962'RFF+TN:TRX9'RFF+AF:QX12'DTM+189:2403101030:201'"
            "DTM+232:2403101400:201'LOC+125+AAA'LOC+87+BBB'"
            "ERP+2'RFF+AVF:LOC001'RFF+ABO:UREF?+1'ERC+0Z'FTX+AAP+++OK TO BOARD'"
            "ERP+2'RFF+AVF:LOC002'ERC+2Z'FTX+AAP+++REFER TO OFFICER'"
            "ERP+2:3'ERC+4Z'FTX+AAP+++NOT CHECKED - REFER TO OFFICER'"
            "ERP+2:4'ERC+1Z'FTX+AAP+++DO NOT BOARD:DECISION 4711'"
            "UNT+24+M1'UNE+1+R1'UNZ+1+R1'";
        static const struct lf_cusres_traveller travellers[] = {
            {.locator = "LOC001", .reference = "UREF+1", .number = 1, .status = LF_CUSRES_OK},
            {.locator = "LOC002", .reference = "", .number = 2, .status = LF_CUSRES_REFER},
            {.number = 3, .status = LF_CUSRES_UNKNOWN},
            {.number = 4, .status = LF_CUSRES_DO_NOT_BOARD, .officer = "J. Officer", .decision = "4711"},
        };
        struct lf_manifest_header h;
        char buf[2048];
        size_t n = 0;
        header_of(PAXLST_RIGHT, &h);
        assert_int_equal(lf_cusres_write(&h, "R1", now, travellers, 4, buf, sizeof buf, &n), 0);
        assert_int_equal(n, strlen(right));
        assert_memory_equal(buf, right, n);
        for (size_t room = 0; room < strlen(right); room++)
                assert_int_equal(lf_cusres_write(&h, "R1", now, travellers, 4, buf, room, &n), -ENOSPC);
}

/* A hit is for an officer to judge. */
static void test_no_refusal_without_officer(void **state)
{
        struct lf_manifest_header h;
        char buf[LF_CUSRES_PART];
        size_t n;
        header_of(PAXLST_RIGHT, &h);
        struct lf_cusres c = {.paxlst = &h, .control = "R1", .now = now};
        assert_int_equal(lf_cusres_begin(&c, buf, sizeof buf, &n), 0);
        const uint32_t before = c.segments;
        struct lf_cusres_traveller t = {.number = 1, .status = LF_CUSRES_DO_NOT_BOARD};
        static const char *const missing[][2] = {
            {NULL, NULL}, {"", "12"}, {"J. Officer", NULL}, {"J. Officer", ""}, {NULL, "12"}};
        for (unsigned i = 0; i < sizeof missing / sizeof missing[0]; i++) {
                t.officer = missing[i][0];
                t.decision = missing[i][1];
                assert_int_equal(lf_cusres_traveller(&c, &t, buf, sizeof buf, &n), -EPERM);
        }
        t.status = (enum lf_cusres_status)9;
        assert_int_equal(lf_cusres_traveller(&c, &t, buf, sizeof buf, &n), -EINVAL);
        assert_int_equal(c.segments, before);
        assert_int_equal(c.travellers, 0);
}

static void test_not_an_answer(void **state)
{
        struct lf_manifest_header h;
        char buf[LF_CUSRES_PART];
        size_t n;
        header_of(CUSCAR_RIGHT, &h);
        struct lf_cusres c = {.paxlst = &h, .control = "R1", .now = now};
        assert_int_equal(lf_cusres_begin(&c, buf, sizeof buf, &n), -EINVAL);
        header_of(PAXLST_RIGHT, &h);
        c.control = "";
        assert_int_equal(lf_cusres_begin(&c, buf, sizeof buf, &n), -EINVAL);
        c.control = "123456789012345";
        assert_int_equal(lf_cusres_begin(&c, buf, sizeof buf, &n), -EINVAL);
}

/* What was written is an interchange whose segments can be read again, in the set that holds its texts. */
static int count_segment(void *context, const struct lf_edi_segment *s)
{
        ++*(unsigned *)context;
        return s->tag == LF_EDI_TAG('U', 'N', 'Z') ? LF_EDI_END : 0;
}

static void test_other_sets(void **state)
{
        static const char paxlst[] =
            "UNB+UNOC:3+Z\xdcRICH+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X1'"
            "NAD+FL+++SMITH'UNT+5+1'UNZ+1+C'";
        const struct lf_cusres_traveller t = {.locator = "\xc3\x9c'1*", .status = LF_CUSRES_REFER};
        struct lf_manifest_header h;
        struct lf_edi *edi;
        char buf[LF_CUSRES_PART];
        size_t n = 0;
        unsigned segments = 0;
        header_of(paxlst, &h);
        assert_int_equal(lf_cusres_write(&h, "R1", now, &t, 1, buf, sizeof buf, &n), 0);
        assert_non_null(memmem(buf, n, "UNOY:4+B+ZÜRICH+", 17));
        assert_non_null(memmem(buf, n, "RFF+AVF:Ü?'1?*'", 16));
        assert_int_equal(lf_edi_new(count_segment, &segments, &edi), 0);
        assert_int_equal(lf_edi_push(edi, buf, n), 0);
        assert_int_equal(lf_edi_finish(edi), 0);
        assert_int_equal(segments, 2 + 7 + 3);
        lf_edi_free(edi);
}

/* The longest texts that a message may have, all to be released, fit a part. */
static void test_longest(void **state)
{
        static char paxlst[16384];
        size_t n = 0;
        static const char *const legs =
            "TDT+20+%s+++QX'LOC+125+%s'DTM+189:2403101030:201'LOC+87+%s'DTM+232:2403101400:201'";
        char *flight = calloc(1, 100), *place = calloc(1, 100), *id = calloc(1, 200),
             *reference = calloc(1, 200);
        for (unsigned i = 0; i < 70; i++) {
                strcat(id, "?+");
                strcat(reference, "?'");
                if (i < 39)
                        strcat(flight, "?+");
                if (i < 35)
                        strcat(place, "?:");
        }
        n += (size_t)sprintf(paxlst + n,
                             "UNB+UNOA:4+%s+%s+240310:0815+C'UNH+%s+PAXLST:D:12B:UN+%s'BGM+745'RFF+TN:%s'",
                             id, id, id, id, id);
        for (unsigned i = 0; i < LF_MANIFEST_LEGS; i++)
                n += (size_t)sprintf(paxlst + n, legs, flight, place, place);
        n += (size_t)sprintf(paxlst + n, "NAD+FL+++SMITH'RFF+AVF:%s'RFF+ABO:%s'UNT+%u+%s'UNZ+1+C'", reference,
                             reference, 3 + 5 * LF_MANIFEST_LEGS + 4, id);
        struct lf_manifest_header h;
        char buf[LF_CUSRES_PART], longest[71];
        header_of(paxlst, &h);
        assert_int_equal(h.legs, LF_MANIFEST_LEGS);
        struct lf_cusres c = {.paxlst = &h, .control = "C", .now = now};
        memset(longest, '\'', 70);
        longest[70] = 0;
        const struct lf_cusres_traveller t = {.locator = longest, .reference = longest};
        assert_int_equal(lf_cusres_begin(&c, buf, sizeof buf, &n), 0);
        assert_int_equal(lf_cusres_traveller(&c, &t, buf, sizeof buf, &n), 0);
        assert_int_equal(lf_cusres_end(&c, buf, sizeof buf, &n), 0);
        free(flight);
        free(place);
        free(id);
        free(reference);
        /* One more byte of a reference is refused. */
        static const char more[] =
            "UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X'NAD+FL+++SMITH'"
            "RFF+AVF:12345678901234567890123456789012345678901234567890123456789012345678901'";
        const struct lf_manifest_calls none = {0};
        struct lf_manifest_error e = {0};
        assert_int_equal(lf_manifest_read(more, strlen(more), &none, NULL, &e), -EBADMSG);
        assert_int_equal(e.rule, LF_RULE_TOO_LONG);
        assert_string_equal(e.tag, "RFF");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_whole),         cmocka_unit_test(test_no_refusal_without_officer),
            cmocka_unit_test(test_not_an_answer), cmocka_unit_test(test_other_sets),
            cmocka_unit_test(test_longest),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
