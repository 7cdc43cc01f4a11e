#include "tools/bench/site.h"

#include "matcher/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SEGMENT_MIB 32
#define SEGMENTS    4
#define CONNECT_MS  5000
#define ANSWER_MS   60000 /* the log's segments are written first */
#define DATASET     0

static int say(int error, const char *what)
{
        fprintf(stderr, "landfall bench: %s: %s\n", what, strerror(-error));
        return error;
}

static int connect_to(const char *run_dir, int *ret)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        snprintf(a.sun_path, sizeof a.sun_path, "%.80s/" LF_HANDOVER_SOCKET, run_dir);
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), r = -1;
        for (unsigned i = 0; fd >= 0 && i < CONNECT_MS / 10; i++) {
                r = connect(fd, (struct sockaddr *)&a, sizeof a);
                if (r == 0)
                        break;
                clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        if (r < 0) {
                r = -errno;
                if (fd >= 0)
                        close(fd);
                return say(r, "connecting to landfalld");
        }
        *ret = fd;
        return 0;
}

static int send_message(struct lf_site *s, void *message, size_t size, enum lf_handover_type type, int fd)
{
        struct lf_handover_head *head = message;
        *head = (struct lf_handover_head){.magic = LF_HANDOVER_MAGIC,
                                          .abi = LF_HANDOVER_ABI,
                                          .type = (uint16_t)type,
                                          .size = (uint32_t)size,
                                          .sequence = ++s->sequence};
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof fd)];
        } control = {0};
        struct iovec iov = {message, size};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
        if (fd >= 0) {
                m.msg_control = &control;
                m.msg_controllen = sizeof control;
                *CMSG_FIRSTHDR(&m) = (struct cmsghdr){
                    .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof fd);
        }
        return sendmsg(s->control, &m, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -errno;
}

/* The next message of that type; DONE of earlier messages is passed over, ERROR is said. */
static int wait_for(struct lf_site *s, enum lf_handover_type type, void *ret, size_t size)
{
        union {
                struct lf_handover_head head;
                struct lf_handover_done done;
                struct lf_handover_hello hello;
                uint8_t room[1024];
        } m;
        for (;;) {
                struct pollfd p = {.fd = s->control, .events = POLLIN};
                int r = poll(&p, 1, ANSWER_MS);
                if (r <= 0)
                        return say(r < 0 ? -errno : -ETIMEDOUT, "waiting for landfalld");
                ssize_t n = recv(s->control, &m, sizeof m, 0);
                if (n < (ssize_t)sizeof m.head)
                        return say(n < 0 ? -errno : -ECONNRESET, "landfalld");
                if (m.head.type == LF_HANDOVER_ERROR && n == sizeof m.done) {
                        fprintf(stderr, "landfall bench: landfalld: %.*s\n", (int)sizeof m.done.text,
                                m.done.text);
                        return m.done.error < 0 ? m.done.error : -EIO;
                }
                if (m.head.type != type)
                        continue;
                if ((size_t)n < size)
                        return say(-EPROTO, "landfalld");
                memcpy(ret, &m, size);
                return 0;
        }
}

static int order(struct lf_site *s, void *message, size_t size, enum lf_handover_type type, int fd)
{
        struct lf_handover_done done;
        int r = send_message(s, message, size, type, fd);
        return r < 0 ? say(r, "landfalld") : wait_for(s, LF_HANDOVER_DONE, &done, sizeof done);
}

static int give_options(struct lf_site *s, const struct lf_site_dirs *d, const char *audit_dir, unsigned cpu,
                        unsigned housekeeping)
{
        struct lf_handover_head ready;
        struct lf_handover_options o = {
            .port_kind = LF_PORT_MEMIF,
            .udp_port = LF_TRAFFIC_UDP_PORT,
            .memif_server = 1,
            .contexts = LF_SITE_CONTEXTS,
            .sessions = s->traffic.sessions,
            .cores = 1,
            .core = {{.cpu = (uint16_t)cpu, .roles = LF_ROLE_IO | LF_ROLE_MATCH}},
            .housekeeping_cpu = (uint16_t)housekeeping,
            .audit_dirs = 1,
            .run_uid = d->uid,
            .run_gid = d->uid,
            .audit_segment_size = (uint64_t)SEGMENT_MIB << 20,
            .audit_segments = SEGMENTS,
        };
        memcpy(o.interface, s->memif, sizeof o.interface);
        snprintf(o.audit_dir[0], sizeof o.audit_dir[0], "%s", audit_dir);
        if (RAND_bytes(o.audit_key, sizeof o.audit_key) != 1)
                return -EIO;
        int r = send_message(s, &o, sizeof o, LF_HANDOVER_OPTIONS, -1);
        OPENSSL_cleanse(&o, sizeof o);
        return r < 0 ? say(r, "landfalld") : wait_for(s, LF_HANDOVER_READY, &ready, sizeof ready);
}

static int give_keys(struct lf_site *s)
{
        struct lf_handover_cookie_keys k = {
            .key = {{.id = s->traffic.key_id, .until = (uint64_t)time(NULL) + 86400}}};
        memcpy(k.key[0].key, s->traffic.cookie_key, sizeof k.key[0].key);
        int r = order(s, &k, sizeof k, LF_HANDOVER_COOKIE_KEYS, -1);
        OPENSSL_cleanse(&k, sizeof k);
        return r;
}

