/* What messages say: travellers, parties, flights, documents; and what becomes a query. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "matcher/engine.h"
#include "matcher/person.h"
#include "matcher/person_write.h"
#include "tests/data.h"
#include "tests/manifest_messages.h"
#include "tests/manifest_transcript.h"

static void assert_says(const char *message, const char *const *lines, size_t n)
{
        struct transcript t = transcribe(message, strlen(message), NULL, NULL);
        if (t.result)
                print_error("%s\n", t.text);
        assert_int_equal(t.result, 0);
        for (size_t i = 0; i < n; i++) {
                if (!strstr(t.text, lines[i]))
                        print_error("not said: %s\nin:\n%s\n", lines[i], t.text);
                assert_non_null(strstr(t.text, lines[i]));
        }
        transcript_free(&t);
}

static void test_paxlst(void **state)
{
        static const char *const says[] = {
            "1 passenger FL 1 13@1:290 [ANNA MARIA PETROVA|PETROVA|ANNA MARIA] born=19820228 F of CAN "
            "P/P/CAN/AB123456 until=20280501 V/V/US/V99 until=20250501 pnr=LOC001 ref=UREF+1 seat=12C bill= "
            "at=1 LONG STREET, FLAT 2, TOWN, ON, K1A, CAN in=CAN AAA-BBB notes=0\n",
            "2 crew FM 1 29@1:558 [SEAN O'NEIL|O'NEIL|SEAN] born=19700102 M of IRL pnr=",
            "end D:05B UN UNOA ACMEAIR/ZZ to BORDERS/ZZ ctl=CTL77 grp=9 msg=M1 common=COMMON1 doc=745 "
            "tn=TRX9 "
            "part=1 last prepared=20240310T0815 (QX QX12  AAA-BBB dep=20240310T1030 arr=20240310T1400) "
            "parties=2 "
            "segments=32 notes=0\n"};
        assert_says(PAXLST_RIGHT, says, 3);
}

#define PAX(body, count)                                                                                     \
        "UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:02B:UN:IATA'BGM+745'" body "UNT+" count "+1'UNZ+1+C'"

static void test_paxlst_legs(void **state)
{
        static const char *const two[] = {"(QX QX1  AAA-BBB dep=20240310T1030 arr=20240310T1200) "
                                          "(QX QX2  BBB-CCC dep=20240310T1300) parties=0"};
        assert_says(PAX("TDT+20+QX1+++QX'LOC+92+AAA'DTM+189:2403101030:201'LOC+92+BBB'DTM+232:2403101200:201'"
                        "TDT+20+QX2+++QX'LOC+125+BBB'DTM+189:202403101300:203'LOC+87+CCC'",
                        "12"),
                    two, 1);
        /* A flight that goes on: one TDT, its stops. */
        static const char *const on[] = {"(QX QX1  AAA-BBB) (QX QX1  BBB-CCC) (QX QX1  CCC-DDD) parties=0"};
        assert_says(PAX("TDT+20+QX1+++QX'LOC+92+AAA'LOC+92+BBB'LOC+92+CCC'LOC+87+DDD'", "8"), on, 1);
        /* As many TDT as the message may have; places on the way count, too, but not without end. */
#define TEN "TDT+20+1'TDT+20+2'TDT+20+3'TDT+20+4'TDT+20+5'TDT+20+6'TDT+20+7'TDT+20+8'TDT+20+9'TDT+20+10'"
        const char *ten = PAX(TEN, "13"), *many = PAX(TEN TEN TEN, "33");
        struct transcript t = transcribe(ten, strlen(ten), NULL, NULL);
        assert_int_equal(t.result, 0);
        transcript_free(&t);
        t = transcribe(many, strlen(many), NULL, NULL);
        assert_int_equal(t.result, -EMSGSIZE);
        assert_int_equal(t.error.rule, LF_RULE_TOO_MANY_LEGS);
        transcript_free(&t);
}

