#include "matcher/person_payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/person_index.h"
#include "matcher/person_ofac.h"
#include "matcher/person_table.h"

/* What one record can hold at most: far more than LF_PERSON_RECORD_MAX bytes usually do. */
#define MAX_NAMES     512
#define MAX_TOKENS    2048
#define MAX_DATES     128
#define MAX_NATIONS   64
#define MAX_DOCUMENTS 256

struct lf_person_view lf_person_view_of(const struct lf_person_payload *head)
{
        uint64_t at = sizeof *head;
        struct lf_person_view v = {.head = head};
        const uint8_t *base = (const uint8_t *)head;
#define PLACE(member, count)                                                                                 \
        do {                                                                                                 \
                v.member = (void *)(uintptr_t)(base + at);                                                   \
                at = (at + (uint64_t)(count) * sizeof *v.member + 63) & ~63ull;                              \
        } while (0)
        PLACE(detail, head->details);
        PLACE(row, head->rows);
        PLACE(token, head->tokens);
        PLACE(date, head->dates);
        PLACE(document, head->documents);
        PLACE(nation, head->nations);
        PLACE(text, head->texts);
#undef PLACE
        v.size = at;
        v.index = base + at;
        return v;
}

struct room {
        struct lf_person_room room;
        struct lf_person_name name[LF_ROOM_NAMES(MAX_NAMES)];
        struct lf_person_text text[LF_ROOM_NAMES(MAX_NAMES)];
        struct lf_ofac_text letters;
        struct lf_token token[LF_ROOM_TOKENS(MAX_TOKENS, MAX_NAMES)];
        struct lf_person_date date[MAX_DATES];
        char nation[MAX_NATIONS][3];
        struct lf_person_document document[MAX_DOCUMENTS];
};

static struct room *room_create(void)
{
        struct room *r = malloc(sizeof *r);
        if (r)
                r->room = (struct lf_person_room){.name = r->name,
                                                  .text = r->text,
                                                  .token = r->token,
                                                  .date = r->date,
                                                  .nation = r->nation,
                                                  .document = r->document,
                                                  .max_names = MAX_NAMES,
                                                  .max_tokens = MAX_TOKENS,
                                                  .max_dates = MAX_DATES,
                                                  .max_nations = MAX_NATIONS,
                                                  .max_documents = MAX_DOCUMENTS};
        return r;
}

/* Names with words have a row each; a record without any has one for its documents. */
static unsigned rows_of(const struct lf_person_room *r)
{
        unsigned rows = 0;
        for (unsigned i = 0; i < r->n_names; i++)
                rows += r->name[i].n > 0;
        return rows ? rows : 1;
}

/* The name's letters at `text`, or, with `v` NULL, only how many bytes they take. */
static uint32_t write_text(struct room *room, unsigned name, uint32_t text, const struct lf_person_view *v)
{
        struct lf_ofac_text *t = &room->letters;
        lf_ofac_read((const char *)room->text[name].byte, room->text[name].n, t);
        if (v)
                memcpy(v->text + text, t, 1u + t->n);
        return 1u + t->n;
}

static void write_rows(struct room *room, uint32_t record, const struct lf_person_payload *at,
                       const struct lf_person_view *v)
{
        const struct lf_person_room *r = &room->room;
        uint32_t text = at->texts;
        struct lf_person_row *row = v->row + at->rows;
        *row = (struct lf_person_row){.record = record, .token = at->tokens};
        for (unsigned i = 0; i < r->n_names; i++) {
                const struct lf_person_name *name = &r->name[i];
                if (name->n == 0)
                        continue;
                *row = (struct lf_person_row){
                    .record = record, .token = at->tokens + name->first, .n = name->n, .class = name->class};
                row->text = text;
                text += write_text(room, i, text, v);
                for (unsigned t = 0; t < name->n; t++)
                        row->weight = (uint16_t)(row->weight + r->token[name->first + t].weight);
                row++;
        }
}

static void write_record(struct room *room, uint32_t record, const struct lf_person_payload *at,
                         const struct lf_person_view *v)
{
        const struct lf_person_room *r = &room->room;
        v->detail[record] = (struct lf_person_detail){.date = at->dates,
                                                      .nation = at->nations,
                                                      .document = at->documents,
                                                      .n_dates = r->n_dates,
                                                      .n_nations = r->n_nations,
                                                      .n_documents = r->n_documents,
                                                      .sex = r->sex,
                                                      .entity = r->entity};
        write_rows(room, record, at, v);
        memcpy(v->token + at->tokens, r->token, r->n_tokens * sizeof *r->token);
        memcpy(v->date + at->dates, r->date, r->n_dates * sizeof *r->date);
        memcpy(v->document + at->documents, r->document, r->n_documents * sizeof *r->document);
        memcpy(v->nation + at->nations, r->nation, r->n_nations * sizeof *r->nation);
}

static void advance(struct lf_person_payload *at, struct room *room)
{
        const struct lf_person_room *r = &room->room;
        for (unsigned i = 0; i < r->n_names; i++)
                at->texts += r->name[i].n > 0 ? write_text(room, i, 0, NULL) : 0;
        at->rows += rows_of(r);
        at->tokens += r->n_tokens;
        at->dates += r->n_dates;
        at->documents += r->n_documents;
        at->nations += r->n_nations;
}

