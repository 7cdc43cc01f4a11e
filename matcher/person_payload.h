/* A person shard's payload: header, then the arrays in this order, each aligned to 64 bytes, then the index.
 * Private to the person engine. */
#pragma once

#include "matcher/person_facts.h"
#include "matcher/shard.h"

#define LF_PERSON_MAGIC      0x36534e4fu /* "ONS6" */
#define LF_PERSON_BLOCK_ROWS 65536       /* a search of one block is about as dear as comparing forty rows */

/* One name of a record. A record with nothing but documents has one row without words. */
struct lf_person_row {
        uint32_t record;
        uint32_t token;
        uint16_t weight; /* of its words */
        uint8_t n;
        uint8_t class; /* enum lf_name_class */
        uint32_t text; /* where its letters are: how many, then they, as struct lf_ofac_text has them */
};

/* One record; entity 0: it could not be read and has no rows. */
struct lf_person_detail {
        uint32_t date, nation, document;
        uint16_t n_dates, n_nations, n_documents;
        char sex, entity;
        uint32_t reserved[3];
};
_Static_assert(sizeof(struct lf_person_row) == 16 && sizeof(struct lf_person_detail) == 32, "payload layout");

struct lf_person_payload {
        uint32_t magic;
        uint32_t table_id; /* of the folding tables that made the words */
        uint32_t details, rows, tokens, dates, documents, nations;
        uint64_t index_size;
        uint32_t texts; /* bytes; the first is 0: no letters */
        uint32_t reserved[5];
};
_Static_assert(sizeof(struct lf_person_payload) == 64, "payload layout");

/* Where the arrays are. */
struct lf_person_view {
        const struct lf_person_payload *head;
        struct lf_person_detail *detail;
        struct lf_person_row *row;
        struct lf_token *token;
        struct lf_person_date *date;
        struct lf_person_document *document;
        char (*nation)[3];
        uint8_t *text;
        const void *index; /* matcher/person_index.h */
        uint64_t size;     /* of what comes before the index */
};
struct lf_person_view lf_person_view_of(const struct lf_person_payload *head);

/* Tokens of a block's rows: those of a row follow its predecessor's. */
static inline uint32_t lf_person_block_tokens(const struct lf_person_view *v, uint32_t block)
{
        uint64_t end = (block + 1ull) * LF_PERSON_BLOCK_ROWS;
        return (end < v->head->rows ? v->row[end].token : v->head->tokens) -
               v->row[block * LF_PERSON_BLOCK_ROWS].token;
}

static inline struct lf_person_facts lf_person_facts_of(const struct lf_person_view *v,
                                                        const struct lf_person_detail *d)
{
        return (struct lf_person_facts){
            .date = v->date + d->date,
            .nation = (const char(*)[3])(v->nation + d->nation),
            .document = v->document + d->document,
            .n_dates = d->n_dates,
            .n_nations = d->n_nations,
            .n_documents = d->n_documents,
            .sex = d->sex,
        };
}

int lf_person_build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                    uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects);
int lf_person_check(const struct lf_shard *shard);
