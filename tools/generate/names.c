/* Invented people, in the columns of an SDN list: syllables put together, so that nobody real is meant. */
#include "tools/generate/generate.h"

#include "tools/generate/random.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const onset[] = {"B",  "D",  "F",  "G",  "H",  "K",  "L",  "M",  "N",
                                    "P",  "R",  "S",  "T",  "V",  "Z",  "BR", "CH", "DR",
                                    "GR", "KH", "KR", "SH", "ST", "TR", "YU", "ZH"};
static const char *const vowel[] = {"A", "E", "I", "O", "U", "AI", "EI", "IA", "OU", "YA"};
static const char *const coda[] = {"", "", "", "N", "R", "L", "S", "M", "K", "T", "ND", "RT", "SH", "V"};

#define PICK(r, list) (list)[lf_random_below(r, sizeof(list) / sizeof(list)[0])]

static void make_word(struct lf_random *r, unsigned syllables, char *out)
{
        *out = 0;
        for (unsigned i = 0; i < syllables; i++) {
                strcat(out, PICK(r, onset));
                strcat(out, PICK(r, vowel));
                strcat(out, PICK(r, coda));
        }
}

int lf_generate_people(const char *path, uint64_t seed, unsigned people)
{
        static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        struct lf_random r = lf_random_seed(seed);
        FILE *out = fopen(path, "we");
        if (!out)
                return -errno;
        for (unsigned i = 0; i < people; i++) {
                char last[64], first[64], second[64];
                make_word(&r, 2 + lf_random_below(&r, 2), last);
                make_word(&r, 2, first);
                make_word(&r, 2 + lf_random_below(&r, 2), second);
                fprintf(out,
                        "%u,\"%s, %s %s\",\"individual\",\"INVENTED\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"
                        "\"DOB %02u %s %u; Passport %c%07u (Nowhere).\"\n",
                        100000 + i, last, first, second, 1 + lf_random_below(&r, 28), PICK(&r, month),
                        1940 + lf_random_below(&r, 60), (char)('A' + lf_random_below(&r, 26)),
                        lf_random_below(&r, 10000000));
        }
        return fclose(out) == 0 ? 0 : -EIO;
}

void lf_generate_name(uint64_t seed, uint64_t person, char ret[128])
{
        struct lf_random r = lf_random_seed(seed * 0x9e3779b97f4a7c15u + person);
        char given[40], middle[40], last[40];
        make_word(&r, 2, given);
        make_word(&r, 2, middle);
        make_word(&r, 2 + lf_random_below(&r, 2), last);
        snprintf(ret, 128, "%s %s %s", given, middle, last);
}
