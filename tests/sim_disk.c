#include "sim_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECTOR 512

static struct sim_disk *of(struct lf_disk *disk)
{
        return (struct sim_disk *)disk;
}

uint64_t sim_random(struct sim_disk *s)
{
        uint64_t z = (s->random += 0x9e3779b97f4a7c15u); /* splitmix64 */
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        return z ^ z >> 31;
}

static uint64_t at(const struct sim_disk *s, unsigned file, uint64_t offset)
{
        return file * s->file_size + offset;
}

static int sim_read(struct lf_disk *disk, unsigned file, uint64_t offset, void *buffer, size_t size)
{
        memcpy(buffer, of(disk)->content + at(of(disk), file, offset), size);
        return 0;
}

static int sim_write(struct lf_disk *disk, unsigned file, uint64_t offset, const void *buffer, size_t size)
{
        memcpy(of(disk)->content + at(of(disk), file, offset), buffer, size);
        return 0;
}

static int sim_sync(struct lf_disk *disk, unsigned file)
{
        struct sim_disk *s = of(disk);
        memcpy(s->stable + at(s, file, 0), s->content + at(s, file, 0), s->file_size);
        return 0;
}

static int sim_prepare(struct lf_disk *disk, void *const *buffers, unsigned n)
{
        memcpy(of(disk)->buffer, buffers, n * sizeof *buffers);
        return 0;
}

static int sim_commit(struct lf_disk *disk, unsigned file, uint64_t offset, unsigned buffer, size_t size,
                      uint32_t tag)
{
        struct sim_disk *s = of(disk);
        if (s->dead)
                return -EIO;
        if (s->bad_after > 0)
                s->bad_after--;
        for (unsigned i = 0; i < SIM_PENDING; i++) {
                struct sim_commit *c = &s->pending[i];
                if (c->used)
                        continue;
                *c = (struct sim_commit){true, file, offset, size, tag, malloc(size)};
                memcpy(c->data, s->buffer[buffer], size);
                return 0;
        }
        return -EBUSY;
}

/* Writes a pending commit, all of it or by chance; what is written by chance is not known to be stable. */
static void land(struct sim_disk *s, struct sim_commit *c, bool all)
{
        for (size_t i = 0; i < c->size; i += SECTOR) {
                if (!all && sim_random(s) % 2)
                        continue;
                memcpy(s->content + at(s, c->file, c->offset + i), c->data + i, SECTOR);
                memcpy(s->stable + at(s, c->file, c->offset + i), c->data + i, SECTOR);
        }
        free(c->data);
        c->used = false;
}

static int sim_reap(struct lf_disk *disk, struct lf_disk_completion *ret, unsigned n, unsigned wait_us)
{
        struct sim_disk *s = of(disk);
        unsigned got = 0;
        if (s->dead)
                return -EIO;
        if (s->stuck) {
                nanosleep(&(struct timespec){.tv_nsec = (long)wait_us * 1000}, NULL);
                return 0;
        }
        for (unsigned tries = 0; tries < SIM_PENDING && got < n; tries++) {
                struct sim_commit *c = &s->pending[sim_random(s) % SIM_PENDING];
                if (!c->used || (wait_us == 0 && sim_random(s) % 2))
                        continue;
                bool bad = s->bad_result && s->bad_after == 0 && c->file >= s->bad_files_from &&
                           c->file < s->bad_files_to;
                ret[got++] = (struct lf_disk_completion){c->tag, bad ? s->bad_result : 0};
                land(s, c, !bad);
        }
        return (int)got;
}

static void sim_close(struct lf_disk *disk)
{
}

static const struct lf_disk_ops ops = {sim_read,   sim_write, sim_sync, sim_prepare,
                                       sim_commit, sim_reap,  sim_close};

void sim_init(struct sim_disk *s, unsigned files, uint64_t file_size, uint64_t seed)
{
        *s = (struct sim_disk){.disk = {&ops, -1}, .random = seed, .files = files, .file_size = file_size};
        s->content = calloc(files, file_size);
        s->stable = calloc(files, file_size);
}

void sim_free(struct sim_disk *s)
{
        for (unsigned i = 0; i < SIM_PENDING; i++)
                if (s->pending[i].used)
                        free(s->pending[i].data);
        free(s->content);
        free(s->stable);
}

void sim_crash(struct sim_disk *s)
{
        for (unsigned i = 0; i < SIM_PENDING; i++)
                if (s->pending[i].used)
                        land(s, &s->pending[i], false);
        for (uint64_t i = 0; i < s->files * s->file_size; i += SECTOR) {
                if (memcmp(s->stable + i, s->content + i, SECTOR) == 0)
                        continue;
                if (sim_random(s) % 2)
                        memcpy(s->content + i, s->stable + i, SECTOR);
                else
                        memcpy(s->stable + i, s->content + i, SECTOR);
        }
}
