#include "dataplane/ports/gate.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "dataplane/ports/gate_interface.h"
#include "ebpf/gate.skel.h"

#define PROGRAM_NAME "lf_gate"
#define MAPS_MAX     16

struct lf_gate {
        char ifname[IF_NAMESIZE];
        unsigned ifindex;
        unsigned queues;
        uint16_t udp_port;
        int object_fd; /* the program's ELF file, which the driver opens by path */
        char vdev[160];
        struct gate_bpf *bpf; /* NULL until attached */
        struct bpf_link *link;
};

/* The program now on the interface: 0 and *ret_fd, or -ENOENT. */
static int open_attached(unsigned ifindex, int *ret_fd, struct bpf_prog_info *ret_info)
{
        __u32 id = 0, length = sizeof *ret_info;
        int error = bpf_xdp_query_id((int)ifindex, 0, &id);
        if (error)
                return error;
        if (!id)
                return -ENOENT;
        int fd = bpf_prog_get_fd_by_id(id);
        if (fd < 0)
                return -errno;
        error = bpf_obj_get_info_by_fd(fd, ret_info, &length);
        if (error) {
                close(fd);
                return error;
        }
        *ret_fd = fd;
        return 0;
}

/* Takes a program of ours off that is not under a bpf_link: the driver's, or one that a killed process left.
 */
static int clear(const struct lf_gate *gate, char *why, size_t size)
{
        LIBBPF_OPTS(bpf_xdp_attach_opts, options);
        struct bpf_prog_info info = {0};
        int fd = -1;
        int error = open_attached(gate->ifindex, &fd, &info);
        if (error == -ENOENT)
                return 0;
        if (!error && strcmp(info.name, PROGRAM_NAME) != 0) {
                snprintf(why, size,
                         "%s already has an XDP program, %s: remove it with ip link set %s xdp off",
                         gate->ifname, info.name, gate->ifname);
                error = -EBUSY;
        } else if (!error) {
                options.old_prog_fd = fd;
                error = bpf_xdp_detach((int)gate->ifindex, XDP_FLAGS_REPLACE, &options);
                if (error == -EBUSY)
                        snprintf(why, size, "%s is in use by another Landfall process", gate->ifname);
                else if (error)
                        snprintf(why, size, "%s: detaching XDP: %s", gate->ifname, strerror(-error));
        } else {
                snprintf(why, size, "%s: asking for XDP programs: %s", gate->ifname, strerror(-error));
        }
        if (fd >= 0)
                close(fd);
        return error;
}

/* The driver wants a path: the program that is linked into us gets one for as long as we live. */
static int write_object(struct lf_gate *gate)
{
        size_t length = 0;
        const char *bytes = gate_bpf__elf_bytes(&length);
        gate->object_fd = memfd_create("landfall-gate", MFD_CLOEXEC);
        if (gate->object_fd < 0)
                return -errno;
        for (size_t done = 0; done < length;) {
                ssize_t n = write(gate->object_fd, bytes + done, length - done);
                if (n < 0)
                        return -errno;
                done += (size_t)n;
        }
        snprintf(gate->vdev, sizeof gate->vdev,
                 "iface=%s,start_queue=0,queue_count=%u,xdp_prog=/proc/self/fd/%d,busy_budget=0",
                 gate->ifname, gate->queues, gate->object_fd);
        return 0;
}

static int check_queues(const char *ifname, unsigned queues, char *why, size_t size)
{
        unsigned active = 0, usable = 0;
        int error = lf_gate_count_queues(ifname, &active, &usable);
        if (error) {
                snprintf(why, size, "%s: counting receive queues: %s", ifname, strerror(-error));
                return error;
        }
        if (active != usable) {
                snprintf(why, size,
                         "%s receives on %u queues, the driver serves %u of them: ethtool -L %s rx %u",
                         ifname, active, usable, ifname, usable);
                return -EINVAL;
        }
        if (queues != active || queues > LF_GATE_QUEUES_MAX) {
                snprintf(why, size,
                         "%s receives on %u queues, %u are to be served (at most %d): ethtool -L %s", ifname,
                         active, queues, LF_GATE_QUEUES_MAX, ifname);
                return -EINVAL;
        }
        return 0;
}

