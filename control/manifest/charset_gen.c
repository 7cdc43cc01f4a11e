/* Writes charset_table.c: the upper half of each part of ISO 8859 that ISO 9735 names, as Unicode.
 *
 * Runs while the library is built; ICU knows the tables. 0: the part has no such character; C1 controls are
 * none. In the order of enum lf_edi_charset, from LF_EDI_LATIN_1. */
#include <stdint.h>
#include <stdio.h>
#include <unicode/ucnv.h>

static const int parts[] = {1, 2, 5, 7, 3, 4, 6, 8, 9, 15};

static unsigned decode(UConverter *c, unsigned byte)
{
        UErrorCode e = U_ZERO_ERROR;
        const char in = (char)byte;
        UChar out[4];
        int32_t n = ucnv_toUChars(c, out, 4, &in, 1, &e);
        return byte < 0xa0 || U_FAILURE(e) || n != 1 || out[0] == 0xfffd || out[0] < 0xa0 ? 0 : out[0];
}

int main(void)
{
        printf("#include <stdint.h>\nextern const uint16_t lf_charset_upper[][128];\n"
               "const uint16_t lf_charset_upper[][128] = {\n");
        for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
                UErrorCode e = U_ZERO_ERROR;
                char name[16];
                snprintf(name, sizeof name, "ISO-8859-%d", parts[i]);
                UConverter *c = ucnv_open(name, &e);
                if (U_FAILURE(e)) {
                        fprintf(stderr, "charset_gen: %s: %s\n", name, u_errorName(e));
                        return 1;
                }
                printf("{");
                for (unsigned byte = 0x80; byte <= 0xff; byte++)
                        printf("%u,", decode(c, byte));
                printf("},\n");
                ucnv_close(c);
        }
        printf("};\n");
        return 0;
}
