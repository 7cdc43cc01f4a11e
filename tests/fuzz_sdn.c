/* Any bytes as sdn.csv and alt.csv, split at the first NUL: what is imported can be read by the engine. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/engine.h"
#include "tools/import/sdn.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        return lf_engines_init();
}

static int take(void *context, const struct lf_import_record *r)
{
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_PERSON);
        struct lf_source_record source = {.wire = r->wire, .size = r->size};
        struct lf_defect defect = {0};
        size_t size;
        uint32_t rows, blocks;
        if (engine->build(&source, 1, NULL, &size, &rows, &blocks, &defect) < 0)
                abort();
        /* A name may be too long in words, or hold no letter; all else the importer must get right. */
        if (defect.code != LF_DEFECT_NONE && defect.code != LF_DEFECT_TOO_LONG &&
            defect.code != LF_DEFECT_NO_NAME)
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
        size_t first = nul ? (size_t)(nul - data) : size, second = nul ? size - first - 1 : 0;
        char *sdn = malloc(first + 1), *alt = nul ? malloc(second + 1) : NULL;
        struct lf_import_error error = {0};
        if (first)
                memcpy(sdn, data, first);
        if (second)
                memcpy(alt, nul + 1, second);
        int r = lf_import_sdn_text(sdn, first, alt, second, take, NULL, &error);
        if (r < 0 && (!error.file || !error.text || !error.line))
                abort();
        free(sdn);
        free(alt);
        return 0;
}
