#include "tools/observe_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES    50
#define ALIVE_NS 5000000000ll

static const struct {
        const char *key, *text;
        enum lf_cause_kind kind;
} causes[LF_CAUSE_COUNT] = {
#define LF_CAUSE(name, kind, key, text) {key, text, LF_CAUSE_##kind},
    LF_CAUSES(LF_CAUSE)
#undef LF_CAUSE
};

const char *lf_cause_key(__u32 cause)
{
        return cause < LF_CAUSE_COUNT ? causes[cause].key : "unknown";
}

const char *lf_cause_text(__u32 cause)
{
        return cause < LF_CAUSE_COUNT ? causes[cause].text : "unknown";
}

enum lf_cause_kind lf_cause_kind_of(__u32 cause)
{
        return cause < LF_CAUSE_COUNT ? causes[cause].kind : LF_CAUSE_OWN;
}

/* A writer that died in the middle leaves an odd sequence for ever: after some tries its page is taken as it
 * is. */
static void copy(const struct lf_observe_page *from, struct lf_observe_page *ret)
{
        const struct timespec pause = {.tv_nsec = 1000000};
        for (int i = 0; i < TRIES; i++) {
                __u32 before = __atomic_load_n(&from->sequence, __ATOMIC_ACQUIRE);
                memcpy(ret, from, sizeof *ret);
                __atomic_thread_fence(__ATOMIC_ACQUIRE);
                if (!(before & 1) && before == __atomic_load_n(&from->sequence, __ATOMIC_RELAXED))
                        return;
                nanosleep(&pause, NULL);
        }
}

/* Names come from elsewhere: they end, and hold nothing that a terminal obeys. */
static void clean(char *text, size_t size)
{
        text[size - 1] = 0;
        for (; *text; text++)
                if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
                        *text = '?';
}

static void clean_all(struct lf_observe_page *page)
{
        if (page->missing_count > LF_OBSERVE_MISSING)
                page->missing_count = LF_OBSERVE_MISSING;
        for (int i = 0; i < LF_OBSERVE_MISSING; i++)
                clean(page->missing[i].what, sizeof page->missing[i].what);
        for (int i = 0; i < LF_OBSERVE_CORES; i++) {
                struct lf_observe_core *core = &page->core[i];
                clean(core->absent_for, LF_OBSERVE_NAME);
                clean(core->recent.worst.name, LF_OBSERVE_NAME);
                for (int cause = 0; cause < LF_CAUSE_COUNT; cause++) {
                        clean(core->tally.cause[cause].longest, LF_OBSERVE_NAME);
                        clean(core->tally.cause[cause].last, LF_OBSERVE_NAME);
                }
                for (int c = 0; c < LF_OBSERVE_CULPRITS; c++)
                        clean(core->tally.culprit[c].name, LF_OBSERVE_NAME);
        }
}

int lf_observe_read(const char *run_dir, struct lf_observe_page *ret)
{
        char path[PATH_MAX];
        struct stat st;
        int length = snprintf(path, sizeof path, "%s/%s", run_dir, LF_OBSERVE_FILE);
        if (length < 0 || (size_t)length >= sizeof path)
                return -ENAMETOOLONG;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return -errno;
        int error = fstat(fd, &st) < 0 ? -errno : 0;
        if (!error && (!S_ISREG(st.st_mode) || st.st_size != (off_t)sizeof *ret))
                error = -EPROTO;
        const struct lf_observe_page *page = MAP_FAILED;
        if (!error) {
                page = mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, fd, 0);
                error = page == MAP_FAILED ? -errno : 0;
        }
        close(fd);
        if (error)
                return error;
        if (page->magic != LF_OBSERVE_MAGIC || page->abi != LF_OBSERVE_ABI || page->size != sizeof *page)
                error = -EPROTO;
        else
                copy(page, ret);
        munmap((void *)page, sizeof *page);
        if (!error)
                clean_all(ret);
        return error;
}

bool lf_observe_is_alive(const struct lf_observe_page *page)
{
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        __s64 age = now.tv_sec * 1000000000ll + now.tv_nsec - (__s64)page->updated_ns;
        return page->pid != 0 && age < ALIVE_NS && age > -ALIVE_NS;
}
