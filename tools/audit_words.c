#include "tools/audit_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dataplane/audit/leaf.h"
#include "dataplane/counters.h"
#include "dataplane/lsp.h"

void lf_hex(const uint8_t *bytes, unsigned n, char *text)
{
        for (unsigned i = 0; i < n; i++)
                sprintf(text + 2 * i, "%02x", bytes[i]);
        text[2 * n] = 0;
}

static const char *kind_text(unsigned kind)
{
        static const char *const text[] = {
            [LF_ENTRY_QUERY] = "query",       [LF_ENTRY_DROPPED] = "dropped",
            [LF_ENTRY_POLICY] = "policy",     [LF_ENTRY_GENERATION] = "generation",
            [LF_ENTRY_START] = "start",       [LF_ENTRY_CLOCK] = "clock",
            [LF_ENTRY_DECISION] = "decision",
        };
        return kind < sizeof text / sizeof text[0] && text[kind] ? text[kind] : "unknown";
}

static const char *verdict_text(unsigned verdict)
{
        static const char *const text[] = {[LSP_CLEAR] = "CLEAR",
                                           [LSP_CANDIDATE] = "CANDIDATE",
                                           [LSP_RETRY] = "RETRY",
                                           [LSP_REFUSED] = "REFUSED",
                                           [LSP_RECORDED] = "RECORDED"};
        return verdict < sizeof text / sizeof text[0] && text[verdict] ? text[verdict] : "none";
}

static const char *detail_text(const struct lf_entry *e)
{
        static const char *const text[] = {
            "",
#define LSP_DETAIL(name, text) text,
#include "dataplane/detail.def"
#undef LSP_DETAIL
        };
        if (e->kind == LF_ENTRY_DROPPED)
                return e->detail < LF_DROP_COUNT ? lf_drop_text(e->detail) : "unknown reason";
        return e->detail < sizeof text / sizeof text[0] ? text[e->detail] : "unknown reason";
}

static const char *purpose_text(unsigned purpose)
{
        static const char *const text[] = {
            [LSP_PURPOSE_BORDER_CHECK] = "border check",
            [LSP_PURPOSE_VISA] = "visa",
            [LSP_PURPOSE_ASYLUM] = "asylum",
            [LSP_PURPOSE_LAW_ENFORCEMENT] = "law enforcement",
            [LSP_PURPOSE_SANCTIONS] = "sanctions",
            [LSP_PURPOSE_CUSTOMS] = "customs",
            [LSP_PURPOSE_AVIATION_SECURITY] = "aviation security",
            [LSP_PURPOSE_MISSING_PERSON] = "missing person",
        };
        return purpose < sizeof text / sizeof text[0] && text[purpose] ? text[purpose] : "unknown";
}

static const char *decision_text(unsigned decision)
{
        static const char *const text[] = {
            "none", [LSP_DECIDED_BOARD] = "board", [LSP_DECIDED_DO_NOT_BOARD] = "do not board"};
        return decision < sizeof text / sizeof text[0] ? text[decision] : "unknown";
}

static void time_text(uint64_t ns, char text[48])
{
        time_t s = (time_t)(ns / 1000000000u);
        struct tm tm;
        if (!gmtime_r(&s, &tm)) {
                strcpy(text, "?");
                return;
        }
        size_t n = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + n, 48 - n, ".%03uZ", (unsigned)(ns / 1000000u % 1000u));
}

static void bits_text(uint64_t bits, char text[256])
{
        size_t n = 0;
        strcpy(text, bits ? "" : "none");
        for (unsigned i = 0; i < 64; i++)
                if (bits >> i & 1)
                        n += (size_t)snprintf(text + n, 256 - n, "%s%u", n ? " " : "", i);
}

static unsigned candidates_of(const struct lf_entry *e)
{
        return e->candidates < LF_ENTRY_CANDIDATES ? e->candidates : LF_ENTRY_CANDIDATES;
}

