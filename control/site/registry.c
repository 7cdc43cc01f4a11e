/* The registry of lanes: one JSON file a lane, named by its number. */
#include "control/site/site_internal.h"

#include "control/site/file.h"
#include "control/site/name.h"
#include "dataplane/lsp_cert.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int lf_site_lock(struct lf_site *s)
{
        int fd = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX) < 0) {
                int r = -errno;
                close(fd);
                return r;
        }
        return fd;
}

static void file_name(uint32_t number, char name[16])
{
        snprintf(name, 16, "%04u.json", (unsigned)number);
}

/* The number that a registry file is named for; 0: not a lane's file. */
static uint32_t number_of(const char *file)
{
        if (strspn(file, "0123456789") != 4 || strcmp(file + 4, ".json") != 0)
                return 0;
        uint32_t n = (uint32_t)strtoul(file, NULL, 10);
        return n <= LF_SITE_LANES_MAX ? n : 0;
}

int lf_site_lane_write(struct lf_site *s, const struct lf_site_lane *lane, bool fresh)
{
        char name[16], digest[65];
        file_name(lane->number, name);
        lsp_hex_write(lane->certificate, 32, digest);
        json_t *j = json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:s}", "lane", (int)lane->number, "name",
                              lane->name, "state", lane->active ? "active" : "revoked", "enrolled",
                              (json_int_t)lane->enrolled, "revoked", (json_int_t)lane->revoked, "expiry",
                              (json_int_t)lane->expiry, "certificate_sha256", digest);
        char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
        json_decref(j);
        if (!text)
                return -ENOMEM;
        int r = 0;
        if (fresh && faccessat(s->lanes, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                r = -EEXIST;
        if (r == 0)
                r = lf_site_file_replace(s->lanes, name, 0600, text, strlen(text));
        free(text);
        return r;
}

static int parse_lane(const char *text, uint32_t number, struct lf_site_lane *ret)
{
        const char *name = NULL, *state = NULL, *digest = NULL;
        json_int_t lane = 0, enrolled = 0, revoked = 0, expiry = 0;
        json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        bool good = json_unpack(j, "{s:I, s:s, s:s, s:I, s:I, s:I, s:s}", "lane", &lane, "name", &name,
                                "state", &state, "enrolled", &enrolled, "revoked", &revoked, "expiry",
                                &expiry, "certificate_sha256", &digest) == 0 &&
                    lane == (json_int_t)number && lf_name_good(name) &&
                    lsp_hex_read(digest, ret->certificate, 32) == 0 &&
                    (strcmp(state, "active") == 0 || strcmp(state, "revoked") == 0);
        if (good) {
                ret->number = number;
                ret->active = state[0] == 'a';
                ret->enrolled = (uint64_t)enrolled;
                ret->revoked = (uint64_t)revoked;
                ret->expiry = (uint64_t)expiry;
                snprintf(ret->name, sizeof ret->name, "%s", name);
        }
        json_decref(j);
        return good ? 0 : -EBADMSG;
}

static int by_number(const void *a, const void *b)
{
        const struct lf_site_lane *x = a, *y = b;
        return x->number < y->number ? -1 : x->number > y->number;
}

/* Changes closer together than the file system's clock ticks cannot be told apart; ticks are 10 ms at most.
 */
#define SETTLED_NS 100000000LL

static void remember_time(struct lf_site *s, const struct stat *st)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        s->seen = st->st_mtim;
        s->settled =
            (now.tv_sec - st->st_mtim.tv_sec) * 1000000000LL + now.tv_nsec - st->st_mtim.tv_nsec > SETTLED_NS;
}

static int read_lanes(struct lf_site *s, DIR *d, struct lf_site_lane *lanes, unsigned *ret_n)
{
        struct dirent *e;
        unsigned n = 0;
        errno = 0;
        while ((e = readdir(d))) {
                char text[1024];
                uint32_t number = number_of(e->d_name);
                if (number == 0)
                        continue;
                int r = lf_site_file_read(s->lanes, e->d_name, text, sizeof text);
                if (r == 0 && n < LF_SITE_LANES_MAX)
                        r = parse_lane(text, number, &lanes[n++]);
                if (r < 0)
                        return r == -EFBIG ? -EBADMSG : r;
                errno = 0;
        }
        if (errno)
                return -errno;
        *ret_n = n;
        return 0;
}

int lf_site_lanes(struct lf_site *s, struct lf_site_lane *ret_lanes, unsigned *ret_n)
{
        struct stat st;
        unsigned n = 0;
        int fd = openat(s->lanes, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        DIR *d = fdopendir(fd);
        if (!d || fstat(fd, &st) < 0) {
                int r = -errno;
                if (d)
                        closedir(d);
                else
                        close(fd);
                return r;
        }
        int r = read_lanes(s, d, ret_lanes, &n);
        closedir(d);
        if (r < 0)
                return r;
        remember_time(s, &st);
        qsort(ret_lanes, n, sizeof *ret_lanes, by_number);
        *ret_n = n;
        return 0;
}

bool lf_site_changed(struct lf_site *s)
{
        struct stat st;
        return !s->settled || fstat(s->lanes, &st) < 0 || st.st_mtim.tv_sec != s->seen.tv_sec ||
               st.st_mtim.tv_nsec != s->seen.tv_nsec;
}

int lf_site_revoke(struct lf_site *s, const char *name, struct lf_site_lane *ret_lane)
{
        struct lf_site_lane *lanes = calloc(LF_SITE_LANES_MAX, sizeof *lanes);
        unsigned n = 0;
        if (!lanes)
                return -ENOMEM;
        int lock = lf_site_lock(s);
        int r = lock < 0 ? lock : lf_site_lanes(s, lanes, &n);
        if (r == 0) {
                r = -ENOENT;
                for (unsigned i = 0; i < n && r == -ENOENT; i++) {
                        if (!lanes[i].active || strcmp(lanes[i].name, name) != 0)
                                continue;
                        lanes[i].active = false;
                        lanes[i].revoked = (uint64_t)time(NULL);
                        r = lf_site_lane_write(s, &lanes[i], false);
                        if (r == 0)
                                *ret_lane = lanes[i];
                }
        }
        if (lock >= 0)
                close(lock);
        s->settled = false;
        free(lanes);
        return r;
}
