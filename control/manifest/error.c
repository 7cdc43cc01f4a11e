/* Words for errors, notes, roles and kinds. */
#include "control/manifest/manifest.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
        const char *text, *source;
} rules[LF_RULE_COUNT] = {
    [LF_RULE_NONE] = {"no error", ""},
#define RULE(name, text, source) [LF_RULE_##name] = {text, source},
#include "control/manifest/rules.def"
#undef RULE
};

const char *lf_manifest_rule_text(enum lf_manifest_rule rule)
{
        return (unsigned)rule < LF_RULE_COUNT ? rules[rule].text : "";
}

const char *lf_manifest_rule_source(enum lf_manifest_rule rule)
{
        return (unsigned)rule < LF_RULE_COUNT ? rules[rule].source : "";
}

const char *lf_manifest_kind_name(enum lf_manifest_kind kind)
{
        static const char *const names[LF_MANIFEST_KINDS] = {"unknown", "PAXLST", "PNRGOV",
                                                             "CUSCAR",  "CUSREP", "X12 309"};
        return (unsigned)kind < LF_MANIFEST_KINDS ? names[kind] : names[0];
}

const char *lf_party_role_name(enum lf_party_role role)
{
        static const char *const names[LF_ROLE_COUNT] = {
            "other",   "passenger", "crew",   "transit passenger", "transit crew",
            "shipper", "consignee", "notify", "carrier",           "agent"};
        return (unsigned)role < LF_ROLE_COUNT ? names[role] : names[0];
}

const char *lf_party_note_text(unsigned bit)
{
        static const char *const text[LF_PARTY_NOTES] = {
            "a digit in a name",
            "marks of writing direction, left out",
            "a birth year of two digits, which both centuries may mean",
            "a date that is none, left out",
            "a sex of another code, left out",
            "line breaks within data, left out",
            "characters that the declared level of ISO 9735 lacks",
            "no family name",
            "a control total that is not what this message holds",
            "a travel document without all its fields",
            "neither a name nor a document",
        };
        return bit < LF_PARTY_NOTES ? text[bit] : "";
}

int lf_manifest_error_text(const struct lf_manifest_error *e, char *buf, size_t size)
{
        char where[40] = "";
        if (e->component)
                snprintf(where, sizeof where, ", element %u, component %u", e->element, e->component);
        else if (e->element)
                snprintf(where, sizeof where, ", element %u", e->element);
        return snprintf(buf, size,
                        "segment %" PRIu64 "%s%s%s, line %" PRIu64 ", byte %" PRIu64 ": %s (%s%s%s)",
                        e->at.segment, e->tag[0] ? " " : "", e->tag, where, e->at.line, e->at.offset,
                        lf_manifest_rule_text(e->rule), e->detail, e->detail[0] ? "; " : "",
                        lf_manifest_rule_source(e->rule));
}
