/* Configuration and register to the policy table, and the sealed memfd of it. */
#include "control/policy/compile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct lf_config *config;
static struct lf_policy table, other;
static struct lf_site_lane lanes[3];

static int read_default(void **state)
{
        static struct lf_problems problems;
        char path[512];
        snprintf(path, sizeof path, "%s/config/landfall.yaml", getenv("LANDFALL_SOURCE"));
        lanes[0] = (struct lf_site_lane){.number = 7, .active = true, .name = "gate-1"};
        lanes[1] = (struct lf_site_lane){.number = 3, .active = false, .name = "desk-1", .revoked = 5};
        lanes[2] = (struct lf_site_lane){.number = 9, .active = true, .name = "not-configured"};
        return lf_config_read(path, &config, &problems);
}

static int forget(void **state)
{
        lf_config_destroy(config);
        return 0;
}

static void compile(struct lf_policy *ret, uint32_t ruleset, uint64_t synced)
{
        struct lf_policy_facts facts = {.lane = lanes, .lanes = 3, .ruleset = ruleset};
        facts.synced[1] = synced;
        lf_policy_compile(config, &facts, ret);
}

static void law(void **state)
{
        compile(&table, 5, 1234);
        assert_int_equal(table.magic, LF_POLICY_MAGIC);
        assert_int_equal(table.size, sizeof table);
        assert_int_equal(table.ruleset, 5);
        assert_int_equal(table.quantum_us, 5000);

        const struct lf_policy_agreement *a = &table.agreement[1];
        assert_true(a->active);
        assert_false(table.agreement[0].active);
        assert_int_equal(a->datasets, 1 << 1);
        assert_int_equal(table.agreement[2].datasets, 1 << 2);
        assert_int_equal(a->not_before, 1704067200);
        assert_int_equal(a->rule[LSP_PURPOSE_BORDER_CHECK].categories, 3);
        assert_int_equal(a->rule[LSP_PURPOSE_BORDER_CHECK].roles, LF_ROLE_EGATE | LF_ROLE_DESK);
        assert_int_equal(a->rule[LSP_PURPOSE_LAW_ENFORCEMENT].needs, LF_NEEDS_OFFICER | LF_NEEDS_WARRANT);
        /* what is not named is not permitted */
        for (unsigned p = 0; p < LSP_PURPOSE_COUNT; p++)
                if (p != LSP_PURPOSE_BORDER_CHECK && p != LSP_PURPOSE_LAW_ENFORCEMENT)
                        assert_int_equal(a->rule[p].categories, 0);

        assert_int_equal(table.dataset[1].synced, 1234);
        assert_int_equal(table.dataset[1].fresh_s, 86400);
        assert_int_equal(table.dataset[1].candidates, 3);
        assert_float_equal(table.dataset[2].threshold, -4.0, 0);
        assert_int_equal(table.officer[1].roles, LF_ROLE_OFFICER);
        assert_false(table.officer[0].active);
}

static void lanes_need_both(void **state)
{
        compile(&table, 1, 0);
        unsigned active = 0;
        for (unsigned i = 0; i < LF_LANES_MAX; i++)
                active += table.lane[i].active;
        assert_int_equal(active, 1); /* neither the revoked one nor the one that no rule names */
        assert_true(table.lane[7].active);
        assert_int_equal(table.lane[7].agreements, 1 << 1 | 1 << 2);
        assert_int_equal(table.lane[7].query_burst, 100);
        assert_int_equal(table.warrant[0].uses, 0); /* its lane is revoked */

        lanes[1].active = true;
        compile(&table, 1, 0);
        assert_true(table.lane[3].active);
        assert_int_equal(table.warrant[0].lane, 3);
        assert_int_equal(table.warrant[0].uses, 10);
        lanes[1].active = false;
}

static void digest_is_of_the_law(void **state)
{
        uint8_t a[32], b[32];
        compile(&table, 1, 0);
        compile(&other, 2, 999);
        assert_int_equal(lf_policy_digest(&table, a), 0);
        assert_int_equal(lf_policy_digest(&other, b), 0);
        assert_memory_equal(a, b, 32);
        lanes[0].active = false;
        compile(&other, 1, 0);
        lanes[0].active = true;
        assert_int_equal(lf_policy_digest(&other, b), 0);
        assert_memory_not_equal(a, b, 32);
}

static void sealed(void **state)
{
        compile(&table, 1, 0);
        int fd = -1;
        assert_int_equal(lf_policy_memfd(&table, &fd), 0);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, sizeof table);
        const void *p = mmap(NULL, sizeof table, PROT_READ, MAP_SHARED, fd, 0);
        assert_ptr_not_equal(p, MAP_FAILED);
        assert_memory_equal(p, &table, sizeof table);
        munmap((void *)p, sizeof table);
        assert_ptr_equal(mmap(NULL, sizeof table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(ftruncate(fd, 1 << 20), -1);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(law), cmocka_unit_test(lanes_need_both),
                                           cmocka_unit_test(digest_is_of_the_law), cmocka_unit_test(sealed)};
        return cmocka_run_group_tests(tests, read_default, forget);
}
