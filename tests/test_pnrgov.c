/* PNRGOV of each version that is read, as airlines' systems send them (IATA/ICAO/WCO PNRGOV guide, IATA
 * AIRIMP): who travels, and which document is whose. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/manifest_transcript.h"

/* A message of this version, its trailer counted. */
static struct transcript read_pnrs(const char *version, const char *body)
{
        char text[16384];
        unsigned segments = 2;
        for (const char *p = body; *p; p++)
                segments += *p == '\'' && (p == body || p[-1] != '?');
        int n =
            snprintf(text, sizeof text,
                     "UNA:+.?*'UNB+IATA:1+QX+BORDERS+240310:0815+P1++PNRGOV'"
                     "UNG+PNRGOV+QX+BORDERS+240310:0815+G1+IA+%s'UNH+1+PNRGOV:%s:IA+QX12/100324/1030+01:F'"
                     "%sUNT+%u+1'UNE+1+G1'UNZ+1+P1'",
                     version, version, body, segments);
        assert_in_range(n, 1, sizeof text - 1);
        return transcribe(text, (size_t)n, NULL, NULL);
}

/* The lines of its travellers, from their names on, and no others. */
static void assert_travel(const char *version, const char *body, const char *const *who, unsigned n)
{
        struct transcript t = read_pnrs(version, body);
        const char *at = t.text;
        if (t.result || t.parties != n)
                print_error("%s\n", t.text);
        assert_int_equal(t.result, 0);
        assert_int_equal(t.parties, n);
        for (unsigned i = 0; i < n; i++) {
                const char *line = strchr(at, '\n') + 1, *name = strchr(line, '[');
                if (!name || strncmp(name, who[i], strlen(who[i])) != 0)
                        print_error("expected of %u: %s\nin:\n%s\n", i + 1, who[i], t.text);
                assert_non_null(name);
                assert_int_equal(strncmp(name, who[i], strlen(who[i])), 0);
                at = line;
        }
        transcript_free(&t);
}

#define FLIGHT "MSG+:22'ORG+QX:AAA'TVL+100324:1030:100324:1400+AAA+BBB+QX+12'"
#define TRAVEL(version, body, ...)                                                                           \
        do {                                                                                                 \
                static const char *const who[] = {__VA_ARGS__};                                              \
                assert_travel(version, FLIGHT body, who, sizeof who / sizeof *who);                          \
        } while (0)

/* Two bookings: a couple with an infant, whose documents stand with the mother; a family of one surname, with
 * tickets, fares, payment, bags; flights before and after the one that is reported, one of them open, one on
 * land; a visa. */
