#include "tools/bench/site.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY     65534
#define PATIENCE_S 5

static int make(const char *path, uid_t uid)
{
        if (uid && chown(path, uid, uid) < 0) {
                fprintf(stderr, "landfall bench: %s: %s\n", path, strerror(errno));
                return -errno;
        }
        return 0;
}

static int make_unique(const char *parent, char *ret, size_t size, uid_t uid)
{
        int n = snprintf(ret, size, "%s/landfall-bench-XXXXXX", parent);
        if (n >= (int)size || !mkdtemp(ret)) {
                int r = n >= (int)size ? -ENAMETOOLONG : -errno;
                fprintf(stderr, "landfall bench: a directory below %s: %s\n", parent, strerror(-r));
                ret[0] = 0;
                return r;
        }
        return make(ret, uid);
}

int lf_site_dirs_make(const char *audit_parent, struct lf_site_dirs *ret)
{
        const char *tmp = getenv("TMPDIR");
        char parent[PATH_MAX];
        *ret = (struct lf_site_dirs){.uid = geteuid() == 0 ? NOBODY : 0};
        if (!realpath(audit_parent, parent)) {
                fprintf(stderr, "landfall bench: %s: %s\n", audit_parent, strerror(errno));
                return -errno;
        }
        int r = make_unique(tmp && tmp[0] == '/' && strlen(tmp) < 32 ? tmp : "/tmp", ret->top,
                            sizeof ret->top, ret->uid);
        return r < 0 ? r : make_unique(parent, ret->audit, sizeof ret->audit, ret->uid);
}

int lf_site_dirs_child(const struct lf_site_dirs *d, const char *parent, const char *name, char *ret,
                       size_t size)
{
        if (snprintf(ret, size, "%s/%s", parent, name) >= (int)size)
                return -ENAMETOOLONG;
        if (mkdir(ret, 0755) < 0 && errno != EEXIST)
                return -errno;
        return make(ret, d->uid);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

void lf_site_dirs_remove(struct lf_site_dirs *d)
{
        if (d->top[0])
                nftw(d->top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        if (d->audit[0])
                nftw(d->audit, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        *d = (struct lf_site_dirs){0};
}

/* PROGRAM beside the running one. */
static int beside(const char *program, char ret[PATH_MAX])
{
        ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
        if (n < 0)
                return -errno;
        ret[n] = 0;
        char *slash = strrchr(ret, '/');
        if ((size_t)(slash + 1 - ret) + strlen(program) >= PATH_MAX)
                return -ENAMETOOLONG;
        strcpy(slash + 1, program);
        return access(ret, X_OK) < 0 ? -errno : 0;
}

int lf_site_spawn(const char *program, char *const arguments[], int input, pid_t *ret)
{
        char path[PATH_MAX];
        int r = beside(program, path);
        if (r < 0) {
                fprintf(stderr, "landfall bench: %s: %s\n", path, strerror(-r));
                return r;
        }
        pid_t parent = getpid(), pid = fork();
        if (pid < 0)
                return -errno;
        if (pid > 0) {
                *ret = pid;
                return 0;
        }
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int from = input < 0 ? open("/dev/null", O_RDONLY) : input;
        if (getppid() == parent && dup2(from, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
                execv(path, arguments);
        _exit(127);
}

bool lf_site_end(pid_t pid)
{
        int status = -1;
        if (pid <= 0)
                return true;
        kill(pid, SIGTERM);
        for (unsigned i = 0; i < PATIENCE_S * 100; i++) {
                if (waitpid(pid, &status, WNOHANG) != 0)
                        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return false;
}
