/* Any bytes behind the beginning of some message: the reader ends, says the same of the input in one piece
 * and in two, and what it gives is what the person engine takes. */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/manifest/manifest.h"
#include "matcher/engine.h"
#include "matcher/person.h"

struct fuzz_seen {
        uint64_t hash, parties, ends;
};

static inline void fuzz_require(int holds)
{
        if (!holds)
                abort();
}

static inline void fuzz_text(struct fuzz_seen *seen, const char *text)
{
        fuzz_require(text != NULL);
        for (; *text; text++)
                seen->hash = (seen->hash ^ (uint8_t)*text) * 0x100000001b3ull;
}

static inline void fuzz_query(const struct lf_party *p, char entity)
{
        static uint8_t probe[LF_PROBE_MAX] __attribute__((aligned(64)));
        uint8_t record[LF_PERSON_RECORD_MAX];
        size_t n;
        struct lf_defect defect = {0};
        int r = lf_party_person(p, entity, record, sizeof record, &n);
        fuzz_require(r == 0 || r == -ENODATA);
        if (r == 0)
                fuzz_require(lf_engine_for(LF_MODALITY_PERSON)->prepare(record, n, probe, &defect) == 0);
}

static inline int fuzz_party(void *context, const struct lf_manifest_header *h, const struct lf_party *p)
{
        struct fuzz_seen *seen = context;
        fuzz_require(p->number == ++seen->parties && p->names <= LF_PARTY_NAMES &&
                     p->documents <= LF_PARTY_DOCUMENTS &&
                     (p->names + p->documents > 0) == !(p->notes & LF_NOTE_NOTHING) &&
                     h->legs <= LF_MANIFEST_LEGS);
        for (unsigned i = 0; i < p->names; i++) {
                fuzz_require(p->name[i].full[0] != 0);
                fuzz_text(seen, p->name[i].full);
                fuzz_text(seen, p->name[i].family);
                fuzz_text(seen, p->name[i].given);
        }
        for (unsigned i = 0; i < p->documents; i++)
                fuzz_text(seen, p->document[i].number);
        fuzz_text(seen, p->locator);
        fuzz_text(seen, p->reference);
        fuzz_text(seen, p->seat);
        fuzz_text(seen, p->shipment);
        fuzz_text(seen, p->address);
        fuzz_query(p, p->kind == LF_PARTY_ORGANISATION ? 'E' : 'P');
        return 0;
}

static inline int fuzz_end(void *context, const struct lf_manifest_header *h,
                           const struct lf_manifest_summary *s)
{
        struct fuzz_seen *seen = context;
        fuzz_require(s->parties == seen->parties);
        fuzz_text(seen, h->message);
        seen->ends++;
        seen->parties = 0;
        return 0;
}

static inline int fuzz_read(const uint8_t *bytes, size_t n, size_t cut, struct fuzz_seen *seen,
                            struct lf_manifest_error *error)
{
        static const struct lf_manifest_calls calls = {.party = fuzz_party, .end = fuzz_end};
        struct lf_manifest_reader *r;
        if (lf_manifest_reader_new(&calls, seen, &r) < 0)
                abort();
        int ret = lf_manifest_push(r, bytes, cut);
        if (ret == 0)
                ret = lf_manifest_push(r, bytes + cut, n - cut);
        if (ret == 0)
                ret = lf_manifest_finish(r);
        memset(error, 0, sizeof *error);
        if (ret < 0) {
                *error = *lf_manifest_error(r);
                fuzz_require(error->rule > LF_RULE_NONE && error->rule < LF_RULE_COUNT &&
                             error->at.line > 0 && error->at.segment > 0 && error->at.offset <= n);
        }
        lf_manifest_reader_free(r);
        return ret;
}

/* Where the input is cut in two: by its length, or behind a byte that may release or end something. */
static inline size_t fuzz_cut(const uint8_t *p, size_t n, unsigned choice)
{
        if (choice < 128)
                return n * choice / 128;
        size_t at = n;
        for (unsigned left = choice - 127; at > 0 && left > 0;)
                left -= memchr("?\\'~\n", p[--at], 5) != NULL;
        return at < n ? at + 1 : n;
}

/* What bytes that no message holds, from FUZZ_TOKEN on, stand for. */
#define FUZZ_TOKEN     0x10
#define FUZZ_TOKEN_MAX 16

/* The first byte says behind which beginning the others stand, the second where the input is cut. */
static inline int fuzz_manifest(const uint8_t *data, size_t size, const char *const *heads, unsigned count,
                                const char *const *tokens, unsigned token_count)
{
        if (size < 2)
                return 0;
        const char *head = heads[data[0] % count];
        size_t n = strlen(head);
        uint8_t *bytes = malloc(n + FUZZ_TOKEN_MAX * size);
        if (!bytes)
                abort();
        memcpy(bytes, head, n);
        for (size_t i = 2; i < size; i++) {
                unsigned which = data[i] - FUZZ_TOKEN;
                size_t length = which < token_count ? strlen(tokens[which]) : 1;
                memcpy(bytes + n, which < token_count ? tokens[which] : (const char *)data + i, length);
                n += length;
        }
        struct fuzz_seen one = {0}, two = {0};
        struct lf_manifest_error first, second;
        int a = fuzz_read(bytes, n, n, &one, &first);
        int b = fuzz_read(bytes, n, fuzz_cut(bytes, n, data[1]), &two, &second);
        free(bytes);
        fuzz_require(a == b && !memcmp(&one, &two, sizeof one) && first.rule == second.rule &&
                     first.at.offset == second.at.offset && first.at.line == second.at.line &&
                     first.at.segment == second.at.segment && !strcmp(first.tag, second.tag) &&
                     first.element == second.element && first.component == second.component);
        return 0;
}