#define BODY_10                                                                                              \
        "EQN+2'SRC'RCI+QX:AB12CD::010224:1200'SSR+SPML:HK:1:QX+::2'DAT+700:090324:2359'"                     \
        "ORG+QX:AAA+12345675:AAAQX0100+AAA+QX:AAA+A+US:USD:EN+A0012AS'ADD++700:12 HIGH "                     \
        "ST:TOWN:OR::US:97201'"                                                                              \
        "EBD+USD:40.00+2::N'TIF+HOLM:I+INGRID MRS:A:1:1'FTI+QX:800123456:::ELITE'IFT+4:15:9+AAA QX BBB'"     \
        "REF+:AA11BB22'FAR+N+++++YOW'"                                                                       \
        "SSR+DOCS:HK:1:QX:::::/P/NOR/N1000001/NOR/03FEB24/FI/03FEB29/HOLM/INGA'"                             \
        "SSR+DOCS:HK:1:QX:::::/P/NOR/N1000002/NOR/09SEP90/F/09SEP30/HOLM/INGRID/SOLVEIG'"                    \
        "SSR+DOCA:HK:1:QX:::::/R/NOR/STORGATA 1/OSLO//0150'"                                                 \
        "TKT+0551234567890:T:1'MON+B:500.00:USD+T:612.10:USD'PTK+NR++010224:1200+QX+006+AAA'TXD++6.10::USD'" \
        "DAT+710:010224'FOP+CC:::VI:XXXXXXXXXXXX1186:1226'IFT+4:43+HOLM INGRID'ADD++702:12 HIGH ST'"         \
        "TIF+HOLM:I+IVAR MR:A:2'REF+:AA11BB23'SSR+DOCS:HK:1:QX:::::/P/NOR/N1000003/NOR/29FEB88/M/01JAN30/"   \
        "HOLM/IVAR'SSR+DOCO:HK:1:QX:::::/OSLO/V/V2000003/OSLO/01JAN24/USA'"                                  \
        "TVL+090324:2100:100324:0700+OSL+AAA+QX+11:Y'RPI+2+HK'APD+320'"                                      \
        "SSR+INFT:HK:1:QX:::OSL:AAA:HOLM/INGA 03FEB24+::1'"                                                  \
        "SSR+SEAT:HK:2:QX:::OSL:AAA+07A::1:N+07B::2:N'"                                                      \
        "TVL+100324:1030:100324:1400+AAA+BBB+QX+12:Y'TRA+QZ+512:Y'RPI+2+HK'APD+738'RCI+QZ:QZQZQZ'"           \
        "SSR+SEAT:HK:2:QX:::AAA:BBB+21A::1:N+21B::2:N'DAT+2:100324:0800'ORG+QX:AAA++++A'TRI++AAA-5:::1'"     \
        "TIF+HOLM:I+INGRID MRS:A:1'SSD+22A++++Y'TBD++1:20:700++HP:AAA-5+618:0012345678:1:BBB'"               \
        "TVL+:::+BBB+ARNK'TVL+120324+CCC+AAA+QX+OPEN:Y'"                                                     \
        "SRC'RCI+QX:EF34GH::020224:1200'TIF+GARCIA+MARTIN MR:A:1'REF+:X1'TIF+GARCIA+M MRS:A:2'REF+:X2'"      \
        "TIF+GARCIA+LUZCHD:C:3'REF+:X3'SSR+CHLD:HK:1:QX:::::05MAY18'"                                        \
        "SSR+DOCS:HK:1:QX:::::/P/ESP/E30/ESP/05MAY1985/F/05MAY31/GARCIA/MARIA+::2'"                          \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'SSR+DOCS:HK:1:QX:::AAA:BBB:/P/ESP/E31/ESP/06JUN84/M/06JUN31/"       \
        "GARCIA/MARTIN'SSR+DOCS:HK:1:QX:::AAA:BBB:/P/ESP/E32/ESP/05MAY18/F/06JUN27/GARCIA/LUZ'"

static void test_10_1(void **state)
{
        TRAVEL(
            "10:1", BODY_10,
            "[INGRID MRS HOLM|HOLM|INGRID MRS] [INGRID HOLM|HOLM|INGRID] [INGRID SOLVEIG HOLM|HOLM|INGRID "
            "SOLVEIG] born=19900909 F of NOR P/P/NOR/N1000002 until=20300909 pnr=AB12CD ref=AA11BB22 "
            "seat=07A",
            "[IVAR MR HOLM|HOLM|IVAR MR] [IVAR HOLM|HOLM|IVAR] born=19880229 M of NOR P/P/NOR/N1000003 "
            "until=20300101 V/V/USA/V2000003 pnr=AB12CD ref=AA11BB23 seat=07B",
            "[INGA HOLM|HOLM|INGA] born=20240203 F of NOR P/P/NOR/N1000001 until=20290203 "
            "pnr=AB12CD",
            "[MARTIN MR GARCIA|GARCIA|MARTIN MR] [MARTIN GARCIA|GARCIA|MARTIN] born=19840606 M of ESP "
            "P/P/ESP/E31 until=20310606 pnr=EF34GH ref=X1",
            "[M MRS GARCIA|GARCIA|M MRS] [M GARCIA|GARCIA|M] [MARIA GARCIA|GARCIA|MARIA] born=19850505 F of "
            "ESP P/P/ESP/E30 until=20310505 pnr=EF34GH ref=X2",
            "[LUZCHD GARCIA|GARCIA|LUZCHD] [LUZ GARCIA|GARCIA|LUZ] born=20180505 F of ESP "
            "P/P/ESP/E32 until=20270606 pnr=EF34GH ref=X3");
}

