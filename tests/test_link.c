/* Control's link against a landfalld of the test's own: options once, what is sent again after a restart of
 * either side, refusals, and generations that are wiped when they are let go, not before. */
#include "control/link/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- landfalld's side ---- */

static char run_dir[64];
static int listener = -1, peer = -1;
static uint8_t boot = 1;

static void listen_again(void)
{
        struct sockaddr_un a = {.sun_family = AF_UNIX};
        snprintf(a.sun_path, sizeof a.sun_path, "%s/" LF_HANDOVER_SOCKET, run_dir);
        unlink(a.sun_path);
        listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
        assert_int_equal(listen(listener, 4), 0);
}

static void hang_up(bool with_listener)
{
        if (peer >= 0)
                close(peer);
        if (with_listener && listener >= 0)
                close(listener);
        peer = -1;
        if (with_listener)
                listener = -1;
}

static void say(const void *message, size_t size, unsigned type)
{
        char copy[256];
        memcpy(copy, message, size);
        *(struct lf_handover_head *)copy =
            (struct lf_handover_head){LF_HANDOVER_MAGIC, LF_HANDOVER_ABI, (uint16_t)type, (uint32_t)size, 1};
        assert_int_equal(send(peer, copy, size, 0), size);
}

static void say_hello(bool configured, uint64_t generation)
{
        struct lf_handover_hello h = {.configured = configured, .generation = generation, .pid = 4};
        memset(h.boot, boot, sizeof h.boot);
        say(&h, sizeof h, LF_HANDOVER_HELLO);
}

static void answer(uint32_t sequence, int error, const char *text)
{
        struct lf_handover_done d = {.sequence = sequence, .error = error};
        snprintf(d.text, sizeof d.text, "%s", text);
        say(&d, sizeof d, error ? LF_HANDOVER_ERROR : LF_HANDOVER_DONE);
}

static void retire(uint64_t number)
{
        struct lf_handover_generation g = {.generation = number};
        say(&g, sizeof g, LF_HANDOVER_RETIRED);
}

/* ---- control's side ---- */

static struct event_base *base;
static struct lf_link *a_link;
static unsigned options_asked, keys_asked, hellos;
static unsigned done_type;
static int done_error;
static uint64_t wiped[16];
static unsigned wipes;

/* In the place of the replica's: remembers which. */
void lf_generation_wipe_destroy(struct lf_generation *g)
{
        wiped[wipes++ % 16] = g->number;
        for (unsigned i = 0; i < g->shards; i++) {
                memset(g->shard[i].map, 0, g->shard[i].size);
                munmap(g->shard[i].map, g->shard[i].size);
                close(g->shard[i].fd);
        }
        free(g->shard);
        free(g);
}

static struct lf_generation *generation(uint64_t number, unsigned shards)
{
        struct lf_generation *g = calloc(1, sizeof *g);
        g->number = number;
        g->shards = shards;
        g->shard = calloc(shards ? shards : 1, sizeof *g->shard);
        for (unsigned i = 0; i < shards; i++) {
                struct lf_generation_shard *s = &g->shard[i];
                s->size = s->mapped = 4096;
                s->fd = memfd_create("test", MFD_CLOEXEC);
                assert_int_equal(ftruncate(s->fd, 4096), 0);
                s->map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
                memset(s->map, 'g', 4096);
        }
        return g;
}

static int fill_options(void *arg, struct lf_handover_options *ret)
{
        if (arg)
                return -EAGAIN;
        options_asked++;
        ret->udp_port = 4762;
        memset(ret->audit_key, 0xaa, sizeof ret->audit_key);
        return 0;
}

static void fill_keys(void *arg, struct lf_handover_cookie_keys *ret)
{
        ret->key[0].id = ++keys_asked;
}

static void on_hello(void *arg, const struct lf_handover_hello *h)
{
        hellos++;
}

