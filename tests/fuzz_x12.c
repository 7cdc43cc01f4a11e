/* X12 interchanges. */
#include "tests/fuzz_manifest.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        return lf_engines_init();
}

#define ISA                                                                                                  \
        "ISA*00*          *00*          *ZZ*L              *ZZ*C              "                              \
        "*240310*0815*^*00501*000000042*0*P*>~"

static const char *const heads[] = {
    "ISA",
    "ISA*00*          *00*          *ZZ*L              *ZZ*C              "
    "*240310*0815*U*00401*000000042*0*P*>",
    ISA "GS*SO*L*C*20240310*0815*7*X*004010~ST*309*1~",
    ISA "GS*SO*L*C*20240310*0815*7*X*004010~ST*309*1~LX*1~M11*BL*~N1*SH*A~N2*",
    ISA "GS*SO*L*C*20240310*0815*7*X*004010~ST*309*1~N1*CN*A~SE*3*1~GE*1*7~IEA*1*000000042~",
};

static const char *const tokens[] = {
    "~", "*", ">", "^", "\r\n", "~SE*3*1", "~GE*1*7", "~IEA*1*000000042", "~N1*CN*"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        return fuzz_manifest(data, size, heads, sizeof heads / sizeof heads[0], tokens,
                             sizeof tokens / sizeof tokens[0]);
}
