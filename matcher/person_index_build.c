#include "matcher/person_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/engines.h"
#include "matcher/person_token.h"

#define LIKES       8          /* for each place of a word, on average */
#define COMPARISONS (1u << 28) /* of words with one another, in a group */

/* What one group is made from: room for every row and token of a block. */
struct room {
        uint32_t *row;    /* of the shard */
        uint32_t *token;  /* every token of the rows: of the shard; sorted, so that equal words meet */
        uint32_t *holder; /* by token of the block: the group's row that it stands in */
        struct lf_person_bone *bone;
        struct lf_person_run *run;
        const struct lf_person_view *v;
        const struct lf_person_kernel *kernel;
        uint32_t first_token; /* of the block */
};

static unsigned key_of(const struct lf_token *t)
{
        return lf_word_key(t->n, lf_word_doubled(t->letter, t->n), lf_word_first(t->letter[0]));
}

static int by_word(const void *a, const void *b, void *context)
{
        const struct lf_token *all = context, *x = &all[*(const uint32_t *)a],
                              *y = &all[*(const uint32_t *)b];
        int c = (int)key_of(x) - (int)key_of(y);
        for (unsigned i = 0; c == 0 && i < x->n; i++)
                c = lf_letter_code(x->letter[i]) - lf_letter_code(y->letter[i]);
        if (c == 0)
                c = (x->flags & LF_TOKEN_ABJAD) - (y->flags & LF_TOKEN_ABJAD);
        if (c == 0)
                c = (*(const uint32_t *)a > *(const uint32_t *)b) -
                    (*(const uint32_t *)a < *(const uint32_t *)b);
        return c;
}

static bool same_word(const struct lf_token *x, const struct lf_token *y)
{
        return x->n == y->n && !memcmp(x->letter, y->letter, x->n) &&
               !((x->flags ^ y->flags) & LF_TOKEN_ABJAD);
}

static int by_skeleton(const void *a, const void *b)
{
        const struct lf_person_bone *x = a, *y = b;
        if (x->skeleton != y->skeleton)
                return x->skeleton < y->skeleton ? -1 : 1;
        return (x->word > y->word) - (x->word < y->word);
}

static int by_run(const void *a, const void *b)
{
        const struct lf_person_run *x = a, *y = b;
        if (x->skeleton != y->skeleton)
                return x->skeleton < y->skeleton ? -1 : 1;
        return (x->row > y->row) - (x->row < y->row);
}

static struct lf_person_run run_entry(uint16_t row, const struct lf_name_run *r)
{
        return (struct lf_person_run){.skeleton = r->skeleton,
                                      .row = row,
                                      .first = r->first,
                                      .n = r->n,
                                      .cut = r->cut,
                                      .letters = r->letters,
                                      .mask = r->mask};
}

static void collect_runs(struct room *m, uint16_t row, const struct lf_person_row *r, uint32_t *inout_runs)
{
        struct lf_name_run run[LF_NAME_RUNS];
        unsigned n = lf_name_runs(m->v->token + r->token, r->n, run);
        for (unsigned i = r->n; i < n; i++)
                m->run[(*inout_runs)++] = run_entry(row, &run[i]);
}

/* The rows of a kind in [first, end), their tokens and runs. */
static void collect(struct room *m, uint32_t first, uint32_t end, unsigned kind, struct lf_person_group *g)
{
        *g = (struct lf_person_group){0};
        for (uint32_t i = first; i < end; i++) {
                const struct lf_person_row *r = &m->v->row[i];
                if (r->n == 0 || lf_person_kind(m->v->detail[r->record].entity) != kind)
                        continue;
                for (uint32_t t = r->token; t < r->token + r->n; t++) {
                        m->holder[t - m->first_token] = g->rows;
                        m->token[g->places++] = t;
                }
                collect_runs(m, (uint16_t)g->rows, r, &g->runs);
                m->row[g->rows++] = i;
        }
        if (g->places > 0)
                qsort_r(m->token, g->places, sizeof *m->token, by_word, m->v->token);
        g->likes = g->places * LIKES;
        for (uint32_t i = 0; i < g->places; i++) {
                g->abjad |= m->v->token[m->token[i]].flags & LF_TOKEN_ABJAD;
                g->words += i == 0 || !same_word(&m->v->token[m->token[i - 1]], &m->v->token[m->token[i]]);
        }
}