/* Texts that begin as different systems begin them; who a document is of, said in each way. */
#define BODY_11                                                                                              \
        "EQN+3'SRC'RCI+QX:JJ0001::010224:1200'"                                                              \
        "TIF+VOGEL+KARIN DR MRS:A:1'TIF+VOGEL+ALEKSANDR:A:2'TIF+O NEILL+SHAWN MR:A:3'"                       \
        "SSR+DOCS:HK:1:QX:::::////19JAN64/F//VOGEL/KARIN'"      /* no '/' in front, four fields empty */     \
        "SSR+DOCS:HK:1:QX::::://///07FEB60/M//VOGEL/ALEKSANDR'" /* one, and four fields empty */             \
        "SSR+DOCS:HK:1:QX:::::P/IRL/LB1000009/IRL/08MAR70/M/08MAR30/ONEILL/SHAWN/PATRICK/H'"                 \
        "SSR+DOCO:HK:1:QX:::::/V/V7700001/USA//USA+::1'" /* place of birth empty, no '/' in front */         \
        "SSR+DOCO:HK:1:QX::::://V/V7700002/BONN/14MAR23/USA+::2'" /* and with one */                         \
        "SSR+DOCO:HK:1:QX:::AAA:BBB:0001Y28JUN//R/1234567890123///US+::3'"                                   \
        "TVL+100324:1030:100324:1400+AAA+BBB+QX+12:Y'RPI+3+HK'"                                              \
        "SRC'RCI+QX:JJ0002'TIF+AVDIU+ILIR:A:1'TIF+AVDIU+ARTA:A:2'"                                           \
        "SSR+DOCS:HK:1:QX:::::/P/ALB/BA777/ALB/14JUL71/M/14JUL31/AVDIU/ILIR-1AVDIU/ILIR'"                    \
        "SSR+DOCS:HK:1:QX::::://P/BA778/14JUL73/F/28MAY31/AVDIU/ARTA'" /* countries left out */              \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'"                                                                   \
        "SRC'RCI+QX:JJ0003'TIF+BEAL+HADI MR:A:1'TIF+BEAL+HANA:A:2'"                                          \
        "SSR+DOCS:HK:1:QX:::::P/LBN/2390602/LBN/19JAN64/M/05NOV27/BEAL/HADI/S2'"                             \
        "SSR+PSPT:HK:1:QX:::::/PP998877/LB/07JUL66/BEAL/HANA/F'"                                             \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'"

static void test_11_1(void **state)
{
        TRAVEL(
            "11:1", BODY_11,
            "[KARIN DR MRS VOGEL|VOGEL|KARIN DR MRS] [KARIN VOGEL|VOGEL|KARIN] born=19640119 F "
            "V/V/USA/V7700001 "
            "pnr=JJ0001",
            "[ALEKSANDR VOGEL|VOGEL|ALEKSANDR] born=19600207 M V/V/USA/V7700002 pnr=JJ0001",
            "[SHAWN MR O NEILL|O NEILL|SHAWN MR] [SHAWN O NEILL|O NEILL|SHAWN] [SHAWN PATRICK ONEILL|ONEILL|"
            "SHAWN PATRICK] born=19700308 M of IRL P/P/IRL/LB1000009 until=20300308 O/R/US/1234567890123 "
            "pnr=JJ0001",
            "[ILIR AVDIU|AVDIU|ILIR] born=19710714 M of ALB P/P/ALB/BA777 until=20310714 pnr=JJ0002",
            "[ARTA AVDIU|AVDIU|ARTA] born=19730714 F pnr=JJ0002",
            "[HADI MR BEAL|BEAL|HADI MR] [HADI BEAL|BEAL|HADI] born=19640119 M of LBN P/P/LBN/2390602 "
            "until=20271105 pnr=JJ0003",
            "[HANA BEAL|BEAL|HANA] born=19660707 F P//LB/PP998877 pnr=JJ0003");
}

/* The document that a ticket was issued for, in each way of writing it; cards are none, and what DOCS has
 * said is not said again. */
#define BODY_FOID                                                                                            \
        "EQN+1'SRC'RCI+QX:FO0001'TIF+HOLM+IVAR:A:1'TIF+HOLM+ADA:A:2'TIF+WEI+LI:A:3'TIF+BEY+CAN:A:4'"         \
        "SSR+FOID:HK:1:QX:::::PPX1234567+::1'SSR+FOID:HK:1:QX:::::/PP-X2222222-1HOLM/ADA+::2'"               \
        "SSR+FOID:HK:1:QX:::::NI110101199001011234/P3+::3'SSR+FOID:HK:1:QX:::::CC4111111111111111+::3'"      \
        "SSR+DOCS:HK:1:QX:::::/P/TUR/U0000001/TUR/01JAN80/M/01JAN30/BEY/CAN+::4'"                            \
        "SSR+FOID:HK:1:QX:::::PP/U0000001+::4'SSR+FOID:HK:1:QX:::::P+::4'"                                   \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'"

