#include "dataplane/ports/frame.h"

#include "base/bytes.h"

#include <rte_ip.h>
#include <rte_jhash.h>
#include <rte_udp.h>

#define TYPE_IPV4     0x0800
#define TYPE_IPV6     0x86dd
#define TYPE_TAG      0x8100
#define TYPE_TAG_AD   0x88a8 /* IEEE 802.1ad: the outer of two */
#define TAGS_MAX      2
#define NEXT_HOPS     0
#define NEXT_UDP      17
#define NEXT_FRAGMENT 44
#define HOPS          64
#define IPV4_SIZE     20
#define IPV6_SIZE     40
#define UDP_SIZE      8

/* Adds what comes next to the return path. */
static uint8_t *grow(struct lf_return_path *back, uint8_t size)
{
        uint8_t *p = back->bytes + back->length;
        back->length += size;
        return p;
}

static enum lf_frame_kind read_ethernet(struct lf_reader *r, struct lf_return_path *back, uint16_t *ret_type)
{
        const uint8_t *p = lf_reader_take(r, 12);
        uint16_t type = lf_reader_be16(r);
        unsigned tags = 0;
        while ((type == TYPE_TAG || type == TYPE_TAG_AD) && tags++ < TAGS_MAX) {
                lf_reader_take(r, 2);
                type = lf_reader_be16(r);
        }
        if (!p || r->failed || (p[6] & 1))
                return LF_FRAME_MALFORMED;
        if (p[0] & 1)
                return LF_FRAME_NOT_OURS;
        uint8_t size = (uint8_t)lf_reader_offset(r);
        uint8_t *out = grow(back, size);
        memcpy(out, p, size);
        memcpy(out, p + 6, 6);
        memcpy(out + 6, p, 6);
        *ret_type = type;
        return LF_FRAME_DATAGRAM;
}

static enum lf_frame_kind read_ipv4(struct lf_reader *r, struct lf_return_path *back)
{
        const uint8_t *ip = lf_reader_take(r, IPV4_SIZE);
        if (!ip || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
                return LF_FRAME_MALFORMED;
        size_t header = 4u * (ip[0] & 15), total = lf_get_be16(ip + 2);
        lf_reader_take(r, header - IPV4_SIZE);
        if (r->failed || total < header || total - header > lf_reader_left(r) ||
            rte_raw_cksum(ip, header) != 0xffff)
                return LF_FRAME_MALFORMED;
        r->end = r->p + (total - header);

        uint32_t from = lf_get_be32(ip + 12), to = lf_get_be32(ip + 16);
        if (ip[9] != NEXT_UDP || to >= 0xe0000000)
                return LF_FRAME_NOT_OURS;
        if (lf_get_be16(ip + 6) & 0x3fff)
                return LF_FRAME_FRAGMENT;
        if (from >> 24 == 0 || from >> 24 == 127 || from >= 0xe0000000)
                return LF_FRAME_MALFORMED;

        uint8_t *out = grow(back, IPV4_SIZE);
        memset(out, 0, IPV4_SIZE);
        out[0] = 0x45;
        out[6] = 0x40; /* don't fragment */
        out[8] = HOPS;
        out[9] = NEXT_UDP;
        memcpy(out + 12, ip + 16, 4);
        memcpy(out + 16, ip + 12, 4);
        return LF_FRAME_DATAGRAM;
}

/* Unspecified, loopback or multicast. */
static bool nobody(const uint8_t address[16])
{
        static const uint8_t zero[15];
        return address[0] == 0xff || (memcmp(address, zero, 15) == 0 && address[15] <= 1);
}

static enum lf_frame_kind read_ipv6(struct lf_reader *r, struct lf_return_path *back)
{
        const uint8_t *ip = lf_reader_take(r, IPV6_SIZE);
        if (!ip || ip[0] >> 4 != 6)
                return LF_FRAME_MALFORMED;
        size_t payload = lf_get_be16(ip + 4);
        uint8_t next = ip[6];
        if (payload > lf_reader_left(r))
                return LF_FRAME_MALFORMED;
        r->end = r->p + payload;
        if (next == NEXT_HOPS) {
                next = lf_reader_u8(r);
                lf_reader_take(r, 8u * lf_reader_u8(r) + 6);
                if (r->failed)
                        return LF_FRAME_MALFORMED;
        }
        if (next == NEXT_FRAGMENT)
                return LF_FRAME_FRAGMENT;
        if (next != NEXT_UDP || ip[24] == 0xff)
                return LF_FRAME_NOT_OURS;
        if (nobody(ip + 8))
                return LF_FRAME_MALFORMED;