/* With `v` NULL only counts. */
static void lay_out(const struct lf_source_record *records, size_t n, struct room *room,
                    const struct lf_person_view *v, struct lf_person_payload *ret_counts,
                    struct lf_defect *defects)
{
        struct lf_person_payload at = {
            .magic = LF_PERSON_MAGIC, .table_id = lf_fold_table_id, .details = (uint32_t)n, .texts = 1};
        for (size_t i = 0; i < n; i++) {
                struct lf_defect defect = {0};
                int r = lf_person_read(records[i].wire, records[i].size, &room->room, &defect);
                if (defects)
                        defects[i] = defect;
                if (r < 0)
                        continue;
                if (v)
                        write_record(room, (uint32_t)i, &at, v);
                advance(&at, room);
        }
        *ret_counts = at;
}

static uint32_t blocks_of(const struct lf_person_payload *counts)
{
        return (uint32_t)(((uint64_t)counts->rows + LF_PERSON_BLOCK_ROWS - 1) / LF_PERSON_BLOCK_ROWS);
}

/* Lays out records and index in `payload`, or, where it is NULL, in memory of its own to learn the size. */
static int fill(const struct lf_source_record *records, size_t n, struct room *room,
                const struct lf_person_payload *counts, void *payload, uint64_t *ret_index_size)
{
        struct lf_person_payload again;
        uint64_t size = lf_person_view_of(counts).size;
        void *own = payload ? NULL : aligned_alloc(64, size);
        struct lf_person_payload *head = payload ? payload : own;
        if (!head)
                return -ENOMEM;
        memset(head, 0, size);
        *head = *counts;
        struct lf_person_view v = lf_person_view_of(head);
        lay_out(records, n, room, &v, &again, NULL);
        int r = lf_person_index_build(&v, blocks_of(counts), payload ? (uint8_t *)payload + size : NULL,
                                      ret_index_size);
        if (r == 0)
                head->index_size = *ret_index_size;
        free(own);
        return r;
}

int lf_person_build(const struct lf_source_record *records, size_t n, void *payload, size_t *ret_size,
                    uint32_t *ret_rows, uint32_t *ret_blocks, struct lf_defect *defects)
{
        struct room *room = room_create();
        if (!room)
                return -ENOMEM;
        struct lf_person_payload counts;
        uint64_t index_size;
        lay_out(records, n, room, NULL, &counts, defects);
        int r = fill(records, n, room, &counts, payload, &index_size);
        free(room);
        if (r < 0)
                return r;
        *ret_size = lf_person_view_of(&counts).size + index_size;
        *ret_rows = counts.rows;
        *ret_blocks = blocks_of(&counts);
        return 0;
}

static bool token_sound(const struct lf_token *t)
{
        if (t->n < 1 || t->n > LF_TOKEN_LETTERS || t->weight < 1 || t->weight > 1000)
                return false;
        for (unsigned i = 0; i < t->n; i++)
                if (!(t->letter[i] >= 'a' && t->letter[i] <= 'z') &&
                    !(t->letter[i] >= '0' && t->letter[i] <= '9'))
                        return false;
        return true;
}

static bool within(uint32_t first, uint32_t n, uint32_t of)
{
        return first <= of && n <= of - first;
}

int lf_person_check(const struct lf_shard *shard)
{
        const struct lf_person_payload *p = lf_shard_payload(shard);
        if (shard->payload_size < sizeof *p || p->magic != LF_PERSON_MAGIC)
                return -EBADMSG;
        /* Built by another version: its words are not ours. */
        if (p->table_id != lf_fold_table_id)
                return -ENOTSUP;
        struct lf_person_view v = lf_person_view_of(p);
        if (v.size > shard->payload_size || p->index_size != shard->payload_size - v.size ||
            p->details != shard->records || p->rows != shard->rows || shard->blocks != blocks_of(p))
                return -EBADMSG;
        for (uint32_t i = 0; i < p->details; i++) {
                const struct lf_person_detail *d = &v.detail[i];
                if (!within(d->date, d->n_dates, p->dates) || !within(d->nation, d->n_nations, p->nations) ||
                    !within(d->document, d->n_documents, p->documents))
                        return -EBADMSG;
        }
        for (uint32_t i = 0; i < p->rows; i++) {
                const struct lf_person_row *r = &v.row[i];
                if (r->record >= p->details || r->n > LF_NAME_TOKENS || r->class > LF_NAME_NICKNAME ||
                    r->text >= p->texts || v.text[r->text] > p->texts - 1 - r->text ||
                    !within(r->token, r->n, p->tokens))
                        return -EBADMSG;
        }
        for (uint32_t i = 0; i < p->tokens; i++)
                if (!token_sound(&v.token[i]))
                        return -EBADMSG;
        for (uint32_t i = 0; i < p->documents; i++)
                if (v.document[i].n > LF_DOCUMENT_NUMBER)
                        return -EBADMSG;
        return lf_person_index_sound(&v, shard->blocks, v.index, p->index_size) ? 0 : -EBADMSG;
}
