/* The server: accepting, bounding and closing connections. What is said on one is in conversation.c. */
#include "control/ke/ke.h"

#include "control/ke/ke_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lf_ke_connection_free(struct lf_ke_connection *c)
{
        struct lf_ke_server *s = c->server;
        TAILQ_REMOVE(&s->connections, c, link);
        s->n--;
        event_free(c->timer);
        bufferevent_free(c->bev);
        free(c);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
        struct lf_ke_connection *c = arg;
        c->server->stats.timeouts++;
        lf_ke_connection_free(c);
}

/* Room for one more: a peer that has not shown a certificate gives way to a newer one. */
static bool make_room(struct lf_ke_server *s)
{
        if (s->n < LF_KE_CONNECTIONS)
                return true;
        struct lf_ke_connection *c;
        TAILQ_FOREACH(c, &s->connections, link)
        {
                if (c->proven)
                        continue;
                s->stats.displaced++;
                lf_ke_connection_free(c);
                return true;
        }
        return false;
}

static struct lf_ke_connection *connection_new(struct lf_ke_server *s, evutil_socket_t fd)
{
        struct lf_ke_connection *c = calloc(1, sizeof *c);
        SSL *ssl = c ? SSL_new(s->tls) : NULL;
        if (!ssl) {
                free(c);
                close(fd);
                return NULL;
        }
        c->server = s;
        c->bev = bufferevent_openssl_socket_new(s->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                BEV_OPT_CLOSE_ON_FREE);
        if (!c->bev) {
                SSL_free(ssl);
                free(c);
                close(fd);
                return NULL;
        }
        c->timer = evtimer_new(s->base, on_timeout, c);
        if (!c->timer) {
                bufferevent_free(c->bev);
                free(c);
                return NULL;
        }
        return c;
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer, int size,
                      void *arg)
{
        struct lf_ke_server *s = arg;
        const struct timeval limit = {.tv_sec = LF_KE_TIMEOUT_S};
        s->stats.connections++;
        if (!make_room(s)) {
                s->stats.displaced++;
                close(fd);
                return;
        }
        struct lf_ke_connection *c = connection_new(s, fd);
        if (!c)
                return;
        TAILQ_INSERT_TAIL(&s->connections, c, link);
        s->n++;
        evtimer_add(c->timer, &limit);
        lf_ke_conversation_begin(c);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
                       unsigned inlen, void *arg)
{
        static const unsigned char ours[] = "\x08" LSP_KE_ALPN;
        _Static_assert(sizeof LSP_KE_ALPN - 1 == 8, "ALPN length byte");
        unsigned char *selected = NULL;
        if (SSL_select_next_proto(&selected, outlen, ours, sizeof ours - 1, in, inlen) !=
            OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_ALERT_FATAL;
        *out = selected;
        return SSL_TLSEXT_ERR_OK;
}

static int make_tls(const struct lf_ke_options *o, SSL_CTX **ret)
{
        SSL_CTX *t = SSL_CTX_new(TLS_server_method());
        if (!t)
                return -ENOMEM;
        if (SSL_CTX_set_min_proto_version(t, TLS1_3_VERSION) != 1 ||
            SSL_CTX_use_certificate_file(t, o->certificate, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_use_PrivateKey_file(t, o->key, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(t) != 1 || SSL_CTX_load_verify_locations(t, o->ca, NULL) != 1 ||
            SSL_CTX_set_num_tickets(t, 0) != 1) {
                SSL_CTX_free(t);
                ERR_clear_error();
                return -EKEYREJECTED;
        }
        SSL_CTX_set_options(t, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(t, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_max_early_data(t, 0);
        SSL_CTX_set_verify(t, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_set_verify_depth(t, 0); /* the authority signs lanes itself */
        SSL_CTX_set_max_cert_list(t, 8192);
        SSL_CTX_set_alpn_select_cb(t, choose_alpn, NULL);
        *ret = t;
        return 0;
}

static int listen_address(const struct lf_ke_options *o, struct sockaddr_storage *ret, int *ret_size)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
        memset(ret, 0, sizeof *ret);
        if (inet_pton(AF_INET, o->address, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons(o->port);
                *ret_size = sizeof *v4;
                return 0;
        }
        if (inet_pton(AF_INET6, o->address, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons(o->port);
                *ret_size = sizeof *v6;
                return 0;
        }
        return -EINVAL;
}

int lf_ke_server_create(struct event_base *base, const struct lf_ke_options *o, struct lf_ke_server **ret)
{
        struct sockaddr_storage address;
        int size = 0;
        int r = listen_address(o, &address, &size);
        if (r < 0)
                return r;
        struct lf_ke_server *s = calloc(1, sizeof *s);
        if (!s)
                return -ENOMEM;
        TAILQ_INIT(&s->connections);
        s->base = base;
        s->options = *o;
        r = make_tls(o, &s->tls);
        if (r == 0) {
                errno = 0;
                s->listener = evconnlistener_new_bind(
                    base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                    128, (struct sockaddr *)&address, size);
                if (!s->listener)
                        r = errno ? -errno : -ENOMEM;
        }
        if (r < 0)
                lf_ke_server_destroy(s);
        else
                *ret = s;
        return r;
}

void lf_ke_server_destroy(struct lf_ke_server *s)
{
        if (!s)
                return;
        while (!TAILQ_EMPTY(&s->connections))
                lf_ke_connection_free(TAILQ_FIRST(&s->connections));
        if (s->listener)
                evconnlistener_free(s->listener);
        SSL_CTX_free(s->tls);
        free(s);
}

uint16_t lf_ke_server_port(const struct lf_ke_server *s)
{
        struct sockaddr_storage a = {0};
        socklen_t n = sizeof a;
        if (getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&a, &n) < 0)
                return 0;
        return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                             : ((struct sockaddr_in *)&a)->sin_port);
}

struct lf_ke_stats lf_ke_server_stats(const struct lf_ke_server *s)
{
        return s->stats;
}
