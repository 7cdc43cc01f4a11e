/* The other end of landfall-gateway's socket. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct lf_gateway_reply {
        json_t *report;
        char *cusres; /* ends in a zero that is not counted */
        size_t cusres_size;
        uint64_t elapsed_us; /* from sending to the report */
};

/* Sends a request (borrowed; NULL: there was no memory for it) and `size` bytes, shows progress on a
 * terminal, and waits for the report. LF_EXIT_*; unless it is LF_EXIT_OK, the standard error says why, and
 * *ret is empty. */
int lf_gateway_ask(const char *directory, json_t *request, const void *bytes, size_t size,
                   struct lf_gateway_reply *ret);
void lf_gateway_reply_free(struct lf_gateway_reply *reply);
