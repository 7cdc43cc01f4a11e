/* A copy of what a message holds that is needed to ask about it and to report: its headers, and of each
 * traveller or party the person record and what names it. One thread. */
#pragma once

#include "control/manifest/manifest.h"

#define LF_COPY_MESSAGES_MAX 4096 /* in one file */

/* A traveller or a party; records and texts, which end in 0, lie in one allocation that record[0] begins. */
struct lf_subject {
        uint32_t message;        /* index */
        uint32_t number;         /* in its message, from 1 */
        uint8_t kind;            /* enum lf_party_kind */
        uint8_t role;            /* enum lf_party_role */
        uint16_t record_size[2]; /* as a person, and as a firm where it may be one; 0: is not, or nothing to
                                  * search with */
        bool nameless;           /* there are only documents to search with, or nothing */
        uint32_t notes;
        struct lf_manifest_place at;
        uint8_t *record[2];
        const char *name, *locator, *reference, *shipment;
};

struct lf_copied_message {
        struct lf_manifest_header header;
        struct lf_manifest_summary summary;
        uint32_t first; /* index of its first subject; as many as summary.parties */
};

struct lf_copy {
        struct lf_copied_message *message;
        uint32_t messages;
        struct lf_subject *subject;
        uint32_t subjects;
        size_t room[2];
};

/* Reads all of it. -EBADMSG, -ENOTSUP, -EMSGSIZE: ret_error says what and where. -ENOMEM. -E2BIG: more than
 * LF_COPY_MESSAGES_MAX messages. -ENODATA: no message in it. On failure *ret is empty. */
int lf_copy_read(const void *bytes, size_t n, struct lf_copy *ret, struct lf_manifest_error *ret_error);
/* Wipes. */
void lf_copy_free(struct lf_copy *c);
