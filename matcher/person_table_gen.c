/* Writes person_table.c: what each code point becomes in a folded name, and the codes of countries.
 *
 * Runs while the matcher is built. ICU decomposes (NFKD), folds case, strips marks and transliterates
 * every code point to Latin once, here; the matcher then needs a table and no ICU: nothing on the query
 * path allocates, is opened, or is shared between threads. What a table for single code points cannot
 * know, matcher/person_fold.c does: the vowel signs of Indic scripts, and words. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "matcher/person_spelling.h"
#include "matcher/person_table.h"

#define CODE_POINTS  0x20000
#define PAGE         256
#define LETTERS_MAX  24
#define POOL_MAX     (1 << 20)
#define UTF16_MAX    256
#define CYRILLIC_BE  0x431
#define MIDDLE_DOT   0xb7
#define KATAKANA_DOT 0x30fb
#define HANGUL_FIRST 0xac00
#define HANGUL_LAST  0xd7a3

static UTransliterator *russian, *ukrainian, *greek, *han, *any, *ascii;
static const UNormalizer2 *nfkd;
static char pool[POOL_MAX];
static size_t pool_size;
static uint32_t entries[CODE_POINTS];

static void die(const char *what, UErrorCode e)
{
        fprintf(stderr, "person_table_gen: %s: %s\n", what, u_errorName(e));
        exit(1);
}

static UTransliterator *open_translit(const char *id)
{
        UChar name[64];
        u_uastrcpy(name, id);
        UErrorCode e = U_ZERO_ERROR;
        UTransliterator *t = utrans_openU(name, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
        if (U_FAILURE(e))
                die(id, e);
        return t;
}

static UTransliterator *try_translit(const char *script, const char *to)
{
        char id[64];
        UChar name[64];
        u_uastrcpy(name, strcat(strcpy(id, script), to));
        UErrorCode e = U_ZERO_ERROR;
        return utrans_openU(name, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
}

static int32_t apply(const UTransliterator *t, UChar *text, int32_t length)
{
        UErrorCode e = U_ZERO_ERROR;
        int32_t limit = length;
        utrans_transUChars(t, text, &length, UTF16_MAX, 0, &limit, &e);
        if (U_FAILURE(e))
                die("transliterate", e);
        return limit;
}

/* Letters that ICU's general rules render in a way that no passport does. */
static const char *house_rule(UChar32 c)
{
        switch (c) {
        case 0x629: /* teh marbuta */
        case 0x649: /* alef maksura */
                return "a";
        case 0xdf:
                return "ss";
        case 0x131: /* dotless i */
                return "i";
        case 0x110:
        case 0x111:
                return "d";
        case 0x582: /* Armenian: the second letter of "ou" */
                return "u";
        case 0x5e3: /* pe at the end of a word */
                return "f";
        case 0x5d0: /* alef and ayin carry a vowel, of which nothing else is written */
        case 0x5e2:
        case 0x639:
                return "a";
        case 0x2c7: /* tones of Bopomofo */
        case 0x2ca:
        case 0x2cb:
        case 0x2d9:
        case 0x3063: /* kana that double the next consonant */
        case 0x30c3:
        case 0xff6f:
                return "";
        }
        return NULL;
}

/* Rows of person_letters.def. */
static const char *listed_letters(UChar32 c)
{
        static const struct {
                UChar32 first;
                const char *letters;
        } row[] = {
#define LF_LETTERS(first, letters) {first, letters},
#include "matcher/person_letters.def"
#undef LF_LETTERS
        };
        static char word[16];
        for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
                const char *p = row[i].letters;
                for (UChar32 k = row[i].first; *p && k <= c; k++) {
                        size_t n = strcspn(p, " ");
                        if (k == c && (n != 1 || *p != '-'))
                                return snprintf(word, sizeof word, "%.*s", (int)n, p), word;
                        p += n + (p[n] == ' ');
                }
        }
        return NULL;
}

