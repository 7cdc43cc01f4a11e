/* Root's part of a start, and its end: what a process writes is made its user's, and landfall-control becomes
 * one.
 *
 *   site                    control_user's
 *   audit directory         control_user's, but for the write-ahead logs: dataplane_user's, for control to
 * read run directory           open to both, each file its maker's (sticky, as /tmp)
 *
 * Only what belongs to root changes hands: where an administrator has set owners, they stay. */
#include "control/daemon/daemon.h"

#include "base/log.h"
#include "control/file/file.h"
#include "dataplane/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NO_ID ((uid_t)-1)

/* To whom a folder goes. */
struct heir {
        uid_t uid;
        gid_t gid;
        bool any_group; /* the group is set whosever the file is */
        const struct lf_config_audit *except;
};

static bool excepted(const struct lf_config_audit *a, const struct stat *st)
{
        struct stat wal;
        for (unsigned i = 0; a && i < a->wals; i++)
                if (stat(a->wal[i], &wal) == 0 && wal.st_ino == st->st_ino && wal.st_dev == st->st_dev)
                        return true;
        return false;
}

/* `name` in `dir` and all that it holds; never through a symbolic link. The folder itself comes last, so that
 * a start that was cut off is made good by the next. */
static int give(int dir, const char *name, const struct heir *to)
{
        struct stat st;
        int r = 0, fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        if (r == 0 && fd >= 0 && !excepted(to->except, &st)) {
                DIR *d = fdopendir(fd);
                for (struct dirent *e; d && r == 0 && (e = readdir(d));)
                        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                                r = give(fd, e->d_name, to);
                uid_t uid = st.st_uid == 0 ? to->uid : NO_ID;
                gid_t gid = st.st_uid == 0 || to->any_group ? to->gid : NO_ID;
                if (r == 0 && (!d || fchown(fd, uid, gid) < 0))
                        r = -errno;
                if (d)
                        closedir(d);
                return r;
        }
        if (fd >= 0) {
                close(fd);
                return r;
        }
        if (r == 0 && !S_ISDIR(st.st_mode) && (st.st_uid == 0 || to->any_group) &&
            fchownat(dir, name, st.st_uid == 0 ? to->uid : NO_ID, to->gid, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        return r;
}

/* A folder that is root's still; one that was given away is not walked through at each start. */
static int give_folder(const char *path, const struct heir *to)
{
        struct stat st;
        if (stat(path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        return st.st_uid == 0 ? give(AT_FDCWD, path, to) : 0;
}

static int complain(int r, const char *what, const char *which, const char *cure)
{
        if (r < 0)
                lf_log_error("%s %s: %s; %s", what, which, strerror(-r), cure);
        return r;
}

static int find_users(struct lf_control *c)
{
        const struct lf_config *f = c->config;
        int r = lf_sandbox_user(f->dataplane_user, &c->dataplane_uid, &c->dataplane_gid);
        if (r < 0)
                return complain(r, "dataplane_user", f->dataplane_user, "create that user or name another");
        r = lf_sandbox_user(f->control_user, &c->uid, &c->gid);
        return complain(r, "control_user", f->control_user, "create that user or name another");
}

/* A write-ahead log's directory, with its parents open to pass through: landfalld opens it as the user that
 * it becomes, and its group is control's, which reads. Without root that user is ours, or the directory is
 * made beforehand. */
static int make_wal(struct lf_control *c, const char *path, bool root)
{
        char parent[LF_PATH_MAX];
        struct stat st;
        snprintf(parent, sizeof parent, "%s", path);
        char *slash = strrchr(parent, '/');
        *slash = 0;
        int r = slash > parent ? lf_make_directories(parent, 0711) : 0;
        if (r == 0)
                r = lf_make_directories(path, 0700);
        if (r < 0 || !root)
                return r;
        if (stat(path, &st) < 0)
                return -errno;
        if (st.st_uid != 0 && st.st_gid == c->gid && (st.st_mode & 02050) == 02050)
                return 0;
        const struct heir heir = {.uid = c->dataplane_uid, .gid = c->gid, .any_group = true};
        r = give(AT_FDCWD, path, &heir);
        return r == 0 && chmod(path, 02750) < 0 ? -errno : r;
}

static int make_run(struct lf_control *c, bool root)
{
        const char *path = c->config->run;
        int r = lf_make_directories(path, 0755);
        if (r == 0 && root && (chown(path, NO_ID, c->gid) < 0 || chmod(path, 01775) < 0))
                r = -errno;
        return r;
}

static int make_folders(struct lf_control *c, bool root)
{
        const char *cure = "make it, or name another in the configuration";
        const struct lf_config *f = c->config;
        const struct heir ours = {.uid = c->uid, .gid = c->gid, .except = &f->audit};
        int r = complain(make_run(c, root), "run directory", f->run, cure);
        if (r == 0 && root)
                r = complain(lf_make_directories(f->audit.directory, 0755), "audit directory",
                             f->audit.directory, cure);
        for (unsigned i = 0; i < f->audit.wals && r == 0; i++)
                r = complain(make_wal(c, f->audit.wal[i], root), "audit directory", f->audit.wal[i], cure);
        if (r == 0 && root)
                r = complain(give_folder(f->audit.directory, &ours), "audit directory", f->audit.directory,
                             "see what is in it");
        if (r == 0 && root)
                r = complain(give_folder(f->site, &ours), "site", f->site, "see what is in it");
        return r;
}

/* What a user needs of what others made: said now, not when a file is first missed. */
static int check_reach(const struct lf_control *c)
{
        char cure[300];
        snprintf(cure, sizeof cure,
                 "user %u must be able to read it and to pass through the folders above (control_user)",
                 geteuid());
        int r =
            complain(access(c->config_path, R_OK) < 0 ? -errno : 0, "configuration", c->config_path, cure);
        if (r == 0 && access(c->config->site, X_OK) < 0 && errno == EACCES)
                r = complain(-EACCES, "site", c->config->site, cure);
        return r;
}

int lf_control_unprivileged(struct lf_control *c)
{
        const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
        bool root = geteuid() == 0;
        char why[256];
        int r = find_users(c);
        if (r == 0)
                r = make_folders(c, root);
        if (r < 0)
                return r;
        if (root)
                setrlimit(RLIMIT_MEMLOCK, &all); /* keys are locked in memory; a failure shows then */
        r = lf_sandbox_drop(root ? c->uid : 0, root ? c->gid : 0, why);
        if (r < 0) {
                lf_log_error("giving up privileges: %s", why);
                return r;
        }
        return check_reach(c);
}
