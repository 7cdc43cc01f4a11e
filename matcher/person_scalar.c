/* The reference: what every processor runs. */
#include "matcher/person_lanes.h"

const struct lf_person_kernel lf_person_kernel_scalar = {possible, distance, reach};

const struct lf_person_kernel *lf_person_kernel_for(enum lf_isa isa)
{
        return isa >= LF_ISA_AVX512 ? &lf_person_kernel_avx512
               : isa >= LF_ISA_AVX2 ? &lf_person_kernel_avx2
                                    : &lf_person_kernel_scalar;
}

uint8_t lf_letter_code(char letter)
{
        static const char vowels[] = "aeiouy\1h";
        for (unsigned i = 0; i < sizeof vowels - 1; i++)
                if (vowels[i] == letter)
                        return (uint8_t)i;
        uint8_t class = lf_letter_classes[(uint8_t)letter], place = 0;
        for (char l = 'a'; l < letter; l++)
                place = (uint8_t)(place + (lf_letter_classes[(uint8_t)l] == class));
        return (uint8_t)(class << 3 | (letter >= 'a' ? place : 0));
}