/* A syllable as Korean names are spelt in passports: McCune-Reischauer's vowels without their marks, its
 * consonants as they begin a word ("Kim", "Jong", "Un"). */
static void hangul(UChar32 c, char *out)
{
        static const char first[][3] = {"k",  "kk", "n", "t",  "tt", "r", "m", "p", "pp", "s",
                                        "ss", "",   "j", "jj", "ch", "k", "t", "p", "h"};
        static const char vowel[][4] = {"a",  "ae", "ya", "yae", "o",  "e",  "yo", "ye", "o",  "wa", "wae",
                                        "oe", "yo", "u",  "wo",  "we", "wi", "yu", "u",  "ui", "i"};
        static const char last[][3] = {"",  "k", "k", "k", "n", "n", "n", "t",  "l", "k", "m", "l", "l", "l",
                                       "p", "l", "m", "p", "p", "t", "t", "ng", "t", "t", "k", "t", "p", "t"};
        int32_t i = c - HANGUL_FIRST;
        strcpy(stpcpy(stpcpy(out, first[i / (21 * 28)]), vowel[i / 28 % 21]), last[i % 28]);
}

/* ICU's transliterator of a script, which "Any-Latin" does not always find; NULL: it has none. */
static UTransliterator *own_translit(UScriptCode script)
{
        static UTransliterator *own[USCRIPT_CODE_LIMIT];
        static bool known[USCRIPT_CODE_LIMIT];
        if (!known[script]) {
                known[script] = true;
                own[script] = try_translit(uscript_getShortName(script), "-Latn")
                                  ?: try_translit(uscript_getName(script), "-Latin");
        }
        return own[script];
}

static int32_t to_latin(UChar32 c, UScriptCode script, UChar *text, int32_t n)
{
        if (script == USCRIPT_CYRILLIC) {
                /* After a consonant, or every "e" would be rendered as if it began a word. */
                memmove(text + 1, text, (size_t)n * sizeof *text);
                text[0] = CYRILLIC_BE;
                n = apply(ukrainian, text, apply(russian, text, n + 1)) - 1;
                memmove(text, text + 1, (size_t)n * sizeof *text);
                return n;
        }
        if (script == USCRIPT_GREEK)
                return apply(greek, text, n);
        if (script == USCRIPT_HAN)
                return apply(han, text, n);
        return script == USCRIPT_LATIN ? n : apply(own_translit(script) ?: any, text, n);
}

/* Indic vowel signs and Kana's voicing are marks that must not be stripped. */
static bool marks_matter(UScriptCode script)
{
        switch (script) {
        case USCRIPT_LATIN:
        case USCRIPT_GREEK:
        case USCRIPT_CYRILLIC:
        case USCRIPT_ARABIC:
        case USCRIPT_HEBREW:
        case USCRIPT_COMMON:
        case USCRIPT_INHERITED:
                return false;
        default:
                return true;
        }
}

/* The first of an Ethiopic consonant's vowels, which sounds as a behind h and where no consonant is heard. */
static bool ethiopic_e(UChar32 c)
{
        UChar32 row = c & ~7;
        return c == row && c >= 0x1200 && c < 0x1358 && row != 0x1200 && row != 0x1210 && row != 0x1280 &&
               row != 0x12a0 && row != 0x12d0;
}

