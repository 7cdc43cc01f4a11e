/* Set-up and checks that the tests of the query path share: a log in a new directory, a gallery, the
 * balances. */
#pragma once

#include "dataplane/audit/wal.h"
#include "tests/path_rig.h"

extern const char *const path_people[3]; /* in the gallery, as generation 1 */
extern const unsigned path_fingers[3];

/* Opens a log in a new directory and makes the dataplane: one core of both roles; one io and two match cores.
 */
int path_setup_with(uint64_t segment_size, unsigned split);
int path_setup(void **state);
int path_setup_three_cores(void **state);
/* Nothing is in flight, both balances hold, the log closes well. */
int path_teardown(void **state);

/* Entries of queries in the log so far, with this query id (UINT64_MAX: any); the last of them and its
 * opening, where asked for. */
unsigned path_logged(uint64_t query_id, struct lf_entry *ret, struct lf_entry_opening *ret_opening);
/* Several milliseconds of turns in which nothing comes out. */
void path_stays_silent(unsigned out);

#define ONE_CORE(test)    cmocka_unit_test_setup_teardown(test, path_setup, path_teardown)
#define THREE_CORES(test) cmocka_unit_test_setup_teardown(test, path_setup_three_cores, path_teardown)
