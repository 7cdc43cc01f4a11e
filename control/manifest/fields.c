/* Components as fields of fixed size, as numbers and as codes. */
#include "control/manifest/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int lf_copy(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c, char *to,
            size_t size)
{
        if (lf_edi_text(r->edi, s, lf_edi_component(s, e, c), to, size, &r->summary.notes) < 0)
                return lf_reader_fail(r, s, LF_RULE_TOO_LONG, e, c + 1, "at most %zu bytes", size - 1);
        return 0;
}

int lf_copy_needed(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c,
                   char *to, size_t size)
{
        int ret = lf_copy(r, s, e, c, to, size);
        return ret == 0 && to[0] == 0 ? lf_reader_fail(r, s, LF_RULE_MISSING, e, c + 1, NULL) : ret;
}

bool lf_code(struct lf_edi_view v, char *to, size_t size)
{
        while (v.n > 0 && v.p[v.n - 1] == ' ')
                v.n--;
        if (v.n == 0 || v.n >= size)
                return false;
        for (uint32_t i = 0; i < v.n; i++) {
                uint8_t c = v.p[i];
                if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
                        return false;
        }
        memcpy(to, v.p, v.n);
        to[v.n] = 0;
        return true;
}

int lf_number(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned e, unsigned c,
              uint64_t *ret)
{
        struct lf_edi_view v = lf_edi_component(s, e, c);
        uint64_t sum = 0;
        bool digits = v.n > 0 && v.n <= 18;
        for (uint32_t i = 0; i < v.n && digits; i++) {
                digits = v.p[i] >= '0' && v.p[i] <= '9';
                sum = sum * 10 + (unsigned)(v.p[i] - '0');
        }
        if (!digits)
                return lf_reader_fail(r, s, v.n ? LF_RULE_NUMBER : LF_RULE_MISSING, e, c + 1, NULL);
        *ret = sum;
        return 0;
}

int lf_no_repeats(struct lf_manifest_reader *r, const struct lf_edi_segment *s)
{
        if (s->repeat == UINT32_MAX)
                return 0;
        unsigned e = 0;
        while (e + 1 < s->elements && s->first[e + 1] <= s->repeat)
                e++;
        return lf_reader_fail(r, s, LF_RULE_REPEATED, e, 0, NULL);
}

int lf_reader_order(struct lf_manifest_reader *r, const struct lf_edi_segment *s, const char *where)
{
        return lf_reader_fail(r, s, LF_RULE_ORDER, 0, 0, "%s", where);
}

int lf_reader_trailer(struct lf_manifest_reader *r, const struct lf_edi_segment *s, unsigned component,
                      uint64_t counted, enum lf_manifest_rule count_rule, const char *reference,
                      enum lf_manifest_rule reference_rule)
{
        uint64_t said;
        char text[LF_MANIFEST_TEXT];
        int ret = lf_number(r, s, 1, 0, &said);
        if (ret == 0 && said != counted)
                ret = lf_reader_fail(r, s, count_rule, 1, component, "%" PRIu64 " said, %" PRIu64 " counted",
                                     said, counted);
        if (ret == 0)
                ret = lf_copy(r, s, 2, 0, text, sizeof text);
        if (ret == 0 && strcmp(text, reference) != 0)
                ret = lf_reader_fail(r, s, reference_rule, 2, component, "\"%s\" here, \"%s\" in the header",
                                     text, reference);
        return ret;
}
