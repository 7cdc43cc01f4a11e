/* The arguments of `landfall lane query`, turned into a query. Internal to tools/lane. */
#pragma once

#include "tools/lane/landfall_lane.h"

#define LF_QUERY_HELP 1

struct lf_query_arguments {
        const char *bundle, *standby;
        unsigned repeat;
        bool json;
};

/* Composes `query`. 0, LF_QUERY_HELP when help was asked for, or a negative number after a message to
 * stderr: wrong usage. */
int lf_query_arguments_read(int argc, char **argv, struct lf_query_arguments *ret,
                            struct lf_lane_query *query);
/* The help text. */
extern const char lf_query_help[];