static void test_paxlst_odd_travellers(void **state)
{
        static const char *const says[] = {
            "[MONONYM|MONONYM|] born=20100401 born=19100401 pnr=", /* both centuries */
            "[NAME IN LINES|NAME IN LINES|] born=19900000 X pnr=", /* a year alone */
            "[F G|G|F] O//ABC/N1 until=19990101 O/ZZ//N2 pnr=",
            "[T T|T|T] pnr=", /* 30 February: left out */
            "[U U|U|U] pnr=", /* noughts: not known, rather than of 1900 or 2000 */
            "transit passenger DDU",
            "transit crew DDT",
            "[V V|V|V] pnr=", /* after the message was written: left out */
            "[W W|W|W] P/PD//N3 P/PP//N4 I/IP//N5 O/M//N6 V/V//N7 I/AC//N8 O/PAX//N9 pnr=",
        };
        assert_says(
            PAX("TDT+20+1'NAD+FL+++MONONYM'DTM+329:100401'NAD+FL++NAME:IN LINES'ATT+2++X'DTM+329:1990:602'"
                "NAD+DDU+++G:F'ATT+2++Q'DOC++N1'LOC+91+ABC'DTM+36:990101'DOC+P'DOC+ZZ+N2'LOC+91+ON:163'"
                "NAD+DDT+++T:T'DTM+329:800230'NAD+FL+++U:U'DTM+329:000000'NAD+FL+++V:V'DTM+329:20500101:102'"
                "NAD+FL+++W:W'DOC+PD+N3'DOC+PP+N4'DOC+IP+N5'DOC+M+N6'DOC+V+N7'DOC+AC+N8'DOC+PAX+N9'",
                "31"),
            says, sizeof says / sizeof says[0]);
}

static enum lf_manifest_rule refused_for(const char *message)
{
        struct transcript t = transcribe(message, strlen(message), NULL, NULL);
        enum lf_manifest_rule rule = t.result < 0 ? t.error.rule : LF_RULE_NONE;
        transcript_free(&t);
        return rule;
}

#define X12(body, count)                                                                                     \
        "ISA*00*          *00*          *ZZ*LINE           *ZZ*CUSTOMS        "                              \
        "*240310*0815*^*00501*000000042*0*T*>~TA1*000000041*240309*0815*A*000~"                              \
        "GS*SO*LINE*CUSTOMS*20240310*0815*7*X*005010~"                                                       \
        "ST*309*0007~" body "SE*" count "*0007~GE*1*7~IEA*1*000000042~"

/* What a message must have, and control totals of crew and of passengers. */
static void test_totals(void **state)
{
#define THREE "TDT+20+X1'NAD+FL+++ONE:ANNA'NAD+FM+++TWO:BEN'NAD+DDT+++THREE:CY'"
        static const struct {
                const char *message;
                enum lf_manifest_rule rule;
        } each[] = {
            {PAX(THREE "CNT+42:1'CNT+41:2'", "9"), LF_RULE_NONE},
            {PAX(THREE "CNT+42:1'", "8"), LF_RULE_NONE}, /* of the passengers */
            {PAX(THREE "CNT+42:3'", "8"), LF_RULE_NONE}, /* of all */
            {PAX(THREE "CNT+41:2'", "8"), LF_RULE_NONE},
            {PAX(THREE "CNT+42:2'", "8"), LF_RULE_TRAVELLER_COUNT},
            {PAX(THREE "CNT+42:2'CNT+41:1'", "9"), LF_RULE_TRAVELLER_COUNT},
            {PAX(THREE "CNT+42:1'CNT+41:3'", "9"), LF_RULE_TRAVELLER_COUNT},
            {"UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:05B:UN'UNT+2+1'UNZ+1+C'", LF_RULE_ORDER},
            {X12("M10*LINE~N1*SH*ONE TRADER~", "4"), LF_RULE_NONE},
            {X12("M10*LINE~N1*SH*ONE^TWO~", "4"), LF_RULE_REPEATED},
            {X12("N1*SH*FIRST TRADER~", "3"), LF_RULE_ORDER},
            {"UNB+UNOA:4+A+B+240310:0815+C'UNH+1+CUSCAR:D:95B:UN'UNT+2+1'UNZ+1+C'", LF_RULE_ORDER},
        };
        for (unsigned i = 0; i < sizeof each / sizeof each[0]; i++) {
                if (refused_for(each[i].message) != each[i].rule)
                        print_error("%u: %s\n", i, each[i].message);
                assert_int_equal(refused_for(each[i].message), each[i].rule);
        }
}

