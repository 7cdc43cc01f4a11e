/* Arbitrary datagrams through the whole path. The input is a run of datagrams: a byte that says how each
 * begins (as it is, behind a good header and cookie, or sealed well as part of a query), then a length and
 * that many bytes. After each input the balances hold and no context is lost. */
#include "tests/path_rig.h"

#include <stdlib.h>
#include <string.h>

static struct rig_lane lane;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        static const char *const people[] = {"ZEBEDIAH QUILLFEATHER"};
        static const unsigned fingers[] = {11};
        rig_start();
        rig_create(NULL, 0, 64);
        rig_gallery(1, people, 1, fingers, 1);
        rig_lane_open(&lane, 1, 1, 1);
        return 0;
}

static void inject(uint8_t how, const uint8_t *bytes, size_t size)
{
        uint8_t out[LSP_DATAGRAM_MAX], id[16] = {0};
        static struct rig_plain p;
        p.size = size < LSP_PART_MIN ? (size_t)LSP_PART_MIN : size;
        memset(p.bytes, 0, p.size);
        if (size > 0)
                memcpy(p.bytes, bytes, size);
        if (how % 4 == 0) {
                rig_inject(bytes, (uint16_t)(size < sizeof out ? size : sizeof out), how);
                return;
        }
        memcpy(id, bytes, size < 2 ? size : 2); /* few ids: some come again */
        unsigned parts = (unsigned)((p.size + LSP_PART_MAX - 1) / LSP_PART_MAX);
        uint16_t n = rig_seal(&lane, id, &p, how / 4 % parts, out);
        if (how % 4 == 1) /* a good cookie, the rest as it comes */
                memcpy(out, bytes, size < sizeof(struct lsp_header) ? size : sizeof(struct lsp_header));
        rig_inject(out, n, how >> 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *end = data + size;
        for (unsigned i = 0; i < 64 && end - data >= 3; i++) {
                size_t n = (size_t)data[1] | (size_t)data[2] << 8;
                uint8_t how = data[0];
                data += 3;
                if (n > (size_t)(end - data))
                        n = (size_t)(end - data);
                if (n > 4 * (size_t)LSP_PART_MAX)
                        n = 4 * (size_t)LSP_PART_MAX;
                inject(how, data, n);
                data += n;
        }
        if (!rig_settle() || !rig_balanced() || rig.dp->io[0].free_n + rig.dp->io[0].assemblies != 64)
                abort();
        for (unsigned i = 0; i < rig.out_n; i++) {
                uint8_t type = rig_open(&lane, i, NULL, NULL);
                if (type < LSP_ANSWER || type > LSP_BUSY || rig.out[i].size > LSP_ANSWER_DATAGRAM)
                        abort();
        }
        rig.out_n = 0;
        return 0;
}
