/* One lane's key exchange: who is it, what does it ask, may it, here is your cookie. */
#include "control/ke/ke_internal.h"

#include "dataplane/lsp_cert.h"
#include "dataplane/lsp_seal.h"

#include <errno.h>
#include <event2/buffer.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

static uint64_t now_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void close_silently(struct lf_ke_connection *c)
{
        c->server->stats.closed++;
        lf_ke_connection_free(c);
}

/* After the handshake: protocol, certificate and the lane that it names. */
static int identify(struct lf_ke_connection *c)
{
        SSL *ssl = bufferevent_openssl_get_ssl(c->bev);
        const unsigned char *alpn;
        unsigned n;
        SSL_get0_alpn_selected(ssl, &alpn, &n);
        if (n != sizeof LSP_KE_ALPN - 1 || memcmp(alpn, LSP_KE_ALPN, n) != 0)
                return -EPROTO;
        X509 *certificate = SSL_get0_peer_certificate(ssl);
        if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK || SSL_session_reused(ssl))
                return -EACCES;
        unsigned size = sizeof c->certificate;
        if (X509_digest(certificate, EVP_sha256(), c->certificate, &size) != 1)
                return -EIO;
        int r = lsp_cert_lane(certificate, &c->lane);
        c->proven = r == 0;
        return r;
}

int lf_ke_request_check(const void *bytes, size_t size)
{
        struct lsp_ke_request q;
        if (size != sizeof q)
                return -EBADMSG;
        memcpy(&q, bytes, sizeof q);
        if (q.magic != LSP_KE_MAGIC)
                return -EBADMSG;
        return q.version == LSP_VERSION && q.aead == LSP_AEAD_AES_256_GCM ? LSP_KE_OK : LSP_KE_VERSION;
}

static int make_cookie(struct lf_ke_connection *c, const struct lf_ke_grant *grant, uint8_t *ret_cookie)
{
        const struct lf_ke_options *o = &c->server->options;
        struct lsp_cookie cookie;
        struct lsp_cookie_plain plain = {
            .session = grant->session,
            .lane = c->lane,
            .slot = grant->slot,
            .slot_turn = grant->slot_turn,
            .expiry = grant->expiry,
        };
        int r = lsp_export_key(bufferevent_openssl_get_ssl(c->bev), o->appliance, plain.key);
        if (r == 0)
                r = lf_cookie_seal(o->keys, &plain, &cookie);
        if (r == 0)
                memcpy(ret_cookie, &cookie, sizeof cookie);
        OPENSSL_cleanse(&plain, sizeof plain);
        return r;
}

static int make_reply(struct lf_ke_connection *c, enum lsp_ke_status status, struct lsp_ke_reply *ret)
{
        const struct lf_ke_options *o = &c->server->options;
        struct lf_ke_grant grant = {0};
        if (status == LSP_KE_OK)
                status = o->admit(o->arg, c->lane, c->certificate, &grant);
        struct lsp_ke_reply r = {
            .magic = LSP_KE_MAGIC,
            .version = LSP_VERSION,
            .aead = LSP_AEAD_AES_256_GCM,
            .status = status,
        };
        if (status == LSP_KE_OK) {
                r.lane = c->lane;
                memcpy(r.appliance, o->appliance, sizeof r.appliance);
                memcpy(r.boot, grant.boot, sizeof r.boot);
                r.session = grant.session;
                r.expiry = grant.expiry;
                r.time = now_us();
                r.port = grant.port;
                r.address_family = grant.address_family;
                memcpy(r.address, grant.address, sizeof r.address);
                int error = make_cookie(c, &grant, r.cookie);
                if (error < 0)
                        return error;
        }
        *ret = r;
        return 0;
}

static void on_read(struct bufferevent *bev, void *arg)
{
        struct lf_ke_connection *c = arg;
        struct evbuffer *in = bufferevent_get_input(bev);
        uint8_t bytes[sizeof(struct lsp_ke_request)];
        struct lsp_ke_reply reply;
        size_t size = evbuffer_get_length(in);
        if (c->answered) {
                evbuffer_drain(in, size);
                return;
        }
        if (size < sizeof bytes)
                return;
        if (!c->proven || size > sizeof bytes || evbuffer_remove(in, bytes, sizeof bytes) != sizeof bytes) {
                close_silently(c);
                return;
        }
        int status = lf_ke_request_check(bytes, sizeof bytes);
        if (status < 0 || make_reply(c, (enum lsp_ke_status)status, &reply) < 0 ||
            bufferevent_write(bev, &reply, sizeof reply) < 0) {
                close_silently(c);
                return;
        }
        c->answered = true;
        if (reply.status == LSP_KE_OK)
                c->server->stats.granted++;
        else
                c->server->stats.refused++;
}

/* The output buffer has gone to the socket: say goodbye. */
static void on_written(struct bufferevent *bev, void *arg)
{
        struct lf_ke_connection *c = arg;
        if (!c->answered)
                return;
        SSL_shutdown(bufferevent_openssl_get_ssl(bev));
        ERR_clear_error();
        lf_ke_connection_free(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
        struct lf_ke_connection *c = arg;
        if (what & BEV_EVENT_CONNECTED) {
                if (identify(c) < 0)
                        close_silently(c);
                return;
        }
        ERR_clear_error();
        if (c->answered)
                lf_ke_connection_free(c);
        else
                close_silently(c);
}

void lf_ke_conversation_begin(struct lf_ke_connection *c)
{
        bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
        bufferevent_setwatermark(c->bev, EV_READ, 0, 256);
        bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
