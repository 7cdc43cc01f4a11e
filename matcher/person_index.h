/* The index of a person shard: which rows of a block can be as alike to a name as a floor asks.
 *
 * For each block and each kind of record it holds the different words of their names, the rows that each word
 * stands in, the words of each row, for the words that are met most the words that are like them, and the
 * runs of words that may be written as one. A search finds the words that are like the name's, decides which
 * words a row must have to reach the floor, the rarest that will do, and looks at the rows that have one of
 * them: first at what their words can be worth at most, then in full. No similarity is above that, so no row
 * above the floor is left out: see person_demand.c and person_search.c. Private to the person engine. */
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

/* A row: half a cache line that holds the words of most names; what it lacks has g->words instead, which
 * weighs nothing. */
#define LF_HEAD_WORDS 7
struct lf_person_head {
        uint16_t weight;
        uint8_t n;
        uint8_t reserved;
        uint32_t word[LF_HEAD_WORDS]; /* LF_WEIGHED */
};
/* Where the rest of a row is. */
struct lf_person_at {
        uint32_t row; /* of the shard */
        uint32_t token;
        uint32_t part; /* where its words begin */
};
#define LF_WEIGHED(word, weight)   ((word) | (uint32_t)(weight) << 18)
#define LF_WEIGHED_WORD(weighed)   ((weighed)&0x3ffffu)
#define LF_WEIGHED_WEIGHT(weighed) ((weighed) >> 18)

/* The words that are like a word; none: a search finds them. */
struct lf_person_alike {
        uint32_t first, n; /* in `like` */
        uint32_t places;   /* that they stand in */
        uint16_t weight;   /* of the one that weighs most */
        uint16_t reserved;
};

#define LF_RUN_ABJAD 0x80u
/* A word by its lf_span_skeleton(). */
struct lf_person_bone {
        uint32_t skeleton;
        uint32_t word;
        uint32_t mask; /* bit 0 a .. 25 z: which letters there are */
        uint8_t n;     /* letters, and LF_BONE_ABJAD */
        uint8_t reserved[3];
};
#define LF_BONE_ABJAD LF_RUN_ABJAD

struct lf_person_run {
        uint32_t skeleton;
        uint32_t mask;    /* bit 0 a .. 25 z: which there are */
        uint16_t row;     /* of the group */
        uint16_t letters; /* a hash of them */
        uint8_t first;    /* word of the row */
        uint8_t n;        /* letters, and LF_RUN_ABJAD */
        uint8_t cut;      /* LF_RUN_* and where its first word ends */
        uint8_t reserved;
};
#define LF_RUN_REVERSED 0x80u
#define LF_RUN_THREE    0x40u /* words; else two */
#define LF_RUN_CUT      0x3fu
_Static_assert(sizeof(struct lf_person_head) == 32 && sizeof(struct lf_person_bone) == 16 &&
                   sizeof(struct lf_person_alike) == 16 && sizeof(struct lf_person_run) == 16,
               "cache lines");

/* What is sorted by skeletons is found by their upper bits: where each begins. */
static inline unsigned lf_bone_bits(uint32_t n)
{
        unsigned log2 = n ? 31 - (unsigned)__builtin_clz(n) : 0;
        return log2 < 2 ? 0 : log2 - 2 + (n >> (log2 - 2) > 4);
}
static inline uint32_t lf_bone_place(uint32_t skeleton, unsigned bits)
{
        return bits ? skeleton >> (32 - bits) : 0;
}

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

/* A word of the group that is like another, and how much, in thousandths: the greater, the more alike. */
#define LF_LIKE(word, similarity) ((word) | (uint32_t)(similarity) << 17)
#define LF_LIKE_WORD(like)        ((like)&0x1ffffu)
#define LF_LIKE_SIMILARITY(like)  ((like) >> 17)

