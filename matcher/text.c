/* The texts of defect.def and reason.def. */
#include <stdio.h>
#include <string.h>

#include "matcher/engine.h"

static const char *const defects[LF_DEFECT_COUNT] = {
    [LF_DEFECT_NONE] = "no defect",
#define LF_DEFECT(name, text) [LF_DEFECT_##name] = text,
#include "matcher/defect.def"
#undef LF_DEFECT
};

static const char *const reasons[LF_MATCH_REASON_COUNT] = {
    [LF_MATCH_REASON_NONE] = "no reason",
#define LF_MATCH_REASON(name, text) [LF_MATCH_REASON_##name] = text,
#include "matcher/reason.def"
#undef LF_MATCH_REASON
};

const char *lf_defect_text(uint16_t code)
{
        return code < LF_DEFECT_COUNT ? defects[code] : "unknown defect";
}

/* The number that "{a}", "{b}" or "{c}" at p stands for; -1 when p is ordinary text. */
static int number_at(const char *p, struct lf_match_reason reason)
{
        if (p[0] != '{' || p[1] < 'a' || p[1] > 'c' || p[2] != '}')
                return -1;
        return p[1] == 'a' ? reason.a : p[1] == 'b' ? reason.b : reason.c;
}

const char *lf_match_reason_text(struct lf_match_reason reason, char *out, size_t size)
{
        const char *p = reason.code < LF_MATCH_REASON_COUNT ? reasons[reason.code] : "unknown reason";
        char full[256];
        size_t n = 0;
        while (*p && n + 4 < sizeof full) {
                int number = number_at(p, reason);
                if (number < 0) {
                        full[n++] = *p++;
                } else {
                        n += (size_t)snprintf(full + n, sizeof full - n, "%d", number);
                        p += 3;
                }
        }
        full[n] = '\0';
        if (size > 0)
                snprintf(out, size, "%s", full);
        return out;
}