/* Lines of a fixed length break names, codes, dates and tags alike. */
static void test_lines_of_any_length(void **state)
{
        static const char right[] = PAXLST_RIGHT;
        struct transcript whole = transcribe(right, sizeof right - 1, NULL, NULL);
        const char *who = strchr(strchr(strchr(whole.text, '\n'), '['), ']');
        for (size_t width = 20; width < 100; width++) {
                char text[4096];
                size_t n = 0;
                for (size_t i = 0; i < sizeof right - 1; i++) {
                        if (i > 0 && i % width == 0)
                                n += (size_t)sprintf(text + n, "%s", width % 2 ? "\n" : "\r\n");
                        text[n++] = right[i];
                }
                struct transcript t = transcribe(text, n, NULL, NULL);
                if (t.result)
                        print_error("width %zu: %s\n", width, t.text);
                assert_int_equal(t.result, 0);
                const char *here = strchr(strchr(strchr(t.text, '\n'), '['), ']');
                size_t same = strcspn(who, "-") + strlen("-BBB");
                assert_int_equal(strncmp(here, who, same), 0);
                assert_non_null(strstr(t.text, "[SEAN O'NEIL|O'NEIL|SEAN] born=19700102 M of IRL pnr="));
                transcript_free(&t);
        }
        transcript_free(&whole);
}

/* Nobody can be asked about, and nobody else is kept from being screened. */
static void test_nameless(void **state)
{
        static const char *const paxlst[] = {"1 passenger FL", "[ANNA ONE|ONE|ANNA]", "2 passenger FL",
                                             "3 passenger FL", "[BEN THREE|THREE|BEN]"};
        assert_says("UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20+X1'NAD+FL+++ONE:ANNA'"
                    "NAD+FL+++:'ATT+2++F'NAD+FL+++THREE:BEN'CNT+42:3'UNT+9+1'UNZ+1+C'",
                    paxlst, 5);
        static const char bare[] = "UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20+X1'"
                                   "NAD+FL'UNT+5+1'UNZ+1+C'";
        struct transcript t = transcribe(bare, sizeof bare - 1, NULL, NULL);
        if (t.result)
                print_error("%s\n", t.text);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.parties, 1);
        transcript_free(&t);
}

static void test_pnrgov(void **state)
{
        static const char *const says[] = {
            "1 passenger TIF 1 10@11:249 [GIULIA MRS ROSSI|ROSSI|GIULIA MRS] [GIULIA ROSSI|ROSSI|GIULIA] "
            "[GIULIA ANNA ROSSI|ROSSI|GIULIA ANNA] born=19800505 F of ITA V/V/USA/VISA77 P/P/ITA/YA1 "
            "until=20300606 "
            "pnr=REC001 ref=U1 seat=21A",
            "2 passenger TIF 1 12@13:286 [MARCO ROSSI|ROSSI|MARCO] born=20150707 M of ITA "
            "P/P/ITA/YA2 until=20250606 pnr=REC001 ref=U2 seat=21B",
            /* an infant that only an SSR names */
            "3 passenger SSR 1 16@17:456 [PIA ROSSI|ROSSI|PIA] born=20240220 pnr=REC001",
            /* a document under a traveller, in another name: an alias */
            "4 passenger TIF 1 27@28:802 [MINJR LEE|LEE|MINJR] [JISOO PARK|PARK|JISOO] born=19990101 X of "
            "KOR "
            "P/P/KOR/M5 until=20290101 pnr=REC002",
            "(QX 12  AAA-BBB dep=20240310T1030 arr=20240310T1400) parties=4 segments=29 notes=0"};
        assert_says(PNRGOV_RIGHT, says, sizeof says / sizeof says[0]);
}

