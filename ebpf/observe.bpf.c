/* What interrupts the watched threads, and for how long.
 *
 * Tasks: when a watched thread leaves its CPU, the tasks that run there until it is back are charged with the
 * time. Interrupts: the time between entry and exit of a handler while a watched thread is current. All
 * state lies in memory that user space maps, so that nothing needs a privilege once the programs are
 * attached. A thread's figures are written on the CPU where it runs or waits; they may be read torn, never
 * wild. */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "ebpf/observe_shared.h"

/* The fields that we read, relocated to the running kernel's layout when loaded. */
struct task_struct {
        int pid;
        char comm[LF_OBSERVE_NAME];
} __attribute__((preserve_access_index));

struct irqaction {
        const char *name;
} __attribute__((preserve_access_index));

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
        unsigned long orig_ax;
} __attribute__((preserve_access_index));
#define SYSCALL_OF(regs) ((long)(regs)->orig_ax)
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
        int syscallno;
} __attribute__((preserve_access_index));
#define SYSCALL_OF(regs) ((long)(regs)->syscallno)
#endif

#define SOFTIRQ_FOLLOWS_NS 2000 /* softirqs run at an interrupt's end start within this */

const volatile int yield_syscall = -1;

/* By number: the kernel's softirqs, and our numbers of the vectors below. */
const volatile char softirq_names[][LF_OBSERVE_NAME] = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                                        "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};
const volatile char vector_names[][LF_OBSERVE_NAME] = {"local timer",  "reschedule", "function call",
                                                       "single call",  "irq work",   "platform",
                                                       "thermal apic", "error apic", "spurious apic"};

struct lf_observe_thread threads[LF_OBSERVE_LOOKUP];
struct lf_observe_tally tallies[LF_OBSERVE_CORES];
struct lf_observe_absence absences[LF_OBSERVE_CORES];
struct lf_observe_cpu cpus[LF_OBSERVE_CPUS];

struct name {
        char text[LF_OBSERVE_NAME];
};

/* The clock that BPF may read steps back a little now and then, when the kernel corrects it. */
static __always_inline __u64 elapsed(__u64 from, __u64 to)
{
        return to > from ? to - from : 0;
}

static __always_inline __u32 slot_of(__u32 tid)
{
        for (__u32 i = 0; tid && i < LF_OBSERVE_PROBES; i++) {
                struct lf_observe_thread *t = &threads[(tid + i) % LF_OBSERVE_LOOKUP];
                if (t->tid == tid)
                        return t->slot;
        }
        return LF_OBSERVE_CORES;
}

static __always_inline __u32 log2_of(__u64 n)
{
        __u32 log = 0;
#pragma unroll
        for (__u32 step = 16; step; step /= 2) {
                if (n >> step) {
                        n >>= step;
                        log += step;
                }
        }
        return log;
}

/* One interruption is over. Global functions are verified once, not at each call. */
__noinline int count(__u32 slot, __u32 cause, __u64 ns, struct name *name)
{
        if (slot >= LF_OBSERVE_CORES || cause >= LF_CAUSE_COUNT || !name)
                return 0;
        struct lf_observe_stat *stat = &tallies[slot].cause[cause];
        stat->count++;
        stat->total_ns += ns;
        stat->histogram[log2_of(ns) & (LF_OBSERVE_BUCKETS - 1)]++;
        __builtin_memcpy(stat->last, name->text, LF_OBSERVE_NAME);
        if (ns > stat->max_ns) {
                stat->max_ns = ns;
                __builtin_memcpy(stat->longest, name->text, LF_OBSERVE_NAME);
        }
        return 0;
}

/* Charges a culprit; one that finds no place takes that of the least among those that it could have had. */
__noinline int charge(__u32 slot, __u32 cause, __u32 id, __u64 ns, struct name *name)
{
        if (slot >= LF_OBSERVE_CORES || !name)
                return 0;
        struct lf_observe_tally *tally = &tallies[slot];
        __u32 hash = (id * 2654435761u) >> 16, least = 0;
        __u64 least_ns = ~0ull;
        for (__u32 i = 0; i < LF_OBSERVE_PROBES; i++) {
                __u32 place = (hash + cause + i) % LF_OBSERVE_CULPRITS;
                struct lf_observe_culprit *c = &tally->culprit[place];
                if (c->count && c->cause == cause && c->id == id) {
                        __builtin_memcpy(c->name, name->text, LF_OBSERVE_NAME); /* exec gives another */
                        c->count++;
                        c->total_ns += ns;
                        if (ns > c->max_ns)
                                c->max_ns = ns;
                        return 0;
                }
                __u64 weight = c->count ? c->total_ns : 0;
                if (weight < least_ns) {
                        least_ns = weight;
                        least = place;
                }
        }
        struct lf_observe_culprit *c = &tally->culprit[least % LF_OBSERVE_CULPRITS];
        if (ns < least_ns && c->count) {
                tally->unlisted++;
                return 0;
        }
        tally->unlisted += c->count;
        c->cause = cause;
        c->id = id;
        __builtin_memcpy(c->name, name->text, LF_OBSERVE_NAME);
        c->total_ns = ns;
        c->max_ns = ns;
        c->count = 1;
        return 0;
}

