/* A plan: queries with what they should bring, for the acceptance of a site.
 *
 * A text file, one query a line, fields separated by tabs, "-" for none:
 *
 *   GROUP  AGREEMENTS  PURPOSE  PROBE-FILES  NAME  BIRTH  EXPECTED  RECORD
 *
 * AGREEMENTS: numbers with commas. PROBE-FILES: with commas; one that ends in .iris holds irises, in .face an
 * embedding, any other a fingerprint. EXPECTED: CLEAR, CANDIDATE, RETRY or REFUSED, or "?" when only the
 * group's share counts. RECORD: the ID that a CANDIDATE should name. A line
 *
 *   share  GROUP  WHAT  LEAST  MOST
 *
 * expects a share of a group, 0 to 1: WHAT is a verdict, or RECORD for queries that named their record.
 * Empty lines and lines that begin with # are passed over. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#define LF_PLAN_WORD   64
#define LF_PLAN_GROUPS 64

struct lf_plan_query {
        char group[LF_PLAN_WORD];
        uint16_t agreement[8];
        unsigned agreements;
        uint32_t purpose;
        char probes[1024];
        char name[256];
        unsigned year, month, day;
        uint8_t expected; /* enum lsp_verdict; 0: any */
        int has_record;
        uint8_t record[16];
};

struct lf_plan_share {
        char group[LF_PLAN_WORD];
        uint8_t verdict; /* 0: RECORD */
        double least, most;
};

struct lf_plan {
        struct lf_plan_query *query;
        unsigned queries;
        struct lf_plan_share share[LF_PLAN_GROUPS];
        unsigned shares;
};

/* -EBADMSG with ret_line and ret_why (static text). -ENOMEM. The errno of the file. */
int lf_plan_read(const char *path, struct lf_plan *ret, unsigned *ret_line, const char **ret_why);
void lf_plan_finish(struct lf_plan *plan);