static void test_foid(void **state)
{
        TRAVEL("11:1", BODY_FOID, "[IVAR HOLM|HOLM|IVAR] P/PP//X1234567 pnr=FO0001",
               "[ADA HOLM|HOLM|ADA] P/PP//X2222222 pnr=FO0001",
               "[LI WEI|WEI|LI] I/NI//110101199001011234 pnr=FO0001",
               "[CAN BEY|BEY|CAN] born=19800101 M of TUR P/P/TUR/U0000001 until=20300101 pnr=FO0001");
}

/* EQN before the PNRs counts them. */
static void test_count_of_pnrs(void **state)
{
        static const struct {
                const char *body;
                bool noted;
        } row[] = {
            {FLIGHT "EQN+1'SRC'RCI+QX:A'EQN+2'TIF+A+B:A:1'", false},
            {FLIGHT "SRC'RCI+QX:A'TIF+A+B:A:1'", false},
            {FLIGHT "EQN+2'SRC'RCI+QX:A'TIF+A+B:A:1'", true},
            {FLIGHT "EQN+1'SRC'RCI+QX:A'TIF+A+B:A:1'SRC'RCI+QX:B'TIF+C+D:A:1'", true},
            {FLIGHT "EQN+x'SRC'RCI+QX:A'TIF+A+B:A:1'", false},
        };
        for (unsigned i = 0; i < sizeof row / sizeof row[0]; i++) {
                struct transcript t = read_pnrs("11:1", row[i].body);
                const char *end = strstr(t.text, "end ");
                assert_int_equal(t.result, 0);
                assert_non_null(end);
                char notes[32];
                snprintf(notes, sizeof notes, "notes=%x", LF_NOTE_COUNT);
                assert_int_equal(strstr(end, notes) != NULL, row[i].noted);
                transcript_free(&t);
        }
}

/* A booking that was split, whose history names who left; one that was cancelled; names that are alike. */
#define BODY_12                                                                                              \
        "EQN+3'SRC'RCI+QX:SP0001::010224:1200+QX:SP0000'"                                                    \
        "EQN+1:2'TIF+ROSSI+MARIA:A:2:1'SSR+INFT:HK:1:QX:::::ROSSI/MARIE 01JAN24'"                            \
        "SSR+DOCS:HK:1:QX:::::/P/ITA/YB1/ITA/01JAN24/UI/01JAN29/ROSSI/MARIE+::2'"                            \
        "SSR+DOCS:HK:1:QX:::::/P/ITA/YB2/ITA/02FEB90/F/02FEB30/ROSSI/MARIA+::2'"                             \
        "TVL+100324:1030:100324:1400+AAA+BBB+QX+12:Y'RPI+1+HK'"                                              \
        "ABI+4+DCS:02+AAA++QX'DAT+T2:050324:0800'SAC+++X'TIF+BIANCHI+UGO MR:A:1'"                            \
        "SSR+DOCS:HK:1:QX:::::/P/ITA/YB3/ITA/03MAR80/M/03MAR30/BIANCHI/"                                     \
        "UGO'SAC+++A'TVL+100324+AAA+BBB+QX+14'"                                                              \
        "SRC'RCI+QX:CA0001'TIF+NOGO+ANN MISS:A:1'ABI+4+DCS:02'SAC+++XX'TVL+100324:1030+AAA+BBB+QX+12:Y'"     \
        "SRC'RCI+QX:EQ0001'TIF+SMITH+JOHN:A'TIF+SMITH+JOHN:A'TIF+SMITH+ANNA:C'TIF+SMITH+ANN:C'"              \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'"                                                                   \
        "SSR+DOCS:HK:1:QX:::::/P/GBR/10/GBR/01JAN60/M/01JAN30/SMITH/JOHN'"                                   \
        "SSR+DOCS:HK:1:QX:::::/P/GBR/11/GBR/01JAN90/M/01JAN30/SMITH/JOHN'"                                   \
        "SSR+DOCS:HK:1:QX:::::/P/GBR/12/GBR/01JAN15/F/01JAN25/SMITH/ANN'"                                    \
        "SSR+DOCS:HK:1:QX:::::/P/GBR/13/GBR/01JAN15/F/01JAN25/SMITH/ANNA'"                                   \
        "SSR+DOCS:HK:1:QX:::::/P/GBR/14/GBR/01JAN66/F/01JAN25/SMITHSON/JO'"