static void write_word(const struct room *m, const struct lf_person_words *w, uint32_t word, uint32_t token)
{
        const struct lf_token *t = &m->v->token[token];
        struct lf_span s = lf_span_of(t);
        w->signature[word] = lf_word_signature(&s);
        for (unsigned i = 0; i < t->n && i < LF_KERNEL_LETTERS; i++)
                w->letters[word][i] = lf_letter_code(t->letter[i]);
        w->token[word] = token;
        m->bone[word] = (struct lf_person_bone){.skeleton = lf_span_skeleton(&s),
                                                .word = word,
                                                .mask = (uint32_t)(s.mask >> 32),
                                                .n = (uint8_t)(t->n | (s.abjad ? LF_BONE_ABJAD : 0))};
        w->key[key_of(t) + 1]++;
}

static void write_words(const struct room *m, const struct lf_person_group *g,
                        const struct lf_person_words *w)
{
        uint32_t words = 0;
        memset(w->key, 0, (LF_WORD_KEYS + 1) * sizeof *w->key);
        for (uint32_t i = 0; i < g->places; i++) {
                if (i == 0 || !same_word(&m->v->token[m->token[i - 1]], &m->v->token[m->token[i]])) {
                        w->first[words] = i;
                        write_word(m, w, words++, m->token[i]);
                } else if (m->v->token[m->token[i]].weight > m->v->token[w->token[words - 1]].weight)
                        w->token[words - 1] = m->token[i]; /* which bounds what the word may weigh */
                uint32_t row = m->holder[m->token[i] - m->first_token], at = m->token[i] - w->at[row].token;
                w->place[i] = (uint16_t)row;
                uint32_t part = LF_WEIGHED(words - 1, m->v->token[m->token[i]].weight);
                w->part[w->at[row].part + at] = part;
                if (at < LF_HEAD_WORDS)
                        w->head[row].word[at] = part;
        }
        w->first[words] = g->places;
        for (unsigned k = 0; k < LF_WORD_KEYS; k++)
                w->key[k + 1] += w->key[k];
        if (words > 0)
                qsort(m->bone, words, sizeof *m->bone, by_skeleton);
        if (words > 0)
                memcpy(w->bone, m->bone, words * sizeof *w->bone);
}

static int descending(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
        return (x < y) - (x > y);
}

/* The words that are like one, if there is room for them. */
static bool write_like(struct room *m, const struct lf_person_group *g, const struct lf_person_words *w,
                       uint32_t word, uint32_t used)
{
        struct lf_person_alike *a = &w->alike[word];
        uint32_t *like = w->like + used;
        uint32_t n =
            lf_person_like(m->v, g, w, m->kernel, &m->v->token[w->token[word]], NULL, like, g->likes - used);
        if (n > g->likes - used)
                return false;
        qsort(like, n, sizeof *like, descending);
        *a = (struct lf_person_alike){.first = used};
        for (uint32_t i = 0; i < n; i++) {
                if (i > 0 && like[i] == like[i - 1])
                        continue;
                uint32_t other = LF_LIKE_WORD(like[i]);
                uint16_t weight = m->v->token[w->token[other]].weight;
                a->places += w->first[other + 1] - w->first[other];
                a->weight = weight > a->weight ? weight : a->weight;
                like[a->n++] = like[i];
        }
        return true;
}

static int by_places(const void *a, const void *b)
{
        const struct lf_person_bone *x = a, *y = b; /* places instead of skeletons */
        if (x->skeleton != y->skeleton)
                return x->skeleton > y->skeleton ? -1 : 1;
        return (x->word > y->word) - (x->word < y->word);
}

/* For the words that stand in most rows, as far as there is room and time, the words that are like them. */
static void write_likes(struct room *m, const struct lf_person_group *g, const struct lf_person_words *w)
{
        uint32_t used = 0, most = g->words ? COMPARISONS / g->words : 0;
        memset(w->alike, 0, g->words * sizeof *w->alike);
        if (g->words == 0 || g->words > LF_SEARCH_WORDS)
                return;
        for (uint32_t i = 0; i < g->words; i++)
                m->bone[i] = (struct lf_person_bone){.skeleton = w->first[i + 1] - w->first[i], .word = i};
        qsort(m->bone, g->words, sizeof *m->bone, by_places);
        for (uint32_t i = 0; i < g->words && i < most; i++) {
                if (!write_like(m, g, w, m->bone[i].word, used))
                        break;
                used += w->alike[m->bone[i].word].n;
        }
        memset(w->like + used, 0, (g->likes - used) * sizeof *w->like);
}

