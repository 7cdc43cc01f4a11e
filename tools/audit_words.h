/* An audit entry in words, and as JSON. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "dataplane/audit/entry.h"

void lf_audit_print(uint64_t index, const struct lf_entry *entry);

/* A new reference. */
json_t *lf_audit_json(uint64_t index, const struct lf_entry *entry);

/* n bytes as hex digits and a zero. */
void lf_hex(const uint8_t *bytes, unsigned n, char *text);