#define PNR(body, count)                                                                                     \
        "UNB+IATA:1+QX+B+240310:0815+P'UNH+1+PNRGOV:13:1:IA'MSG+:22'SRC'" body "UNT+" count "+1'UNZ+1+P'"

static void test_pnrgov_whose_document(void **state)
{
        /* By reference where the names say nothing; by name although it stands elsewhere; of nobody: its own.
         */
        static const char *const says[] = {
            "1 passenger TIF 1 5@1:63 [A ONE|ONE|A] P/P/ITA/D2 pnr=",
            "2 passenger TIF 1 6@1:77 [B TWO|TWO|B] P/P/ITA/D1 pnr=",
            "3 passenger TIF 1 9@1:171 [C MR THREE|THREE|C MR] [C THREE|THREE|C] pnr=",
        };
        assert_says(PNR("TIF+ONE+A:A:1'TIF+TWO+B:A:2'SSR+DOCS:HK:1:QX:::::/P/ITA/D1/////TWO/B'"
                        "SSR+DOCS:HK:1:QX:::::/P/ITA/D2////+::1'TIF+THREE+C MR:A:3'",
                        "9"),
                    says, 3);
        static const char *const own[] = {"3 passenger SSR 1 8@1:97",
                                          "[DAVE FOUR|FOUR|DAVE] I/C/FRA/D4 pnr="};
        assert_says(
            PNR("TIF+ONE+A:A:1'TIF+TWO+B:A:2'TVL+1'SSR+DOCS:HK:1:QX:::::/C/FRA/D4/////FOUR/DAVE'", "8"), own,
            1);
        static const char *const group[] = {"1 other TIF 2", "2 passenger TIF 1", "[X BIG|BIG|X]",
                                            "[Y BIG|BIG|Y]"};
        assert_says(PNR("TIF+TOURISTS:G'TIF+BIG+X:A:1+Y:A:2'", "6"), group, 4);
}

/* The segment in which a reader of the field never ended. */
static void test_tbd(void **state)
{
        char text[8192];
        size_t n = (size_t)snprintf(
            text, sizeof text, "%s",
            "UNB+IATA:1+QX+B+240310:0815+P'UNH+1+PNRGOV:11:1:IA'MSG+:22'SRC'TIF+ONE+A:A:1'TVL+1'"
            "TBD++3:33:700++HP:SIN- 168");
        for (unsigned i = 0; i < 200; i++)
                n += (size_t)snprintf(text + n, sizeof text - n, "+618:0%u:%u:ICN", i, i);
        n += (size_t)snprintf(text + n, sizeof text - n, "'TBD'TBD+'TBD:::'UNT+10+1'UNZ+1+P'");
        struct transcript t = transcribe(text, n, NULL, NULL);
        if (t.result)
                print_error("%s\n", t.text);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.parties, 1);
        transcript_free(&t);
}

static void test_cargo(void **state)
{
        static const char *const cuscar[] = {
            "1 shipper CZ 0 9@1:161 [Müller GmbH und Söhne||] pnr= ref= seat= bill=BL001 at=HAFEN 1",
            "2 consignee CN 0 10@1:200 [BUYER LTD||] pnr= ref= seat= bill=BL001 at=QUAY 2, NEW YORK",
            "3 notify NI 0 14@1:272 [JOHN SMITH||] pnr= ref= seat= bill=BL002",
            "( V8E SEA STAR NLRTM-USNYC arr=20240320) parties=3 segments=14"};
        assert_says(CUSCAR_RIGHT, cuscar, 4);
        static const char *const x12[] = {
            "1 shipper SH 0 8@8:250 [FIRST TRADER||] [FIRST TRADER AND COMPANY||] pnr= ref= seat= bill=BL100 "
            "at=ROAD 1, UNIT 2, TOWN, SP, 01000, BR in=BR",
            "2 consignee CN 0 12@12:325 [SECOND TRADER||] pnr= ref= seat= bill=BL100",
            "3 notify N1 0 15@15:372 [MARY JONES||] pnr= ref= seat= bill= at=",
            "msg=0007 common= doc= tn=MAN1 part=0 last test prepared=20240310 (LINE 8E SEA STAR -2704 "
            "arr=20240320)"};
        assert_says(X12_309_RIGHT, x12, 4);
        static const char *const crew[] = {"1 crew FM 1 4@1:67 [JANE ANN ROE|ROE|JANE ANN]",
                                           "2 other CPD 0 5@1:89 [DOE JOHN||]"};
        assert_says("UNB+UNOA:3+A+B+240310:0815+C'UNH+1+CUSREP:D:99B:UN'BGM+833+CALL1+9'"
                    "NAD+FM+++ROE:JANE:ANN'NAD+CPD+++DOE:JOHN'UNT+5+1'UNZ+1+C'",
                    crew, 2);
}

