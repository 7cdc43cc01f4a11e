/* Interchange, groups and messages of EDIFACT: service segments, their counts and references
 * (ISO 9735-1:2002, 7.2 and annex C). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/manifest/reader.h"

static int read_prepared(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_edi_view day = lf_edi_component(s, 4, 0), clock = lf_edi_component(s, 4, 1);
        struct lf_manifest_time *t = &r->header.prepared;
        *t = (struct lf_manifest_time){0};
        if (day.n == 0)
                return 0;
        bool two;
        if ((day.n != 6 && day.n != 8) || !lf_date_read(day, (struct lf_edi_view){day.p, 0}, t, &two))
                return lf_reader_fail(r, s, LF_RULE_DATE, 4, 1, NULL);
        if (two)
                t->year = (uint16_t)(t->year + (t->year < 80 ? 2000 : 1900));
        bool digits = clock.n == 4;
        for (uint32_t i = 0; i < clock.n && digits; i++)
                digits = clock.p[i] >= '0' && clock.p[i] <= '9';
        if (digits) {
                t->hour = (uint8_t)((clock.p[0] - '0') * 10 + clock.p[1] - '0');
                t->minute = (uint8_t)((clock.p[2] - '0') * 10 + clock.p[3] - '0');
                t->clock = true;
        }
        if ((clock.n > 0 && !digits) || t->hour > 23 || t->minute > 59)
                return lf_reader_fail(r, s, LF_RULE_DATE, 4, 2, NULL);
        return 0;
}

static int unb(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_header *h = &r->header;
        if (r->in_interchange)
                return lf_reader_order(r, s, "within an interchange");
        *h = (struct lf_manifest_header){0};
        r->summary = (struct lf_manifest_summary){0};
        snprintf(h->syntax, sizeof h->syntax, "%s", lf_edi_syntax(r->edi));
        int ret = lf_copy(r, s, 2, 0, h->sender, sizeof h->sender);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 1, h->sender_qualifier, sizeof h->sender_qualifier);
        if (ret == 0)
                ret = lf_copy(r, s, 3, 0, h->recipient, sizeof h->recipient);
        if (ret == 0)
                ret = lf_copy(r, s, 3, 1, h->recipient_qualifier, sizeof h->recipient_qualifier);
        if (ret == 0)
                ret = read_prepared(r, s);
        if (ret == 0)
                ret = lf_copy_needed(r, s, 5, 0, h->control, sizeof h->control);
        if (ret < 0)
                return ret;
        h->test = lf_edi_is(lf_edi_component(s, 11, 0), "1");
        r->in_interchange = true;
        r->in_group = r->groups_used = false;
        r->groups = r->messages = r->group_messages = 0;
        return 0;
}

static int ung(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (r->in_group || (r->messages > 0 && !r->groups_used))
                return lf_reader_order(r, s,
                                       r->in_group ? "within a group" : "behind messages without a group");
        int ret = lf_copy(r, s, 1, 0, r->group_type, sizeof r->group_type);
        if (ret == 0)
                ret = lf_copy_needed(r, s, 5, 0, r->header.group, sizeof r->header.group);
        if (ret < 0)
                return ret;
        r->in_group = r->groups_used = true;
        r->groups++;
        r->group_messages = 0;
        return 0;
}

static int une(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (!r->in_group)
                return lf_reader_order(r, s, "outside of a group");
        int ret = lf_reader_trailer(r, s, 1, r->group_messages, LF_RULE_UNE_COUNT, r->header.group,
                                    LF_RULE_UNE_REFERENCE);
        r->in_group = false;
        r->header.group[0] = 0;
        return ret;
}

static int unz(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (r->in_group)
                return lf_reader_order(r, s, "within a group");
        int ret = lf_reader_trailer(r, s, 1, r->groups_used ? r->groups : r->messages, LF_RULE_UNZ_COUNT,
                                    r->header.control, LF_RULE_UNZ_REFERENCE);
        r->in_interchange = false;
        return ret < 0 ? ret : LF_EDI_END;
}

/* "02B" <= release <= "15B"; a release of the 1990s is before both. */
static bool release_between(const char *release, const char *first, const char *last)
{
        return strlen(release) == 3 && release[0] < '9' && strcmp(release, first) >= 0 &&
               strcmp(release, last) <= 0;
}

