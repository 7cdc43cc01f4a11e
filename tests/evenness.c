/* landfall-evenness: can somebody who watches the wire tell a hit from a miss? Not installed.
 *
 *   landfall-evenness --lane BUNDLE --agreement N --purpose N --clear NAME --candidate NAME [--count N]
 * [--seed N]
 *
 * Asks about two people in random order and listens on the loopback interface as an eavesdropper would: sees
 * size and time of each answer, by the query id that stands in clear in the header. Prints the area under the
 * ROC curve (AUC) of a classifier on each; 0.5 is chance. Exit status 1 when sizes differ, an answer was not
 * what it should be, or the AUC passes 0.52. Needs CAP_NET_RAW. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "matcher/person_write.h"
#include "tools/generate/random.h"
#include "tools/lane/landfall_lane.h"

#define AUC_LIMIT 0.52

/* What the eavesdropper saw of one query. */
struct seen {
        uint8_t id[16];
        uint64_t asked_ns, answered_ns;
        uint32_t size;
        int class; /* known to the lane, not to the eavesdropper: 0 clear, 1 candidate, -1 not answered as
                      expected */
};

static struct seen *seen;
static uint32_t *slot; /* hash table over ids: index + 1 */
static uint32_t slots;
static atomic_uint queries;
static atomic_bool stop;

static uint32_t place(const uint8_t id[16])
{
        uint32_t h;
        memcpy(&h, id, sizeof h);
        return h & (slots - 1);
}

/* The listener alone writes the table while it runs. */
static struct seen *find(const uint8_t id[16], bool add)
{
        uint32_t i = place(id);
        for (; slot[i]; i = (i + 1) & (slots - 1))
                if (memcmp(seen[slot[i] - 1].id, id, 16) == 0)
                        return &seen[slot[i] - 1];
        if (!add || 2 * atomic_load(&queries) >= slots)
                return NULL;
        uint32_t n = atomic_fetch_add(&queries, 1);
        memcpy(seen[n].id, id, 16);
        seen[n].class = -1;
        slot[i] = n + 1;
        return &seen[n];
}

static void take(const uint8_t *frame, size_t size, uint64_t ns)
{
        struct lsp_header h;
        const struct iphdr *ip = (const struct iphdr *)frame;
        if (size < sizeof *ip || ip->version != 4 || ip->protocol != IPPROTO_UDP)
                return;
        size_t skip = ip->ihl * 4u + sizeof(struct udphdr);
        if (size < skip + sizeof h)
                return;
        memcpy(&h, frame + skip, sizeof h);
        if (h.version != LSP_VERSION)
                return;
        struct seen *s = find(h.query_id, h.type == LSP_QUERY);
        if (!s)
                return;
        if (h.type == LSP_QUERY && !s->asked_ns)
                s->asked_ns = ns;
        if (h.type == LSP_ANSWER && !s->answered_ns) {
                s->answered_ns = ns;
                s->size = (uint32_t)(size - skip);
        }
}

/* The kernel's time stamp of the frame: what a tap would see. */
static uint64_t stamp_of(struct msghdr *m)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
                        struct timespec t;
                        memcpy(&t, CMSG_DATA(c), sizeof t);
                        return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
                }
        return 0;
}

static void *listen_on_wire(void *arg)
{
        int fd = *(int *)arg;
        uint8_t frame[2048], control[256];
        while (!atomic_load(&stop)) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                if (poll(&p, 1, 100) <= 0)
                        continue;
                for (;;) {
                        struct iovec v = {frame, sizeof frame};
                        struct msghdr m = {.msg_iov = &v,
                                           .msg_iovlen = 1,
                                           .msg_control = control,
                                           .msg_controllen = sizeof control};
                        ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
                        if (n < 0)
                                break;
                        take(frame, (size_t)n, stamp_of(&m));
                }
        }
        return NULL;
}