/* The folded letters of one code point: a-z and 0-9, how many. */
static size_t fold(UChar32 c, UScriptCode script, char *out)
{
        const char *own = house_rule(c) ?: listed_letters(u_tolower(c));
        if (own)
                return strlen(strcpy(out, own));
        if (c >= HANGUL_FIRST && c <= HANGUL_LAST) {
                hangul(c, out);
                return strlen(out);
        }
        UErrorCode e = U_ZERO_ERROR;
        UChar raw[2], wide[UTF16_MAX], text[UTF16_MAX];
        int32_t n = 0, raw_n = 0;
        U16_APPEND_UNSAFE(raw, raw_n, c);
        if (marks_matter(script)) {
                memcpy(text, raw, sizeof raw);
                n = raw_n;
        } else {
                int32_t wide_n = unorm2_normalize(nfkd, raw, raw_n, wide, UTF16_MAX, &e);
                if (U_FAILURE(e))
                        die("normalize", e);
                for (int32_t i = 0; i < wide_n;) {
                        UChar32 part;
                        U16_NEXT_UNSAFE(wide, i, part);
                        if (u_charType(part) != U_NON_SPACING_MARK)
                                U16_APPEND_UNSAFE(text, n, u_tolower(part));
                }
        }
        n = apply(ascii, text, to_latin(c, script, text, n));
        size_t letters = 0;
        for (int32_t i = 0; i < n && letters < LETTERS_MAX; i++) {
                UChar32 l = text[i] < 0x80 ? u_tolower(text[i]) : 0;
                if ((l >= 'a' && l <= 'z') || (l >= '0' && l <= '9'))
                        out[letters++] = (char)l;
        }
        if (script == USCRIPT_ETHIOPIC && letters > 0 && ethiopic_e(c))
                out[letters - 1] = 'e';
        return letters;
}

static unsigned kind_of(UChar32 c, UScriptCode script, size_t letters)
{
        int8_t type = u_charType(c);
        uint32_t bit = U_MASK(type);
        if (bit & (U_GC_ZS_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK | U_GC_PD_MASK) || c == MIDDLE_DOT ||
            c == KATAKANA_DOT || (c < 0x80 && u_iscntrl(c)))
                return LF_FOLD_SPACE;
        /* Apostrophes join what they stand between; U+FFFD and '?' are what a lost apostrophe becomes. */
        if (c == '\'' || c == '`' || c == '"' || c == '?' || c == 0xfffd || (c >= 0x2018 && c <= 0x201f))
                return LF_FOLD_NOTHING;
        if (bit & U_GC_P_MASK || (c < 0x80 && bit & U_GC_S_MASK))
                return LF_FOLD_SPACE; /* '<' included: it fills machine-readable zones */
        if (letters == 0)
                return LF_FOLD_NOTHING;
        if (script == USCRIPT_HAN)
                return LF_FOLD_WORD;
        if (c >= HANGUL_FIRST && c <= HANGUL_LAST)
                return LF_FOLD_SYLLABLE;
        if (script == USCRIPT_ARABIC || script == USCRIPT_HEBREW || script == USCRIPT_SYRIAC)
                return LF_FOLD_ABJAD;
        int32_t syllabic = u_getIntPropertyValue(c, UCHAR_INDIC_SYLLABIC_CATEGORY);
        if (bit & (U_GC_MN_MASK | U_GC_MC_MASK) && syllabic == U_INSC_VOWEL_DEPENDENT)
                return LF_FOLD_VOWEL_SIGN;
        return script == USCRIPT_LATIN || script == USCRIPT_COMMON ? LF_FOLD_LETTERS : LF_FOLD_FOREIGN;
}

static uint32_t pooled(const char *letters, size_t n)
{
        for (size_t i = 0; n > 0 && i + n <= pool_size; i++)
                if (!memcmp(pool + i, letters, n))
                        return (uint32_t)i;
        if (n == 0)
                return 0;
        if (pool_size + n > sizeof pool)
                die("pool", U_BUFFER_OVERFLOW_ERROR);
        memcpy(pool + pool_size, letters, n);
        pool_size += n;
        return (uint32_t)(pool_size - n);
}

static void fill(void)
{
        for (UChar32 c = 0; c < CODE_POINTS; c++) {
                UErrorCode e = U_ZERO_ERROR;
                UScriptCode script = uscript_getScript(c, &e);
                char letters[LETTERS_MAX];
                if (U_IS_SURROGATE(c) || !u_isdefined(c))
                        continue;
                size_t n = u_isalnum(c) || u_isUAlphabetic(c) ? fold(c, script, letters) : 0;
                unsigned kind = kind_of(c, script, n);
                if (u_getIntPropertyValue(c, UCHAR_INDIC_SYLLABIC_CATEGORY) == U_INSC_VIRAMA)
                        kind = LF_FOLD_VOWEL_SIGN, n = 0;
                if (kind == LF_FOLD_NOTHING || kind == LF_FOLD_SPACE)
                        n = 0;
                entries[c] = kind | (uint32_t)n << 3 | pooled(letters, n) << 8;
        }
}