        uint8_t *out = grow(back, IPV6_SIZE);
        memset(out, 0, 8);
        out[0] = 0x60;
        out[6] = NEXT_UDP;
        out[7] = HOPS;
        memcpy(out + 8, ip + 24, 16);
        memcpy(out + 24, ip + 8, 16);
        return LF_FRAME_DATAGRAM;
}

static enum lf_frame_kind read_udp(struct lf_reader *r, uint16_t udp_port, struct lf_return_path *back)
{
        const uint8_t *udp = lf_reader_take(r, UDP_SIZE);
        if (!udp)
                return LF_FRAME_MALFORMED;
        if (lf_get_be16(udp + 2) != udp_port)
                return LF_FRAME_NOT_OURS;
        size_t length = lf_get_be16(udp + 4);
        if (length < UDP_SIZE || length - UDP_SIZE > lf_reader_left(r) || lf_get_be16(udp) == 0)
                return LF_FRAME_MALFORMED;
        r->end = r->p + (length - UDP_SIZE);

        uint8_t *out = grow(back, UDP_SIZE);
        memcpy(out, udp + 2, 2);
        memcpy(out + 2, udp, 2);
        memset(out + 4, 0, 4);
        return LF_FRAME_DATAGRAM;
}

enum lf_frame_kind lf_frame_parse(const uint8_t *frame, size_t size, uint16_t udp_port,
                                  struct lf_return_path *ret_back, size_t *ret_offset, size_t *ret_size)
{
        struct lf_reader r = lf_reader_over(frame, size);
        struct lf_return_path back = {0};
        uint16_t type = 0;
        enum lf_frame_kind kind = read_ethernet(&r, &back, &type);
        if (kind)
                return kind;
        back.l3 = back.length;
        if (type == TYPE_IPV4)
                kind = read_ipv4(&r, &back);
        else if (type == TYPE_IPV6)
                kind = read_ipv6(&r, &back);
        else
                kind = LF_FRAME_NOT_OURS;
        if (kind)
                return kind;
        back.l4 = back.length;
        kind = read_udp(&r, udp_port, &back);
        if (kind)
                return kind;
        uint32_t tuple[9], tuple_size = type == TYPE_IPV4 ? 12 : 36; /* addresses and ports */
        memcpy(tuple, back.bytes + back.l4 + 4 - tuple_size, tuple_size);
        back.flow = rte_jhash(tuple, tuple_size, 0);
        *ret_back = back;
        *ret_offset = lf_reader_offset(&r);
        *ret_size = lf_reader_left(&r);
        return LF_FRAME_DATAGRAM;
}

void lf_frame_finish(uint8_t *frame, size_t size, unsigned l3, unsigned l4)
{
        uint8_t *ip = frame + l3, *udp = frame + l4;
        uint16_t sum;
        lf_put_be16(udp + 4, (uint16_t)(size - l4));
        memset(udp + 6, 0, 2);
        if (ip[0] >> 4 == 4) {
                lf_put_be16(ip + 2, (uint16_t)(size - l3));
                memset(ip + 10, 0, 2);
                sum = rte_ipv4_cksum((const struct rte_ipv4_hdr *)ip);
                memcpy(ip + 10, &sum, sizeof sum);
                sum = rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)ip, udp);
        } else {
                lf_put_be16(ip + 4, (uint16_t)(size - l4));
                sum = rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, udp);
        }
        memcpy(udp + 6, &sum, sizeof sum);
}
