/* Frames: Ethernet (up to two tags), IPv4 or IPv6, UDP, in and out. Pure functions; any core. */
#pragma once

#include "dataplane/ports/port.h"

#include <stddef.h>
#include <stdint.h>

#define LF_FRAME_HEADERS_MAX 70 /* 14 + 2 tags + IPv6 + UDP */

/* What a frame is. The kinds above 0 are enum lf_drop's FRAME kinds, in their order. */
enum lf_frame_kind {
        LF_FRAME_DATAGRAM = 0,  /* for our UDP port, and a reply is possible */
        LF_FRAME_NOT_OURS = 1,  /* another protocol or port, or not to this host alone */
        LF_FRAME_MALFORMED = 2, /* cut short, inconsistent, or from an address that nobody can have */
        LF_FRAME_FRAGMENT = 3,
};

/* Reads one frame. For LF_FRAME_DATAGRAM: *ret_back leads back to the sender and [*ret_offset, + *ret_size)
 * of the frame is the UDP payload; otherwise they are left alone. IPv4 header checksums are verified, UDP
 * checksums are not. IPv6 may carry one hop-by-hop header. */
enum lf_frame_kind lf_frame_parse(const uint8_t *frame, size_t size, uint16_t udp_port,
                                  struct lf_return_path *ret_back, size_t *ret_offset, size_t *ret_size);

/* Completes a frame that begins with a return path's bytes and has `size` bytes in all: lengths, and the
 * checksums of IPv4 and UDP, from the headers at l3 and l4. At most 65,535 bytes from l3. */
void lf_frame_finish(uint8_t *frame, size_t size, unsigned l3, unsigned l4);