/* ---- Many, and large ---- */
struct many {
        uint64_t parties;
        uint32_t last;
};

static int count(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        struct many *m = context;
        m->parties++;
        m->last = p->number;
        return 0;
}

static int stop(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        return ++((struct many *)context)->parties == 3 ? -ECANCELED : 0;
}

static int push_text(struct lf_manifest_reader *r, const char *text)
{
        return lf_manifest_push(r, text, strlen(text));
}

/* A manifest is never held: 70,000 parties pass through a reader of fixed size. */
static void test_many_parties(void **state)
{
        const struct lf_manifest_calls calls = {.party = count}, stopping = {.party = stop};
        struct many m = {0};
        struct lf_manifest_reader *r;
        char line[80];
        assert_int_equal(lf_manifest_reader_new(&calls, &m, &r), 0);
        assert_int_equal(push_text(r, "UNB+UNOA:4+A+B+240310:0815+C'UNH+1+CUSCAR:D:99B:UN'BGM+85'"), 0);
        for (unsigned i = 0; i < 70000; i++) {
                snprintf(line, sizeof line, "CNI+%u+BL%u'NAD+CN+++PARTY NUMBER %u'\n", i, i, i);
                assert_int_equal(push_text(r, line), 0);
        }
        assert_int_equal(push_text(r, "UNT+140003+1'UNZ+1+C'"), 0);
        assert_int_equal(lf_manifest_finish(r), 0);
        assert_int_equal(m.parties, 70000);
        assert_int_equal(m.last, 70000);
        lf_manifest_reader_free(r);
        struct lf_manifest_error e = {0};
        m.parties = 0;
        assert_int_equal(lf_manifest_read(PNRGOV_RIGHT, strlen(PNRGOV_RIGHT), &stopping, &m, &e), -ECANCELED);
        assert_int_equal(e.rule, LF_RULE_NONE);
}

static int one_pnr(unsigned travellers, unsigned documents, struct many *m, struct lf_manifest_error *e)
{
        const struct lf_manifest_calls calls = {.party = count};
        size_t room = 200 + (travellers + documents) * 80u;
        char *text = malloc(room);
        size_t n =
            (size_t)snprintf(text, room, "UNB+IATA:1+QX+B+240310:0815+P'UNH+1+PNRGOV:13:1:IA'MSG+:22'SRC'");
        for (unsigned i = 0; i < travellers; i++)
                n += (size_t)snprintf(text + n, room - n, "TIF+CROWD+NUMBER%c%c:A:%u'", 'A' + i % 26,
                                      'A' + i / 26 % 26, i);
        for (unsigned i = 0; i < documents; i++)
                n += (size_t)snprintf(text + n, room - n, "SSR+DOCS:HK:1:QX:::::/P/ITA/D%u////+::%u'", i,
                                      i % (travellers ? travellers : 1));
        n += (size_t)snprintf(text + n, room - n, "UNT+%u+1'UNZ+1+P'", 4 + travellers + documents);
        int r = lf_manifest_read(text, n, &calls, m, e);
        free(text);
        return r;
}

