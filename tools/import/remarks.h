/* What OFAC writes into the remarks of an entry: "DOB 12 Mar 1960; nationality Iran; Passport A123 (Iran)".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Appends the remarks' facts to the record (lf_person_put); what it does not know it passes over. `kind` as
 * in LF_PERSON_ENTITY: only persons have dates of birth, gender and nationality. -ENOSPC: the record is full.
 */
int lf_sdn_remarks(const char *text, size_t size, char kind, uint8_t *wire, size_t cap, size_t *inout_len);

/* The ISO 3166-1 alpha-2 code of a country as OFAC or ICU's English names it, or NULL. One thread at a time. */
const char *lf_country_code(const char *name, size_t n);
