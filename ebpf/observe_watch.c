#include "ebpf/observe_watch.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* The skeleton needs the types of the programs' data. */
#include "ebpf/observe_shared.h"

#include "ebpf/observe.skel.h"

#define EVENT_NAME_MAX 48

struct lf_watch {
        struct observe_bpf *bpf;
        uint32_t tid[LF_OBSERVE_CORES];
};

static void miss(struct lf_observe_page *page, enum lf_observe_code code, int error, const char *what)
{
        if (page->missing_count >= LF_OBSERVE_MISSING)
                return;
        struct lf_observe_missing *m = &page->missing[page->missing_count++];
        *m = (struct lf_observe_missing){.code = code, .error = (uint32_t)-error};
        snprintf(m->what, sizeof m->what, "%s", what);
}

bool lf_watch_has_event(const struct btf *kernel, const char *event)
{
        char type[EVENT_NAME_MAX + 16];
        snprintf(type, sizeof type, "btf_trace_%s", event);
        return btf__find_by_name_kind(kernel, type, BTF_KIND_TYPEDEF) > 0;
}

/* An entry without its exit, or the reverse, says nothing: both or none. */
static void partner_of(const char *event, char *ret_partner)
{
        size_t length = strlen(event);
        snprintf(ret_partner, EVENT_NAME_MAX, "%s", event);
        if (length > 6 && strcmp(event + length - 6, "_entry") == 0)
                snprintf(ret_partner + length - 6, 7, "_exit");
        else if (length > 5 && length < EVENT_NAME_MAX - 2 && strcmp(event + length - 5, "_exit") == 0)
                snprintf(ret_partner + length - 5, 7, "_entry");
}

static uint32_t choose_events(struct lf_watch *watch, const struct btf *kernel, struct lf_observe_page *page)
{
        struct bpf_program *program;
        uint32_t chosen = 0;
        bpf_object__for_each_program(program, watch->bpf->obj)
        {
                char partner[EVENT_NAME_MAX];
                const char *event = bpf_program__name(program);
                partner_of(event, partner);
                bool here = lf_watch_has_event(kernel, event);
                if (!here)
                        miss(page, LF_OBSERVE_EVENT_ABSENT, 0, event);
                bool use = here && lf_watch_has_event(kernel, partner);
                bpf_program__set_autoload(program, use);
                chosen += use;
        }
        return chosen;
}

/* An entry is attached only after its exit, so that none is left alone: programs come in the order of the
 * source, entry before exit, hence backwards. */
static void attach(struct lf_watch *watch, struct lf_observe_page *page)
{
        struct bpf_object_skeleton *skeleton = watch->bpf->skeleton;
        char refused[EVENT_NAME_MAX] = "";
        for (int i = skeleton->prog_cnt; i-- > 0;) {
                struct bpf_program *program = *skeleton->progs[i].prog;
                const char *event = bpf_program__name(program);
                if (!bpf_program__autoload(program) || strcmp(event, refused) == 0)
                        continue;
                struct bpf_link *link = bpf_program__attach(program);
                if (link) {
                        *skeleton->progs[i].link = link;
                        page->events++;
                        continue;
                }
                miss(page, LF_OBSERVE_EVENT_REFUSED, -errno, event);
                partner_of(event, refused);
        }
}

static int load(struct lf_watch *watch, struct lf_observe_page *page)
{
        struct btf *kernel = btf__load_vmlinux_btf();
        if (!kernel) {
                miss(page, LF_OBSERVE_EVENT_ABSENT, -errno, "this kernel describes no types (BTF)");
                return -ENOTSUP;
        }
        int error = choose_events(watch, kernel, page) ? 0 : -ENOTSUP;
        btf__free(kernel);
        if (!error)
                error = observe_bpf__load(watch->bpf);
        if (error == -EPERM || error == -EACCES) {
                miss(page, LF_OBSERVE_NO_PERMISSION, error, "loading BPF programs needs root");
                return -EPERM;
        }
        if (error)
                miss(page, LF_OBSERVE_EVENT_REFUSED, error, "the kernel refused the BPF programs");
        return error;
}

