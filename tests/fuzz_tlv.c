/* Arbitrary plaintexts, sealed well: every one gets exactly one answer. */
#include "tests/path_rig.h"

#include <stdlib.h>
#include <string.h>

static struct rig_lane lane;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        static const char *const people[] = {"ZEBEDIAH QUILLFEATHER", "MARGUERITE OKONKWO"};
        static const unsigned fingers[] = {11, 12};
        rig_start();
        rig_create(NULL, 0, 64);
        rig_gallery(1, people, 2, fingers, 2);
        rig_lane_open(&lane, 1, 1, 1);
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint64_t query_id;
        static struct rig_plain p;
        /* A deadline of nothing is answered with nothing. */
        size_t n = size < LSP_QUERY_MAX - LSP_PART_MIN ? size : LSP_QUERY_MAX - LSP_PART_MIN;
        p.size = 0;
        static const uint8_t head[] = {LSP_TLV_AGREEMENTS, 0, 2, 0, RIG_ACCORD,       0,
                                       LSP_TLV_PURPOSE,    0, 2, 0, LSP_PURPOSE_VISA, 0};
        bool led = size > 0 && data[0] & 1; /* half of them begin with what lets them further in */
        if (led) {
                memcpy(p.bytes, head, sizeof head);
                p.size = sizeof head;
                data++;
                n--;
        }
        if (n > 0)
                memcpy(p.bytes + p.size, data, n);
        p.size += n;
        rig_pad(&p);
        rig.out_n = 0;
        uint64_t late = rig_dropped(LF_DROP_deadline);
        rig_send(&lane, ++query_id, &p);
        if (!rig_settle() || !rig_balanced())
                abort();
        struct lsp_answer a;
        if (rig_dropped(LF_DROP_deadline) > late)
                return 0;
        if (rig.out_n != 1 || rig_open(&lane, 0, NULL, &a) != LSP_ANSWER || a.verdict < LSP_CLEAR ||
            a.verdict >= LSP_VERDICT_COUNT || a.detail >= LSP_DETAIL_COUNT ||
            a.candidates > LSP_CANDIDATES_MAX)
                abort();
        return 0;
}
