/* Records of any shape through the whole engine: as probe and as gallery, then as a damaged shard; and
 * through what `landfall explain` draws of them.
 *
 * Input: 2 bytes that choose format and damage, then for each minutia 4 bytes (x, y, angle, and whether a new
 * view begins). Coordinates are stretched over the image, so that the fuzzer's work is on geometry. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "matcher/shard.h"
#include "tests/fmr_write.h"
#include "tools/explain/fingerprint.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        return lf_engines_init();
}

static void *aligned(size_t size)
{
        void *p = aligned_alloc(64, (size + 63) & ~(size_t)63);
        if (!p)
                abort();
        return p;
}

static void make(const uint8_t *data, size_t size, enum lf_fmr_format format, struct lf_fmr *f)
{
        *f = (struct lf_fmr){.format = format};
        struct lf_fmr_view *v = NULL;
        bool iso = format == LF_FMR_ISO_2005 || format == LF_FMR_ISO_2011;
        for (; size >= 4 && f->minutiae < LF_FMR_MINUTIA_MAX; data += 4, size -= 4) {
                if (!v || (data[3] == 0 && f->n < LF_FMR_VIEW_MAX) || v->n == 255) {
                        if (f->n == LF_FMR_VIEW_MAX)
                                break;
                        v = &f->view[f->n++];
                        *v = (struct lf_fmr_view){
                            .position = data[0] % 11,
                            .width = 511,
                            .height = 511,
                            .resolution_x = (uint16_t)(format == LF_FMR_ISO_2005 ? 197 : 39 + 7 * data[1]),
                            .resolution_y = 197,
                            .first = f->minutiae,
                        };
                }
                v->n++;
                f->minutia[f->minutiae++] = (struct lf_fmr_minutia){
                    .x = (uint16_t)(2 * data[0]),
                    .y = (uint16_t)(2 * data[1]),
                    .angle = (uint16_t)(iso ? data[2] * 45 : data[2] % 180 * 64),
                    .quality = data[3] % 101,
                };
        }
}

static void search(const struct lf_engine *engine, const struct lf_shard *s, const void *probe, void *scratch)
{
        struct lf_topk top, *tops[] = {&top};
        lf_topk_init(&top, 4, -1);
        for (uint32_t b = 0; b < s->blocks; b++)
                engine->scan(s, b, &probe, tops, 1, scratch);
        for (uint32_t i = 0; i < top.n; i++) {
                struct lf_explanation why;
                if (top.hit[i].record >= s->records || !(top.hit[i].score >= 0) || !(top.hit[i].score <= 256))
                        abort();
                engine->explain(s, probe, &top.hit[i], scratch, &why);
                char text[128];
                for (unsigned k = 0; k < why.n; k++)
                        lf_match_reason_text(why.reason[k], text, sizeof text);
                if (engine->score_log10_fmr(top.hit[i].score) > 0)
                        abort();
        }
}

/* A record, compared with its first half and drawn. */
static void draw(struct lf_fmr *f, const uint8_t *wire, size_t size)
{
        static uint8_t half[64 * 1024];
        static char picture[1 << 20];
        for (unsigned i = 0; i < f->n; i++)
                f->view[i].n = (uint16_t)((f->view[i].n + 1) / 2);
        const char *names[2] = {"whole", "half"};
        const void *wires[2] = {wire, half};
        size_t sizes[2] = {size, fmr_write(f, half)};
        struct lf_explained e;
        struct lf_defect defect;
        unsigned bad;
        int r = lf_explained_compare(names, wires, sizes, &e, &bad, &defect);
        if (r == 0) {
                FILE *out = fmemopen(picture, sizeof picture, "w");
                if (!out)
                        abort();
                lf_explained_draw(&e, out);
                fclose(out);
                for (unsigned i = 0; i < e.match.meet; i++)
                        if (lf_explained_index(&e.a, e.match.a[i]) >= e.a.fmr->view[e.a.view].n ||
                            lf_explained_index(&e.b, e.match.b[i]) >= e.b.fmr->view[e.b.view].n)
                                abort();
        }
        lf_explained_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct lf_fmr f;
        static uint8_t wire[64 * 1024];
        const struct lf_engine *engine = lf_engine_for(LF_MODALITY_FINGERPRINT);
        if (size < 8)
                return 0;
        make(data + 2, size - 2, (enum lf_fmr_format)(LF_FMR_ISO_2005 + data[0] % 5), &f);
        struct lf_source_record record[2] = {{.wire = wire, .size = fmr_write(&f, wire)}};
        record[1] = record[0];
        size_t image_size;
        struct lf_shard_info info = {0};
        struct lf_defect defect, defects[2];
        if (lf_shard_size(engine->modality, record, 2, &image_size) < 0)
                abort();
        struct lf_shard *s = aligned(image_size);
        void *probe = aligned(engine->probe_size), *scratch = aligned(engine->scratch_size);
        if (lf_shard_build(engine->modality, &info, record, 2, s, image_size, defects) < 0 ||
            lf_shard_check(s, image_size) < 0)
                abort();
        int r = engine->prepare(wire, record[0].size, probe, &defect);
        if (r == 0 && s->rows == 0) /* a probe keeps no more minutiae of a finger than a record does */
                abort();
        if (r == 0) {
                search(engine, s, probe, scratch);
                size_t at = (size_t)data[1] * 7 % image_size;
                ((uint8_t *)s)[at] ^= (uint8_t)(1 + data[0] / 5);
                if (lf_shard_check(s, image_size) == 0)
                        search(engine, s, probe, scratch);
        }
        free(s);
        free(probe);
        free(scratch);
        draw(&f, wire, record[0].size);
        return 0;
}