static void test_12_1(void **state)
{
        TRAVEL("12:1", BODY_12,
               "[MARIA ROSSI|ROSSI|MARIA] born=19900202 F of ITA P/P/ITA/YB2 until=20300202 pnr=SP0001",
               "[MARIE ROSSI|ROSSI|MARIE] born=20240101 of ITA P/P/ITA/YB1 until=20290101 pnr=SP0001",
               "[ANN MISS NOGO|NOGO|ANN MISS] [ANN NOGO|NOGO|ANN] pnr=CA0001",
               "[JOHN SMITH|SMITH|JOHN] born=19600101 M of GBR P/P/GBR/10 until=20300101 pnr=EQ0001",
               "[JOHN SMITH|SMITH|JOHN] born=19900101 M of GBR P/P/GBR/11 until=20300101 pnr=EQ0001",
               "[ANNA SMITH|SMITH|ANNA] born=20150101 F of GBR P/P/GBR/13 until=20250101 pnr=EQ0001",
               "[ANN SMITH|SMITH|ANN] born=20150101 F of GBR P/P/GBR/12 until=20250101 pnr=EQ0001",
               "[JO SMITHSON|SMITHSON|JO] born=19660101 F of GBR P/P/GBR/14 until=20250101 pnr=EQ0001");
}

/* A group with several names in one segment; someone who is first named at check-in; an infant with a name of
 * its own and one that only the history of texts (LTS) repeats; no birth known; a text in another case. */
#define BODY_13                                                                                              \
        "EQN+2'SRC'RCI+QX:GR0001'TIF+TOUR 7:G'TIF+Lindqvist:I+Bo MR:A:1+Eva MRS:A:2+Ida:IN:3'"               \
        "SSR+DOCS:HK:1:QX:::::/P/SWE/90000001/SWE//M/01JAN30/LINDQVIST/BO+::1'"                              \
        "SSR+DOCS:HK:1:QX:::::/I/SE/90000002/SE/31FEB80/F/01JAN30/LINDQVIST/EVA+::2'"                        \
        "SSR+DOCS:HK:1:QX:::::/P/SWE/90000003/SWE/01DEC23/FI/01JAN28/LINDQVIST/IDA ELSA+::2'"                \
        "TVL+100324:1030+AAA+BBB+QX+12:Y'DAT+2:100324:0800'TRI++AAA-9:::4'TIF+NYSTROM+PER MR:A:4'"           \
        "SSD+30C++++Y'TBD++2:33:700++HP:AAA-9+618:1:1:BBB'TRI++AAA-8:::2'TIF+Lindqvist:I+Eva MRS:A:2'"       \
        "SSD+30D'TRI++AAA-7:::5'TIF+Lindqvist:I+Eva MRS:A:2+Boel:A'SSD+30E'LTS+0/O/NM/LINDQVIST/BO "         \
        "MR(ADT)'LTS+SSR "                                                                                   \
        "DOCSQXHK1 P/SWE/1/SWE/01JAN01/M/01JAN30/X/Y'"                                                       \
        "SRC'RCI+QX:GR0002'TIF+WEI'TIF+SON+YU?'RI:A:2'TVL+100324:1030+AAA+BBB+QX+12:Y'LTS+X'"

static void test_13_1(void **state)
{
        TRAVEL("13:1", BODY_13, "[TOUR 7||] pnr=GR0001",
               "[Bo MR Lindqvist|Lindqvist|Bo MR] [Bo Lindqvist|Lindqvist|Bo] [BO LINDQVIST|LINDQVIST|BO] M "
               "of SWE "
               "P/P/SWE/90000001 until=20300101 pnr=GR0001",
               "[Eva MRS Lindqvist|Lindqvist|Eva MRS] [Eva Lindqvist|Lindqvist|Eva] [EVA "
               "LINDQVIST|LINDQVIST|EVA] F of "
               "SE I/I/SE/90000002 until=20300101 pnr=GR0001 ref= seat=30D",
               "[Ida Lindqvist|Lindqvist|Ida] [IDA ELSA LINDQVIST|LINDQVIST|IDA ELSA] born=20231201 F of SWE "
               "P/P/SWE/90000003 until=20280101 pnr=GR0001",
               "[PER MR NYSTROM|NYSTROM|PER MR] [PER NYSTROM|NYSTROM|PER] pnr=GR0001 ref= seat=30C",
               "[Boel Lindqvist|Lindqvist|Boel] pnr=GR0001 ref= seat=30E", "[WEI|WEI|] pnr=GR0002",
               "[YU'RI SON|SON|YU'RI] pnr=GR0002");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_10_1),          cmocka_unit_test(test_11_1), cmocka_unit_test(test_foid),
            cmocka_unit_test(test_count_of_pnrs), cmocka_unit_test(test_12_1), cmocka_unit_test(test_13_1),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