static void on_done(void *arg, unsigned type, int error, const char *text)
{
        done_type = type;
        done_error = error;
}

/* Turns the loop; up to `ms`, or until something is there for the test to read. */
static void turn(unsigned ms)
{
        for (unsigned i = 0; i < ms; i++) {
                event_base_loop(base, EVLOOP_NONBLOCK);
                char byte;
                if (peer >= 0 && recv(peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
                        return;
                usleep(1000);
        }
}

static void let_in(void)
{
        for (unsigned i = 0; i < 5000 && peer < 0; i++) {
                event_base_loop(base, EVLOOP_NONBLOCK);
                peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                usleep(1000);
        }
        assert_true(peer >= 0);
}

struct got {
        unsigned type;
        uint32_t sequence;
        unsigned fds;
        int first_fd;
        char bytes[8192];
};

/* The next message, which must be of this type. */
static struct got expect(unsigned type)
{
        struct got g = {.first_fd = -1};
        char control[CMSG_SPACE(253 * sizeof(int))];
        struct iovec iov = {g.bytes, sizeof g.bytes};
        struct msghdr m = {
            .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        turn(2000);
        ssize_t n = recvmsg(peer, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        assert_true(n >= (ssize_t)sizeof(struct lf_handover_head));
        assert_false(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
        const struct lf_handover_head *h = (const void *)g.bytes;
        assert_int_equal(h->magic, LF_HANDOVER_MAGIC);
        assert_int_equal(h->size, n);
        g.type = h->type;
        g.sequence = h->sequence;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (c) {
                g.fds = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
                const int *fd = (const int *)CMSG_DATA(c);
                g.first_fd = fd[0];
                for (unsigned i = 1; i < g.fds; i++)
                        close(fd[i]);
        }
        assert_int_equal(g.type, type);
        return g;
}

static void expect_nothing(void)
{
        char byte;
        turn(50);
        assert_int_equal(recv(peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
}

static struct lf_link_state state_of(void)
{
        struct lf_link_state s;
        lf_link_get_state(a_link, &s);
        return s;
}

static int begin(void **state)
{
        strcpy(run_dir, "/tmp/landfall-link.XXXXXX");
        if (!mkdtemp(run_dir))
                return -1;
        base = event_base_new();
        options_asked = keys_asked = hellos = wipes = 0;
        boot = 1;
        struct lf_link_options o = {.run_dir = run_dir,
                                    .dataplane_uid = geteuid(),
                                    .fill_options = fill_options,
                                    .fill_keys = fill_keys,
                                    .on_hello = on_hello,
                                    .on_done = on_done};
        return lf_link_create(base, &o, &a_link);
}

static int end(void **state)
{
        hang_up(true);
        lf_link_destroy(a_link);
        event_base_free(base);
        char path[128];
        snprintf(path, sizeof path, "%s/" LF_HANDOVER_SOCKET, run_dir);
        unlink(path);
        return rmdir(run_dir);
}

static void a_policy(void)
{
        int fd = memfd_create("policy", MFD_CLOEXEC);
        assert_int_equal(pwrite(fd, "law", 3, 0), 3);
        lf_link_set_policy(a_link, fd);
}

/* Up to the point where everything is handed over and accepted. */
static void first_meeting(void)
{
        listen_again();
        let_in();
        say_hello(false, 0);
        struct got g = expect(LF_HANDOVER_OPTIONS);
        assert_int_equal(((struct lf_handover_options *)g.bytes)->udp_port, 4762);
        expect_nothing(); /* until the options have taken effect */
        answer(g.sequence, 0, "");
        struct lf_handover_head ready;
        say(&ready, sizeof ready, LF_HANDOVER_READY);
        answer(expect(LF_HANDOVER_COOKIE_KEYS).sequence, 0, "");
        g = expect(LF_HANDOVER_POLICY);
        assert_int_equal(g.fds, 1);
        char law[4] = "";
        assert_int_equal(pread(g.first_fd, law, 3, 0), 3);
        assert_string_equal(law, "law");
        close(g.first_fd);
        expect(LF_HANDOVER_CONSUMED);
        g = expect(LF_HANDOVER_GENERATION);
        assert_int_equal(g.fds, 2);
        close(g.first_fd);
        answer(g.sequence, 0, "");
        turn(20);
        assert_true(state_of().configured);
}

static void nobody_there(void **state)
{
        turn(400);
        struct lf_link_state s = state_of();
        assert_false(s.connected);
        assert_non_null(strstr(s.error, "no landfalld behind"));
}

static void options_once(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        assert_int_equal(state_of().generation, 1);
        assert_int_equal(options_asked, 1);
        assert_int_equal(wipes, 0);

        /* the connection is lost, landfalld lives: no options, no generation again */
        hang_up(false);
        let_in();
        say_hello(true, 1);
        expect(LF_HANDOVER_COOKIE_KEYS);
        close(expect(LF_HANDOVER_POLICY).first_fd);
        expect(LF_HANDOVER_CONSUMED);
        expect_nothing();
        assert_int_equal(options_asked, 1);
        assert_int_equal(keys_asked, 2);
        assert_int_equal(hellos, 2);
        assert_int_equal(wipes, 0);
}

static void everything_after_a_restart(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(5, 2)), 0);
        first_meeting();
        hang_up(true);
        turn(300);
        assert_false(state_of().connected);
        boot = 2;
        first_meeting();
        assert_int_equal(options_asked, 2);
        assert_int_equal(state_of().generation, 5);
        assert_int_equal(wipes, 0);
}

/* A policy does not wait until the last shard of a large gallery was checked. */
static void a_policy_overtakes_a_gallery(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        assert_int_equal(lf_link_set_generation(a_link, generation(2, 450)), 0);
        struct got g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        assert_true(g.fds < 50);
        a_policy();
        struct got p = expect(LF_HANDOVER_POLICY);
        close(p.first_fd);
        answer(p.sequence, 0, "");
        unsigned fds = g.fds;
        while (((struct lf_handover_generation *)g.bytes)->more) {
                answer(g.sequence, 0, "");
                g = expect(LF_HANDOVER_GENERATION);
                close(g.first_fd);
                fds += g.fds;
        }
        assert_int_equal(fds, 450);
        answer(g.sequence, 0, "");
        turn(20);
        assert_int_equal(state_of().generation, 2);
}

/* Refused on the way: it is closed, and offered again as a whole. */
static void a_part_is_refused(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        assert_int_equal(lf_link_set_generation(a_link, generation(2, 450)), 0);
        struct got g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        answer(g.sequence, -EBUSY, "later");
        g = expect(LF_HANDOVER_GENERATION);
        assert_int_equal(g.fds, 0);
        assert_int_equal(((struct lf_handover_generation *)g.bytes)->more, 0);
        answer(g.sequence, -ESTALE, "");
        turn(400);
        unsigned fds = 0;
        do {
                g = expect(LF_HANDOVER_GENERATION);
                close(g.first_fd);
                fds += g.fds;
                answer(g.sequence, 0, "");
        } while (((struct lf_handover_generation *)g.bytes)->more);
        assert_int_equal(fds, 450);
        turn(20);
        assert_int_equal(state_of().generation, 2);
}

static void wiped_when_let_go(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        assert_int_equal(lf_link_set_generation(a_link, generation(2, 450)), 0);
        unsigned fds = 0;
        struct got g;
        do {
                g = expect(LF_HANDOVER_GENERATION);
                fds += g.fds;
                close(g.first_fd);
                answer(g.sequence, 0, "");
        } while (((struct lf_handover_generation *)g.bytes)->more);
        assert_int_equal(fds, 450);
        turn(20);
        assert_int_equal(state_of().generations, 2);
        assert_int_equal(wipes, 0); /* queries may still read the first */
        retire(1);
        turn(20);
        assert_int_equal(wipes, 1);
        assert_int_equal(wiped[0], 1);
        retire(99); /* not ours: nothing */
        turn(20);
        assert_int_equal(wipes, 1);
}

static void wiped_when_the_news_was_lost(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        assert_int_equal(lf_link_set_generation(a_link, generation(2, 1)), 0);
        struct got g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        hang_up(false); /* before it could say that 2 is in force and 1 let go */
        let_in();
        say_hello(true, 2);
        turn(50);
        assert_int_equal(wipes, 0);
        lf_link_settled(a_link, 2);
        assert_int_equal(wipes, 1);
        assert_int_equal(wiped[0], 1);
        assert_int_equal(state_of().generation, 2);
}

static void an_unsent_one_is_replaced(void **state)
{
        for (unsigned i = 1; i <= 20; i++)
                assert_int_equal(lf_link_set_generation(a_link, generation(i, 2)), 0);
        assert_int_equal(wipes, 19);
        a_policy();
        first_meeting();
        assert_int_equal(state_of().generation, 20);
}

static void refusals(void **state)
{
        a_policy();
        assert_int_equal(lf_link_set_generation(a_link, generation(1, 2)), 0);
        first_meeting();
        /* a policy */
        a_policy();
        struct got g = expect(LF_HANDOVER_POLICY);
        close(g.first_fd);
        answer(g.sequence, -EBADMSG, "magic");
        turn(20);
        assert_int_equal(done_type, LF_HANDOVER_POLICY);
        assert_int_equal(done_error, -EBADMSG);
        assert_string_equal(state_of().error, "landfalld refused the policy: magic");
        /* a generation: wiped, the one in force stays */
        assert_int_equal(lf_link_set_generation(a_link, generation(2, 1)), 0);
        g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        answer(g.sequence, -EBADMSG, "shard 0");
        turn(20);
        assert_int_equal(wipes, 1);
        assert_int_equal(wiped[0], 2);
        assert_int_equal(state_of().generation, 1);
        /* busy: offered again, later */
        assert_int_equal(lf_link_set_generation(a_link, generation(3, 1)), 0);
        g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        answer(g.sequence, -EBUSY, "four are held");
        expect_nothing();
        g = expect(LF_HANDOVER_GENERATION);
        close(g.first_fd);
        answer(g.sequence, 0, "");
        turn(20);
        assert_int_equal(state_of().generation, 3);
        assert_int_equal(wipes, 1);
        assert_int_equal(state_of().errors, 3);
}

static void refused_options(void **state)
{
        listen_again();
        let_in();
        say_hello(false, 0);
        answer(expect(LF_HANDOVER_OPTIONS).sequence, -EINVAL, "no such interface");
        turn(50);
        assert_false(state_of().connected);
        assert_non_null(strstr(state_of().error, "no such interface"));
        hang_up(false);
        let_in(); /* it comes again */
}

static void nonsense(void **state)
{
        listen_again();
        let_in();
        assert_int_equal(send(peer, "hello", 5, 0), 5);
        turn(50);
        assert_false(state_of().connected);
        assert_non_null(strstr(state_of().error, "another version"));
        hang_up(false);
        let_in();
        retire(1); /* before hello */
        turn(50);
        hang_up(false);
        let_in();
        say_hello(true, 0);
        answer(12345, 0, ""); /* of nothing that was sent */
        turn(50);
        assert_true(state_of().connected);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
        const struct CMUnitTest tests[] = {
            TEST(nobody_there),
            TEST(options_once),
            TEST(everything_after_a_restart),
            TEST(wiped_when_let_go),
            TEST(a_policy_overtakes_a_gallery),
            TEST(a_part_is_refused),
            TEST(wiped_when_the_news_was_lost),
            TEST(an_unsent_one_is_replaced),
            TEST(refusals),
            TEST(refused_options),
            TEST(nonsense),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
