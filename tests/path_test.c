#include "tests/path_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/audit/wal_read.h"
#include "dataplane/audit_thread.h"

const char *const path_people[3] = {"ZEBEDIAH QUILLFEATHER", "MARGUERITE OKONKWO", "TAMSIN VELLACOTT"};
const unsigned path_fingers[3] = {11, 12, 13};
static char directory[64];
static struct lf_wal *wal;

int path_setup_with(uint64_t segment_size, unsigned split)
{
        snprintf(directory, sizeof directory, "/tmp/landfall-test-XXXXXX");
        assert_non_null(mkdtemp(directory));
        struct lf_wal_options o = {.directory = {directory}, .segment_size = segment_size, .segments = 2};
        memset(o.key, 3, sizeof o.key);
        assert_int_equal(lf_wal_open(&o, &wal, NULL), 0);
        rig_create(wal, split, 64);
        rig_gallery(1, path_people, 3, path_fingers, 3);
        return 0;
}

int path_setup(void **state)
{
        return path_setup_with(1 << 20, 0);
}

int path_setup_three_cores(void **state)
{
        return path_setup_with(1 << 20, 2);
}

int path_teardown(void **state)
{
        assert_true(rig_settle());
        assert_true(rig_balanced());
        rig_destroy();
        assert_int_equal(lf_wal_close(wal), 0);
        char command[128];
        snprintf(command, sizeof command, "rm -rf %s", directory);
        return system(command);
}

unsigned path_logged(uint64_t query_id, struct lf_entry *ret, struct lf_entry_opening *ret_opening)
{
        const char *const directories[LF_WAL_MIRRORS] = {directory};
        uint8_t key[LF_WAL_KEY_SIZE];
        memset(key, 3, sizeof key);
        struct lf_wal_reader *r;
        const struct lf_wal_record *record;
        unsigned n = 0;
        assert_int_equal(lf_wal_reader_open(directories, key, &r), 0);
        assert_int_equal(lf_wal_reader_seek(r, 0), 0);
        uint64_t durable = lf_audit_durable(rig.dp->audit);
        for (uint64_t i = 0; i < durable; i++) {
                assert_int_equal(lf_wal_reader_next(r, &record), 1);
                const struct lf_entry *e = &record->entry;
                bool asked =
                    e->kind == LF_ENTRY_QUERY || e->kind == LF_ENTRY_DROPPED || e->kind == LF_ENTRY_DECISION;
                if (!asked || (query_id != UINT64_MAX && memcmp(e->query_id, &query_id, 8) != 0))
                        continue;
                n++;
                if (ret)
                        *ret = *e;
                if (ret_opening)
                        assert_int_equal(lf_wal_reader_opening(r, record, ret_opening), 0);
        }
        lf_wal_reader_close(r);
        return n;
}

void path_stays_silent(unsigned out)
{
        for (unsigned i = 0; i < 200; i++)
                rig_turn();
        assert_int_equal(rig.out_n, out);
}