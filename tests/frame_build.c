#include "frame_build.h"

#include <string.h>

uint32_t frame_sum(const uint8_t *data, size_t size, uint32_t sum)
{
        for (size_t i = 0; i < size; i++)
                sum += i % 2 ? data[i] : (uint32_t)data[i] << 8;
        while (sum >> 16)
                sum = (sum & 0xffff) + (sum >> 16);
        return sum;
}

static uint8_t *put16(uint8_t *p, unsigned v)
{
        p[0] = (uint8_t)(v >> 8);
        p[1] = (uint8_t)v;
        return p + 2;
}

struct frame_spec frame_request(int version, int tags)
{
        struct frame_spec s = {.version = version,
                               .tags = tags,
                               .mac_to = {2, 0, 0, 0, 0, 0x11},
                               .mac_from = {2, 0, 0, 0, 0, 0x22},
                               .port_to = 4460,
                               .port_from = 50123,
                               .ttl = 17,
                               .fragment = 0x4000,
                               .payload = 512};
        static const uint8_t to4[4] = {192, 0, 2, 1}, from4[4] = {198, 51, 100, 7};
        static const uint8_t prefix[4] = {0x20, 0x01, 0x0d, 0xb8};
        if (version == 4) {
                memcpy(s.to, to4, 4);
                memcpy(s.from, from4, 4);
        } else {
                memcpy(s.to, prefix, 4);
                memcpy(s.from, prefix, 4);
                s.to[15] = 1;
                s.from[15] = 7;
        }
        return s;
}

struct frame_spec frame_reply(struct frame_spec q)
{
        struct frame_spec r = q;
        memcpy(r.mac_to, q.mac_from, 6);
        memcpy(r.mac_from, q.mac_to, 6);
        memcpy(r.to, q.from, 16);
        memcpy(r.from, q.to, 16);
        r.port_to = q.port_from;
        r.port_from = q.port_to;
        r.ttl = 64;
        r.fragment = 0x4000;
        r.options = 0;
        r.padding = 0;
        return r;
}

static uint8_t *put_ipv4(const struct frame_spec *s, uint8_t *p)
{
        size_t header = 20 + 4 * (size_t)s->options;
        memset(p, 0, header);
        p[0] = (uint8_t)(0x40 | (header / 4));
        put16(p + 2, (unsigned)(header + 8 + s->payload));
        put16(p + 6, s->fragment);
        p[8] = s->ttl;
        p[9] = s->next ? s->next : 17;
        memcpy(p + 12, s->from, 4);
        memcpy(p + 16, s->to, 4);
        memset(p + 20, 1, header - 20); /* no-operation options */
        put16(p + 10, ~frame_sum(p, header, 0) & 0xffff);
        return p + header;
}

static uint8_t *put_ipv6(const struct frame_spec *s, uint8_t *p)
{
        size_t hops = 8 * (size_t)s->options;
        uint8_t next = s->next ? s->next : 17;
        memset(p, 0, 40 + hops);
        p[0] = 0x60;
        put16(p + 4, (unsigned)(hops + 8 + s->payload));
        p[6] = hops ? 0 : next;
        p[7] = s->ttl;
        memcpy(p + 8, s->from, 16);
        memcpy(p + 24, s->to, 16);
        if (hops) {
                p[40] = next;
                p[41] = (uint8_t)(s->options - 1);
                p[42] = 1; /* PadN over the rest */
                p[43] = (uint8_t)(hops - 4);
        }
        return p + 40 + hops;
}

size_t frame_build(const struct frame_spec *s, uint8_t *out)
{
        uint8_t *p = out;
        memcpy(p, s->mac_to, 6);
        memcpy(p + 6, s->mac_from, 6);
        p += 12;
        for (int i = 0; i < s->tags; i++) {
                p = put16(p, i == 0 && s->tags > 1 ? 0x88a8 : 0x8100);
                p = put16(p, 0x6000u | (unsigned)(100 + i)); /* priority 3 */
        }
        p = put16(p, s->version == 4 ? 0x0800 : 0x86dd);
        p = s->version == 4 ? put_ipv4(s, p) : put_ipv6(s, p);
        uint8_t *udp = p;
        unsigned length = (unsigned)(8 + s->payload);
        p = put16(p, s->port_from);
        p = put16(p, s->port_to);
        p = put16(p, length);
        p = put16(p, 0);
        for (size_t i = 0; i < s->payload; i++)
                *p++ = (uint8_t)i;
        size_t address = s->version == 4 ? 4 : 16;
        uint32_t sum = frame_sum(s->from, address, length + 17);
        sum = frame_sum(udp, length, frame_sum(s->to, address, sum));
        put16(udp + 6, sum == 0xffff ? 0xffff : ~sum & 0xffff);
        memset(p, 0, s->padding);
        return (size_t)(p - out) + s->padding;
}

int frame_sums_right(const uint8_t *frame, size_t size)
{
        size_t at = 12;
        while (frame[at] == 0x81 || frame[at] == 0x88)
                at += 4;
        const uint8_t *ip = frame + at + 2;
        int four = ip[0] >> 4 == 4;
        const uint8_t *udp = ip + (four ? 20 : 40);
        size_t length = (size_t)(frame + size - udp);
        if (four && frame_sum(ip, 20, 0) != 0xffff)
                return 0;
        uint32_t sum = four ? frame_sum(ip + 12, 8, 0) : frame_sum(ip + 8, 32, 0);
        sum = frame_sum(udp, length, sum + 17 + (uint32_t)length);
        return sum == 0xffff && (udp[6] || udp[7]);
}
