/* The index of a person shard: which rows of a block can be as alike to a name as a floor asks.
 *
 * For each block and each kind of record it holds the different words of their names, the rows that each word
 * stands in and the words of each row, and the runs of words that may be written as one. A search compares
 * the probe's words with all words once, follows those that can make a hit to their rows, adds up for each at
 * most what can be explained of either name, and compares in full the rows that reach the floor. No
 * similarity is above that sum, so no row above the floor is left out: see person_search.c. Private to the
 * person engine. */
#pragma once

#include "matcher/person_kernel.h"
#include "matcher/person_payload.h"
#include "matcher/person_probe.h"
#include "matcher/person_token.h"

#define LF_PERSON_KINDS 4 /* of LF_PERSON_ENTITY */

/* The rows of one kind in one block. In the payload: LF_PERSON_KINDS a block. */
struct lf_person_group {
        uint64_t offset; /* of the arrays, from the index's start */
        uint32_t rows, words, places, runs;
        uint32_t abjad; /* words of a script without vowels there are any */
        uint32_t likes; /* room for words that are like others */
};

struct lf_person_run {
        uint16_t row;     /* of the group */
        uint16_t letters; /* lf_letters_hash() */
        uint32_t mask;    /* bit 0 a .. 25 z: which there are */
        uint8_t first;    /* word of the row */
        uint8_t n;        /* letters, and LF_RUN_ABJAD */
        uint8_t cut;      /* LF_RUN_* and where its first word ends */
        uint8_t reserved;
};
#define LF_RUN_ABJAD    0x80u
#define LF_RUN_REVERSED 0x80u
#define LF_RUN_THREE    0x40u /* words; else two */
#define LF_RUN_CUT      0x3fu

/* Words are sorted by their length, whether a letter of them is doubled, their first letter: their key; then
 * by the codes of their letters. */
#define LF_WORD_FIRSTS 36
#define LF_WORD_KEYS   ((LF_TOKEN_LETTERS + 1) * 2 * LF_WORD_FIRSTS)
static inline unsigned lf_word_key(unsigned n, bool doubled, unsigned first)
{
        return (n * 2 + doubled) * LF_WORD_FIRSTS + first;
}
static inline unsigned lf_word_first(char letter)
{
        return letter <= '9' ? (unsigned)(letter - '0') : (unsigned)(letter - 'a') + 10;
}
bool lf_word_doubled(const char *letter, unsigned n);

/* A word of the group that is like another, and how much, in thousandths. */
#define LF_LIKE(word, similarity) ((word) | (uint32_t)(similarity) << 17)
#define LF_LIKE_WORD(like)        ((like)&0x1ffffu)
#define LF_LIKE_SIMILARITY(like)  ((like) >> 17)

/* A group's arrays, each aligned to 64 bytes. */
struct lf_person_words {
        uint32_t *row;                         /* rows: of the shard */
        uint16_t *row_weight;                  /* rows */
        uint32_t *row_first;                   /* rows + 1: where a row's words begin */
        uint32_t *row_word;                    /* places: in the order in which they are written */
        uint64_t *signature;                   /* words */
        uint8_t (*letters)[LF_KERNEL_LETTERS]; /* words: codes of the first letters */
        uint32_t *token;                       /* words: one of the shard's tokens that is this word */
        uint16_t *weight;                      /* words */
        uint32_t *first;                       /* words + 1: where a word's places begin */
        uint16_t *place;                       /* places: rows of the group */
        uint32_t *key;                         /* LF_WORD_KEYS + 1: where words of that key begin */
        uint32_t *like_first, *likes;          /* words: where the words like it are; none: not known */
        uint32_t *like;                        /* group's likes: LF_LIKE */
        uint32_t *skeleton;                    /* words: sorted lf_span_skeleton() */
        uint32_t *skeleton_word;
        uint32_t *run_skeleton; /* runs: sorted */
        struct lf_person_run *run;
        uint64_t size;
};
struct lf_person_words lf_person_words_at(const void *index, const struct lf_person_group *g);

static inline unsigned lf_person_kind(char entity)
{
        return entity == 'P' ? 0 : entity == 'E' ? 1 : entity == 'V' ? 2 : 3;
}

/* Letters as bits, so that the bits that one word has and another lacks, those of the upper half twice, are
 * never more than what turning the one into the other costs. */
uint64_t lf_word_signature(const struct lf_span *s);

/* The runs of a name, words alone left out. */
#define LF_NAME_RUNS (LF_RUN_WORDS * LF_NAME_TOKENS)
struct lf_name_run {
        struct lf_span span; /* over `letter` */
        uint8_t first, words;
        uint8_t cut;
        uint16_t letters;
        char letter[LF_SPAN_LETTERS];
};
unsigned lf_name_runs(const struct lf_token *token, unsigned n, struct lf_name_run *ret);

