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

/* Where the words of a text are. */
struct words {
        unsigned n;
        struct {
                uint8_t first, n;
        } word[WORDS_MAX];
};

static void add_letter(struct lf_ofac_text *t, char letter, bool *new_word)
{
        if (t->n + 2 > LF_OFAC_LETTERS)
                return;
        if (*new_word && t->n > 0)
                t->letter[t->n++] = ' ';
        *new_word = false;
        t->letter[t->n++] = letter;
}

void lf_ofac_read(const char *name, size_t n, struct lf_ofac_text *t)
{
        const uint8_t *p = (const uint8_t *)name, *end = p + (n < BYTES_MAX ? n : BYTES_MAX);
        bool new_word = true;
        t->n = 0;
        for (int32_t c; p < end && (c = lf_utf8_next(&p, end)) >= 0;) {
                uint32_t e = c < LF_FOLD_CODE_POINTS ? lf_fold_page[lf_fold_page_of[c >> 8]][c & 255] : 0;
                unsigned kind = e & 7;
                new_word |= kind == LF_FOLD_SPACE || kind == LF_FOLD_WORD;
                for (unsigned i = 0; kind >= LF_FOLD_LETTERS && i < (e >> 3 & 31); i++)
                        add_letter(t, lf_fold_pool[(e >> 8) + i], &new_word);
        }
}

static void find_words(const char *letter, unsigned n, struct words *ret)
{
        ret->n = 0;
        for (unsigned i = 0; i < n && ret->n < WORDS_MAX;) {
                unsigned first = i;
                while (i < n && letter[i] != ' ')
                        i++;
                ret->word[ret->n].first = (uint8_t)first;
                ret->word[ret->n++].n = (uint8_t)(i - first);
                i++;
        }
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
static float by_words(const char *query, const struct words *q, const char *name, const struct words *t)
{
        float sum = 0, weights = 0;
        for (unsigned i = 0; i < q->n; i++) {
                float best = 0, weight = weight_of(q->word[i].n);
                for (unsigned j = 0; j < t->n && weight > 0; j++) {
                        float s = jaro_winkler(query + q->word[i].first, q->word[i].n,
                                               name + t->word[j].first, t->word[j].n);
                        best = s > best ? s : best;
                }
                sum += weight * best;
                weights += weight;
        }
        return weights > 0 ? sum / weights : 0;
}

unsigned lf_ofac_points(const char *query, unsigned n, const char *name, unsigned m)
{
        struct words q, t;
        if (n == 0 || m == 0)
                return 0;
        find_words(query, n, &q);
        find_words(name, m, &t);
        float whole = jaro_winkler(query, n, name, m), words = by_words(query, &q, name, &t);
        return (unsigned)((whole > words ? whole : words) * 100 + 0.5f);
}

unsigned lf_person_ofac_score(const char *query, size_t n, const char *name, size_t m)
{
        struct lf_ofac_text q, t;
        lf_ofac_read(query, n, &q);
        lf_ofac_read(name, m, &t);
        return lf_ofac_points(q.letter, q.n, t.letter, t.n);
}

float lf_ofac_score(unsigned points)
{
        /* Measured: 400 invented people of many languages, half from the Americas, against every second of
         * the 14,952 names and aliases of the individuals on OFAC's list of 2024-05-03; from 98 points on,
         * where fewer than five comparisons remain, the line goes on. */
        static const struct {
                uint8_t points;
                float score;
        } knots[] = {{0, 0},       {50, 0.013f}, {60, 0.076f}, {65, 0.136f}, {70, 0.209f}, {75, 0.290f},
                     {80, 0.355f}, {85, 0.454f}, {90, 0.561f}, {95, 0.695f}, {98, 0.735f}, {100, 0.783f}};
        unsigned i = 1;
        while (points > knots[i].points && i + 1 < sizeof knots / sizeof knots[0])
                i++;
        float t = (float)(points - knots[i - 1].points) / (float)(knots[i].points - knots[i - 1].points);
        return knots[i - 1].score + t * (knots[i].score - knots[i - 1].score);
}