/* Every lane may ask for the traffic's purpose in one dataset of people; nothing is held back or counted. */
static void write_policy(struct lf_policy *p, uint32_t lanes)
{
        *p = (struct lf_policy){
            .magic = LF_POLICY_MAGIC, .abi = LF_POLICY_ABI, .size = sizeof *p, .ruleset = 1, .quantum_us = 0};
        for (uint32_t i = 0; i < lanes && i < LF_LANES_MAX; i++)
                p->lane[i] = (struct lf_policy_lane){.active = 1,
                                                     .priorities = 1u << LSP_PRIORITY_LIVE,
                                                     .roles = LF_ROLE_EGATE,
                                                     .agreements = 1u << LF_TRAFFIC_AGREEMENT};
        struct lf_policy_agreement *a = &p->agreement[LF_TRAFFIC_AGREEMENT];
        a->active = 1;
        a->not_after = UINT64_MAX;
        a->datasets = 1ull << DATASET;
        a->rule[LF_TRAFFIC_PURPOSE] = (struct lf_policy_rule){.categories = 1,
                                                              .roles = LF_ROLE_EGATE,
                                                              .subjects = 1u << LSP_SUBJECT_TRAVELLER,
                                                              .encounters = 1u << LSP_ENCOUNTER_PRIMARY};
        p->dataset[DATASET] = (struct lf_policy_dataset){.active = 1,
                                                         .agreement = LF_TRAFFIC_AGREEMENT,
                                                         .modality = LF_MODALITY_PERSON,
                                                         .candidates = 1,
                                                         .categories = 1,
                                                         .threshold = -4};
}

static int give_policy(struct lf_site *s)
{
        struct lf_handover_head head;
        int fd = memfd_create("landfall-bench-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r = fd < 0 || ftruncate(fd, sizeof(struct lf_policy)) < 0 ? -errno : 0;
        void *p = r == 0 ? mmap(NULL, sizeof(struct lf_policy), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                         : MAP_FAILED;
        if (r == 0 && p == MAP_FAILED)
                r = -errno;
        if (r == 0) {
                write_policy(p, s->traffic.sessions);
                if (fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) < 0)
                        r = -errno;
        }
        r = r < 0 ? say(r, "policy table") : order(s, &head, sizeof head, LF_HANDOVER_POLICY, fd);
        if (p != MAP_FAILED)
                munmap(p, sizeof(struct lf_policy));
        if (fd >= 0)
                close(fd);
        return r;
}

/* A generation without a shard. */
static int give_generation(struct lf_site *s)
{
        struct lf_handover_generation g = {.generation = 1};
        return order(s, &g, sizeof g, LF_HANDOVER_GENERATION, -1);
}

int lf_site_start(const char *program, const struct lf_site_dirs *d, unsigned cpu, unsigned housekeeping_cpu,
                  const struct lf_traffic_options *traffic, struct lf_site *ret)
{
        char run_dir[80], audit_dir[200];
        struct lf_handover_hello hello;
        struct lf_site s = {.control = -1, .traffic = *traffic};
        int r = lf_site_dirs_child(d, d->top, program, run_dir, sizeof run_dir);
        if (r == 0)
                r = lf_site_dirs_child(d, d->audit, program, audit_dir, sizeof audit_dir);
        snprintf(s.memif, sizeof s.memif, "%s/memif.sock", run_dir);
        if (r == 0)
                r = lf_site_spawn(program, (char *[]){(char *)program, "--run-dir", run_dir, NULL}, -1,
                                  &s.pid);
        if (r == 0)
                r = connect_to(run_dir, &s.control);
        if (r == 0)
                r = wait_for(&s, LF_HANDOVER_HELLO, &hello, sizeof hello);
        if (r == 0) {
                memcpy(s.traffic.boot, hello.boot, sizeof s.traffic.boot);
                r = give_options(&s, d, audit_dir, cpu, housekeeping_cpu);
        }
        if (r == 0)
                r = give_keys(&s);
        if (r == 0)
                r = give_policy(&s);
        if (r == 0)
                r = give_generation(&s);
        if (r == 0 && (r = lf_counters_map(run_dir, &s.counters)) < 0)
                say(r, "counters page");
        if (r < 0) {
                lf_site_stop(&s);
                return r;
        }
        *ret = s;
        return 0;
}

void lf_site_consume(struct lf_site *s)
{
        struct lf_handover_consumed c = {.entries = lf_read(&s->counters->audit_durable)};
        uint8_t answer[1024];
        send_message(s, &c, sizeof c, LF_HANDOVER_CONSUMED, -1);
        while (recv(s->control, answer, sizeof answer, MSG_DONTWAIT) > 0)
                ;
}

bool lf_site_stop(struct lf_site *s)
{
        bool well = lf_site_end(s->pid);
        if (s->control > 0)
                close(s->control);
        if (s->counters)
                lf_counters_unmap(s->counters);
        OPENSSL_cleanse(s, sizeof *s);
        return well;
}
