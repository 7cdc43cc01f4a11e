#include "tools/lane/landfall_lane.h"

#include "matcher/engine.h"

#include <errno.h>
#include <stdio.h>

static const char *const details[LSP_DETAIL_COUNT] = {
    [LSP_DETAIL_NONE] = "nothing to say",
#define LSP_DETAIL(name, text) [LSP_DETAIL_##name] = text,
#include "dataplane/detail.def"
#undef LSP_DETAIL
};

/* A detail or reason that this library does not know yet is no error: lists grow at their end. */
int lf_lane_answer_check(const struct lsp_answer *a)
{
        if (a->verdict < LSP_CLEAR || a->verdict >= LSP_VERDICT_COUNT || a->candidates > LSP_CANDIDATES_MAX)
                return -EPROTO;
        if ((a->verdict == LSP_CANDIDATE) != (a->candidates > 0))
                return -EPROTO;
        for (unsigned i = 0; i < a->candidates; i++)
                if (a->candidate[i].reasons > LSP_REASONS_MAX || a->candidate[i].decade > 0)
                        return -EPROTO;
        return 0;
}

const char *lf_lane_verdict_text(uint8_t verdict)
{
        switch (verdict) {
        case LSP_CLEAR:
                return "CLEAR";
        case LSP_CANDIDATE:
                return "CANDIDATE";
        case LSP_RETRY:
                return "RETRY";
        case LSP_REFUSED:
                return "REFUSED";
        case LSP_RECORDED:
                return "RECORDED";
        default:
                return "unknown verdict";
        }
}

const char *lf_lane_detail_text(uint16_t detail)
{
        return detail < LSP_DETAIL_COUNT ? details[detail] : "a reason that this version does not know";
}

/* The rate lies in [10^decade, 10^(decade + 1)): only the upper end may be claimed. */
const char *lf_lane_decade_text(int8_t decade, char *text)
{
        if (decade >= -1) {
                snprintf(text, LF_LANE_DECADE_TEXT, "1 in 10 or more often");
                return text;
        }
        int zeros = -decade - 1;
        if (zeros > 12)
                zeros = 12;
        int n = snprintf(text, LF_LANE_DECADE_TEXT, "rarer than 1 in 1");
        for (int i = zeros; i > 0; i--)
                n += snprintf(text + n, LF_LANE_DECADE_TEXT - (size_t)n, i % 3 == 0 ? ",0" : "0");
        return text;
}

const char *lf_lane_modality_text(unsigned modality)
{
        static const char *const names[LF_MODALITY_COUNT] = {
            [LF_MODALITY_FINGERPRINT] = "fingerprint",
            [LF_MODALITY_IRIS] = "iris",
            [LF_MODALITY_FACE] = "face",
            [LF_MODALITY_PERSON] = "person",
            [LF_MODALITY_CONSIGNMENT] = "consignment",
        };
        return modality < LF_MODALITY_COUNT ? names[modality] : "unknown modality";
}

int lf_lane_share(const struct lsp_candidate *c, unsigned modality, float *ret_decades)
{
        for (unsigned i = 0; i < c->reasons && i < LSP_REASONS_MAX; i++) {
                const struct lsp_reason *r = &c->reason[i];
                bool against = r->code == LF_MATCH_REASON_MODALITY_AGAINST;
                if ((!against && r->code != LF_MATCH_REASON_MODALITY_SHARE) || r->a != modality)
                        continue;
                *ret_decades = (float)(against ? -r->b : r->b) / 10;
                return 0;
        }
        return -ENOENT;
}

const char *lf_lane_shares_text(const struct lsp_candidate *c, char *text)
{
        size_t n = 0;
        text[0] = '\0';
        for (unsigned m = 0; m < LF_MODALITY_COUNT; m++) {
                float decades;
                if (lf_lane_share(c, m, &decades) == 0 && n < LF_LANE_SHARES_TEXT)
                        n += (size_t)snprintf(text + n, LF_LANE_SHARES_TEXT - n, "%s%s %+.1f", n ? ", " : "",
                                              lf_lane_modality_text(m), (double)decades);
        }
        return text;
}