static void test_limits(void **state)
{
        struct many m = {0};
        struct lf_manifest_error e = {0};
        assert_int_equal(one_pnr(LF_MANIFEST_PNR_MAX, LF_MANIFEST_PNR_MAX, &m, &e), 0);
        assert_int_equal(m.parties, LF_MANIFEST_PNR_MAX);
        assert_int_equal(one_pnr(LF_MANIFEST_PNR_MAX + 1, 0, &m, &e), -EMSGSIZE);
        assert_int_equal(e.rule, LF_RULE_PNR_TOO_LARGE);
        assert_int_equal(one_pnr(1, LF_PARTY_DOCUMENTS, &m, &e), 0);
        assert_int_equal(one_pnr(1, LF_PARTY_DOCUMENTS + 1, &m, &e), -EMSGSIZE);
        assert_int_equal(e.rule, LF_RULE_PARTY_TOO_LARGE);
        /* A name that fills a party, and one that is more. */
        for (unsigned more = 0; more <= 1; more++) {
                char text[8192];
                size_t n = (size_t)snprintf(
                    text, sizeof text, "%s",
                    "UNB+UNOA:4+A+B+240310:0815+C'UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'NAD+FL+++");
                memset(text + n, 'N', LF_PARTY_TEXT - 1 + more);
                n += LF_PARTY_TEXT - 1 + more;
                n += (size_t)sprintf(text + n, "'UNT+5+1'UNZ+1+C'");
                struct transcript t = transcribe(text, n, NULL, NULL);
                assert_int_equal(t.result, more ? -EMSGSIZE : 0);
                assert_int_equal(t.error.rule, more ? LF_RULE_PARTY_TOO_LARGE : LF_RULE_NONE);
                transcript_free(&t);
        }
}

/* ---- Queries ---- */
static int ask(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        static uint8_t probe[LF_PROBE_MAX] __attribute__((aligned(64)));
        uint8_t record[LF_PERSON_RECORD_MAX];
        size_t n = 0;
        struct lf_defect defect;
        const char entities[] = {'P', 'E'};
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(lf_party_person(p, entities[i], record, sizeof record, &n), 0);
                assert_int_equal(lf_engine_for(LF_MODALITY_PERSON)->prepare(record, n, probe, &defect), 0);
                for (size_t room = 0; room < n; room++)
                        assert_int_equal(lf_party_person(p, entities[i], record, room, &n), -ENOSPC);
        }
        ++*(unsigned *)context;
        return 0;
}

static void test_queries(void **state)
{
        static const char *const messages[] = {
            PAXLST_RIGHT, PNRGOV_RIGHT, CUSCAR_RIGHT, X12_309_RIGHT,
            PAX("TDT+20+1'NAD+FL+++ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE TEN:ELEVEN TWELVE THIRTEEN "
                "FOURTEEN'"
                "NAT+2+1A'DOC+P+---'DOC+P+12345678901234567890123456789012345'LOC+91+1'",
                "9")};
        const struct lf_manifest_calls calls = {.party = ask};
        unsigned asked = 0;
        struct lf_manifest_error e;
        assert_int_equal(lf_engines_init(), 0);
        for (unsigned i = 0; i < sizeof messages / sizeof messages[0]; i++)
                assert_int_equal(lf_manifest_read(messages[i], strlen(messages[i]), &calls, &asked, &e), 0);
        assert_int_equal(asked, 2 + 4 + 3 + 3 + 1);
}

/* Each name of a record, in order, with '|' behind it. */
static int list_names(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        uint8_t record[LF_PERSON_RECORD_MAX];
        char *to = context;
        size_t n;
        assert_true(p->notes & LF_NOTE_DIGIT_IN_NAME);
        assert_int_equal(lf_party_person(p, 'P', record, sizeof record, &n), 0);
        for (size_t at = 0; at + LF_PERSON_FIELD_HEAD <= n;
             at += LF_PERSON_FIELD_HEAD + (unsigned)(record[at + 1] | record[at + 2] << 8))
                if (record[at] == LF_PERSON_NAME || record[at] == LF_PERSON_ALIAS)
                        to += sprintf(to, "%.*s|", record[at + 1] | record[at + 2] << 8,
                                      record + at + LF_PERSON_FIELD_HEAD);
        return 0;
}