int lf_gate_open(const char *ifname, unsigned queues, uint16_t udp_port, struct lf_gate **ret, char *why,
                 size_t size)
{
        libbpf_set_print(NULL);
        libxdp_set_print(NULL);
        int error = lf_gate_check_interface(ifname, why, size);
        if (!error)
                error = check_queues(ifname, queues, why, size);
        if (error)
                return error;
        if (!udp_port) {
                snprintf(why, size, "UDP port 0 cannot be received on");
                return -EINVAL;
        }
        struct lf_gate *gate = calloc(1, sizeof *gate);
        if (!gate)
                return -ENOMEM;
        *gate = (struct lf_gate){.ifindex = if_nametoindex(ifname), .queues = queues, .udp_port = udp_port};
        snprintf(gate->ifname, sizeof gate->ifname, "%s", ifname);
        error = write_object(gate);
        if (error)
                snprintf(why, size, "writing the gate's program: %s", strerror(-error));
        else
                error = clear(gate, why, size);
        if (error) {
                if (gate->object_fd >= 0)
                        close(gate->object_fd);
                free(gate);
                return error;
        }
        *ret = gate;
        return 0;
}

const char *lf_gate_vdev(const struct lf_gate *gate)
{
        return gate->vdev;
}

/* The map of sockets that the driver's program uses. */
static int open_sockets_map(const struct lf_gate *gate, int *ret_fd)
{
        __u32 ids[MAPS_MAX], length = sizeof(struct bpf_map_info);
        struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
        int program, found = -1;
        int error = open_attached(gate->ifindex, &program, &info);
        if (error)
                return error;
        close(program);
        for (__u32 i = 0; found < 0 && i < info.nr_map_ids && i < MAPS_MAX; i++) {
                struct bpf_map_info map = {0};
                int fd = bpf_map_get_fd_by_id(ids[i]);
                if (fd < 0)
                        continue;
                length = sizeof map;
                if (!bpf_obj_get_info_by_fd(fd, &map, &length) && map.type == BPF_MAP_TYPE_XSKMAP)
                        found = fd;
                else
                        close(fd);
        }
        if (found < 0)
                return -ENOENT;
        *ret_fd = found;
        return 0;
}

/* An XSKMAP cannot be read from user space. Adding a socket where there must be none yet tells:
 * the kernel says EEXIST for a queue that is covered (net/xdp/xskmap.c). */
static int check_covered(const struct lf_gate *gate, int map, char *why, size_t size)
{
        int probe = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
        if (probe < 0)
                return -errno;
        int error = 0;
        for (__u32 queue = 0; !error && queue < gate->queues; queue++) {
                int result = bpf_map_update_elem(map, &queue, &probe, BPF_NOEXIST);
                if (result == -EEXIST)
                        continue;
                if (!result)
                        bpf_map_delete_elem(map, &queue);
                error = result ? result : -ENOTCONN;
                snprintf(why, size, "receive queue %u of %s has no socket: %s", queue, gate->ifname,
                         strerror(-error));
        }
        close(probe);
        return error;
}

static int load(struct lf_gate *gate, int map)
{
        gate->bpf = gate_bpf__open();
        if (!gate->bpf)
                return -errno;
        gate->bpf->rodata->gate_port = gate->udp_port;
        int error = bpf_map__reuse_fd(gate->bpf->maps.xsks_map, map);
        return error ? error : gate_bpf__load(gate->bpf);
}

int lf_gate_attach(struct lf_gate *gate, char *why, size_t size)
{
        int map = -1;
        snprintf(why, size, "%s", "");
        int error = check_queues(gate->ifname, gate->queues, why, size);
        if (error)
                return error;
        error = open_sockets_map(gate, &map);
        if (error) {
                snprintf(why, size, "the driver's socket map of %s: %s", gate->ifname, strerror(-error));
                return error;
        }
        error = check_covered(gate, map, why, size);
        if (!error)
                error = load(gate, map);
        if (!error)
                error = clear(gate, why, size);
        if (!error) {
                gate->link = bpf_program__attach_xdp(gate->bpf->progs.lf_gate, (int)gate->ifindex);
                error = gate->link ? 0 : -errno;
        }
        close(map);
        if (!error)
                return 0;
        gate_bpf__destroy(gate->bpf);
        gate->bpf = NULL;
        if (!*why)
                snprintf(why, size, "attaching the gate to %s: %s", gate->ifname, strerror(-error));
        return error;
}

void lf_gate_close(struct lf_gate *gate)
{
        char why[128];
        if (!gate)
                return;
        if (gate->link)
                bpf_link__destroy(gate->link);
        else
                clear(gate, why, sizeof why);
        gate_bpf__destroy(gate->bpf);
        close(gate->object_fd);
        free(gate);
}

void lf_gate_count(const struct lf_gate *gate, unsigned queue, struct lf_gate_queue *ret)
{
        *ret = (struct lf_gate_queue){0};
        if (gate->bpf && queue < gate->queues)
                *ret = *(const volatile struct lf_gate_queue *)&gate->bpf->bss->gate_queues[queue];
}
