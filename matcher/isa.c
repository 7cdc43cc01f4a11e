#include "matcher/isa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* arch/x86/include/uapi/asm/prctl.h, since Linux 5.16; older headers lack them. */
#define REQUEST_STATE 0x1023
#define TILE_DATA     18

static const char *const names[LF_ISA_COUNT] = {
    [LF_ISA_SCALAR] = "scalar",
    [LF_ISA_AVX2] = "avx2",
    [LF_ISA_AVX512] = "avx512",
    [LF_ISA_AMX] = "amx",
};

const char *lf_isa_name(enum lf_isa isa)
{
        return (unsigned)isa < LF_ISA_COUNT ? names[isa] : "unknown";
}

static bool has_avx512(void)
{
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni") &&
               __builtin_cpu_supports("avx512bitalg") && __builtin_cpu_supports("avx512vpopcntdq");
}

static bool has_amx(void)
{
        if (!has_avx512())
                return false;
        unsigned a = 7, b = 0, c = 0, d = 0;
        __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
        if (!(d >> 24 & 1) || !(d >> 25 & 1)) /* AMX-TILE, AMX-INT8 */
                return false;
        return syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

bool lf_isa_has(enum lf_isa isa)
{
        switch (isa) {
        case LF_ISA_SCALAR:
                return true;
        case LF_ISA_AVX2:
                return __builtin_cpu_supports("avx2");
        case LF_ISA_AVX512:
                return has_avx512();
        case LF_ISA_AMX:
                return has_amx();
        default:
                return false;
        }
}

int lf_isa_choose(enum lf_isa *ret)
{
        const char *given = getenv("LANDFALL_ISA");
        if (!given || !*given) {
                int best = LF_ISA_COUNT - 1;
                while (!lf_isa_has((enum lf_isa)best))
                        best--;
                *ret = (enum lf_isa)best;
                return 0;
        }
        for (int i = 0; i < LF_ISA_COUNT; i++) {
                if (strcmp(given, names[i]) != 0)
                        continue;
                if (!lf_isa_has((enum lf_isa)i))
                        return -ENOTSUP;
                *ret = (enum lf_isa)i;
                return 0;
        }
        return -EINVAL;
}
