/* Messages that the tests of manifests read: invented, no two alike. */
#pragma once

#define PAXLST_HEAD                                                                                          \
        "UNB+UNOA:4+ACMEAIR:ZZ+BORDERS:ZZ+240310:0815+CTL77'UNG+PAXLST+ACMEAIR:ZZ+BORDERS:ZZ+240310:0815+9+" \
        "UN+D:05B'"                                                                                          \
        "UNH+M1+PAXLST:D:05B:UN:IATA+COMMON1+01:F'BGM+745'RFF+TN:TRX9:::1'NAD+MS+++HELP DESK'COM+1 555:TE'"  \
        "TDT+20+QX12+++QX'LOC+125+AAA'DTM+189:2403101030:201'LOC+87+BBB'DTM+232:2403101400:201'"

#define PAXLST_RIGHT                                                                                         \
        PAXLST_HEAD                                                                                          \
        "NAD+FL+++PETROVA:ANNA:MARIA+1 LONG STREET:FLAT "                                                    \
        "2+TOWN+ON+K1A+CAN'ATT+2++F'DTM+329:820228'LOC+178+AAA'"                                             \
        "LOC+179+BBB'LOC+174+CAN'NAT+2+CAN'RFF+AVF:LOC001'RFF+ABO:UREF?+1'RFF+SEA:12C'DOC+P:110:111+"        \
        "AB123456'"                                                                                          \
        "DTM+36:280501'LOC+91+CAN'DOC+V:110:111+V99'DTM+36:250501'LOC+91+US'"                                \
        "NAD+FM+++O?'NEIL:SEAN'ATT+2++M'DTM+329:19700102:102'NAT+2+IRL'"                                     \
        "CNT+42:2'UNT+32+M1'UNE+1+9'UNZ+1+CTL77'"

#define PNRGOV_RIGHT                                                                                         \
        "UNA:+.\\*'\nUNB+IATA:1+QX+BORDERS+240310:0815+P1'\nUNH+1+PNRGOV:11:1:IA+QX12/100324/"               \
        "1030'\nMSG+:22'\n"                                                                                  \
        "ORG+QX:AAA'\nTVL+100324:1030:100324:1400+AAA+BBB+QX+12'\nEQN+2'\n"                                  \
        "SRC'\nRCI+QX:REC001::010224:1200'\nSSR+DOCO:HK:1:QX:::::/TOWN/V/VISA77/CITY/01JAN23/USA+::1'\n"     \
        "TIF+ROSSI+GIULIA MRS:A:1:1'\nREF+:U1'\nTIF+ROSSI+MARCO:C:2'\nREF+:U2'\n"                            \
        "SSR+DOCS:HK:1:QX:::::/P/ITA/YA1/ITA/05MAY80/F/06JUN30/ROSSI/GIULIA/ANNA'\n"                         \
        "SSR+DOCS:HK:1:QX:::::/P/ITA/YA2/ITA/07JUL15/M/06JUN25/ROSSI/MARCO'\n"                               \
        "SSR+INFT:HK:1:QX:::AAA:BBB:ROSSI/PIA 20FEB24+::1'\n"                                                \
        "TVL+100324:1030:100324:1400+AAA+BBB+QX+12:Y'\nRPI+2+HK'\n"                                          \
        "SSR+DOCS:HK:1:QX:::AAA:BBB:/P/ITA/YA1/ITA/05MAY80/F/06JUN30/ROSSI/GIULIA/ANNA+::1'\n"               \
        "SSR+SEAT:HK:2:QX:::AAA:BBB+21A::1+21B::2'\nTRI++5:::1'\nTIF+ROSSI+GIULIA MRS:A:1'\nSSD+21A++++Y'\n" \
        "TBD++1:10:700++HP:BBB+618:0123456789:1:BBB'\n"                                                      \
        "SRC'\nRCI+QX:REC002'\nTIF+LEE+MINJR:A:7'\nTVL+100324:1030+AAA+BBB+QX+12:Y'\n"                       \
        "SSR+DOCS:HK:1:QX:::::/P/KOR/M5/KOR/01JAN99/X/01JAN29/PARK/JISOO'\nUNT+29+1'\nUNZ+1+P1'\n"

#define CUSCAR_RIGHT                                                                                         \
        "UNB+UNOC:3+LINE+CUSTOMS+240310:0815+C9'UNH+7+CUSCAR:D:95B:UN'BGM+85+MAN1+9'TDT+20+V8E++++++:::SEA " \
        "STAR'"                                                                                              \
        "LOC+9+NLRTM'LOC+11+USNYC'DTM+132:20240320:102'CNI+1+BL001'NAD+CZ+++M\xfcller GmbH:und "             \
        "S\xf6hne+HAFEN 1'"                                                                                  \
        "NAD+CN++BUYER LTD:QUAY 2:NEW YORK'NAD+CA+LINE:172:20'CNI+2'RFF+BM:BL002'NAD+NI+++JOHN "             \
        "SMITH'UNT+14+7'"                                                                                    \
        "UNZ+1+C9'"

#define X12_309_RIGHT                                                                                        \
        "ISA*00*          *00*          *ZZ*LINE           *ZZ*CUSTOMS        "                              \
        "*240310*0815*U*00401*000000042*0*T*>~\n"                                                            \
        "GS*SO*LINE*CUSTOMS*20240310*0815*7*X*004010~\nST*309*0007~\nM10*LINE*O*PA*9123456*SEA "             \
        "STAR*8E*MAN1~\n"                                                                                    \
        "P4*2704*240320~\nLX*1~\nM11*BL100*35177*1*PKG~\nN1*SH*FIRST TRADER~\nN2*AND COMPANY~\nN3*ROAD "     \
        "1*UNIT 2~\n"                                                                                        \
        "N4*TOWN*SP*01000*BR~\nN1*CN*SECOND TRADER~\nN1*FS*USNYC**USNYC~\nLX*2~\nN1*N1*MARY "                \
        "JONES~\nSE*14*0007~\n"                                                                              \
        "GE*1*7~\nIEA*1*000000042~\n"
