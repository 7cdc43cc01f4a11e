#include "dataplane/appliance.h"

#include "dataplane/audit/wal.h"
#include "dataplane/eal.h"
#include "dataplane/ports/port.h"
#include "dataplane/sandbox.h"
#include "matcher/engine.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int check(const struct lf_handover_options *o, char why[256])
{
        bool ended = memchr(o->interface, 0, sizeof o->interface) &&
                     memchr(o->audit_dir[0], 0, sizeof o->audit_dir[0]) &&
                     memchr(o->audit_dir[1], 0, sizeof o->audit_dir[1]);
        if (!ended || o->audit_dirs < 1 || o->audit_dirs > 2 || o->audit_dir[0][0] != '/' ||
            (o->audit_dirs == 2 && o->audit_dir[1][0] != '/')) {
                snprintf(why, 256, "options: there must be one or two audit directories, by absolute path");
                return -EINVAL;
        }
        if (geteuid() == 0 && (o->run_uid == 0 || o->run_gid == 0)) {
                snprintf(why, 256, "landfalld does not stay root: name the user and group it is to become");
                return -EPERM;
        }
        return 0;
}

static void explain_wal(const struct lf_handover_options *o, int error, const struct lf_wal_recovery *found,
                        char why[256])
{
        const char *dir = o->audit_dir[0], *also = o->audit_dirs == 2 ? " or its mirror" : "";
        if (error == -EBADMSG)
                snprintf(why, 256,
                         "audit log %.90s: entry %llu is damaged (segment %u, offset %llu: %s). Nothing was "
                         "changed: "
                         "restore the segment, and keep the damaged one",
                         dir, (unsigned long long)found->index, found->segment,
                         (unsigned long long)found->offset, found->reason ? found->reason : "unknown");
        else if (error == -EINVAL)
                snprintf(why, 256,
                         "audit log %.120s: segments have another size or number than the configuration says",
                         dir);
        else if (error == -EBUSY)
                snprintf(why, 256, "audit log %.120s is open in another landfalld: stop it", dir);
        else
                snprintf(why, 256,
                         "audit log %.120s%s: %s; the directory must be there and user %u's, on a disk with "
                         "O_DIRECT",
                         dir, also, strerror(-error), o->run_uid ? o->run_uid : geteuid());
}

struct opening {
        const struct lf_handover_options *options;
        struct lf_wal *wal;
        struct lf_wal_recovery found;
        int error;
};

/* Ids and capabilities belong to a thread as far as the kernel is concerned; libc's calls would change all of
 * them. A log directory of root's is opened as root, but without a capability; any other as the user that
 * landfalld becomes. */
static int become_opener(const struct lf_handover_options *o)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};
        struct stat st;
        bool roots = stat(o->audit_dir[0], &st) == 0 && st.st_uid == 0;
        if (!roots && (syscall(SYS_setgroups, 0, NULL) < 0 ||
                       syscall(SYS_setresgid, o->run_gid, o->run_gid, o->run_gid) < 0 ||
                       syscall(SYS_setresuid, o->run_uid, o->run_uid, o->run_uid) < 0))
                return -errno;
        return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static void *open_wal_here(void *argument)
{
        struct opening *opening = argument;
        const struct lf_handover_options *o = opening->options;
        struct lf_wal_options w = {
            .directory = {o->audit_dir[0], o->audit_dirs == 2 ? o->audit_dir[1] : NULL},
            .segment_size = o->audit_segment_size,
            .segments = o->audit_segments,
            .expected = o->audit_expected};
        opening->error = geteuid() == 0 ? become_opener(o) : 0;
        if (opening->error < 0)
                return NULL;
        memcpy(w.key, o->audit_key, sizeof w.key);
        opening->error = lf_wal_open(&w, &opening->wal, &opening->found);
        explicit_bzero(&w, sizeof w);
        return NULL;
}

/* On a thread that has given up its privileges already: the kernel's workers for what recovery does inherit
 * none, and a directory of another user shows now. */
