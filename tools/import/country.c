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

const char *lf_country_code(const char *name, size_t n)
{
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
                if (same(own[i].name, name, n))
                        return own[i].code;
        for (const char *const *code = uloc_getISOCountries(); *code; code++) {
                UErrorCode e = U_ZERO_ERROR;
                UChar wide[96];
                char locale[8], text[200];
                snprintf(locale, sizeof locale, "und_%s", *code);
                uloc_getDisplayCountry(locale, "en", wide, 96, &e);
                u_strToUTF8(text, sizeof text, NULL, wide, -1, &e);
                if (U_SUCCESS(e) && same(text, name, n))
                        return *code;
        }
        return NULL;
}
