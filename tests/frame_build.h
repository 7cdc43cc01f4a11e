/* Frames made by hand, for tests: everything in them is told, checksums included. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct frame_spec {
        int version; /* 4 or 6 */
        int tags;    /* 0..3 */
        int options; /* IPv4: 4-byte words after the header; IPv6: hop-by-hop header of (options) * 8 bytes */
        uint8_t mac_to[6], mac_from[6];
        uint8_t to[16], from[16]; /* IPv4: the first four bytes */
        uint16_t port_to, port_from;
        uint8_t ttl;
        uint16_t fragment; /* IPv4: the flags and offset field */
        uint8_t next;      /* protocol; 0: UDP */
        size_t payload;    /* bytes, each its own index */
        size_t padding;    /* after the datagram, as short Ethernet frames have */
};

/* A request from a lane to the appliance, and the reply that it should lead to. */
struct frame_spec frame_request(int version, int tags);
struct frame_spec frame_reply(struct frame_spec request);
/* Writes the frame; returns its size (at most 1,600). */
size_t frame_build(const struct frame_spec *spec, uint8_t *out);
/* RFC 1071 over the data and a starting sum, folded but not inverted; written for tests, apart from the
 * product's. */
uint32_t frame_sum(const uint8_t *data, size_t size, uint32_t sum);
/* The frame's UDP checksum is right (it is never 0), its IPv4 header checksum too. */
int frame_sums_right(const uint8_t *frame, size_t size);
