/* Any bytes as lines of a machine-readable zone: read or refused, and what is read keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/manifest/mrz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
        if (!holds)
                abort();
}

static void look(const struct lf_mrz *m)
{
        require(m->confusions <= LF_MRZ_CONFUSIONS && m->faults < 1u << LF_MRZ_FAULTS);
        for (unsigned i = 0; i < LF_MRZ_FAULTS; i++)
                if (m->faults >> i & 1)
                        require(m->at[i].line >= 1 && m->at[i].line <= 3 && m->at[i].column >= 1 &&
                                m->at[i].column <= 44);
        require(strlen(m->number) < sizeof m->number && strlen(m->family) < sizeof m->family &&
                strlen(m->given) < sizeof m->given);
        require(m->birth.month <= 12 && m->birth.day <= 31 && m->expiry.month <= 12 && m->expiry.day <= 31);
}

/* As they come; and as the lines of each format, cut from the bytes one after the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct {
                unsigned lines, width;
        } shape[] = {{3, 30}, {2, 36}, {2, 44}};
        struct lf_mrz m;
        if (lf_mrz_read((const char *)data, size, &m) == 0)
                look(&m);
        for (unsigned s = 0; s < 3; s++) {
                char text[3 * 45];
                size_t n = 0, i = 0;
                for (unsigned line = 0; line < shape[s].lines; line++) {
                        for (unsigned k = 0; k < shape[s].width; k++, i++)
                                text[n++] = i < size && data[i] != '\n' && data[i] != '|' && data[i] != '\r'
                                                ? (char)data[i]
                                                : '<';
                        text[n++] = '\n';
                }
                require(lf_mrz_read(text, n, &m) == 0);
                look(&m);
        }
        return 0;
}