/* The programs see thread ids of the initial PID namespace, landfalld and we those of ours. Its number is
 * fixed: PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h. */
static bool is_initial_pid_namespace(void)
{
        struct stat st;
        return stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == 0xeffffffcu;
}

int lf_watch_open(struct lf_observe_page *page, struct lf_watch **ret)
{
        libbpf_set_print(NULL);
        struct lf_watch *watch = calloc(1, sizeof *watch);
        if (!watch)
                return -ENOMEM;
        int error = 0;
        if (!is_initial_pid_namespace()) {
                error = -ENOTSUP;
                miss(page, LF_OBSERVE_PID_NAMESPACE, 0, "not in the machine's own PID namespace");
        }
        if (!error) {
                watch->bpf = observe_bpf__open();
                error = watch->bpf ? 0 : -errno;
        }
        if (!error) {
                watch->bpf->rodata->yield_syscall = SYS_sched_yield;
                error = load(watch, page);
        }
        if (!error)
                attach(watch, page);
        if (!error && !page->events)
                error = -ENOTSUP;
        if (error) {
                lf_watch_close(watch);
                return error;
        }
        *ret = watch;
        return 0;
}

/* Writes the table anew: the programs may miss an event meanwhile, never charge a wrong thread. */
static void write_table(struct lf_watch *watch)
{
        struct lf_observe_thread *table = watch->bpf->bss->threads;
        for (uint32_t i = 0; i < LF_OBSERVE_LOOKUP; i++)
                __atomic_store_n(&table[i].tid, 0, __ATOMIC_RELEASE);
        for (uint32_t slot = 0; slot < LF_OBSERVE_CORES; slot++) {
                uint32_t tid = watch->tid[slot];
                for (uint32_t i = 0; tid && i < LF_OBSERVE_PROBES; i++) {
                        struct lf_observe_thread *t = &table[(tid + i) % LF_OBSERVE_LOOKUP];
                        if (t->tid)
                                continue;
                        t->slot = slot;
                        __atomic_store_n(&t->tid, tid, __ATOMIC_RELEASE);
                        break;
                }
        }
}

void lf_watch_set(struct lf_watch *watch, uint32_t slot, uint32_t tid)
{
        watch->tid[slot] = 0;
        write_table(watch);
        memset(&watch->bpf->bss->absences[slot], 0, sizeof watch->bpf->bss->absences[slot]);
        memset(&watch->bpf->bss->tallies[slot], 0, sizeof watch->bpf->bss->tallies[slot]);
        watch->tid[slot] = tid;
        write_table(watch);
}

static uint64_t monotonic_ns(void)
{
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void lf_watch_copy(const struct lf_watch *watch, uint32_t slot, struct lf_observe_core *core)
{
        const struct lf_observe_absence a =
            *(const volatile struct lf_observe_absence *)&watch->bpf->bss->absences[slot];
        uint64_t now = monotonic_ns();
        core->tally = watch->bpf->bss->tallies[slot];
        core->cpu = a.cpu;
        core->absent_ns = 0;
        memset(core->absent_for, 0, sizeof core->absent_for);
        if (a.mode == LF_RUNS || a.mode == LF_SLEEPS || a.cpu >= LF_OBSERVE_CPUS || now < a.since_ns)
                return;
        const struct lf_observe_cpu *cpu = &watch->bpf->bss->cpus[a.cpu];
        if (!cpu->running_tid)
                return;
        core->absent_ns = now - a.since_ns;
        memcpy(core->absent_for, cpu->running, sizeof core->absent_for - 1);
}

void lf_watch_close(struct lf_watch *watch)
{
        if (!watch)
                return;
        observe_bpf__destroy(watch->bpf);
        free(watch);
}
