/* The gate: which packets of a kernel interface come to Landfall.
 *
 * Unfragmented UDP to Landfall's port, over IPv4 or IPv6, behind at most two VLAN tags, is redirected into
 * the AF_XDP socket of the queue that it arrived on. A first fragment of such a datagram is dropped and
 * counted. Everything else passes to the kernel, as does everything while gate_port is 0: that is how the
 * driver of the port loads this program, before its sockets are ready. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "ebpf/abi.h"

#define MAX_VLAN_TAGS        2
#define IPV4_MORE_OR_OFFSET  0x3fff
#define IPV4_OFFSET          0x1fff
#define IPV6_OFFSET          0xfff8
#define IPV4_SMALLEST_HEADER 5 /* 32-bit words */

struct vlan_tag {
        __be16 control;
        __be16 protocol;
};

struct ipv6_fragment {
        __u8 next;
        __u8 reserved;
        __be16 offset;
        __be32 id;
};

/* The driver of the port finds its map by this name. */
struct {
        __uint(type, BPF_MAP_TYPE_XSKMAP);
        __uint(max_entries, LF_GATE_QUEUES_MAX);
        __type(key, __u32);
        __type(value, __u32);
} xsks_map SEC(".maps");

const volatile __u16 gate_port = 0;

/* A page that user space maps: counted here, read there without a system call. */
struct lf_gate_queue gate_queues[LF_GATE_QUEUES_MAX];

enum verdict { PASS, OURS, FRAGMENT };

static __always_inline enum verdict check_udp(void *at, void *end, bool fragment)
{
        struct udphdr *udp = at;
        if ((void *)(udp + 1) > end)
                return PASS;
        if (udp->dest != bpf_htons(gate_port))
                return PASS;
        return fragment ? FRAGMENT : OURS;
}

static __always_inline enum verdict check_ipv4(void *at, void *end)
{
        struct iphdr *ip = at;
        if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < IPV4_SMALLEST_HEADER)
                return PASS;
        if (ip->protocol != IPPROTO_UDP || (ip->frag_off & bpf_htons(IPV4_OFFSET)))
                return PASS;
        return check_udp(at + ip->ihl * 4, end, ip->frag_off & bpf_htons(IPV4_MORE_OR_OFFSET));
}

static __always_inline enum verdict check_ipv6(void *at, void *end)
{
        struct ipv6hdr *ip = at;
        if ((void *)(ip + 1) > end || ip->version != 6)
                return PASS;
        if (ip->nexthdr == IPPROTO_UDP)
                return check_udp(ip + 1, end, false);
        if (ip->nexthdr != IPPROTO_FRAGMENT)
                return PASS;
        struct ipv6_fragment *fragment = (void *)(ip + 1);
        if ((void *)(fragment + 1) > end || fragment->next != IPPROTO_UDP ||
            (fragment->offset & bpf_htons(IPV6_OFFSET)))
                return PASS;
        return check_udp(fragment + 1, end, true);
}

static __always_inline bool is_vlan(__be16 protocol)
{
        return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

static __always_inline enum verdict check(void *at, void *end)
{
        struct ethhdr *ethernet = at;
        if ((void *)(ethernet + 1) > end)
                return PASS;
        __be16 protocol = ethernet->h_proto;
        at = ethernet + 1;
#pragma unroll
        for (int i = 0; i < MAX_VLAN_TAGS; i++) {
                struct vlan_tag *tag = at;
                if (!is_vlan(protocol))
                        break;
                if ((void *)(tag + 1) > end)
                        return PASS;
                protocol = tag->protocol;
                at = tag + 1;
        }
        if (protocol == bpf_htons(ETH_P_IP))
                return check_ipv4(at, end);
        if (protocol == bpf_htons(ETH_P_IPV6))
                return check_ipv6(at, end);
        return PASS;
}

SEC("xdp")
int lf_gate(struct xdp_md *context)
{
        __u32 index = context->rx_queue_index;
        enum verdict verdict = PASS;
        if (gate_port)
                verdict = check((void *)(long)context->data, (void *)(long)context->data_end);
        if (index >= LF_GATE_QUEUES_MAX)
                return XDP_PASS;
        struct lf_gate_queue *queue = &gate_queues[index];
        if (verdict == PASS) {
                __sync_fetch_and_add(&queue->passed, 1);
                return XDP_PASS;
        }
        if (verdict == FRAGMENT) {
                __sync_fetch_and_add(&queue->fragments, 1);
                return XDP_DROP;
        }
        if (!bpf_map_lookup_elem(&xsks_map, &index)) {
                __sync_fetch_and_add(&queue->uncovered, 1);
                return XDP_DROP;
        }
        __sync_fetch_and_add(&queue->redirected, 1);
        return bpf_redirect_map(&xsks_map, index, XDP_DROP);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
