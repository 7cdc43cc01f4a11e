/* Parsers of the transparency log: notes, keys, checkpoints, entry bundles. What parses must survive the way
 * back. */
#include <stdlib.h>
#include <string.h>

#include "control/tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct lf_note_verifier v, again;
        struct lf_note_signer s;
        struct lf_tlog_checkpoint c, c2;
        char text[LF_NOTE_KEY_TEXT_MAX], point[LF_NOTE_NAME_MAX + 80];
        uint32_t at[LF_TLOG_WIDTH + 1];
        unsigned bad;
        size_t n;
        char *string = malloc(size + 1);
        if (!string)
                return 0;
        memcpy(string, data, size);
        string[size] = 0;
        if (lf_note_verifier_parse(string, &v) == 0) {
                lf_note_verifier_format(&v, text);
                if (lf_note_verifier_parse(text, &again) < 0 || memcmp(&v, &again, sizeof v) != 0)
                        abort();
        }
        (void)lf_note_signer_parse(string, &s);
        free(string);
        if (lf_tlog_checkpoint_parse((const char *)data, size, &c) == 0) {
                n = lf_tlog_checkpoint_format(&c, point);
                if (lf_tlog_checkpoint_parse(point, n, &c2) < 0 || memcmp(&c, &c2, sizeof c) != 0)
                        abort();
        }
        static const char key[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        if (lf_note_verifier_parse(key, &v) == 0 &&
            lf_note_open((const char *)data, size, &v, 1, NULL, &n) == 0 && n >= size)
                abort();
        unsigned width = size ? data[0] + 1u : 1;
        if (lf_bundle_parse(data, size, width, 0, at, &bad) == 0 && at[width] > size)
                abort();
        return 0;
}