static void print_pages(void)
{
        static int page_of[CODE_POINTS / PAGE];
        int pages = 0;
        printf("const uint32_t lf_fold_page[][%d] = {\n", PAGE);
        for (int p = 0; p < CODE_POINTS / PAGE; p++) {
                page_of[p] = -1;
                for (int q = 0; q < p && page_of[p] < 0; q++)
                        if (!memcmp(entries + p * PAGE, entries + q * PAGE, PAGE * sizeof *entries))
                                page_of[p] = page_of[q];
                if (page_of[p] >= 0)
                        continue;
                page_of[p] = pages++;
                printf("{");
                for (int i = 0; i < PAGE; i++)
                        printf("%u,%s", entries[p * PAGE + i], i % 16 == 15 ? "\n" : "");
                printf("},\n");
        }
        printf("};\nconst uint16_t lf_fold_page_of[%d] = {\n", CODE_POINTS / PAGE);
        for (int p = 0; p < CODE_POINTS / PAGE; p++)
                printf("%d,%s", page_of[p], p % 16 == 15 ? "\n" : "");
        printf("};\nconst char lf_fold_pool[] =\n");
        for (size_t i = 0; i < pool_size; i += 64)
                printf("\"%.*s\"\n", (int)(pool_size - i < 64 ? pool_size - i : 64), pool + i);
        printf(";\n");
}

/* ICU's list of ISO 3166-1 countries, alpha-2 with alpha-3. */
static void print_countries(void)
{
        printf("const struct lf_country lf_country[] = {\n");
        unsigned n = 0;
        for (const char *const *two = uloc_getISOCountries(); *two; two++) {
                char locale[8];
                snprintf(locale, sizeof locale, "und_%s", *two);
                const char *three = uloc_getISO3Country(locale);
                if (strlen(three) == 3 && strlen(*two) == 2) {
                        printf("{\"%s\", \"%s\"},\n", *two, three);
                        n++;
                }
        }
        printf("};\nconst unsigned lf_countries = %u;\n", n);
}

static struct lf_word_weight weights[LF_WORD_WEIGHTS];

static void put_weight(const char *word, uint16_t weight)
{
        char letters[33] = "";
        unsigned n = (unsigned)strlen(word);
        if (n >= sizeof letters - 1)
                die(word, U_BUFFER_OVERFLOW_ERROR);
        memcpy(letters, word, n);
        n = lf_spelling_level(letters, n);
        letters[n] = 0;
        uint32_t i = lf_letters_fnv(letters, n);
        for (; weights[i % LF_WORD_WEIGHTS].n; i++)
                if (strcmp(weights[i % LF_WORD_WEIGHTS].letter, letters) == 0) {
                        fprintf(stderr, "%s: stands there already, as %s\n", word, letters);
                        exit(1);
                }
        struct lf_word_weight *w = &weights[i % LF_WORD_WEIGHTS];
        if (n >= sizeof w->letter) {
                fprintf(stderr, "%s: a longer word than the table holds\n", letters);
                exit(1);
        }
        memcpy(w->letter, letters, n);
        w->n = (uint8_t)n;
        w->weight = weight;
}

static void print_weights(void)
{
#define LF_WORD(letters, weight) put_weight(letters, weight);
#include "matcher/person_words.def"
#undef LF_WORD
        printf("const struct lf_word_weight lf_word_weight[LF_WORD_WEIGHTS] = {\n");
        for (unsigned i = 0; i < LF_WORD_WEIGHTS; i++)
                if (weights[i].n)
                        printf("[%u] = {\"%s\", %u, %u},\n", i, weights[i].letter, weights[i].n,
                               weights[i].weight);
        printf("};\n");
}

