/* The reader of manifests: made, fed and asked why it failed. */
#include <errno.h>
#include <stdlib.h>

#include "control/manifest/pnrgov.h"

#define PAPERS_SIZE (LF_PNR_PAPERS * sizeof(struct lf_pnr_paper))
#define PNR_SIZE    (LF_MANIFEST_PNR_MAX * sizeof(struct lf_pnr_traveller) + sizeof(struct lf_pnr))
_Static_assert(sizeof(struct lf_manifest_reader) + PNR_SIZE + 2 * PAPERS_SIZE + (1u << 20) <
                   LF_MANIFEST_READER_MAX,
               "all that a reader may hold, and a realloc that copies");

int lf_manifest_reader_new(const struct lf_manifest_calls *calls, void *context,
                           struct lf_manifest_reader **ret)
{
        struct lf_manifest_reader *r = calloc(1, sizeof *r);
        if (!r)
                return -ENOMEM;
        int failed = lf_edi_new(lf_envelope_segment, r, &r->edi);
        if (failed < 0) {
                free(r);
                return failed;
        }
        r->calls = *calls;
        r->context = context;
        *ret = r;
        return 0;
}

int lf_manifest_push(struct lf_manifest_reader *r, const void *bytes, size_t n)
{
        return lf_edi_push(r->edi, bytes, n);
}

int lf_manifest_finish(struct lf_manifest_reader *r)
{
        return lf_edi_finish(r->edi);
}

const struct lf_manifest_error *lf_manifest_error(const struct lf_manifest_reader *r)
{
        return lf_edi_error(r->edi);
}

const struct lf_manifest_header *lf_manifest_header(const struct lf_manifest_reader *r)
{
        return &r->header;
}

void lf_manifest_reader_free(struct lf_manifest_reader *r)
{
        if (!r)
                return;
        lf_pnr_free(r->pnr);
        lf_edi_free(r->edi);
        free(r);
}

int lf_manifest_read(const void *bytes, size_t n, const struct lf_manifest_calls *calls, void *context,
                     struct lf_manifest_error *ret_error)
{
        struct lf_manifest_reader *r;
        int ret = lf_manifest_reader_new(calls, context, &r);
        if (ret < 0)
                return ret;
        ret = lf_manifest_push(r, bytes, n);
        if (ret == 0)
                ret = lf_manifest_finish(r);
        if (ret == -EBADMSG || ret == -ENOTSUP || ret == -EMSGSIZE)
                *ret_error = *lf_manifest_error(r);
        lf_manifest_reader_free(r);
        return ret;
}