/* Where the machine is busy, the listener may not run for long: the frames of all queries have room, two
 * each, by what the kernel takes for one of ours at most. It doubles what is asked for. */
#define FRAME_ROOM 2560
static int open_wire(unsigned count)
{
        int64_t all = (int64_t)count * FRAME_ROOM;
        int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)), one = 1,
            room = all < INT_MAX / 2 ? (int)all : INT_MAX / 2;
        struct sockaddr_ll lo = {.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETH_P_IP),
                                 .sll_ifindex = (int)if_nametoindex("lo")};
        if (fd < 0 || bind(fd, (struct sockaddr *)&lo, sizeof lo) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) < 0 ||
            /* loopback shows each frame twice */
            setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
                return -errno;
        return fd;
}

struct truth {
        uint8_t id[16];
        int class;
};

static int compose(struct lf_lane_query *q, unsigned agreement, unsigned purpose, const char *name)
{
        uint8_t record[512];
        uint16_t a = (uint16_t)agreement;
        size_t size = 0;
        int r = lf_person_put(record, sizeof record, &size, LF_PERSON_NAME, name, strlen(name));
        if (r == 0)
                r = lf_lane_query_agreements(q, &a, 1);
        if (r == 0)
                r = lf_lane_query_u16(q, LSP_TLV_PURPOSE, (uint16_t)purpose);
        return r == 0 ? lf_lane_query_put(q, LSP_TLV_PERSON, record, size) : r;
}

/* Keeps a window of queries under way until `count` are through. Returns how many were not as expected. */
static unsigned ask(struct lf_lane *lane, struct lf_lane_query *const q[2], struct truth *truth,
                    unsigned count, struct lf_random *random)
{
        unsigned sent = 0, done = 0, wrong = 0;
        while (done < count) {
                while (sent < count && sent - done < 64) {
                        int class = (int)lf_random_below(random, 2);
                        truth[sent].class = class;
                        if (lf_lane_submit(lane, q[class], &truth[sent], truth[sent].id) < 0)
                                break;
                        sent++;
                }
                struct pollfd p = {.fd = lf_lane_fd(lane), .events = POLLIN};
                poll(&p, 1, lf_lane_timeout_ms(lane));
                lf_lane_process(lane);
                struct lf_lane_result r;
                while (lf_lane_collect(lane, &r) == 0) {
                        struct truth *t = r.user;
                        done++;
                        if (r.error || r.answer.verdict != (t->class ? LSP_CANDIDATE : LSP_CLEAR)) {
                                t->class = -1;
                                wrong++;
                        }
                }
        }
        return wrong;
}

struct sample {
        uint64_t value;
        int class;
};

static int by_value(const void *a, const void *b)
{
        uint64_t x = ((const struct sample *)a)->value, y = ((const struct sample *)b)->value;
        return (x > y) - (x < y);
}

/* The chance that a random candidate's value is above a random clear's, ties counting half. */
static double auc(struct sample *s, unsigned n)
{
        double ranks = 0, positives = 0, negatives = 0;
        qsort(s, n, sizeof *s, by_value);
        for (unsigned i = 0, j; i < n; i = j) {
                for (j = i; j < n && s[j].value == s[i].value; j++)
                        ;
                for (unsigned k = i; k < j; k++) {
                        if (s[k].class)
                                ranks += (i + 1 + j) / 2.0;
                        positives += s[k].class;
                        negatives += !s[k].class;
                }
        }
        if (positives == 0 || negatives == 0)
                return 0;
        double a = (ranks - positives * (positives + 1) / 2) / (positives * negatives);
        return a < 0.5 ? 1 - a : a;
}