/* Where the keys, every `stride` bytes, begin that share their upper bits. */
static void write_places(const void *keys, size_t stride, uint32_t n, uint32_t *at)
{
        unsigned bits = lf_bone_bits(n);
        uint32_t place = 0;
        for (uint32_t i = 0; i < n; i++) {
                uint32_t key;
                memcpy(&key, (const uint8_t *)keys + i * stride, sizeof key);
                while (place <= lf_bone_place(key, bits))
                        at[place++] = i;
        }
        while (place <= 1u << bits)
                at[place++] = n;
}

static void write_group(struct room *m, const struct lf_person_group *g, const struct lf_person_words *w)
{
        uint32_t part = 0;
        for (uint32_t i = 0; i < g->rows; i++) {
                const struct lf_person_row *r = &m->v->row[m->row[i]];
                w->at[i] = (struct lf_person_at){.row = m->row[i], .token = r->token, .part = part};
                w->head[i] = (struct lf_person_head){.weight = r->weight, .n = r->n};
                w->weight[i] = r->weight;
                for (unsigned j = 0; j < LF_HEAD_WORDS; j++)
                        w->head[i].word[j] = LF_WEIGHED(g->words, 0);
                part += r->n;
        }
        write_words(m, g, w);
        if (g->runs > 0)
                qsort(m->run, g->runs, sizeof *m->run, by_run);
        if (g->runs > 0)
                memcpy(w->run, m->run, g->runs * sizeof *w->run);
        write_places(w->bone, sizeof *w->bone, g->words, w->bone_at);
        write_places(w->run, sizeof *w->run, g->runs, w->run_at);
        write_likes(m, g, w);
}

static void room_free(struct room *m)
{
        free(m->row);
        free(m->token);
        free(m->holder);
        free(m->bone);
        free(m->run);
}

static int room_create(const struct lf_person_view *v, uint32_t blocks, struct room *ret)
{
        /* Tokens of rows follow one another: a block's are those from its first row's to the next block's. */
        uint32_t rows = v->head->rows < LF_PERSON_BLOCK_ROWS ? v->head->rows : LF_PERSON_BLOCK_ROWS,
                 tokens = 0;
        for (uint32_t b = 0; b < blocks; b++) {
                uint32_t n = lf_person_block_tokens(v, b);
                tokens = n > tokens ? n : tokens;
        }
        *ret = (struct room){.row = calloc(rows + 1u, sizeof *ret->row),
                             .token = calloc(tokens + 1u, sizeof *ret->token),
                             .holder = calloc(tokens + 1u, sizeof *ret->holder),
                             .bone = calloc(tokens + 1u, sizeof *ret->bone),
                             .run = calloc((size_t)LF_RUN_WORDS * tokens + 1, sizeof *ret->run),
                             .v = v,
                             .kernel = lf_person_kernel_for(lf_engines_isa())};
        if (ret->row && ret->token && ret->holder && ret->bone && ret->run)
                return 0;
        room_free(ret);
        return -ENOMEM;
}

static uint64_t directory_size(uint32_t blocks)
{
        return ((uint64_t)blocks * LF_PERSON_KINDS * sizeof(struct lf_person_group) + 63) & ~63ull;
}

int lf_person_index_build(const struct lf_person_view *v, uint32_t blocks, void *index, uint64_t *ret_size)
{
        struct room m;
        int r = room_create(v, blocks, &m);
        if (r < 0)
                return r;
        uint64_t at = directory_size(blocks);
        for (uint32_t b = 0; b < blocks; b++) {
                uint32_t first = b * LF_PERSON_BLOCK_ROWS, end = first + LF_PERSON_BLOCK_ROWS;
                end = end > v->head->rows ? v->head->rows : end;
                m.first_token = v->row[first].token;
                for (unsigned kind = 0; kind < LF_PERSON_KINDS; kind++) {
                        struct lf_person_group g;
                        collect(&m, first, end, kind, &g);
                        g.offset = at;
                        struct lf_person_words w = lf_person_words_at(index, &g);
                        if (index) {
                                ((struct lf_person_group *)index)[b * LF_PERSON_KINDS + kind] = g;
                                write_group(&m, &g, &w);
                        }
                        at += w.size;
                }
        }
        room_free(&m);
        *ret_size = at;
        return 0;
}

