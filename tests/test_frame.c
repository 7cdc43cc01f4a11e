/* Frames: what is ours, what is not, and that the reply mirrors the request byte for byte. */
#include "dataplane/ports/frame.h"
#include "frame_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define OUR_PORT 4460

static uint8_t *page_end; /* what lies here and beyond faults */

static int make_page(void **state)
{
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p + page, page, PROT_NONE) < 0)
                return -1;
        page_end = p + page;
        return 0;
}

/* Parses the bytes from memory that ends where they end. */
static enum lf_frame_kind parse(const uint8_t *frame, size_t size, struct lf_return_path *back,
                                size_t *offset, size_t *length)
{
        memcpy(page_end - size, frame, size);
        return lf_frame_parse(page_end - size, size, OUR_PORT, back, offset, length);
}

static enum lf_frame_kind kind_of(const struct frame_spec *spec)
{
        uint8_t frame[1600];
        struct lf_return_path back;
        size_t offset, length;
        return parse(frame, frame_build(spec, frame), &back, &offset, &length);
}

static void mirror(struct frame_spec request)
{
        uint8_t frame[1600], wanted[1600], reply[1600];
        struct lf_return_path back;
        size_t offset = 0, length = 0;
        size_t size = frame_build(&request, frame);
        assert_int_equal(parse(frame, size, &back, &offset, &length), LF_FRAME_DATAGRAM);
        assert_int_equal(length, request.payload);
        assert_int_equal(offset + length + request.padding, size);

        struct frame_spec spec = frame_reply(request);
        size_t wanted_size = frame_build(&spec, wanted);
        assert_int_equal(back.length + length, wanted_size);
        memcpy(reply, back.bytes, back.length);
        memcpy(reply + back.length, frame + offset, length);
        lf_frame_finish(reply, wanted_size, back.l3, back.l4);
        assert_memory_equal(reply, wanted, wanted_size);
        assert_true(frame_sums_right(reply, wanted_size));
}

static void mirrors(void **state)
{
        for (int version = 4; version <= 6; version += 2)
                for (int tags = 0; tags <= 2; tags++) {
                        struct frame_spec s = frame_request(version, tags);
                        mirror(s);
                        s.options = version == 4 ? 10 : 3;
                        mirror(s);
                        s.options = 0;
                        s.payload = 0;
                        s.padding = 18;
                        mirror(s);
                        s.payload = 1233;
                        mirror(s);
                }
}

/* A reply whose UDP sum comes out as zero must carry 0xffff instead. */
static void zero_checksum(void **state)
{
        uint8_t frame[1600];
        for (int version = 4; version <= 6; version += 2) {
                struct frame_spec s = frame_request(version, 0);
                s.payload = 2;
                size_t size = frame_build(&s, frame);
                unsigned l3 = 14, l4 = version == 4 ? 34 : 54;
                memset(frame + size - 2, 0, 2);
                lf_frame_finish(frame, size, l3, l4);
                memcpy(frame + size - 2, frame + l4 + 6, 2); /* now the whole sums to ~0 */
                lf_frame_finish(frame, size, l3, l4);
                assert_int_equal(frame[l4 + 6], 0xff);
                assert_int_equal(frame[l4 + 7], 0xff);
        }
}

/* Cut at every byte: never a datagram, never read beyond the end. */
static void truncations(void **state)
{
        uint8_t frame[1600];
        struct lf_return_path back;
        size_t offset, length;
        for (int version = 4; version <= 6; version += 2)
                for (int tags = 0; tags <= 2; tags++) {
                        struct frame_spec s = frame_request(version, tags);
                        s.options = 1;
                        size_t size = frame_build(&s, frame);
                        for (size_t cut = 0; cut < size; cut++)
                                assert_int_equal(parse(frame, cut, &back, &offset, &length),
                                                 LF_FRAME_MALFORMED);
                }
}

static void fragments(void **state)
{
        struct frame_spec s = frame_request(4, 1);
        s.fragment = 0x2000; /* more follow */
        assert_int_equal(kind_of(&s), LF_FRAME_FRAGMENT);
        s.fragment = 1;
        assert_int_equal(kind_of(&s), LF_FRAME_FRAGMENT);
        s.fragment = 0x8000; /* the reserved bit is no fragment */
        assert_int_equal(kind_of(&s), LF_FRAME_DATAGRAM);
        s = frame_request(6, 0);
        s.next = 44;
        assert_int_equal(kind_of(&s), LF_FRAME_FRAGMENT);
        s.options = 1;
        assert_int_equal(kind_of(&s), LF_FRAME_FRAGMENT);
}

static void not_ours(void **state)
{
        for (int version = 4; version <= 6; version += 2) {
                struct frame_spec s = frame_request(version, 0);
                s.port_to++;
                assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
                s = frame_request(version, 0);
                s.next = 6;
                assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
                s = frame_request(version, 3);
                assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
                s = frame_request(version, 0);
                memset(s.mac_to, 0xff, 6);
                assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
                s = frame_request(version, 0);
                s.to[0] = version == 4 ? 224 : 0xff;
                assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
        }
        struct frame_spec s = frame_request(6, 0);
        s.next = 60; /* destination options are not followed */
        assert_int_equal(kind_of(&s), LF_FRAME_NOT_OURS);
        uint8_t arp[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x06};
        struct lf_return_path back;
        size_t offset, length;
        assert_int_equal(parse(arp, sizeof arp, &back, &offset, &length), LF_FRAME_NOT_OURS);
}

