#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "tools/import/remarks.h"

/* Where OFAC's names are not ICU's. */
static const struct {
        const char *name, *code;
} own[] = {
    {"Korea, North", "KP"},
    {"Korea, South", "KR"},
    {"Burma", "MM"},
    {"Palestinian", "PS"},
    {"West Bank", "PS"},
    {"Region: Gaza", "PS"},
    {"Congo, Democratic Republic of the", "CD"},
    {"Congo, Republic of the", "CG"},
    {"North Macedonia, The Republic of", "MK"},
    {"The Gambia", "GM"},
    {"Bahamas, The", "BS"},
    {"Turkey", "TR"},
    {"Cabo Verde", "CV"},
    {"Hong Kong", "HK"},
    {"Macau", "MO"},
    {"Cote d Ivoire", "CI"},
    {"Saint Kitts and Nevis", "KN"},
    {"Bosnia and Herzegovina", "BA"},
    {"Trinidad and Tobago", "TT"},
    {"Antigua and Barbuda", "AG"},
    {"Virgin Islands, British", "VG"},
    {"Czech Republic", "CZ"},
    {"Swaziland", "SZ"},
    {"Saint Vincent and the Grenadines", "VC"},
    {"Sao Tome and Principe", "ST"},
};

static bool same(const char *a, const char *b, size_t n)
{
        return strlen(a) == n && !strncasecmp(a, b, n);
}

#define COUNTRIES_MAX 320
#define NAME_SIZE     128

/* ICU's English names, asked for once: each costs some microseconds, and a list names thousands. */
static struct {
        unsigned n;
        const char *code[COUNTRIES_MAX];
        char name[COUNTRIES_MAX][NAME_SIZE];
} table;

static void fill_table(void)
{
        for (const char *const *code = uloc_getISOCountries(); *code && table.n < COUNTRIES_MAX; code++) {
                UErrorCode e = U_ZERO_ERROR;
                UChar wide[NAME_SIZE];
                char locale[8];
                snprintf(locale, sizeof locale, "und_%s", *code);
                uloc_getDisplayCountry(locale, "en", wide, NAME_SIZE, &e);
                u_strToUTF8(table.name[table.n], NAME_SIZE, NULL, wide, -1, &e);
                if (U_SUCCESS(e))
                        table.code[table.n++] = *code;
        }
}

const char *lf_country_code(const char *name, size_t n)
{
        if (table.n == 0)
                fill_table();
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
                if (same(own[i].name, name, n))
                        return own[i].code;
        for (unsigned i = 0; i < table.n; i++)
                if (same(table.name[i], name, n))
                        return table.code[i];
        return NULL;
}
