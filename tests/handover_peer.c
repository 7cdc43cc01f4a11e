#include "handover_peer.h"

#include "port_harness.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY  65534
#define WAIT_MS 10000

void peer_init(struct peer *p, struct lf_handover_options *ret_options)
{
        *p = (struct peer){.fd = -1, .pid = -1};
        harness_new_dir(p->dir, sizeof p->dir);
        assert_int_equal(chmod(p->dir, 0755), 0);
        snprintf(p->said, sizeof p->said, "%s/stderr", p->dir);
        struct lf_handover_options o = harness_options(LF_PORT_UDP, 1);
        o.address[10] = o.address[11] = 0xff; /* ::ffff:127.0.0.1 */
        o.address[12] = 127;
        o.address[15] = 1;
        o.audit_segment_size = 1 << 20;
        o.audit_segments = 2;
        snprintf(o.audit_dir[0], sizeof o.audit_dir[0], "%s/audit", p->dir);
        assert_int_equal(mkdir(o.audit_dir[0], 0755), 0);
        if (geteuid() == 0) {
                o.run_uid = o.run_gid = NOBODY;
                assert_int_equal(chown(o.audit_dir[0], NOBODY, NOBODY), 0);
        }
        *ret_options = o;
}

void peer_start(struct peer *p)
{
        char program[512];
        const char *build = getenv("LANDFALL_BUILD");
        snprintf(program, sizeof program, "%s/landfalld", build ? build : "build");
        p->pid = fork();
        assert_true(p->pid >= 0);
        if (p->pid > 0)
                return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(p->said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd >= 0)
                dup2(fd, 2);
        execl(program, "landfalld", "--run-dir", p->dir, NULL);
        perror(program);
        _exit(127);
}

struct lf_handover_hello peer_connect(struct peer *p)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        struct lf_handover_hello h = {0};
        snprintf(a.sun_path, sizeof a.sun_path, "%.63s/%s", p->dir, LF_HANDOVER_SOCKET);
        if (p->fd >= 0)
                close(p->fd);
        p->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_true(p->fd >= 0);
        int connected = -1;
        for (int i = 0; connected < 0 && i < WAIT_MS / 10; i++) {
                connected = connect(p->fd, (struct sockaddr *)&a, sizeof a);
                if (connected < 0)
                        usleep(10000);
        }
        assert_int_equal(connected, 0);
        assert_int_equal(peer_receive(p, LF_HANDOVER_HELLO, &h, sizeof h), sizeof h);
        return h;
}

void peer_send_as_it_is(struct peer *p, const void *message, size_t size, const int *fd, unsigned fds)
{
        union {
                struct cmsghdr align;
                uint8_t bytes[CMSG_SPACE(sizeof(int) * 253)];
        } control = {0};
        struct iovec iov = {(void *)message, size};
        struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
        if (fds) {
                h.msg_control = control.bytes;
                h.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
                struct cmsghdr *c = CMSG_FIRSTHDR(&h);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int) * fds);
                memcpy(CMSG_DATA(c), fd, sizeof(int) * fds);
        }
        assert_int_equal(sendmsg(p->fd, &h, MSG_NOSIGNAL), size);
}

void peer_send(struct peer *p, uint16_t type, void *message, size_t size, const int *fd, unsigned fds)
{
        struct lf_handover_head *head = message;
        *head = (struct lf_handover_head){.magic = LF_HANDOVER_MAGIC,
                                          .abi = LF_HANDOVER_ABI,
                                          .type = type,
                                          .size = (uint32_t)size,
                                          .sequence = ++p->sequence};
        peer_send_as_it_is(p, message, size, fd, fds);
}

static size_t receive(struct peer *p, void *ret, size_t size)
{
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        if (poll(&f, 1, WAIT_MS) != 1)
                return 0;
        ssize_t n = recv(p->fd, ret, size, 0);
        return n > 0 ? (size_t)n : 0;
}

size_t peer_receive(struct peer *p, uint16_t type, void *ret, size_t size)
{
        struct lf_handover_head *head = ret;
        size_t n = receive(p, ret, size);
        if (n == 0)
                return 0;
        assert_true(n >= sizeof *head);
        assert_int_equal(head->magic, LF_HANDOVER_MAGIC);
        assert_int_equal(head->size, n);
        assert_int_equal(head->type, type);
        return n;
}

int peer_answer(struct peer *p, char text[104])
{
        struct lf_handover_done done = {0};
        assert_int_equal(receive(p, &done, sizeof done), sizeof done);
        assert_true(done.head.type == LF_HANDOVER_DONE || done.head.type == LF_HANDOVER_ERROR);
        assert_int_equal(done.head.type == LF_HANDOVER_ERROR, done.error != 0);
        assert_int_equal(done.sequence, p->sequence);
        memcpy(text, done.text, sizeof done.text);
        return done.error;
}

void peer_configure(struct peer *p, struct lf_handover_options *options)
{
        char text[104];
        struct lf_handover_head ready;
        peer_send(p, LF_HANDOVER_OPTIONS, options, sizeof *options, NULL, 0);
        int r = peer_answer(p, text);
        if (r < 0)
                fprintf(stderr, "%s\n", text);
        assert_int_equal(r, 0);
        assert_int_equal(peer_receive(p, LF_HANDOVER_READY, &ready, sizeof ready), sizeof ready);
}

int peer_wait(struct peer *p)
{
        int status = 0;
        assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
        if (p->fd >= 0)
                close(p->fd);
        p->fd = -1;
        p->pid = -1;
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int peer_memfd(const void *data, size_t size, int seals)
{
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, data, size), size);
        if (seals)
                assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
}