void lf_audit_print(uint64_t index, const struct lf_entry *e)
{
        char when[48], hex[65], bits[256];
        uint8_t leaf[32];
        time_text(e->time, when);
        printf("entry %" PRIu64 ": %s, %s\n", index, kind_text(e->kind), when);
        lf_hex(e->query_id, 16, hex);
        printf("  query id     %s\n", hex);
        printf("  asked by     lane %" PRIu32 ", session %" PRIu64 ", officer ", e->lane, e->session);
        if (e->officer)
                printf("%" PRIu32 "\n", e->officer);
        else
                printf("not named\n");
        printf("  purpose      %u (%s), subject class %u, encounter %u\n", e->purpose,
               purpose_text(e->purpose), e->subject_class, e->encounter);
        bits_text(e->agreements, bits);
        printf("  agreements   %s\n", bits);
        bits_text(e->datasets, bits);
        printf("  datasets     %s\n", bits);
        bits_text(e->categories, bits);
        printf("  categories   %s\n", bits);
        printf("  ruleset      %" PRIu32 ", generation %" PRIu64 "\n", e->ruleset, e->generation);
        printf("  verdict      %s", verdict_text(e->verdict));
        if (e->detail || e->kind == LF_ENTRY_DROPPED)
                printf(": %s", detail_text(e));
        printf("\n");
        if (e->decision) {
                lf_hex(e->decided, 32, hex);
                printf("  decision     %s, on the entry %s\n", decision_text(e->decision), hex);
        }
        for (unsigned i = 0; i < candidates_of(e); i++)
                printf("  candidate %u  false-match rate below 1e%d\n", i + 1, e->decade[i] + 1);
        lf_entry_leaf_hash(e, leaf);
        lf_hex(leaf, 32, hex);
        printf("  leaf hash    %s\n", hex);
}

json_t *lf_audit_json(uint64_t index, const struct lf_entry *e)
{
        char when[48], id[33], warrant[33], leaf_text[65], probe[65], candidate[65], hex[65];
        uint8_t leaf[32];
        json_t *decades = json_array();
        time_text(e->time, when);
        lf_hex(e->query_id, 16, id);
        lf_hex(e->warrant, 16, warrant);
        lf_entry_leaf_hash(e, leaf);
        lf_hex(leaf, 32, leaf_text);
        lf_hex(e->probe_commitment, 32, probe);
        lf_hex(e->candidate_commitment, 32, candidate);
        for (unsigned i = 0; i < candidates_of(e); i++)
                json_array_append_new(decades, json_integer(e->decade[i]));
        json_t *o =
            json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:s, s:i, s:i, s:s}", "index",
                      (json_int_t)index, "kind", kind_text(e->kind), "time", when, "query_id", id, "lane",
                      (json_int_t)e->lane, "session", (json_int_t)e->session, "officer",
                      (json_int_t)e->officer, "purpose", (int)e->purpose, "verdict", verdict_text(e->verdict),
                      "detail", (int)e->detail, "flags", (int)e->flags, "reason", detail_text(e));
        json_t *more = json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:s, s:s, s:s, s:s}",
                                 "subject_class", (int)e->subject_class, "encounter", (int)e->encounter,
                                 "agreements", (json_int_t)e->agreements, "datasets", (json_int_t)e->datasets,
                                 "categories", (json_int_t)e->categories, "ruleset", (json_int_t)e->ruleset,
                                 "generation", (json_int_t)e->generation, "modalities", (int)e->modalities,
                                 "decades", decades, "warrant", warrant, "probe_commitment", probe,
                                 "candidate_commitment", candidate, "leaf_hash", leaf_text);
        if (e->decision) {
                lf_hex(e->decided, 32, hex);
                json_object_set_new(more, "decision", json_string(decision_text(e->decision)));
                json_object_set_new(more, "decided", json_string(hex));
        }
        json_object_update_missing(o, more);
        json_decref(more);
        return o;
}