static const struct lf_message *choose(const char *type, const char *version, const char *release,
                                       bool *ret_known)
{
        static const struct {
                char type[7];
                const struct lf_message *message;
        } known[] = {{"PAXLST", &lf_message_paxlst},
                     {"PNRGOV", &lf_message_pnrgov},
                     {"CUSCAR", &lf_message_cuscar},
                     {"CUSREP", &lf_message_cusrep}};
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
                if (strcmp(type, known[i].type) != 0)
                        continue;
                *ret_known = true;
                bool d = strcmp(version, "D") == 0;
                unsigned long number = strtoul(version, NULL, 10);
                switch (known[i].message->kind) {
                case LF_MANIFEST_PAXLST:
                        return d && release_between(release, "02B", "15B") ? known[i].message : NULL;
                case LF_MANIFEST_PNRGOV:
                        return number >= 10 && number <= 13 ? known[i].message : NULL;
                default:
                        return d ? known[i].message : NULL;
                }
        }
        *ret_known = false;
        return NULL;
}

static int read_part(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_header *h = &r->header;
        h->part = 0;
        h->last_part = true;
        if (lf_edi_component(s, 4, 0).n == 0)
                return 0;
        uint64_t part;
        int ret = lf_number(r, s, 4, 0, &part);
        if (ret < 0)
                return ret;
        h->part = part < UINT16_MAX ? (uint16_t)part : UINT16_MAX;
        struct lf_edi_view which = lf_edi_component(s, 4, 1);
        h->last_part = which.n == 0 || lf_edi_is(which, "F");
        return 0;
}

static int unh(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        struct lf_manifest_header *h = &r->header;
        char type[8] = "", version[8] = "", release[8] = "";
        r->summary = (struct lf_manifest_summary){0};
        if (r->groups_used && !r->in_group)
                return lf_reader_order(r, s, "between groups");
        int ret = lf_copy_needed(r, s, 1, 0, h->message, sizeof h->message);
        if (ret == 0)
                ret = lf_copy_needed(r, s, 2, 0, type, sizeof type);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 1, version, sizeof version);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 2, release, sizeof release);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 3, h->agency, sizeof h->agency);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 4, h->association, sizeof h->association);
        if (ret == 0)
                ret = lf_copy(r, s, 3, 0, h->common, sizeof h->common);
        if (ret == 0)
                ret = read_part(r, s);
        if (ret < 0)
                return ret;
        snprintf(h->version, sizeof h->version, "%s%s%s", version, *release ? ":" : "", release);
        h->kind = LF_MANIFEST_UNKNOWN;
        bool known;
        const struct lf_message *m = choose(type, version, release, &known);
        if (!m) {
                lf_reader_fail(r, s, known ? LF_RULE_VERSION : LF_RULE_UNSUPPORTED, 2, known ? 2 : 1, "%s %s",
                               type, h->version);
                return -ENOTSUP;
        }
        if (r->in_group && strcmp(r->group_type, type) != 0)
                return lf_reader_fail(r, s, LF_RULE_GROUP_TYPE, 2, 1, "%s in a group of %s", type,
                                      r->group_type);
        r->messages++;
        r->group_messages++;
        r->message_segments = 1;
        return lf_message_begin(r, m, s);
}

static int unt(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        int ret = r->message->end ? r->message->end(r, s) : 0;
        if (ret == 0)
                ret = lf_reader_trailer(r, s, 1, r->message_segments, LF_RULE_UNT_COUNT, r->header.message,
                                        LF_RULE_UNT_REFERENCE);
        return ret < 0 ? ret : lf_message_end(r, s);
}

int lf_envelope_segment(void *reader, const struct lf_edi_segment *s)
{
        struct lf_manifest_reader *r = reader;
        if (s->flags & LF_EDI_BROKEN)
                r->summary.notes |= LF_NOTE_LINE_BREAK;
        if (lf_edi_x12(r->edi))
                return lf_x12_segment(r, s);
        bool service = s->tag >> 8 == (LF_EDI_TAG('U', 'N', 0) >> 8);
        if (r->message) {
                r->message_segments++;
                if (!service)
                        return r->message->segment(r, s);
                if (s->tag == LF_EDI_TAG('U', 'N', 'T'))
                        return unt(r, s);
                return s->tag == LF_EDI_TAG('U', 'N', 'S') ? 0 : lf_reader_order(r, s, "within a message");
        }
        switch (s->tag) {
        case LF_EDI_TAG('U', 'N', 'B'):
                return unb(r, s);
        case LF_EDI_TAG('U', 'N', 'G'):
                return ung(r, s);
        case LF_EDI_TAG('U', 'N', 'H'):
                return unh(r, s);
        case LF_EDI_TAG('U', 'N', 'E'):
                return une(r, s);
        case LF_EDI_TAG('U', 'N', 'Z'):
                return unz(r, s);
        default:
                return lf_reader_order(r, s, "outside of a message");
        }
}
