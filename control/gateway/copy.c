#include "control/gateway/gateway.h"

#include "base/bytes.h"
#include "matcher/person.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more item of `size` bytes. */
static int grow(void **items, size_t *room, size_t n, size_t size)
{
        if (n < *room)
                return 0;
        size_t more = *room ? *room * 2 : 64;
        void *bigger = calloc(more, size);
        if (!bigger)
                return -ENOMEM;
        if (n)
                memcpy(bigger, *items, n * size);
        free(*items);
        *items = bigger;
        *room = more;
        return 0;
}

static int on_begin(void *context, const struct lf_manifest_header *header)
{
        struct lf_copy *c = context;
        if (c->messages == LF_COPY_MESSAGES_MAX)
                return -E2BIG;
        int r = grow((void **)&c->message, &c->room[0], c->messages, sizeof *c->message);
        if (r == 0)
                c->message[c->messages++] =
                    (struct lf_copied_message){.header = *header, .first = c->subjects};
        return r;
}

static char *put_text(char **at, const char *text)
{
        char *here = *at;
        size_t n = strlen(text) + 1;
        memcpy(here, text, n);
        *at += n;
        return here;
}

static const char *or_empty(const char *text)
{
        return text ? text : "";
}

/* One record; none is no error. */
static int compose(const struct lf_party *p, char entity, uint8_t record[LF_PERSON_RECORD_MAX],
                   size_t *ret_size)
{
        size_t size = 0;
        bool asked = p->kind == LF_PARTY_UNKNOWN || (p->kind == LF_PARTY_ORGANISATION) == (entity == 'E');
        int r = asked ? lf_party_person(p, entity, record, LF_PERSON_RECORD_MAX, &size) : -ENODATA;
        *ret_size = r == 0 ? size : 0;
        return r == -ENODATA ? 0 : r;
}

static bool has_name(const uint8_t *record, size_t size)
{
        for (size_t at = 0; at + 3 <= size; at += 3u + lf_get_le16(record + at + 1))
                if (record[at] == LF_PERSON_NAME)
                        return true;
        return false;
}

static int keep(struct lf_copy *c, const struct lf_party *p, uint8_t record[2][LF_PERSON_RECORD_MAX],
                const size_t size[2])
{
        const char *name = p->names ? or_empty(p->name[0].full) : "", *locator = or_empty(p->locator),
                   *reference = or_empty(p->reference), *shipment = or_empty(p->shipment);
        size_t texts = strlen(name) + strlen(locator) + strlen(reference) + strlen(shipment) + 4;
        uint8_t *bytes = malloc(size[0] + size[1] + texts);
        if (!bytes)
                return -ENOMEM;
        memcpy(bytes, record[0], size[0]);
        memcpy(bytes + size[0], record[1], size[1]);
        char *at = (char *)bytes + size[0] + size[1];
        struct lf_subject *s = &c->subject[c->subjects++];
        *s = (struct lf_subject){.message = c->messages - 1,
                                 .number = p->number,
                                 .kind = (uint8_t)p->kind,
                                 .role = (uint8_t)p->role,
                                 .record_size = {(uint16_t)size[0], (uint16_t)size[1]},
                                 .nameless = !has_name(record[0], size[0]) && !has_name(record[1], size[1]),
                                 .notes = p->notes,
                                 .at = p->at,
                                 .record = {bytes, bytes + size[0]}};
        s->name = put_text(&at, name);
        s->locator = put_text(&at, locator);
        s->reference = put_text(&at, reference);
        s->shipment = put_text(&at, shipment);
        return 0;
}

static int on_party(void *context, const struct lf_manifest_header *header, const struct lf_party *p)
{
        struct lf_copy *c = context;
        unsigned parties = c->subjects;
        uint8_t record[2][LF_PERSON_RECORD_MAX];
        size_t size[2];
        int r = compose(p, 'P', record[0], &size[0]);
        if (r == 0)
                r = compose(p, 'E', record[1], &size[1]);
        if (r == 0)
                r = grow((void **)&c->subject, &c->room[1], c->subjects, sizeof *c->subject);
        if (r == 0)
                r = keep(c, p, record, size);
        if (r == 0) {
                OPENSSL_cleanse(record[0], size[0]);
                OPENSSL_cleanse(record[1], size[1]);
        }
        lf_give_way(&parties, 32);
        return r;
}

static int on_end(void *context, const struct lf_manifest_header *header,
                  const struct lf_manifest_summary *summary)
{
        struct lf_copy *c = context;
        struct lf_copied_message *m = &c->message[c->messages - 1];
        m->header = *header;
        m->summary = *summary;
        m->summary.parties = c->subjects - m->first;
        return 0;
}

void lf_copy_free(struct lf_copy *c)
{
        for (uint32_t i = 0; i < c->subjects; i++) {
                struct lf_subject *s = &c->subject[i];
                size_t texts =
                    strlen(s->name) + strlen(s->locator) + strlen(s->reference) + strlen(s->shipment) + 4;
                OPENSSL_cleanse(s->record[0], s->record_size[0] + s->record_size[1] + texts);
                free(s->record[0]);
        }
        free(c->subject);
        free(c->message);
        *c = (struct lf_copy){0};
}

int lf_copy_read(const void *bytes, size_t n, struct lf_copy *ret, struct lf_manifest_error *ret_error)
{
        static const struct lf_manifest_calls calls = {.begin = on_begin, .party = on_party, .end = on_end};
        struct lf_copy c = {0};
        *ret_error = (struct lf_manifest_error){0};
        int r = lf_manifest_read(bytes, n, &calls, &c, ret_error);
        if (r == 0 && c.messages == 0)
                r = -ENODATA;
        if (r < 0)
                lf_copy_free(&c);
        *ret = c;
        return r;
}
