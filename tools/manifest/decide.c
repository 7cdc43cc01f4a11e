/* landfall officer decide: tells the gateway what an officer decided about a traveller who was referred. */
#include "tools/manifest/gateway.h"
#include "tools/manifest/manifest.h"

#include "dataplane/lsp.h"
#include "tools/commands.h"

#include <stdio.h>
#include <string.h>

/* The traveller that "N" or "M:N" names; NULL: the report has none. */
static const json_t *find(const json_t *report, const char *traveller)
{
        unsigned message = 1, number = 0;
        size_t i;
        const json_t *t;
        if (sscanf(traveller, "%u:%u", &message, &number) != 2) {
                message = 1;
                sscanf(traveller, "%u", &number);
        }
        const json_t *m = json_array_get(json_object_get(report, "messages"), message - 1);
        json_array_foreach(json_object_get(m, "travellers"), i,
                           t) if (json_integer_value(json_object_get(t, "number")) == number) return t;
        return NULL;
}

static const char *text_at(const json_t *j, const char *key)
{
        const char *text = json_string_value(json_object_get(j, key));
        return text ? text : "";
}

static void show(const json_t *report, const char *traveller)
{
        const json_t *t = find(report, traveller), *d = json_object_get(t, "officer_decision");
        printf("traveller %s, %s: %s\n", traveller, text_at(t, "name"), text_at(d, "decision"));
        printf("decided by %s (officer %lld) at %s: %s\n", text_at(d, "officer"),
               json_integer_value(json_object_get(d, "number")), text_at(d, "time"), text_at(d, "reason"));
        printf("audit entry %s\n", text_at(d, "receipt"));
}

int lf_manifest_decide(const char *gateway, const char *token, const char *message, const char *traveller,
                       const char *decision, const char *reason, bool json)
{
        struct lf_gateway_reply reply;
        if (strlen(reason) > LSP_DECISION_REASON_MAX) {
                fprintf(stderr, "landfall: a reason has at most %d bytes\n", LSP_DECISION_REASON_MAX);
                return LF_EXIT_USAGE;
        }
        json_t *request =
            json_pack("{s:{s:s, s:s, s:s, s:s, s:s}}", "decide", "message", message, "traveller", traveller,
                      "decision", decision, "reason", reason, "token", token);
        int code = lf_gateway_ask(gateway, request, "", 0, &reply);
        json_decref(request);
        if (code != LF_EXIT_OK)
                return code;
        if (json) {
                json_dumpf(reply.report, stdout, JSON_INDENT(2));
                putchar('\n');
        } else {
                show(reply.report, traveller);
        }
        lf_gateway_reply_free(&reply);
        return LF_EXIT_OK;
}