static __always_inline __u32 cause_of(__u32 mode)
{
        return mode == LF_PREEMPTED ? LF_CAUSE_TASK : mode == LF_YIELDED ? LF_CAUSE_YIELD : LF_CAUSE_LATE;
}

/* The task `pid` leaves the CPU: it is charged by the thread of `slot`, if that waits here. */
__noinline int end_segment(__u32 slot, __u32 cpu, __u32 pid, __u64 now, struct name *name)
{
        if (slot >= LF_OBSERVE_CORES || !name)
                return 0;
        struct lf_observe_absence *a = &absences[slot];
        if (a->mode == LF_RUNS || a->mode == LF_SLEEPS || a->cpu != cpu)
                return 0;
        __u64 ns = elapsed(a->segment_ns, now);
        a->segment_ns = now;
        if (!pid) /* the idle task: the CPU woke up */
                return 0;
        a->lost_ns += ns;
        if (ns > a->longest_ns) {
                a->longest_ns = ns;
                __builtin_memcpy(a->longest, name->text, LF_OBSERVE_NAME);
        }
        return charge(slot, cause_of(a->mode), pid, ns, name);
}

static __always_inline void begin_absence(__u32 slot, __u32 mode, __u32 cpu, __u64 now)
{
        struct lf_observe_absence *a = &absences[slot];
        a->cpu = cpu;
        a->since_ns = now;
        a->segment_ns = now;
        a->lost_ns = 0;
        a->longest_ns = 0;
        a->mode = mode;
        if (mode != LF_SLEEPS && cpu < LF_OBSERVE_CPUS)
                __sync_fetch_and_or(&cpus[cpu].waiting, 1ull << slot);
}

static __always_inline void end_absence(__u32 slot, __u64 now)
{
        struct lf_observe_absence *a = &absences[slot];
        __u32 mode = a->mode, cpu = a->cpu;
        struct name name = {0};
        a->mode = LF_RUNS;
        if (cpu < LF_OBSERVE_CPUS)
                __sync_fetch_and_and(&cpus[cpu].waiting, ~(1ull << slot));
        if (mode == LF_SLEEPS) /* its waking was not seen */
                count(slot, LF_CAUSE_SLEPT, elapsed(a->since_ns, now), &name);
        else if (mode != LF_RUNS && a->lost_ns) {
                __builtin_memcpy(name.text, a->longest, LF_OBSERVE_NAME);
                count(slot, cause_of(mode), a->lost_ns, &name);
        }
}

