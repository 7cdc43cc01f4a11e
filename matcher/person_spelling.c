#include "matcher/person_spelling.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct spelling {
        char from[8], to[8];
        uint8_t n, m; /* letters of either */
};
#define SPELLING(from, to)                                                                                   \
        {                                                                                                    \
                from, to, sizeof from - 1, sizeof to - 1                                                     \
        }

/* Of the Arabic article and of "son of". */
static const struct spelling particle[] = {SPELLING("el", "al"), SPELLING("ul", "al"), SPELLING("ben", "bin"),
                                           SPELLING("ibn", "bin"), SPELLING("bn", "bin")};
/* The article before letters that its l sounds like. Not "an" or "us", which are names, and begin others. */
static const struct spelling sun[] = {SPELLING("ad", "d"), SPELLING("ed", "d"),   SPELLING("ud", "d"),
                                      SPELLING("ar", "r"), SPELLING("er", "r"),   SPELLING("ur", "r"),
                                      SPELLING("as", "s"), SPELLING("es", "s"),   SPELLING("at", "t"),
                                      SPELLING("et", "t"), SPELLING("az", "z"),   SPELLING("ez", "z"),
                                      SPELLING("uz", "z"), SPELLING("ash", "sh"), SPELLING("esh", "sh")};
/* Ways to write one sound, by their first letter, longer ones first. No word grows beyond the three letters
 * of a particle, or a name that is written short. */
static const struct spelling sound[] = {
    SPELLING("chtch", "shch"), SPELLING("ck", "k"),   SPELLING("dsch", "j"),    SPELLING("dzh", "j"),
    SPELLING("dj", "j"),       SPELLING("ks", "x"),   SPELLING("nxx", "n"),     SPELLING("oo", "u"),
    SPELLING("ou", "u"),       SPELLING("ph", "f"),   SPELLING("szcz", "shch"), SPELLING("sch", "sh"),
    SPELLING("tsch", "ch"),    SPELLING("tch", "ch"), SPELLING("ts", "z"),      SPELLING("tz", "z"),
    SPELLING("uxx", "u")};
/* Where those of a first letter begin, and how many there are. */
static const struct {
        uint8_t at, n;
} sounds_of[256] = {['c'] = {0, 2}, ['d'] = {2, 3},  ['k'] = {5, 1},  ['n'] = {6, 1}, ['o'] = {7, 2},
                    ['p'] = {9, 1}, ['s'] = {10, 2}, ['t'] = {12, 4}, ['u'] = {16, 1}};

/* Whole words, by their first letter: forms of companies that are short for others, numbers in letters, and
 * names that documents write short: "Md" and "Mohd" of Bangladesh and Malaysia, "Lyu" and "Lv" of Chinese
 * passports (GB/T 28039). */
#define WHOLE_LETTERS 20
struct whole {
        char from[WHOLE_LETTERS], to[10];
};
#define WHOLE(...)                                                                                           \
        {                                                                                                    \
                (const struct whole[]){__VA_ARGS__},                                                         \
                    sizeof((const struct whole[]){__VA_ARGS__}) / sizeof(struct whole)                       \
        }
static const struct {
        const struct whole *word;
        size_t n;
} wholes_of[256] = {
    ['1'] = WHOLE({"1st", "1"}, {"10th", "10"}),
    ['2'] = WHOLE({"2nd", "2"}),
    ['3'] = WHOLE({"3rd", "3"}),
    ['4'] = WHOLE({"4th", "4"}),
    ['5'] = WHOLE({"5th", "5"}),
    ['6'] = WHOLE({"6th", "6"}),
    ['7'] = WHOLE({"7th", "7"}),
    ['8'] = WHOLE({"8th", "8"}),
    ['9'] = WHOLE({"9th", "9"}),
    ['a'] = WHOLE({"aktiengesellschaft", "ag"}),
    ['b'] = WHOLE({"binti", "bint"}, {"binte", "bint"}, {"bte", "bint"}, {"bt", "bint"}),
    ['c'] = WHOLE({"corporation", "corp"}, {"company", "co"}, {"cjsc", "jsc"}),
    ['e'] = WHOLE({"eighth", "8"}, {"eight", "8"}),
    ['f'] = WHOLE({"first", "1"}, {"fourth", "4"}, {"four", "4"}, {"fifth", "5"}, {"five", "5"}),
    ['g'] = WHOLE({"gizi", "kizi"}),
    ['i'] = WHOLE({"incorporated", "inc"}),
    ['k'] = WHOLE({"kyzy", "kizi"}),
    ['l'] = WHOLE({"lyu", "lu"}, {"lv", "lu"}, {"limited", "ltd"}),
    ['m'] = WHOLE({"md", "mohammad"}, {"mohd", "mohammad"}, {"muhd", "mohammad"}, {"mhd", "mohammad"}),
    ['n'] = WHOLE({"nyu", "nu"}, {"ninth", "9"}, {"nine", "9"}),
    ['o'] = WHOLE({"ogly", "oglu"}, {"oghlu", "oglu"}, {"oglou", "oglu"}, {"ogli", "oglu"}, {"oao", "jsc"},
                  {"ojsc", "jsc"}, {"ooo", "llc"}),
    ['p'] = WHOLE({"pjsc", "jsc"}),
    ['q'] = WHOLE({"qizi", "kizi"}, {"qyzy", "kizi"}),
    ['s'] = WHOLE({"saint", "st"}, {"sinh", "singh"}, {"second", "2"}, {"sixth", "6"}, {"seventh", "7"},
                  {"seven", "7"}),
    ['t'] = WHOLE({"third", "3"}, {"three", "3"}, {"tenth", "10"}),
    ['u'] = WHOLE({"ugli", "oglu"}),
};
#undef WHOLE

