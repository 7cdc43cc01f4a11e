#include "dataplane/control_link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int lf_control_link_listen(struct lf_control_link *link, const char *run_dir, uint32_t control_uid)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        int n = snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", run_dir, LF_HANDOVER_SOCKET);
        if (n < 0 || (size_t)n >= sizeof a.sun_path)
                return -ENAMETOOLONG;
        if (unlink(a.sun_path) < 0 && errno != ENOENT)
                return -errno;
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        mode_t mask = umask(0177);
        int r = bind(fd, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
        umask(mask);
        if (r == 0 && control_uid != geteuid() && chown(a.sun_path, control_uid, (gid_t)-1) < 0)
                r = -errno;
        if (r == 0 && listen(fd, 4) < 0)
                r = -errno;
        if (r < 0) {
                close(fd);
                return r;
        }
        *link = (struct lf_control_link){.listener = fd, .peer = -1, .control_uid = control_uid};
        return 0;
}

void lf_control_link_drop(struct lf_control_link *link)
{
        if (link->peer >= 0)
                close(link->peer);
        link->peer = -1;
}

bool lf_control_link_accept(struct lf_control_link *link)
{
        struct ucred who;
        socklen_t size = sizeof who;
        int fd = accept4(link->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
                return false;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 ||
            (who.uid != link->control_uid && who.uid != 0)) {
                close(fd);
                return false;
        }
        lf_control_link_drop(link);
        link->peer = fd;
        return true;
}

static void take_descriptors(struct msghdr *h, struct lf_control_message *m)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < n; i++) {
                        int fd;
                        memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                        if (m->fds < LF_HANDOVER_FDS_MAX) {
                                m->fd[m->fds++] = fd;
                        } else {
                                close(fd);
                                m->cut = true;
                        }
                }
        }
}

int lf_control_link_receive(struct lf_control_link *link, struct lf_control_message *ret)
{
        union {
                struct cmsghdr align;
                uint8_t bytes[CMSG_SPACE(sizeof(int) * 253)]; /* the kernel's own limit, SCM_MAX_FD */
        } control;
        struct iovec iov = {ret->bytes, sizeof ret->bytes};
        struct msghdr h = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
        if (link->peer < 0)
                return -ECONNRESET;
        ssize_t n = recvmsg(link->peer, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        ret->fds = 0;
        ret->cut = n > 0 && (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
        if (n >= 0)
                take_descriptors(&h, ret);
        if (n <= 0) {
                lf_control_link_forget(ret);
                lf_control_link_drop(link);
                return -ECONNRESET;
        }
        ret->size = (size_t)n;
        return 1;
}

void lf_control_link_forget(struct lf_control_message *m)
{
        explicit_bzero(m->bytes, sizeof m->bytes);
        for (unsigned i = 0; i < m->fds; i++)
                close(m->fd[i]);
        m->fds = 0;
        m->size = 0;
}

int lf_control_link_send(struct lf_control_link *link, enum lf_handover_type type, void *message, size_t size)
{
        struct lf_handover_head *head = message;
        *head = (struct lf_handover_head){.magic = LF_HANDOVER_MAGIC,
                                          .abi = LF_HANDOVER_ABI,
                                          .type = (uint16_t)type,
                                          .size = (uint32_t)size,
                                          .sequence = ++link->sequence};
        struct iovec iov = {message, size};
        struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
        if (link->peer < 0)
                return -ENOTCONN;
        if (sendmsg(link->peer, &h, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size)
                return 0;
        lf_control_link_drop(link);
        return -ENOTCONN;
}