/* What runs that are divided elsewhere have in common. */
uint16_t lf_letters_hash(const char *letter, unsigned n);

/* Where `key` is in the sorted keys, or where it would be. */
uint32_t lf_place_of(const uint32_t *keys, uint32_t n, uint32_t key);

/* Control: the index over rows and tokens that are laid out. With index NULL only counts its size, *ret_size.
 * -ENOMEM. */
int lf_person_index_build(const struct lf_person_view *v, uint32_t blocks, void *index, uint64_t *ret_size);
/* Whether nothing in it leads outside of the index or the view. */
bool lf_person_index_sound(const struct lf_person_view *v, uint32_t blocks, const void *index, uint64_t size);

/* How alike a word of the index is to each word of the probe's name, in thousandths; what is left over of
 * longer names shares the last lane. And what a row's word explains at most: of the name, of its own row. */
#define LF_MATCH_LANES 14
struct lf_word_match {
        int16_t lane[LF_MATCH_LANES];
        int16_t own, theirs;
};
_Static_assert(sizeof(struct lf_word_match) == 32, "half a cache line");

#define LF_SEARCH_WORDS   (1u << 17) /* a group with more is compared row by row */
#define LF_SEARCH_MATCHES (1u << 18) /* of all words of one name */

/* What is explained of the probe's name and of a row, in thousandths of a word. */
struct lf_explained_sum {
        uint32_t own, theirs;
};

/* What a search needs. */
struct lf_person_scratch {
        struct lf_word_match match[LF_SEARCH_WORDS];
        uint64_t met_word[LF_SEARCH_WORDS / 64]; /* words of which `match` holds anything */
        uint64_t possible[LF_SEARCH_WORDS / 64]; /* of one length */
        uint32_t matched[LF_SEARCH_MATCHES]; /* words that are like the name's first, second, ..: LF_LIKE */
        uint32_t run_word[LF_PERSON_BLOCK_ROWS][2]; /* words of either name, as bits, that runs may explain */
        uint64_t run_row[LF_PERSON_BLOCK_ROWS / 64];
        uint64_t met_row[LF_PERSON_BLOCK_ROWS / 64], once_row[LF_PERSON_BLOCK_ROWS / 64],
            now_row[LF_PERSON_BLOCK_ROWS / 64];
        uint16_t row[LF_PERSON_BLOCK_ROWS]; /* those that are looked at */
        struct lf_explained_sum sum[LF_PERSON_BLOCK_ROWS];
};
_Static_assert(sizeof(struct lf_person_scratch) <= LF_SCRATCH_MAX, "a core's scratch");

/* One search of one name in one group. */
struct lf_person_search {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_person_scratch *s;
        const struct lf_token *token;
        unsigned n, weight;
        const uint32_t
            *like[LF_NAME_TOKENS]; /* LF_LIKE: the group's words that are like each of the name's */
        uint32_t likes[LF_NAME_TOKENS];
        uint32_t places[LF_NAME_TOKENS]; /* rows that they stand in, with repetition */
        uint32_t most[LF_NAME_TOKENS],
            most_theirs[LF_NAME_TOKENS]; /* similarity; what a row's word explains */
};

/* The words of the group that are like `t`, as LF_LIKE, some perhaps twice; how many there are: of more than
 * `max` only the first `max` are in `ret`. `possible` has a bit for every word of the group. */
uint32_t lf_person_like(const struct lf_person_view *v, const struct lf_person_group *g,
                        const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                        const struct lf_token *t, uint64_t *possible, uint32_t *ret, uint32_t max);

/* Fills scratch->match and ->met_word, and what the search holds of words that are like the name's. False:
 * they are too many. */
bool lf_person_match(struct lf_person_search *s);

static inline bool lf_bit(const uint64_t *bits, uint32_t i)
{
        return bits[i / 64] >> i % 64 & 1;
}

/* Takes a row of the shard that is so similar to one of the probe's names; returns the floor from then on,
 * which never falls. */
typedef float lf_person_found(void *context, uint32_t row, unsigned name, float similarity);

/* Calls `found` for every row of the group that is at least as alike as the floor (above 0) to a name of the
 * probe, and perhaps for some that are a little less. A group of more than LF_SEARCH_WORDS words cannot be
 * searched. */
void lf_person_index_search(const struct lf_person_view *v, const struct lf_person_group *g,
                            const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                            const struct lf_person_probe *probe, float floor,
                            struct lf_person_scratch *scratch, lf_person_found *found, void *context);

/* Every row of a block, one by one: what a scan must find, and what it does when the floor asks nothing. */
void lf_person_scan_all(const struct lf_shard *shard, uint32_t block, const struct lf_person_probe *probe,
                        struct lf_topk *topk);