static int open_wal(const struct lf_handover_options *o, struct lf_wal **ret, char why[256])
{
        struct opening opening = {.options = o};
        pthread_t thread;
        int r = -pthread_create(&thread, NULL, open_wal_here, &opening);
        if (r < 0)
                return r;
        pthread_join(thread, NULL);
        if (opening.error < 0) {
                explain_wal(o, opening.error, &opening.found, why);
                return opening.error;
        }
        *ret = opening.wal;
        return 0;
}

static int open_port(const struct lf_handover_options *o, struct lf_port **ret, char why[256])
{
        int r = lf_port_open(o, ret, why);
        size_t n = strlen(why);
        if (r < 0 && lf_eal_said()[0])
                snprintf(why + n, 256 - n, " (%s)", lf_eal_said());
        return r;
}

static void fill_counters(const struct lf_handover_options *o, const struct lf_port *port,
                          struct lf_counters *c)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        c->started_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
        c->port_kind = o->port_kind;
        snprintf(c->interface, sizeof c->interface, "%s", lf_port_describe(port));
        snprintf(c->isa, sizeof c->isa, "%s", lf_isa_name(lf_engines_isa()));
}

static void explain_path(int error, char why[256])
{
        snprintf(why, 256,
                 "the query path: %s; are cores, contexts (a power of two), sessions and the limit of locked "
                 "memory "
                 "(ulimit -l) as they should be?",
                 strerror(-error));
}

int lf_appliance_open(const struct lf_handover_options *o, const char *run_dir, const uint8_t boot[16],
                      struct lf_counters *counters, struct lf_appliance *ret, char why[256])
{
        struct lf_appliance a = {0};
        snprintf(why, 256, "out of memory");
        int r = check(o, why);
        if (r == 0)
                r = open_wal(o, &a.wal, why);
        if (r == 0)
                r = lf_eal_start(o, run_dir, why);
        if (r == 0 && (r = lf_engines_init()) < 0)
                snprintf(why, 256, "the engines could not be prepared: %s", strerror(-r));
        if (r == 0)
                r = open_port(o, &a.port, why);
        if (r == 0) {
                counters->tsc_hz = lf_eal_tsc_hz();
                r = lf_dataplane_create(o, a.port, counters, a.wal, boot, &a.dp);
                if (r < 0)
                        explain_path(r, why);
        }
        if (r < 0) {
                lf_dataplane_destroy(a.dp);
                lf_port_close(a.port);
                lf_wal_close(a.wal);
                return r;
        }
        fill_counters(o, a.port, counters);
        *ret = a;
        return 0;
}

int lf_appliance_bare(struct lf_appliance *a, const struct lf_handover_options *o, char why[256])
{
        /* OpenSSL's copies of the keys lie where it allocated them, before now: nothing of this process is to
         * be swapped out, if the limit of locked memory lets it. (What is mapped later are galleries.) */
        a->locked = mlockall(MCL_CURRENT | MCL_ONFAULT) == 0;
        int r = lf_sandbox_drop(o->run_uid, o->run_gid, why);
        if (r < 0)
                return r;
        r = lf_dataplane_start(a->dp);
        if (r < 0) {
                snprintf(why, 256, "starting the audit thread: %s", strerror(-r));
                return r;
        }
        r = lf_sandbox_close(o->port_kind);
        if (r < 0)
                snprintf(why, 256, "seccomp: %s; the kernel must have CONFIG_SECCOMP_FILTER", strerror(-r));
        return r;
}

int lf_appliance_launch(struct lf_appliance *a)
{
        for (unsigned i = 0; i < lf_dataplane_cores(a->dp); i++) {
                int r = rte_eal_remote_launch(lf_dataplane_core_main, lf_dataplane_core(a->dp, i),
                                              LF_EAL_LCORE(i));
                if (r < 0)
                        return r;
        }
        return 0;
}

int lf_appliance_stop(struct lf_appliance *a)
{
        lf_dataplane_stop(a->dp);
        rte_eal_mp_wait_lcore();
        lf_dataplane_destroy(a->dp);
        return lf_wal_close(a->wal);
}
