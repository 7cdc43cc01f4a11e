/* The index of a person shard: which rows of a block can be as alike to a name as a floor asks.
 *
 * For each block and each kind of record it holds the different words of their names, the rows that each word
 * stands in, and the runs of words that may be written as one. A search compares the probe's words with all
 * words, adds up for each row at most what can be explained of either name, and leaves the rows that reach
 * the floor. No similarity is above that sum, so no row above the floor is left out: see person_index.c.
 * Private to the person engine. */
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
        uint32_t reserved;
};

struct lf_person_run {
        uint16_t row; /* of the group */
        uint16_t weight;
        uint8_t n; /* letters */
        uint8_t reversed;
};

#define LF_WORD_LENGTHS (LF_TOKEN_LETTERS + 2)

/* A group's arrays, each aligned to 64 bytes. Words are sorted by length, then letters. */
struct lf_person_words {
        uint32_t *row;                         /* rows: of the shard */
        uint16_t *row_weight;                  /* rows */
        uint64_t *signature;                   /* words */
        uint8_t (*letters)[LF_KERNEL_LETTERS]; /* words: codes of the first letters */
        uint32_t *token;                       /* words: one of the shard's tokens that is this word */
        uint16_t *weight;                      /* words */
        uint32_t *first;                       /* words + 1: where a word's places begin */
        uint16_t *place;                       /* places: rows of the group */
        uint32_t *length;                      /* LF_WORD_LENGTHS: where words of n letters begin */
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

/* Letters as bits, so that the number of bits that one word has and another lacks is never more than what
 * turning the one into the other costs. */
uint64_t lf_word_signature(const struct lf_span *s);

/* The runs of a name, words alone left out. */
#define LF_NAME_RUNS (LF_RUN_WORDS * LF_NAME_TOKENS)
struct lf_name_run {
        struct lf_span span; /* over `letter` */
        unsigned weight;
        bool reversed;
        char letter[LF_SPAN_LETTERS];
};
unsigned lf_name_runs(const struct lf_token *token, unsigned n, struct lf_name_run *ret);

/* Control: the index over rows and tokens that are laid out. With index NULL only counts its size, *ret_size.
 * -ENOMEM. */
int lf_person_index_build(const struct lf_person_view *v, uint32_t blocks, void *index, uint64_t *ret_size);
/* Whether nothing in it leads outside of the index or the view. */
bool lf_person_index_sound(const struct lf_person_view *v, uint32_t blocks, const void *index, uint64_t size);

/* What a search needs. */
struct lf_person_scratch {
        uint32_t sum[LF_PERSON_BLOCK_ROWS];
        uint32_t met; /* rows of which anything is explained: these, with their sums and weights */
        uint16_t met_row[LF_PERSON_BLOCK_ROWS + 1];
        uint32_t met_sum[LF_PERSON_BLOCK_ROWS];
        uint16_t met_weight[LF_PERSON_BLOCK_ROWS];
        uint64_t word[LF_PERSON_BLOCK_ROWS / 64]; /* words that may be alike, a length at a time */
        uint64_t row[LF_PERSON_BLOCK_ROWS / 64];  /* rows of the group that may reach the floor */
};

/* Sets in scratch->row the rows of the group that may be as alike as `floor` (above 0) to any of the probe's
 * names. */
void lf_person_index_search(const struct lf_person_view *v, const struct lf_person_group *g,
                            const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                            const struct lf_person_probe *probe, float floor,
                            struct lf_person_scratch *scratch);

/* Every row of a block, one by one: what a scan must find, and what it does when the floor asks nothing. */
void lf_person_scan_all(const struct lf_shard *shard, uint32_t block, const struct lf_person_probe *probe,
                        struct lf_topk *topk);