static void test_digits_in_names(void **state)
{
        static const char message[] = PAX("TDT+20+1'NAD+FL+++SM1TH:JOHN4'LOC+91+1'", "6");
        const struct lf_manifest_calls calls = {.party = list_names};
        struct lf_manifest_error e;
        char names[512] = "";
        assert_int_equal(lf_manifest_read(message, strlen(message), &calls, names, &e), 0);
        assert_string_equal(names, "JOHN4 SM1TH|JOHN SMTH|");
}

/* ---- The data folder ---- */
/* Read to the end, or refused with segment, position and rule. */
static void test_data_folder(void **state)
{
        static const struct {
                const char *file;
                unsigned parties; /* given, read or not */
                bool whole;
        } files[] = {
            {"paxlst/gtas_apisMessage.txt", 2, true},
            {"paxlst/gtas_multiple_flight_leg_apis.txt", 2, false},
            {"paxlst/gtas_tamr_flight1.txt", 10, false},
            {"paxlst/gtas_tamr_flight3.txt", 10, false},
            {"paxlst/guide05b_twoleg.edi", 1, true},
            {"paxlst/guide15b_ex5_3.edi", 2, true},
            {"paxlst/smooks_bad_d03b.txt", 0, false},
            {"paxlst/gtas_Test3.txt", 69, false},
            {"pnrgov/gtasJ_PnrUtilsTest_1.edi", 0, false},
            {"pnrgov/gtasL_2_pnrs_basic.edi", 4, false},
            {"pnrgov/gtasL_adult_and_infant.edi", 2, true},
            {"pnrgov/gtasL_pnr1.txt", 2, false},
            {"pnrgov/gtasL_pnr2.txt", 2, false},
            {"pnrgov/gtasL_pnr3.txt", 4, false},
            {"pnrgov/gtasP_pnrEdge.txt", 1, false},
            {"pnrgov/gtasP_pnrMessagePg77.txt", 1, false},
            {"pnrgov/staedi_11_1.edi", 2, true},
            {"x12/004010_309_0.edi", 30, false},
            {"x12/004010_310.edi", 0, false},
            {"x12/005010_309_b.edi", 0, false},
            {"cuscar/tsedifact_d99b_warrel.edi", 0, true},
            {"cusrep/tsedifact_d99b_depart.edi", 0, true},
            {"baplie/staedi_d95b.edi", 0, false},
            {"cargo_imp/ffm8.txt", 0, false},
            {"cargo_xml/888-11111111_XFWB_noModeCode.xml", 0, false},
        };
        static uint8_t bytes[1 << 20];
        const char *data = test_data();
        for (unsigned i = 0; data && i < sizeof files / sizeof files[0]; i++) {
                char folder[4200];
                snprintf(folder, sizeof folder, "%s/manifests", data);
                size_t n = test_file(folder, files[i].file, bytes, sizeof bytes);
                struct transcript t = transcribe(bytes, n, NULL, NULL);
                if ((t.result == 0) != files[i].whole || t.parties != files[i].parties)
                        print_error("%s:\n%s\n", files[i].file, t.text);
                assert_int_equal(t.result == 0, files[i].whole);
                assert_int_equal(t.parties, files[i].parties);
                if (t.result < 0) {
                        assert_true(t.error.rule > LF_RULE_NONE);
                        assert_true(t.error.at.segment > 0 && t.error.at.line > 0);
                }
                transcript_free(&t);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_paxlst),
            cmocka_unit_test(test_paxlst_legs),
            cmocka_unit_test(test_paxlst_odd_travellers),
            cmocka_unit_test(test_totals),
            cmocka_unit_test(test_lines_of_any_length),
            cmocka_unit_test(test_nameless),
            cmocka_unit_test(test_pnrgov),
            cmocka_unit_test(test_pnrgov_whose_document),
            cmocka_unit_test(test_tbd),
            cmocka_unit_test(test_cargo),
            cmocka_unit_test(test_many_parties),
            cmocka_unit_test(test_limits),
            cmocka_unit_test(test_queries),
            cmocka_unit_test(test_digits_in_names),
            cmocka_unit_test(test_data_folder),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