static bool begins(const char *letter, unsigned n, const struct spelling *with)
{
        if (letter[0] != with->from[0] || n < with->n)
                return false;
        for (unsigned i = 1; i < with->n; i++)
                if (letter[i] != with->from[i])
                        return false;
        return true;
}

static bool vowel(char l)
{
        return l == 'a' || l == 'e' || l == 'i' || l == 'o' || l == 'u' || l == 'y';
}

/* "Abdurrahman" and "Abdus Salam": the article's l as the consonant behind it sounds. */
static void level_servant(char *letter, unsigned n)
{
        if (n >= 5 && !memcmp(letter, "abd", 3) &&
            (letter[3] == 'u' || letter[3] == 'e' || letter[3] == 'a') && strchr("dnrstz", letter[4]) &&
            (n == 5 ? letter[3] == 'u' : letter[5] == letter[4]))
                letter[4] = 'l';
}

/* "Shamsuddin", "Alaeddine": "... al-Din". Returns how many letters are left. */
static unsigned level_din(char *letter, unsigned n)
{
        unsigned end = n > 0 && letter[n - 1] == 'e' ? n - 1 : n;
        if (end < 6 || letter[end - 1] != 'n')
                return n;
        unsigned d = end - 2 - (letter[end - 3] == 'e' && letter[end - 2] == 'e');
        if (d < 3 || !strchr("ie", letter[d]) || letter[d - 1] != 'd' || letter[d - 2] != 'd' ||
            !vowel(letter[d - 3]))
                return n;
        memcpy(letter + d - 3, "aldin", 5);
        return d + 2;
}

bool lf_spelling_article(const char *letter, unsigned n, const char *next, unsigned m)
{
        for (size_t i = 0; n <= 3 && i < sizeof sun / sizeof sun[0]; i++)
                if (n == sun[i].n && begins(letter, n, &sun[i]))
                        return m > sun[i].m && memcmp(next, sun[i].to, sun[i].m) == 0;
        return false;
}

/* 0: it is none of the whole words. */
static unsigned level_whole(char *letter, unsigned n)
{
        const struct whole *w = wholes_of[(uint8_t)letter[0]].word;
        for (size_t left = wholes_of[(uint8_t)letter[0]].n; left > 0; left--, w++)
                if (letter[n - 1] == w->from[n - 1] && !w->from[n] && memcmp(letter, w->from, n) == 0) {
                        n = (unsigned)strlen(w->to);
                        memcpy(letter, w->to, n);
                        return n;
                }
        return 0;
}

unsigned lf_spelling_level(char *letter, unsigned n)
{
        for (size_t i = 0; n <= 3 && i < sizeof particle / sizeof particle[0]; i++)
                if (n == particle[i].n && begins(letter, n, &particle[i])) {
                        memcpy(letter, particle[i].to, particle[i].m);
                        return particle[i].m;
                }
        unsigned whole = n > 1 && n < WHOLE_LETTERS ? level_whole(letter, n) : 0;
        if (whole)
                return whole;
        if (n >= 5 && letter[0] == 'j' && letter[1] == 'u' &&
            (letter[2] == 'l' ? letter[3] == 'i' && letter[4] == 'j' : letter[2] == 'r' || letter[2] == 's'))
                letter[0] = 'y'; /* "Jurij", "Jusuf", "Julija", as languages spell them that have j for y */
        level_servant(letter, n);
        n = level_din(letter, n);
        unsigned out = 0;
        for (unsigned i = 0; i < n;) {
                uint8_t l = (uint8_t)letter[i];
                const struct spelling *s = sound + sounds_of[l].at, *end = s + sounds_of[l].n;
                while (s < end && !begins(letter + i, n - i, s))
                        s++;
                if (s == end) {
                        bool i_sound = letter[i] == 'y' && i > 0 && (i + 1 == n || !vowel(letter[i + 1]));
                        letter[out++] = i_sound ? 'i' : letter[i];
                        i++;
                        continue;
                }
                i += s->n;
                for (unsigned k = 0; k < s->m; k++)
                        letter[out++] = s->to[k];
        }
        return out;
}