/* A group's arrays, each aligned to 64 bytes. */
struct lf_person_words {
        struct lf_person_head *head; /* rows */
        uint16_t *weight;            /* rows: as their heads have it */
        struct lf_person_at *at;     /* rows */
        uint32_t *part;              /* places: LF_WEIGHED, in the order in which they are written */
        uint64_t *signature;         /* words */
        uint8_t (*letters)[LF_KERNEL_LETTERS]; /* words: codes of the first letters */
        uint32_t *token;                       /* words: one of the shard's tokens that is this word */
        uint32_t *first;                       /* words + 1: where a word's places begin */
        uint16_t *place;                       /* places: rows of the group */
        uint32_t *key;                         /* LF_WORD_KEYS + 1: where words of that key begin */
        struct lf_person_alike *alike;         /* words */
        uint32_t *like;                        /* group's likes: LF_LIKE, those of a word descending */
        uint32_t *bone_at;                     /* by lf_bone_place(), and one more */
        struct lf_person_bone *bone;           /* words: sorted */
        uint32_t *run_at;                      /* by lf_bone_place(), and one more */
        struct lf_person_run *run;             /* runs: sorted */
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

/* A run of a name, or word alone. */
#define LF_NAME_RUNS ((1 + LF_RUN_WORDS) * LF_NAME_TOKENS)
struct lf_name_run {
        uint32_t skeleton;
        uint32_t mask;    /* as struct lf_person_run has it */
        uint16_t letters; /* a hash of them: what runs that are divided elsewhere have in common */
        uint8_t first, words;
        uint8_t n, cut; /* as struct lf_person_run has them */
};
/* First the name's words, then its runs. */
unsigned lf_name_runs(const struct lf_token *token, unsigned n, struct lf_name_run *ret);

/* Control: the index over rows and tokens that are laid out. With index NULL only counts its size, *ret_size.
 * -ENOMEM. */
int lf_person_index_build(const struct lf_person_view *v, uint32_t blocks, void *index, uint64_t *ret_size);
/* Whether nothing in it leads outside of the index or the view. */
bool lf_person_index_sound(const struct lf_person_view *v, uint32_t blocks, const void *index, uint64_t size);

#define LF_SEARCH_WORDS   (1u << 17) /* a group with more is compared row by row */
#define LF_SEARCH_MATCHES (1u << 18) /* of all words of one name */

/* A row that is looked at, and how much of the probe's name and of its own can be explained, in thousandths
 * of a word. */
struct lf_person_candidate {
        uint32_t own, theirs;
        uint16_t row; /* of the group */
};

/* How alike a word of the group is to each of the name's, in thousandths, 1000 to those that it may be joined
 * of: to those from LF_ALIKE_LANES - 1 on, and in the last to all, the greatest. */
#define LF_ALIKE_LANES 7
struct lf_person_likeness {
        uint16_t to[LF_ALIKE_LANES + 1];
};
static inline unsigned lf_alike_lane(unsigned i)
{
        return i < LF_ALIKE_LANES ? i : LF_ALIKE_LANES - 1;
}

/* Words of the name, as bits, that may be written as one word of the group. */
#define LF_SEARCH_JOINED 4096
struct lf_person_joined {
        uint32_t own, word;
        bool brings; /* the rows that have the word */
};

/* What a search needs. */
struct lf_person_scratch {
        struct lf_person_likeness alike[LF_SEARCH_WORDS + 1];
        uint64_t met_word[LF_SEARCH_WORDS / 64 + 1]; /* words of which `alike` holds anything */
        uint64_t among[LF_SEARCH_WORDS / 64 + 1];    /* words of the rows that are left */
        uint32_t matched[LF_SEARCH_MATCHES];         /* words that are like the name's: LF_LIKE */
        uint32_t run_word[LF_PERSON_BLOCK_ROWS][2]; /* of rows with LF_MET_RUN: words of either name, as bits,
                                                     * that runs may explain */
        uint8_t met_row[LF_PERSON_BLOCK_ROWS];      /* what it has, as bits; 0: it is not looked at */
        struct lf_person_candidate row[LF_PERSON_BLOCK_ROWS + 1];
        struct lf_person_joined joined[LF_SEARCH_JOINED];
        struct lf_name_run run[LF_NAME_RUNS]; /* of the name */
};
_Static_assert(sizeof(struct lf_person_scratch) <= LF_SCRATCH_MAX, "a core's scratch");

/* A word of the probe's name. */
struct lf_person_wanted {
        uint32_t word;        /* g->words: the group does not have it */
        const uint32_t *like; /* LF_LIKE, those first that bring rows */
        uint32_t *sorts;      /* the same when they are the search's own */
        uint32_t likes;
        uint32_t bring;  /* how many of them bring rows */
        uint32_t places; /* of all */
        bool open;       /* what is like it is not known */
        uint8_t met;     /* its bit in scratch->met_row */
        uint16_t limit;  /* those that bring are more alike, in thousandths */
        uint16_t most;   /* how alike they are at most; 1000 of words that runs may explain */
        uint16_t weight; /* of words that are like it, and its share of those that are runs of it, at most */
};
#define LF_MET_BITS 7 /* words beyond share the last */
static inline uint8_t lf_met_bit(unsigned i)
{
        return (uint8_t)(1u << (i < LF_MET_BITS ? i : LF_MET_BITS - 1));
}
#define LF_MET_RUN 0x80u /* words of the row are a run */

#define LF_SEARCH_MARKS 30 /* of rows that are as dear as looking at one */

/* One search of one name in one group. */
struct lf_person_search {
        const struct lf_person_view *v;
        const struct lf_person_group *g;
        const struct lf_person_words *w;
        const struct lf_person_kernel *kernel;
        struct lf_person_scratch *s;
        const struct lf_token *token;
        unsigned n, weight;
        struct lf_person_wanted word[LF_NAME_TOKENS];
        uint32_t rows;   /* in scratch->row */
        uint32_t joined; /* in scratch->joined */
        uint32_t runs;   /* in scratch->run */
        uint32_t likes;  /* in scratch->matched */
        uint8_t met;     /* what every row is taken to have, as in scratch->met_row */
};

/* The words of the group that are like `t`, as LF_LIKE, in no order, some perhaps twice; how many there are:
 * of more than `max` only the first `max` are in `ret`. `among` (may be NULL) has the bits of the words that
 * matter. */
uint32_t lf_person_like(const struct lf_person_view *v, const struct lf_person_group *g,
                        const struct lf_person_words *w, const struct lf_person_kernel *kernel,
                        const struct lf_token *t, const uint64_t *among, uint32_t *ret, uint32_t max);

/* What the letters that only the one of two words that are alike has cost at most: for lf_person_kernel's
 * possible(). */
struct lf_word_budget {
        int own, theirs; /* below 0: no such words are alike */
};
struct lf_word_budget lf_word_budget(unsigned own, bool own_doubled, unsigned theirs, bool theirs_doubled);

/* Lists the runs of the name. What the search will look up by them is fetched on the way. */
void lf_person_list_runs(struct lf_person_search *s);

/* Fills search->word: for each word of the name those of the group by which rows are brought. A row that has
 * none of them and no run of words is below the floor. A word of which the group has no list stays open, one
 * that may be like any, when the others bring few rows. False: they are too many. */
bool lf_person_demand(struct lf_person_search *s, float floor);
/* Finds what is like the open words in the rows that are left. False: they are too many. */
bool lf_person_close(struct lf_person_search *s);

/* How much a row may weigh that has words like those of these bits, and of the others none above their
 * limits, and reach the floor. -1: it cannot. */
int32_t lf_person_heaviest(const struct lf_person_search *s, float floor, uint8_t met);

/* Takes the rows with runs of words that may be written as the name's are; those in which one word stands for
 * several of the name's only if that may be enough. False: they are too many. */
bool lf_person_take_runs(struct lf_person_search *s, float floor);
/* Marks in the rows that are taken the words of the name that joined words may explain which bring no rows;
 * of words in too many rows, in search->met for all. */
void lf_person_mark_joined(struct lf_person_search *s);
/* The words of the name, as bits, that may be written as that one. */
uint32_t lf_person_joined_words(const struct lf_person_search *s, uint32_t word);

static inline bool lf_bit(const uint64_t *bits, uint32_t i)
{
        return bits[i / 64] >> i % 64 & 1;
}

static inline void lf_person_take_row(struct lf_person_search *s, uint16_t row, uint8_t bit)
{
        uint8_t met = s->s->met_row[row];
        s->s->met_row[row] = met | bit;
        s->s->row[s->rows].row = row; /* there is room for one more */
        s->rows += met == 0;
}

/* Words of the name and of the row, as bits, that runs may explain. */
static inline const uint32_t *lf_person_run_words(const struct lf_person_search *s, uint16_t row)
{
        static const uint32_t none[2];
        return s->s->met_row[row] & LF_MET_RUN ? s->s->run_word[row] : none;
}

/* Whether names of these weights can be as alike as the floor when so much of them is explained; all in
 * thousandths of a word. What rounding may take is given. */
static inline bool lf_person_reaches(float own, float theirs, float explained_own, float explained_theirs,
                                     float floor)
{
        float a = explained_own < own ? explained_own : own,
              b = explained_theirs < theirs ? explained_theirs : theirs;
        float ua = own - a, ub = theirs - b, both = a + b, evidence = a < b ? a : b;
        float less = ua < ub ? ua : ub, more = ua < ub ? ub : ua;
        return both * evidence * 1.001f + 1 >= floor * (both + 1.6f * less + 0.4f * more) * (evidence + 100);
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
