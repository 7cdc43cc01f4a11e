/* landfall lane query. */
#include "tools/commands.h"
#include "tools/lane/commands.h"
#include "tools/lane/query_arguments.h"
#include "tools/lane/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int exit_code(int r)
{
        switch (-r) {
        case 0:
                return LF_EXIT_OK;
        case ETIMEDOUT:
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EAGAIN:
        case EUSERS:
                return LF_EXIT_UNREACHABLE;
        default:
                return LF_EXIT_FAILED;
        }
}

static const char *open_error(int r)
{
        switch (-r) {
        case EKEYREJECTED:
                return "the lane is revoked";
        case EUSERS:
                return "the appliance has no session free";
        case EAGAIN:
                return "the appliance is not ready yet";
        case EPROTO:
                return "what answers is not this lane's appliance, or does not take this lane";
        case EBADMSG:
                return "lane.conf, a certificate or the key is malformed";
        case ENOTSUP:
                return "the appliance does not speak LSP/1";
        default:
                return strerror(-r);
        }
}

static int ask(struct lf_lane *lane, const struct lf_lane_query *query, const struct lf_query_arguments *a)
{
        int worst = 0;
        json_t *list = a->json && a->repeat > 1 ? json_array() : NULL;
        for (unsigned i = 0; i < a->repeat; i++) {
                struct lf_lane_result result = {0};
                int r = lf_lane_ask(lane, query, &result);
                if (r < 0 && r != result.error) {
                        fprintf(stderr, "landfall: %s\n", strerror(-r));
                        json_decref(list);
                        return LF_EXIT_FAILED;
                }
                if (r < 0)
                        worst = r;
                if (list) {
                        json_array_append_new(list, lf_lane_show_json(&result));
                } else if (a->json) {
                        json_t *j = lf_lane_show_json(&result);
                        json_dumpf(j, stdout, JSON_INDENT(2));
                        putchar('\n');
                        json_decref(j);
                } else {
                        lf_lane_show(&result);
                }
        }
        if (list) {
                json_dumpf(list, stdout, JSON_INDENT(2));
                putchar('\n');
                json_decref(list);
        }
        return exit_code(worst);
}

int lf_lane_cmd_query(int argc, char **argv)
{
        struct lf_query_arguments a;
        struct lf_lane_query *query = NULL;
        struct lf_lane *lane = NULL;
        if (lf_lane_query_create(&query) < 0)
                return LF_EXIT_FAILED;
        int r = lf_query_arguments_read(argc, argv, &a, query);
        if (r != 0) {
                lf_lane_query_destroy(query);
                if (r == LF_QUERY_HELP) {
                        fputs(lf_query_help, stdout);
                        return LF_EXIT_OK;
                }
                fprintf(stderr, "landfall lane query --help says more\n");
                return LF_EXIT_USAGE;
        }
        r = lf_lane_open(&(struct lf_lane_options){.bundle = a.bundle, .standby = a.standby}, &lane);
        if (r < 0) {
                fprintf(stderr, "landfall: %s: %s\n", a.bundle, open_error(r));
                r = exit_code(r);
        } else {
                r = ask(lane, query, &a);
        }
        lf_lane_query_destroy(query);
        lf_lane_close(lane);
        return r;
}
