/* Invented fingers as ISO/IEC 19794-2:2005 records: minutiae on a smooth field of ridges, and impressions of
 * them that are turned, shifted, cut, and lose and gain minutiae, as a sensor's do. */
#include "tools/generate/generate.h"

#include "base/bytes.h"
#include "tools/generate/random.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define WIDTH     360
#define HEIGHT    480
#define MINUTIAE  60 /* of a whole finger */
#define APART     14 /* pixels between two of them */
#define HEAD      28 /* ISO/IEC 19794-2:2005, 7.3 and 7.4: record header and finger header */
#define EACH      6
#define EXTRA     8 /* minutiae that are none, at most */
#define PX_PER_CM 197
_Static_assert(HEAD + (MINUTIAE + EXTRA) * EACH + 2 <= LF_GENERATED_FINGER_MAX, "records fit");

struct minutia {
        double x, y, angle;
        int type;
};

/* The direction of the ridges: a few slow waves, other ones for each finger. */
struct field {
        double turn, wave[3][4];
};

static double direction(const struct field *f, double x, double y)
{
        double a = f->turn;
        for (int i = 0; i < 3; i++)
                a += f->wave[i][0] * sin(f->wave[i][1] * x + f->wave[i][2] * y + f->wave[i][3]);
        return a;
}

static int make_finger(struct lf_random *r, struct minutia *m)
{
        struct field f = {.turn = 2 * M_PI * lf_random_unit(r)};
        for (int i = 0; i < 3; i++) {
                f.wave[i][0] = 0.5 + 0.5 * lf_random_unit(r);
                f.wave[i][1] = 0.02 * (lf_random_unit(r) - 0.5);
                f.wave[i][2] = 0.02 * (lf_random_unit(r) - 0.5);
                f.wave[i][3] = 2 * M_PI * lf_random_unit(r);
        }
        int n = 0;
        for (int tries = 0; n < MINUTIAE && tries < 20 * MINUTIAE; tries++) {
                struct minutia c = {.x = 20 + (WIDTH - 40) * lf_random_unit(r),
                                    .y = 20 + (HEIGHT - 40) * lf_random_unit(r)};
                double dx = (c.x - WIDTH / 2.0) / (WIDTH / 2.0 - 15),
                       dy = (c.y - HEIGHT / 2.0) / (HEIGHT / 2.0 - 15);
                bool free = dx * dx + dy * dy < 1;
                for (int i = 0; free && i < n; i++)
                        free = hypot(m[i].x - c.x, m[i].y - c.y) > APART;
                if (!free)
                        continue;
                c.angle = direction(&f, c.x, c.y) + (lf_random_below(r, 2) ? M_PI : 0);
                c.type = 1 + (int)lf_random_below(r, 2);
                m[n++] = c;
        }
        return n;
}

static int take_impression(struct lf_random *r, const struct minutia *finger, int n, struct minutia *out)
{
        double turn = 0.2 * lf_random_normal(r), dx = 15 * lf_random_normal(r), dy = 15 * lf_random_normal(r);
        int kept = 0;
        for (int i = 0; i < n; i++) {
                double x = finger[i].x - WIDTH / 2.0, y = finger[i].y - HEIGHT / 2.0;
                struct minutia c = finger[i];
                c.x = WIDTH / 2.0 + x * cos(turn) - y * sin(turn) + dx + 1.5 * lf_random_normal(r);
                c.y = HEIGHT / 2.0 + x * sin(turn) + y * cos(turn) + dy + 1.5 * lf_random_normal(r);
                /* y grows downwards, the angle counter-clockwise: a turn of the picture lowers it. */
                c.angle -= turn + 0.08 * lf_random_normal(r);
                if (lf_random_unit(r) < 0.15 || c.x < 0 || c.y < 0 || c.x >= WIDTH || c.y >= HEIGHT)
                        continue;
                out[kept++] = c;
        }
        for (int extra = 2 + (int)lf_random_below(r, 4); extra > 0; extra--)
                out[kept++] = (struct minutia){WIDTH * lf_random_unit(r), HEIGHT * lf_random_unit(r),
                                               2 * M_PI * lf_random_unit(r), 1 + (int)lf_random_below(r, 2)};
        return kept;
}

static size_t write_record(const struct minutia *m, int n, uint8_t *p)
{
        size_t size = HEAD + (size_t)n * EACH + 2;
        memset(p, 0, size);
        memcpy(p, "FMR\0 20\0", 8);
        lf_put_be32(p + 8, (uint32_t)size);
        lf_put_be16(p + 14, WIDTH);
        lf_put_be16(p + 16, HEIGHT);
        lf_put_be16(p + 18, PX_PER_CM);
        lf_put_be16(p + 20, PX_PER_CM);
        p[22] = 1;  /* one finger view */
        p[26] = 80; /* quality */
        p[27] = (uint8_t)n;
        for (int i = 0; i < n; i++) {
                uint8_t *q = p + HEAD + (size_t)i * EACH;
                double turns = m[i].angle / (2 * M_PI);
                turns -= floor(turns);
                lf_put_be16(q, (uint16_t)(m[i].type << 14 | (int)m[i].x));
                lf_put_be16(q + 2, (uint16_t)m[i].y);
                q[4] = (uint8_t)(turns * 256);
                q[5] = 0; /* quality not reported */
        }
        return size;
}

size_t lf_generate_finger(uint64_t seed, uint64_t number, uint64_t impression,
                          uint8_t ret[LF_GENERATED_FINGER_MAX])
{
        struct lf_random own = lf_random_seed(seed * 0x9e3779b97f4a7c15u + number),
                         now = lf_random_seed((seed * 0xd1342543de82ef95u + number) * 0x9fb21c651e98df25u +
                                              impression + 1);
        struct minutia finger[MINUTIAE], seen[MINUTIAE + EXTRA];
        return write_record(seen, take_impression(&now, finger, make_finger(&own, finger), seen), ret);
}

int lf_generate_fingers(const char *dir, uint64_t seed, unsigned fingers, unsigned impressions)
{
        uint8_t record[LF_GENERATED_FINGER_MAX];
        char path[4096];
        if (mkdir(dir, 0777) < 0 && errno != EEXIST)
                return -errno;
        for (unsigned f = 101; f < 101 + fingers; f++)
                for (unsigned i = 1; i <= impressions; i++) {
                        size_t size = lf_generate_finger(seed, f, i, record);
                        if (snprintf(path, sizeof path, "%s/%u_%u.iso", dir, f, i) >= (int)sizeof path)
                                return -ENAMETOOLONG;
                        FILE *out = fopen(path, "we");
                        if (!out)
                                return -errno;
                        size_t written = fwrite(record, 1, size, out);
                        if (fclose(out) != 0 || written != size)
                                return -EIO;
                }
        return 0;
}
