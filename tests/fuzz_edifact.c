/* EDIFACT messages. */
#include "tests/fuzz_manifest.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        return lf_engines_init();
}

#define UNB(charset) "UNB+" charset "+A+B+240310:0815+C'"

#define RELEASED                                                                                             \
        "UNA:+.?*'UNB+UNOC:4+A+B+240310:0815+C\?\?'UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20'"                    \
        "NAD+FL+++A\?\?'UNT+5+1'UNZ+1+C\?\?'"

static const char *const heads[] = {
    "",
    "UNA:+.\\ ~UNB+UNOC:3+A+B+240310:0815+C~",
    UNB("UNOY:4") "UNH+1+PAXLST:D:05B:UN'BGM+745'TDT+20+X1'NAD+FL+++",
    UNB("UNOA:4") "UNG+PAXLST+A+B+240310:0815+1+UN+D:05B'UNH+1+PAXLST:D:12B:UN'BGM+745'TDT+20+X1'NAD+FL+++A:"
                  "B'",
    RELEASED,
    UNB("UNOC:3") "UNH+1+CUSCAR:D:99B:UN'BGM+1'NAD+CN+++",
    UNB("IATA:1") "UNH+1+PNRGOV:11:1:IA'MSG+:22'SRC'TIF+A+B:A:1'SSR+DOCS:HK:1:QX:::::/P/",
    UNB("IATA:1") "UNH+1+PNRGOV:13:1:IA'MSG+:22'SRC'RCI+QX:L'SSR+INFT:HK:1:QX:::::A/B "
                  "01JAN24+::1'TIF+A+B:A:1'",
};

static const char *const tokens[] = {
    "?", "'", "+", ":", "\?\?", "?'", "\r\n", "'UNT+5+1", "'UNZ+1+C", "'NAD+FL+++", "'DTM+329:640815",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return fuzz_manifest(data, size, heads, sizeof heads / sizeof heads[0], tokens,
                             sizeof tokens / sizeof tokens[0]);
}