/* Senders that no reply can reach. */
static void nobody(void **state)
{
        static const uint8_t from4[][4] = {
            {0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 1}, {255, 255, 255, 255}};
        static const uint8_t from6[][16] = {{0}, {[15] = 1}, {0xff, 2, [15] = 1}};
        for (size_t i = 0; i < 4; i++) {
                struct frame_spec s = frame_request(4, 0);
                memcpy(s.from, from4[i], 4);
                assert_int_equal(kind_of(&s), LF_FRAME_MALFORMED);
        }
        for (size_t i = 0; i < 3; i++) {
                struct frame_spec s = frame_request(6, 0);
                memcpy(s.from, from6[i], 16);
                assert_int_equal(kind_of(&s), LF_FRAME_MALFORMED);
        }
        for (int version = 4; version <= 6; version += 2) {
                struct frame_spec s = frame_request(version, 0);
                s.port_from = 0;
                assert_int_equal(kind_of(&s), LF_FRAME_MALFORMED);
                s = frame_request(version, 0);
                s.mac_from[0] = 3;
                assert_int_equal(kind_of(&s), LF_FRAME_MALFORMED);
        }
}

static enum lf_frame_kind with_byte(int version, size_t at, uint8_t value, int sum)
{
        uint8_t frame[1600];
        struct lf_return_path back;
        size_t offset, length;
        struct frame_spec s = frame_request(version, 0);
        size_t size = frame_build(&s, frame);
        frame[at] = value;
        if (sum) {
                memset(frame + 24, 0, 2);
                uint32_t c = ~frame_sum(frame + 14, 20, 0);
                frame[24] = (uint8_t)(c >> 8);
                frame[25] = (uint8_t)c;
        }
        return parse(frame, size, &back, &offset, &length);
}

static void inconsistent(void **state)
{
        assert_int_equal(with_byte(4, 14, 0x65, 1), LF_FRAME_MALFORMED);      /* another version */
        assert_int_equal(with_byte(4, 14, 0x44, 1), LF_FRAME_MALFORMED);      /* header below 20 bytes */
        assert_int_equal(with_byte(4, 16, 0xff, 1), LF_FRAME_MALFORMED);      /* longer than the frame */
        assert_int_equal(with_byte(4, 16, 0x00, 1), LF_FRAME_MALFORMED);      /* shorter than its UDP */
        assert_int_equal(with_byte(4, 22, 16, 0), LF_FRAME_MALFORMED);        /* header checksum */
        assert_int_equal(with_byte(4, 14 + 24, 0xff, 0), LF_FRAME_MALFORMED); /* UDP longer than IP */
        assert_int_equal(with_byte(4, 14 + 24, 0, 0),
                         LF_FRAME_DATAGRAM); /* shorter is legal: 520 & 0xff = 8 */
        assert_int_equal(with_byte(6, 14, 0x40, 0), LF_FRAME_MALFORMED);
        assert_int_equal(with_byte(6, 18, 0xff, 0), LF_FRAME_MALFORMED);
        assert_int_equal(with_byte(6, 14 + 44, 0xff, 0), LF_FRAME_MALFORMED);
        assert_int_equal(with_byte(4, 14 + 26, 0xee, 0),
                         LF_FRAME_DATAGRAM); /* the UDP checksum is not looked at */
        assert_int_equal(with_byte(6, 14 + 46, 0xee, 0), LF_FRAME_DATAGRAM);
}

static uint32_t flow_of(const struct frame_spec *s)
{
        uint8_t frame[1600];
        struct lf_return_path back;
        size_t offset, length;
        assert_int_equal(parse(frame, frame_build(s, frame), &back, &offset, &length), LF_FRAME_DATAGRAM);
        return back.flow;
}

static void flows(void **state)
{
        for (int version = 4; version <= 6; version += 2) {
                struct frame_spec a = frame_request(version, 0), b = a, c = a;
                b.payload = 600;
                b.ttl = 3;
                c.port_from++;
                assert_int_equal(flow_of(&a), flow_of(&b));
                assert_int_not_equal(flow_of(&a), flow_of(&c));
                c = a;
                c.from[version == 4 ? 3 : 14]++;
                assert_int_not_equal(flow_of(&a), flow_of(&c));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(mirrors),      cmocka_unit_test(zero_checksum), cmocka_unit_test(truncations),
            cmocka_unit_test(fragments),    cmocka_unit_test(not_ours),      cmocka_unit_test(nobody),
            cmocka_unit_test(inconsistent), cmocka_unit_test(flows),
        };
        return cmocka_run_group_tests(tests, make_page, NULL);
}
