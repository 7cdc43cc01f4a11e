#include "matcher/person_ofac.h"

#include <stdbool.h>
#include <string.h>

#include "matcher/person_fold.h"
#include "matcher/person_table.h"

#define BYTES_MAX   255
#define LETTERS_MAX 256
#define WORDS_MAX   64
#define PREFIX      4    /* letters that Winkler's bonus looks at */
#define BONUS       0.1f /* for each of them */

/* A name as letters with single spaces, and where its words are. */
struct text {
        char letter[LETTERS_MAX];
        unsigned n, words;
        struct {
                uint16_t first, n;
        } word[WORDS_MAX];
};

static void end_word(struct text *t)
{
        if (t->words < WORDS_MAX && t->word[t->words].n > 0)
                t->words++;
}

static void add_letter(struct text *t, char letter)
{
        if (t->words == WORDS_MAX || t->n + 2 > LETTERS_MAX)
                return;
        if (t->word[t->words].n == 0) {
                if (t->words > 0)
                        t->letter[t->n++] = ' ';
                t->word[t->words].first = (uint16_t)t->n;
        }
        t->letter[t->n++] = letter;
        t->word[t->words].n++;
}

static void read_text(const char *name, size_t n, struct text *t)
{
        const uint8_t *p = (const uint8_t *)name, *end = p + (n < BYTES_MAX ? n : BYTES_MAX);
        memset(t, 0, sizeof *t);
        for (int32_t c; p < end && (c = lf_utf8_next(&p, end)) >= 0;) {
                uint32_t e = c < LF_FOLD_CODE_POINTS ? lf_fold_page[lf_fold_page_of[c >> 8]][c & 255] : 0;
                unsigned kind = e & 7;
                if (kind == LF_FOLD_SPACE || kind == LF_FOLD_WORD)
                        end_word(t);
                for (unsigned i = 0; kind >= LF_FOLD_LETTERS && i < (e >> 3 & 31); i++)
                        add_letter(t, lf_fold_pool[(e >> 8) + i]);
        }
        end_word(t);
}

/* Jaro (1989) with Winkler's bonus for a common beginning (1990): 0..1. */
static float jaro_winkler(const char *a, unsigned n, const char *b, unsigned m)
{
        bool in_a[LETTERS_MAX] = {false}, in_b[LETTERS_MAX] = {false};
        unsigned longer = n > m ? n : m, window = longer / 2 > 0 ? longer / 2 - 1 : 0, common = 0, moved = 0;
        for (unsigned i = 0; i < n; i++)
                for (unsigned j = i > window ? i - window : 0; j < m && j <= i + window; j++)
                        if (!in_b[j] && a[i] == b[j]) {
                                in_a[i] = in_b[j] = true;
                                common++;
                                break;
                        }
        if (common == 0)
                return 0;
        for (unsigned i = 0, j = 0; i < n; i++) {
                if (!in_a[i])
                        continue;
                while (!in_b[j])
                        j++;
                moved += a[i] != b[j++];
        }
        float c = (float)common;
        float jaro = (c / (float)n + c / (float)m + (c - (float)moved / 2) / c) / 3;
        unsigned prefix = 0;
        while (prefix < PREFIX && prefix < n && prefix < m && a[prefix] == b[prefix])
                prefix++;
        return jaro + (float)prefix * BONUS * (1 - jaro);
}

/* What a word counts: its letters; two alone say little, and initials nothing. */
static float weight_of(unsigned letters)
{
        return letters == 1 ? 0 : letters == 2 ? 0.25f : (float)letters;
}

/* The mean of each word's best partner. */
static float by_words(const struct text *q, const struct text *t)
{
        float sum = 0, weights = 0;
        for (unsigned i = 0; i < q->words; i++) {
                float best = 0, weight = weight_of(q->word[i].n);
                for (unsigned j = 0; j < t->words; j++) {
                        float s = jaro_winkler(q->letter + q->word[i].first, q->word[i].n,
                                               t->letter + t->word[j].first, t->word[j].n);
                        best = s > best ? s : best;
                }
                sum += weight * best;
                weights += weight;
        }
        return weights > 0 ? sum / weights : 0;
}

unsigned lf_person_ofac_score(const char *query, size_t n, const char *name, size_t m)
{
        struct text q, t;
        read_text(query, n, &q);
        read_text(name, m, &t);
        if (q.n == 0 || t.n == 0)
                return 0;
        float whole = jaro_winkler(q.letter, q.n, t.letter, t.n), words = by_words(&q, &t);
        return (unsigned)((whole > words ? whole : words) * 100 + 0.5f);
}