static __always_inline long current_syscall(struct task_struct *task)
{
        struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
        return SYSCALL_OF(regs);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned state)
{
        __u32 cpu = bpf_get_smp_processor_id();
        __u32 from = prev->pid, to = next->pid;
        __u32 leaves = slot_of(from), returns = slot_of(to);
        if (cpu >= LF_OBSERVE_CPUS)
                return 0;
        __u64 waiting = cpus[cpu].waiting;
        if (!waiting && leaves >= LF_OBSERVE_CORES && returns >= LF_OBSERVE_CORES)
                return 0;
        __u64 now = bpf_ktime_get_ns();
        if (waiting) {
                struct name name;
                __builtin_memcpy(name.text, prev->comm, LF_OBSERVE_NAME);
                for (__u32 slot = 0; slot < LF_OBSERVE_CORES; slot++)
                        if (waiting >> slot & 1)
                                end_segment(slot, cpu, from, now, &name);
        }
        if (leaves < LF_OBSERVE_CORES) {
                __u32 mode = LF_PREEMPTED;
                if (!preempt && state)
                        mode = LF_SLEEPS;
                else if (!preempt && current_syscall(prev) == yield_syscall)
                        mode = LF_YIELDED;
                begin_absence(leaves, mode, cpu, now);
        }
        if (returns < LF_OBSERVE_CORES) {
                end_absence(returns, now);
                cpus[cpu].depth = 0; /* no interrupt outlives a switch */
        }
        if (cpus[cpu].waiting) {
                cpus[cpu].running_tid = to;
                __builtin_memcpy(cpus[cpu].running, next->comm, LF_OBSERVE_NAME);
        }
        return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(sched_wakeup, struct task_struct *task)
{
        __u32 slot = slot_of(task->pid);
        if (slot >= LF_OBSERVE_CORES || absences[slot].mode != LF_SLEEPS)
                return 0;
        __u64 now = bpf_ktime_get_ns();
        struct name name = {0};
        count(slot, LF_CAUSE_SLEPT, elapsed(absences[slot].since_ns, now), &name);
        __u32 cpu = absences[slot].cpu;
        if (cpu < LF_OBSERVE_CPUS && !cpus[cpu].waiting)
                cpus[cpu].running_tid = 0; /* known at the next switch */
        begin_absence(slot, LF_WOKEN, cpu, now);
        return 0;
}

static __always_inline __u32 current_slot(void)
{
        return slot_of((__u32)bpf_get_current_pid_tgid());
}

static __always_inline void enter(void)
{
        __u32 cpu = bpf_get_smp_processor_id();
        if (current_slot() >= LF_OBSERVE_CORES || cpu >= LF_OBSERVE_CPUS)
                return;
        struct lf_observe_cpu *c = &cpus[cpu];
        __u32 depth = c->depth;
        if (depth < LF_OBSERVE_DEPTH) {
                c->frame[depth].nested_ns = 0;
                c->frame[depth].start_ns = bpf_ktime_get_ns();
        }
        c->depth = depth + 1;
}

/* The handler's own time, without what was nested in it; false: its beginning was not seen. */
static __always_inline bool leave(__u32 *ret_slot, __u64 *ret_ns, __u64 *ret_start, __u64 *ret_end)
{
        __u32 cpu = bpf_get_smp_processor_id(), slot = current_slot();
        if (slot >= LF_OBSERVE_CORES || cpu >= LF_OBSERVE_CPUS)
                return false;
        struct lf_observe_cpu *c = &cpus[cpu];
        __u32 depth = c->depth;
        if (depth == 0)
                return false;
        c->depth = --depth;
        if (depth >= LF_OBSERVE_DEPTH)
                return false;
        __u64 now = bpf_ktime_get_ns(), whole = elapsed(c->frame[depth].start_ns, now);
        __u64 nested = c->frame[depth].nested_ns;
        if (depth > 0)
                c->frame[(depth - 1) % LF_OBSERVE_DEPTH].nested_ns += whole;
        *ret_slot = slot;
        *ret_start = c->frame[depth].start_ns;
        *ret_end = now;
        *ret_ns = elapsed(nested, whole);
        return true;
}

static __always_inline void interrupted(__u32 cause, __u32 id, struct name *name)
{
        __u32 slot, cpu = bpf_get_smp_processor_id();
        __u64 ns, start, end;
        if (!leave(&slot, &ns, &start, &end))
                return;
        if (cpu < LF_OBSERVE_CPUS)
                cpus[cpu].interrupt_end_ns = end;
        count(slot, cause, ns, name);
        charge(slot, cause, id, ns, name);
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(irq_handler_entry)
{
        enter();
        return 0;
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(irq_handler_exit, int irq, struct irqaction *action)
{
        struct name name = {0};
        bpf_probe_read_kernel_str(name.text, sizeof name.text, action->name);
        interrupted(LF_CAUSE_HARDIRQ, irq, &name);
        return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(softirq_entry)
{
        enter();
        return 0;
}

/* Softirqs run at the end of an interrupt, or in the system call that raised them: sending through a veth,
 * the core itself carries its packet on. The latter is not a disturbance. */
SEC("tp_btf/softirq_exit")
int BPF_PROG(softirq_exit, unsigned vector)
{
        __u32 slot, cpu = bpf_get_smp_processor_id(), cause = LF_CAUSE_SOFTIRQ;
        __u64 ns, start, end;
        struct name name = {0};
        if (cpu >= LF_OBSERVE_CPUS || !leave(&slot, &ns, &start, &end))
                return 0;
        if (vector < sizeof softirq_names / sizeof *softirq_names)
                __builtin_memcpy(name.text, (const void *)softirq_names[vector], LF_OBSERVE_NAME);
        if (current_syscall(bpf_get_current_task_btf()) >= 0 &&
            elapsed(cpus[cpu].interrupt_end_ns, start) > SOFTIRQ_FOLLOWS_NS)
                cause = LF_CAUSE_CALL;
        else
                cpus[cpu].interrupt_end_ns = end;
        count(slot, cause, ns, &name);
        charge(slot, cause, vector, ns, &name);
        return 0;
}

#define VECTOR(event, cause, id)                                                                             \
        SEC("tp_btf/" #event "_entry") int BPF_PROG(event##_entry)                                           \
        {                                                                                                    \
                enter();                                                                                     \
                return 0;                                                                                    \
        }                                                                                                    \
        SEC("tp_btf/" #event "_exit") int BPF_PROG(event##_exit)                                             \
        {                                                                                                    \
                struct name name;                                                                            \
                __builtin_memcpy(name.text, (const void *)vector_names[id], LF_OBSERVE_NAME);                \
                interrupted(cause, id, &name);                                                               \
                return 0;                                                                                    \
        }

VECTOR(local_timer, LF_CAUSE_TIMER, 0)
VECTOR(reschedule, LF_CAUSE_IPI, 1)
VECTOR(call_function, LF_CAUSE_IPI, 2)
VECTOR(call_function_single, LF_CAUSE_IPI, 3)
VECTOR(irq_work, LF_CAUSE_IPI, 4)
VECTOR(x86_platform_ipi, LF_CAUSE_IPI, 5)
VECTOR(thermal_apic, LF_CAUSE_OTHER, 6)
VECTOR(error_apic, LF_CAUSE_OTHER, 7)
VECTOR(spurious_apic, LF_CAUSE_OTHER, 8)

char LICENSE[] SEC("license") = "Dual BSD/GPL";
