/* The travellers of one PNR, held until it ends: documents name them by reference, by name, or not at all,
 * and may come first. Internal to control/manifest. */
#pragma once

#include "control/manifest/reader.h"

#define LF_PNR_REFERENCE 16
#define LF_PNR_PAPERS    (2 * LF_MANIFEST_PNR_MAX)
#define LF_PNR_NAME      72
#define LF_PNR_NOBODY    UINT32_MAX

/* What an SSR says of a traveller: DOCS (passport and the like), DOCO (visa), PSPT (the older passport), FOID
 * (the document a ticket was issued for), INFT (an infant), CHLD (a child's birth). */
struct lf_pnr_paper {
        char family[LF_PNR_NAME], given[LF_PNR_NAME]; /* "": the SSR names nobody */
        char number[LF_MANIFEST_REFERENCE_MAX + 1];
        char type[4], country[4], nation[4];
        char kind, sex;
        bool infant, short_year;
        struct lf_manifest_time birth, expiry; /* birth.month 0: not given */
        char reference[LF_PNR_REFERENCE];      /* TIF 1050 of the traveller; "" */
        uint32_t owner;                        /* the TIF that it stands under; LF_PNR_NOBODY */
        uint32_t notes;
        struct lf_manifest_place at;
};

struct lf_pnr_traveller {
        char type; /* 'A' adult, 'C' child, 'I' infant; 0: not said */
        struct lf_party party;
        char reference[LF_PNR_REFERENCE];
};

struct lf_pnr {
        bool open;       /* behind SRC */
        bool travellers; /* in the part whose TIF are the travellers: before the itinerary */
        bool history;    /* in the part that says what was changed */
        char locator[36];
        uint64_t announced,
            begun; /* PNRs of the message: what EQN says, UINT64_MAX: nothing; and SRC so far */
        uint32_t n, papers, current; /* current: the traveller that segments speak of, or LF_PNR_NOBODY */
        uint32_t paper_room;
        struct lf_pnr_traveller *traveller[LF_MANIFEST_PNR_MAX]; /* kept from PNR to PNR */
        struct lf_pnr_paper *paper;
};

void lf_pnr_free(struct lf_pnr *pnr);
/* Another traveller. LF_RULE_PNR_TOO_LARGE, -ENOMEM. */
int lf_pnr_add(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_pnr_traveller **ret);
struct lf_pnr_traveller *lf_pnr_find(struct lf_pnr *pnr, const char *reference);
/* The name as the airline has it; a title at the end of the given name is left out of an alias. */
int lf_pnr_name(struct lf_manifest_reader *r, const struct lf_edi_segment *s, struct lf_party *p,
                const char *family, const char *given);

/* pnr_ssr.c: keeps what an SSR says. */
int lf_pnr_ssr(struct lf_manifest_reader *r, const struct lf_edi_segment *s);

/* pnr_papers.c */
/* The first traveller who has these very names, and a reference only if `reference` is none (""); else
 * LF_PNR_NOBODY: two who are taken for one would be one too few. */
uint32_t lf_pnr_named(const struct lf_pnr *pnr, const char *reference, const char *family, const char *given);
/* Gives each paper to its traveller, or makes it one of its own: nobody that a PNR names is left out. */
int lf_pnr_resolve(struct lf_manifest_reader *r, const struct lf_edi_segment *s);
