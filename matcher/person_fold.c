#include "matcher/person_fold.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "matcher/person_korean.h"
#include "matcher/person_neighbour.h"
#include "matcher/person_spelling.h"
#include "matcher/person_syllabic.h"
#include "matcher/person_table.h"

int32_t lf_utf8_next(const uint8_t **p, const uint8_t *end)
{
        const uint8_t *s = *p;
        if (s >= end)
                return -1;
        unsigned more = s[0] < 0x80 ? 0 : s[0] >> 5 == 6 ? 1 : s[0] >> 4 == 14 ? 2 : s[0] >> 3 == 30 ? 3 : 4;
        if (more == 4 || (size_t)(end - s) <= more)
                return -1;
        static const int32_t least[4] = {0, 0x80, 0x800, 0x10000};
        int32_t c = more == 0 ? s[0] : s[0] & (0x3f >> more);
        for (unsigned i = 1; i <= more; i++) {
                if (s[i] >> 6 != 2)
                        return -1;
                c = c << 6 | (s[i] & 0x3f);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return -1;
        *p = s + more + 1;
        return c;
}

const uint8_t lf_letter_classes[256] = {
    ['b'] = 1,  ['p'] = 1,  ['c'] = 2,  ['g'] = 2,  ['k'] = 2,  ['q'] = 2,  ['d'] = 3,  ['t'] = 3,
    ['f'] = 4,  ['v'] = 4,  ['w'] = 4,  ['j'] = 5,  ['l'] = 6,  ['m'] = 7,  ['n'] = 8,  ['r'] = 9,
    ['s'] = 10, ['x'] = 10, ['z'] = 10, ['0'] = 11, ['1'] = 12, ['2'] = 13, ['3'] = 14, ['4'] = 15,
    ['5'] = 16, ['6'] = 17, ['7'] = 18, ['8'] = 19, ['9'] = 20,
};

static uint16_t weigh(const char *letter, unsigned n)
{
        static const uint16_t by_length[8] = {0, 150, 350, 550, 750, 900, 1000, 1000};
        for (uint32_t h = lf_letters_fnv(letter, n);; h++) {
                const struct lf_word_weight *w = &lf_word_weight[h % LF_WORD_WEIGHTS];
                if (w->n == 0)
                        break;
                if (w->n == n && !memcmp(w->letter, letter, n))
                        return w->weight;
        }
        return by_length[n < 7 ? n : 7];
}

static void finish(struct lf_token *t)
{
        t->n = (uint8_t)lf_spelling_level(t->letter, t->n);
        t->weight = weigh(t->letter, t->n);
        if (t->flags & LF_TOKEN_SYLLABLE && t->weight > LF_WEIGHT_SYLLABLE)
                t->weight = LF_WEIGHT_SYLLABLE;
        memset(t->letter + t->n, 0, sizeof t->letter - t->n);
        t->mask = 0;
        for (unsigned i = 0; i < t->n; i++) {
                char l = t->letter[i];
                t->mask |= LF_MASK_CLASS(lf_letter_classes[(uint8_t)l]) & LF_MASK_CLASSES;
                if (l >= 'a')
                        t->mask |= LF_MASK_LETTER(l);
        }
}

static uint32_t entry_of(int32_t c)
{
        return c < LF_FOLD_CODE_POINTS ? lf_fold_page[lf_fold_page_of[c >> 8]][c & 255] : LF_FOLD_NOTHING;
}

#define ASCII                0x80
#define ARTICLE              2 /* letters: "al" */
#define ARTICLE_BEFORE       3 /* letters at least */
#define ALEF                 0x627
#define LAM                  0x644
#define NEIGHBOURS           0x370 /* the first letter that others may change: Greek */
#define NORTHERN_INDIC       0x900 /* Devanagari, Bengali, Gurmukhi, Gujarati, Oriya */
#define SOUTHERN_INDIC       0xb80
#define SYLLABIC             0xe00 /* Thai, the first of lf_syllabic_begins() */
#define CYRILLIC_GHE         0x433
#define CYRILLIC_GHE_CAPITAL 0x413

struct splitter {
        struct lf_token *token;
        unsigned max;
        const uint8_t *name;
        size_t size;
        bool etymological; /* Thai and Lao */
        unsigned n;
        bool open, full;
        unsigned syllables, family; /* of Hangul in the open word, and the first one's letters */
        unsigned article;           /* letters of the Arabic article that the open word begins with */
        bool schwa;            /* the open word ends with a vowel that is not written, nor spoken there */
        bool inherent, joined; /* the last letter has an Indic consonant's vowel; it joins two of them */
};

/* Makes two words of the open one; the second begins after `n` letters. */
static void split_word(struct splitter *s, unsigned n)
{
        struct lf_token *t = &s->token[s->n], *rest = t + 1;
        *rest = *t;
        rest->n = (uint8_t)(t->n - n);
        memcpy(rest->letter, t->letter + n, rest->n);
        t->n = (uint8_t)n;
        s->n++;
}

static void end_word(struct splitter *s)
{
        if (s->open && s->schwa && s->token[s->n].n > 1)
                s->token[s->n].n--;
        unsigned letters = s->open && s->n + 1 < s->max ? s->token[s->n].n : 0; /* that may be split */
        /* Korean names are written without a space: the family name is the first syllable, nearly always. */
        if (s->syllables >= 3 && s->family > 0 && letters > s->family)
                split_word(s, s->family);
        /* The article is a word of its own in Latin letters, or is left out: "al-Assad", "Assad". */
        else if (s->article == ARTICLE && letters >= ARTICLE + ARTICLE_BEFORE)
                split_word(s, ARTICLE);
        s->n += s->open;
        s->open = s->schwa = false;
        s->syllables = s->article = 0;
}

static void add_letters(struct splitter *s, const char *letter, unsigned n, uint8_t flags)
{
        for (unsigned i = 0; i < n; i++) {
                if (s->open && s->token[s->n].n == LF_TOKEN_LETTERS)
                        end_word(s);
                if (!s->open && s->n == s->max) {
                        s->full = true;
                        return;
                }
                struct lf_token *t = &s->token[s->n];
                if (!s->open)
                        memset(t, 0, sizeof *t);
                s->open = true;
                t->letter[t->n++] = letter[i];
                t->flags |= flags;
        }
}

/* Notes what only the first letters, or the last ones, say of a word. */
static void note(struct splitter *s, int32_t c, unsigned kind)
{
        unsigned n = s->token[s->n].n;
        if (kind == LF_FOLD_SYLLABLE && ++s->syllables == 1)
                s->family = n;
        if (n <= ARTICLE && c == (n == 1 ? ALEF : LAM) && s->article + 1 == n)
                s->article = n;
        /* The inherent vowel of northern Indic scripts is silent at a word's end, unless consonants join. */
        s->schwa = kind == LF_FOLD_FOREIGN && c >= NORTHERN_INDIC && c < SOUTHERN_INDIC && !s->joined &&
                   n > 1 && s->token[s->n].letter[n - 1] == 'a';
}

/* Abjads write a doubled consonant once: between two there is a vowel ("Mamdouh"), but behind the article. */
static bool parted(const struct lf_token *t, char letter)
{
        return t->letter[t->n - 1] == letter && letter >= 'a' && letter != 'l' &&
               lf_letter_classes[(uint8_t)letter] != 0;
}

static void read_letter(struct splitter *s, int32_t c)
{
        static const uint8_t flags[] = {[LF_FOLD_FOREIGN] = LF_TOKEN_FOREIGN,
                                        [LF_FOLD_ABJAD] = LF_TOKEN_FOREIGN | LF_TOKEN_ABJAD,
                                        [LF_FOLD_WORD] = LF_TOKEN_FOREIGN,
                                        [LF_FOLD_VOWEL_SIGN] = LF_TOKEN_FOREIGN,
                                        [LF_FOLD_SYLLABLE] = LF_TOKEN_FOREIGN | LF_TOKEN_HANGUL};
        uint32_t e = entry_of(c);
        const char *letter = lf_fold_pool + (e >> 8), *other = NULL;
        unsigned n = e >> 3 & 31, kind = e & 7;
        if (kind == LF_FOLD_SPACE || kind == LF_FOLD_WORD)
                end_word(s);
        if (kind == LF_FOLD_VOWEL_SIGN && s->inherent && s->open && s->token[s->n].n > 1)
                s->token[s->n].n--;
        if (c >= NEIGHBOURS && s->open)
                other = lf_letter_behind(c, s->token[s->n].letter, &s->token[s->n].n);
        if ((c == CYRILLIC_GHE || c == CYRILLIC_GHE_CAPITAL) && lf_letters_ukrainian(s->name, s->size))
                other = "h";
        if (other)
                letter = other, n = (unsigned)strlen(other);
        if (kind == LF_FOLD_ABJAD && s->open && parted(&s->token[s->n], letter[0]))
                add_letters(s, "a", 1, flags[kind]);
        if (kind >= LF_FOLD_LETTERS)
                add_letters(s, letter, n, flags[kind]);
        if (s->open && !s->full && kind >= LF_FOLD_LETTERS && kind != LF_FOLD_WORD)
                note(s, c, kind);
        if (kind == LF_FOLD_WORD)
                end_word(s);
        s->inherent = kind == LF_FOLD_FOREIGN && n > 1 && letter[n - 1] == 'a';
        s->joined = kind == LF_FOLD_VOWEL_SIGN && n == 0;
}

/* read_letter() for what neither changes nor is changed by what stands before it. */
static void read_ascii(struct splitter *s, uint8_t c)
{
        uint32_t e = lf_fold_page[lf_fold_page_of[0]][c];
        unsigned kind = e & 7;
        if (kind == LF_FOLD_SPACE)
                end_word(s);
        if (kind == LF_FOLD_LETTERS) {
                add_letters(s, lf_fold_pool + (e >> 8), e >> 3 & 31, 0);
                s->schwa = false;
        }
        s->inherent = s->joined = false;
}

/* Scripts that are read by the word. */
static void read_syllables(struct splitter *s, const uint8_t **p, const uint8_t *end)
{
        char letter[LF_SYLLABIC_LETTERS];
        enum lf_syllabic kind;
        unsigned n = lf_syllabic_read(p, end, s->etymological, letter, &kind);
        bool word = kind == LF_SYLLABIC_SYLLABLE && n > 0;
        if (word)
                end_word(s);
        s->schwa = s->inherent = s->joined = false;
        add_letters(s, letter, n, LF_TOKEN_FOREIGN | (kind == LF_SYLLABIC_BY_SOUND ? LF_TOKEN_BY_SOUND : 0));
        if (word)
                end_word(s);
}

static int split(struct splitter s)
{
        const uint8_t *p = s.name, *end = s.name + s.size;
        while (p < end && !s.full) {
                if (*p < ASCII) {
                        read_ascii(&s, *p++);
                        continue;
                }
                const uint8_t *at = p;
                int32_t c = lf_letter_next(&p, end);
                if (c < 0)
                        break;
                if (c >= SYLLABIC && lf_syllabic_begins(c))
                        p = at, read_syllables(&s, &p, end);
                else
                        read_letter(&s, c);
        }
        end_word(&s);
        return s.full ? -E2BIG : (int)s.n;
}

/* Their letters, before spellings are levelled. */
static int words_of(const uint8_t *name, size_t size, bool etymological, struct lf_token *token, unsigned max)
{
        int n = split((struct splitter){
            .token = token, .max = max, .name = name, .size = size, .etymological = etymological});
        for (int i = 0; i < n; i++)
                token[i].spelling = lf_letters_fnv(token[i].letter, token[i].n);
        for (int i = 0; i + 1 < n; i++)
                if (lf_spelling_article(token[i].letter, token[i].n, token[i + 1].letter, token[i + 1].n)) {
                        memcpy(token[i].letter, "al", ARTICLE);
                        token[i].n = ARTICLE;
                }
        return n;
}

int lf_name_fold(const uint8_t *name, size_t size, struct lf_token *token, unsigned max)
{
        int n = words_of(name, size, false, token, max);
        for (int i = 0; i < n; i++)
                finish(&token[i]);
        /* "Ben Carter", "CARTER, Ben": a given name, but still "bin" as of "Ben Laden". */
        const uint32_t ben = lf_letters_fnv("ben", 3);
        if (n == 2 && token[0].spelling == ben)
                token[0].weight = LF_WEIGHT_GIVEN;
        else if (n > 1 && token[n - 1].spelling == ben)
                token[n - 1].weight = LF_WEIGHT_GIVEN;
        return n;
}

unsigned lf_name_fold_other(const uint8_t *name, size_t size, const struct lf_token *token, unsigned n,
                            struct lf_token ret[LF_OTHER_WORDS])
{
        bool by_sound = false;
        for (unsigned i = 0; i < n; i++)
                by_sound |= (token[i].flags & LF_TOKEN_BY_SOUND) != 0;
        if (!by_sound && !lf_korean_possible(token, n))
                return 0;
        int words = words_of(name, size, by_sound, ret, LF_OTHER_WORDS);
        if (words <= 0)
                return 0;
        unsigned other = by_sound ? (unsigned)words : lf_korean_level(ret, (unsigned)words);
        for (unsigned i = 0; i < other; i++)
                finish(&ret[i]);
        return other;
}

int lf_name_words(const uint8_t *name, size_t size, unsigned max)
{
        struct lf_token token[LF_NAME_TOKENS];
        return words_of(name, size, false, token, max < LF_NAME_TOKENS ? max : LF_NAME_TOKENS);
}

size_t lf_number_fold(const uint8_t *number, size_t size, char *out, size_t max)
{
        const uint8_t *p = number, *end = number + size;
        size_t n = 0;
        while (p < end) {
                int32_t c = lf_utf8_next(&p, end);
                if (c < 0)
                        break;
                uint32_t e = entry_of(c);
                for (unsigned i = 0; (e & 7) >= LF_FOLD_LETTERS && i < (e >> 3 & 31) && n < max; i++) {
                        char l = lf_fold_pool[(e >> 8) + i];
                        out[n++] = l >= 'a' && l <= 'z' ? (char)(l - 'a' + 'A') : l;
                }
        }
        return n;
}
