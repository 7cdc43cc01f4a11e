/* Any bytes as a minutiae record: what is accepted keeps its promises. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "matcher/fmr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct lf_fmr f;
        struct lf_defect defect = {0};
        if (lf_fmr_read(data, size, &f, &defect) < 0) {
                require(defect.code > LF_DEFECT_NONE && defect.code < LF_DEFECT_COUNT &&
                        defect.offset <= size);
                return 0;
        }
        unsigned minutiae = 0;
        require(f.n >= 1 && f.n <= LF_FMR_VIEW_MAX && f.minutiae <= LF_FMR_MINUTIA_MAX);
        for (unsigned i = 0; i < f.n; i++) {
                const struct lf_fmr_view *v = &f.view[i];
                require(v->first == minutiae && v->width && v->height && v->resolution_x && v->resolution_y);
                for (unsigned k = 0; k < v->n; k++) {
                        const struct lf_fmr_minutia *m = &lf_fmr_minutiae(&f, v)[k];
                        require(m->x < v->width && m->y < v->height && m->angle < LF_FMR_TURN);
                }
                for (unsigned k = 0; k < v->extensions && k < LF_FMR_EXTENSION_MAX; k++)
                        require(v->extension[k].offset + v->extension[k].size <= size);
                minutiae += v->n;
        }
        require(minutiae == f.minutiae);
        return 0;
}