static struct lf_syllable syllable[LF_SYLLABLES];

/* Spellings of one syllable, the one that names are compared by first. */
static void put_syllables(const char *row)
{
        char own[8] = "";
        for (const char *p = row; *p; p += strspn(p, " ")) {
                char letters[8] = "";
                size_t n = strcspn(p, " ");
                if (n >= sizeof letters)
                        die(row, U_BUFFER_OVERFLOW_ERROR);
                memcpy(letters, p, n);
                letters[0] = (char)u_tolower(letters[0]);
                if (p == row)
                        memcpy(own, letters, sizeof own);
                p += n;
                uint32_t i = lf_letters_fnv(letters, (unsigned)n);
                for (; syllable[i % LF_SYLLABLES].n; i++)
                        if (!strcmp(syllable[i % LF_SYLLABLES].letter, letters)) {
                                fprintf(stderr, "%s: stands in two rows\n", letters);
                                exit(1);
                        }
                struct lf_syllable *s = &syllable[i % LF_SYLLABLES];
                *s = (struct lf_syllable){
                    .n = (uint8_t)n, .own_n = (uint8_t)strlen(own), .family = u_isupper(row[0])};
                memcpy(s->letter, letters, sizeof letters);
                memcpy(s->own, own, sizeof own);
        }
}

static void print_syllables(void)
{
#define LF_SYLLABLE(spellings) put_syllables(spellings);
#include "matcher/person_korean.def"
#undef LF_SYLLABLE
        printf("const struct lf_syllable lf_syllable[LF_SYLLABLES] = {\n");
        for (unsigned i = 0; i < LF_SYLLABLES; i++)
                if (syllable[i].n)
                        printf("[%u] = {\"%s\", \"%s\", %u, %u, %d},\n", i, syllable[i].letter,
                               syllable[i].own, syllable[i].n, syllable[i].own_n, syllable[i].family);
        printf("};\n");
}

/* FNV-1a over everything that decides how a name folds. */
static uint32_t table_id(void)
{
        uint32_t h = 2166136261u ^ LF_SPELLING_VERSION;
        for (size_t i = 0; i < sizeof entries; i++)
                h = (h ^ ((const uint8_t *)entries)[i]) * 16777619u;
        for (size_t i = 0; i < pool_size; i++)
                h = (h ^ (uint8_t)pool[i]) * 16777619u;
        for (size_t i = 0; i < LF_WORD_WEIGHTS; i++)
                h = (h ^ lf_letters_fnv(weights[i].letter, weights[i].n) ^ weights[i].weight) * 16777619u;
        for (size_t i = 0; i < sizeof syllable; i++)
                h = (h ^ ((const uint8_t *)syllable)[i]) * 16777619u;
        return h;
}

int main(void)
{
        UErrorCode e = U_ZERO_ERROR;
        nfkd = unorm2_getNFKDInstance(&e);
        if (U_FAILURE(e))
                die("NFKD", e);
        russian = open_translit("Russian-Latin/BGN");
        ukrainian = open_translit("Ukrainian-Latin/BGN");
        greek = open_translit("Greek-Latin/UNGEGN");
        han = open_translit("Han-Latin/Names");
        any = open_translit("Any-Latin");
        ascii = open_translit("Latin-ASCII");
        fill();
        printf("/* Generated by person_table_gen.c from ICU %s. */\n", U_ICU_VERSION);
        printf("#include \"matcher/person_table.h\"\n");
        print_pages();
        print_countries();
        print_weights();
        print_syllables();
        printf("const uint32_t lf_fold_table_id = %uu;\n", table_id());
        utrans_close(russian);
        utrans_close(ukrainian);
        utrans_close(greek);
        utrans_close(han);
        utrans_close(any);
        utrans_close(ascii);
        return ferror(stdout) ? 1 : 0;
}
