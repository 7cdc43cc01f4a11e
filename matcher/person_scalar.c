/* The reference: what every processor runs. */
#include "matcher/person_lanes.h"

const struct lf_person_kernel lf_person_kernel_scalar = {possible, distance};

const struct lf_person_kernel *lf_person_kernel_for(enum lf_isa isa)
{
        return isa >= LF_ISA_AVX512 ? &lf_person_kernel_avx512
               : isa >= LF_ISA_AVX2 ? &lf_person_kernel_avx2
                                    : &lf_person_kernel_scalar;
}

uint8_t lf_letter_code(char letter)
{
#define CLASS(c, place) ((c) << 3 | (place))
        static const uint8_t code[256] = {
            ['a'] = 0,
            ['e'] = 1,
            ['i'] = 2,
            ['o'] = 3,
            ['u'] = 4,
            ['y'] = 5,
            ['h'] = 7,
            ['b'] = CLASS(1, 0),
            ['p'] = CLASS(1, 1),
            ['c'] = CLASS(2, 0),
            ['g'] = CLASS(2, 1),
            ['k'] = CLASS(2, 2),
            ['q'] = CLASS(2, 3),
            ['d'] = CLASS(3, 0),
            ['t'] = CLASS(3, 1),
            ['f'] = CLASS(4, 0),
            ['v'] = CLASS(4, 1),
            ['w'] = CLASS(4, 2),
            ['j'] = CLASS(5, 0),
            ['l'] = CLASS(6, 0),
            ['m'] = CLASS(7, 0),
            ['n'] = CLASS(8, 0),
            ['r'] = CLASS(9, 0),
            ['s'] = CLASS(10, 0),
            ['x'] = CLASS(10, 1),
            ['z'] = CLASS(10, 2),
            ['0'] = CLASS(11, 0),
            ['1'] = CLASS(12, 0),
            ['2'] = CLASS(13, 0),
            ['3'] = CLASS(14, 0),
            ['4'] = CLASS(15, 0),
            ['5'] = CLASS(16, 0),
            ['6'] = CLASS(17, 0),
            ['7'] = CLASS(18, 0),
            ['8'] = CLASS(19, 0),
            ['9'] = CLASS(20, 0),
        };
#undef CLASS
        return code[(uint8_t)letter];
}