static int judge(const struct truth *truth, unsigned count, unsigned wrong)
{
        struct sample *time = calloc(count, sizeof *time), *size = calloc(count, sizeof *size);
        unsigned n = 0, sizes = 0;
        uint32_t first = 0;
        if (!time || !size)
                return 1;
        for (unsigned i = 0; i < count; i++) {
                struct seen *s = find(truth[i].id, false);
                if (!s || !s->asked_ns || !s->answered_ns || truth[i].class < 0)
                        continue;
                first = first ? first : s->size;
                sizes += s->size != first;
                time[n] = (struct sample){s->answered_ns - s->asked_ns, truth[i].class};
                size[n++] = (struct sample){s->size, truth[i].class};
        }
        double on_time = auc(time, n), on_size = auc(size, n);
        printf("%u answers seen, %u not as expected; AUC on time %.4f, on size %.4f; other sizes: %u\n", n,
               wrong, on_time, on_size, sizes);
        printf("time to answer: least %.3f ms, median %.3f ms, most %.3f ms\n", n ? time[0].value / 1e6 : 0,
               n ? time[n / 2].value / 1e6 : 0, n ? time[n - 1].value / 1e6 : 0);
        free(time);
        free(size);
        return wrong || sizes || n < count * 99ull / 100 || on_time > AUC_LIMIT || on_size > AUC_LIMIT ||
               n == 0;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
            {"lane", 1, 0, 'l'},      {"agreement", 1, 0, 'a'}, {"purpose", 1, 0, 'p'}, {"clear", 1, 0, 'c'},
            {"candidate", 1, 0, 'd'}, {"count", 1, 0, 'n'},     {"seed", 1, 0, 's'},    {0}};
        const char *bundle = NULL, *name[2] = {NULL, NULL};
        unsigned agreement = 2, purpose = LSP_PURPOSE_SANCTIONS, count = 100000;
        uint64_t seed = (uint64_t)time(NULL);
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                switch (c) {
                case 'l':
                        bundle = optarg;
                        break;
                case 'a':
                        agreement = (unsigned)atoi(optarg);
                        break;
                case 'p':
                        purpose = (unsigned)atoi(optarg);
                        break;
                case 'c':
                        name[0] = optarg;
                        break;
                case 'd':
                        name[1] = optarg;
                        break;
                case 'n':
                        count = (unsigned)atoi(optarg);
                        break;
                case 's':
                        seed = strtoull(optarg, NULL, 0);
                        break;
                default:
                        return 2;
                }
        }
        if (!bundle || !name[0] || !name[1] || count == 0)
                return 2;
        printf("seed %lu\n", (unsigned long)seed);
        struct lf_random random = lf_random_seed(seed);
        struct truth *truth = calloc(count, sizeof *truth);
        for (slots = 1024; slots < 4 * count; slots *= 2)
                ;
        slot = calloc(slots, sizeof *slot);
        seen = calloc(slots, sizeof *seen);
        int wire = open_wire(count);
        if (!truth || !slot || !seen || wire < 0) {
                fprintf(stderr, "landfall-evenness: cannot listen on lo: %s\n",
                        strerror(wire < 0 ? -wire : ENOMEM));
                return 1;
        }
        struct lf_lane *lane;
        struct lf_lane_query *q[2];
        int r = lf_lane_open(&(struct lf_lane_options){.bundle = bundle}, &lane);
        for (int i = 0; r == 0 && i < 2; i++) {
                r = lf_lane_query_create(&q[i]);
                if (r == 0)
                        r = compose(q[i], agreement, purpose, name[i]);
        }
        if (r < 0) {
                fprintf(stderr, "landfall-evenness: %s\n", strerror(-r));
                return 1;
        }
        pthread_t listener;
        if (pthread_create(&listener, NULL, listen_on_wire, &wire) != 0)
                return 1;
        unsigned wrong = ask(lane, q, truth, count, &random);
        usleep(200000);
        atomic_store(&stop, true);
        pthread_join(listener, NULL);
        r = judge(truth, count, wrong);
        lf_lane_query_destroy(q[0]);
        lf_lane_query_destroy(q[1]);
        lf_lane_close(lane);
        free(truth);
        free(slot);
        free(seen);
        close(wire);
        return r;
}