static bool ascending(const uint32_t *v, uint64_t n, uint32_t most)
{
        for (uint64_t i = 0; i < n; i++)
                if (v[i] > most || (i > 0 && v[i] < v[i - 1]))
                        return false;
        return true;
}

static bool words_sound(const struct lf_person_view *v, const struct lf_person_group *g,
                        const struct lf_person_words *w)
{
        if (!ascending(w->first, (uint64_t)g->words + 1, g->places) ||
            !ascending(w->key, LF_WORD_KEYS + 1, g->words) || w->key[LF_WORD_KEYS] != g->words ||
            !ascending(w->bone_at, (1ull << lf_bone_bits(g->words)) + 1, g->words) ||
            !ascending(w->run_at, (1ull << lf_bone_bits(g->runs)) + 1, g->runs))
                return false;
        for (uint32_t i = 0; i < g->words; i++)
                if (w->alike[i].first > g->likes || w->alike[i].n > g->likes - w->alike[i].first ||
                    w->token[i] >= v->head->tokens || w->bone[i].word >= g->words)
                        return false;
        return true;
}

static bool run_sound(const struct lf_person_group *g, const struct lf_person_words *w,
                      const struct lf_person_run *r)
{
        unsigned words = r->cut & LF_RUN_THREE ? 3 : 2;
        return r->row < g->rows && r->first + words <= w->head[r->row].n;
}

static bool row_sound(const struct lf_person_view *v, uint32_t block, const struct lf_person_group *g,
                      const struct lf_person_head *h, const struct lf_person_at *at)
{
        if (at->row >= v->head->rows || at->row / LF_PERSON_BLOCK_ROWS != block)
                return false;
        for (unsigned j = 0; j < LF_HEAD_WORDS; j++)
                if (LF_WEIGHED_WORD(h->word[j]) > g->words || LF_WEIGHED_WEIGHT(h->word[j]) > LF_WEIGHT_MOST)
                        return false;
        const struct lf_person_row *r = &v->row[at->row];
        return h->n == r->n && at->token == r->token && at->part <= g->places && h->n <= g->places - at->part;
}

static bool group_sound(const struct lf_person_view *v, uint32_t block, const struct lf_person_group *g,
                        const struct lf_person_words *w)
{
        for (uint32_t i = 0; i < g->rows; i++)
                if (!row_sound(v, block, g, &w->head[i], &w->at[i]) || w->weight[i] != w->head[i].weight)
                        return false;
        for (uint32_t i = 0; i < g->likes; i++)
                if (LF_LIKE_SIMILARITY(w->like[i]) > 1000 ||
                    (w->like[i] && LF_LIKE_WORD(w->like[i]) >= g->words))
                        return false;
        for (uint32_t i = 0; i < g->places; i++)
                if (w->place[i] >= g->rows || LF_WEIGHED_WORD(w->part[i]) >= g->words ||
                    LF_WEIGHED_WEIGHT(w->part[i]) > LF_WEIGHT_MOST)
                        return false;
        for (uint32_t i = 0; i < g->runs; i++)
                if (!run_sound(g, w, &w->run[i]))
                        return false;
        return words_sound(v, g, w);
}

bool lf_person_index_sound(const struct lf_person_view *v, uint32_t blocks, const void *index, uint64_t size)
{
        uint64_t at = directory_size(blocks);
        if (at > size)
                return false;
        for (uint32_t i = 0; i < blocks * LF_PERSON_KINDS; i++) {
                const struct lf_person_group *g = &((const struct lf_person_group *)index)[i];
                if (g->offset != at || g->rows > LF_PERSON_BLOCK_ROWS ||
                    g->words > LF_PERSON_BLOCK_ROWS * 32u)
                        return false;
                struct lf_person_words w = lf_person_words_at(index, g);
                if (w.size > size - at || !group_sound(v, i / LF_PERSON_KINDS, g, &w))
                        return false;
                at += w.size;
        }
        return at == size;
}
