/* The law: a policy table with some bytes changed is refused or decides; what it grants stays within its own
 * tables and within the agreements that the query named. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/lsp.h"
#include "dataplane/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lf_policy good, table;

static void set_up(void)
{
        good = (struct lf_policy){
            .magic = LF_POLICY_MAGIC, .abi = LF_POLICY_ABI, .size = sizeof good, .ruleset = 1};
        for (unsigned i = 0; i < 8; i++) {
                good.lane[i] =
                    (struct lf_policy_lane){.active = 1, .priorities = 1, .roles = 1, .agreements = 0xff};
                good.agreement[i] =
                    (struct lf_policy_agreement){.active = 1, .not_after = UINT64_MAX, .datasets = 1ull << i};
                good.dataset[i] = (struct lf_policy_dataset){.active = 1,
                                                             .agreement = (uint16_t)i,
                                                             .modality = (uint8_t)(i % 4),
                                                             .candidates = 1,
                                                             .categories = 0xff,
                                                             .threshold = -4};
                for (unsigned p = 0; p < 8; p++)
                        good.agreement[i].rule[p] = (struct lf_policy_rule){
                            .categories = 0x0f, .roles = 1, .subjects = 0xff, .encounters = 0xff};
        }
}

/* The query, from the last bytes. */
static void ask(const struct lf_policy *p, const uint8_t *b)
{
        struct lf_purpose_request r = {.lane = b[0] & 1 ? b[0] % 8u : b[0] * 17u,
                                       .officer = b[1],
                                       .officer_given = b[2] & 1,
                                       .officer_bad = b[2] & 2,
                                       .warrant_given = b[2] & 4,
                                       .agreements = b[3] % 9,
                                       .purpose = b[4] % 10,
                                       .subject = b[5] % 9,
                                       .encounter = b[6] % 9,
                                       .priority = b[7] % 5,
                                       .categories_given = b[2] & 8,
                                       .categories = b[8],
                                       .modalities = b[9],
                                       .now = b[10]};
        struct lf_purpose_grant g;
        uint64_t may = 0;
        memcpy(r.agreement, b + 11, sizeof r.agreement);
        lf_purpose_decide(p, &r, &g);
        if (g.detail != LSP_DETAIL_NONE) {
                if (g.datasets || g.warrant != -1)
                        abort();
                return;
        }
        for (unsigned i = 0; i < r.agreements; i++)
                may |= p->agreement[r.agreement[i]].datasets; /* named and granted: a number of the table */
        if (r.lane >= LF_LANES_MAX || g.datasets & ~may || g.warrant < -1 || g.warrant >= LF_WARRANTS_MAX)
                abort();
        for (unsigned d = 0; d < LF_DATASETS_MAX; d++)
                if ((g.datasets >> d & 1) &&
                    (!p->dataset[d].active || g.categories[d] & ~p->dataset[d].categories))
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t query[24] = {0};
        if (good.magic == 0)
                set_up();
        if (size == sizeof good) {
                memcpy(&table, data, sizeof table);
                (void)lf_policy_check(&table, sizeof table);
        }
        (void)lf_policy_check(data, 0);
        size_t tail = size < sizeof query ? size : sizeof query;
        memcpy(query, data + size - tail, tail);
        table = good;
        for (size_t i = 0; i + 4 <= size - tail; i += 4) {
                size_t at =
                    (data[i] | (size_t)data[i + 1] << 8 | (size_t)(data[i + 2] & 1) << 16) % sizeof table;
                ((uint8_t *)&table)[at] = data[i + 3];
        }
        if (lf_policy_check(&table, sizeof table) == 0)
                ask(&table, query);
        return 0;
}
