#include "tools/lane/exchange.h"

#include "dataplane/lsp_cert.h"
#include "dataplane/lsp_seal.h"
#include "tools/lane/connect.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_tls(const struct lf_bundle *b, SSL_CTX **ret)
{
        if (access(b->ca, R_OK) < 0 || access(b->certificate, R_OK) < 0 || access(b->key, R_OK) < 0)
                return -errno;
        SSL_CTX *t = SSL_CTX_new(TLS_client_method());
        if (!t)
                return -ENOMEM;
        static const uint8_t alpn[] = "\x08" LSP_KE_ALPN;
        if (SSL_CTX_set_min_proto_version(t, TLS1_3_VERSION) != 1 ||
            SSL_CTX_load_verify_locations(t, b->ca, NULL) != 1 ||
            SSL_CTX_use_certificate_file(t, b->certificate, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_use_PrivateKey_file(t, b->key, SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(t) != 1 || SSL_CTX_set_alpn_protos(t, alpn, sizeof alpn - 1) != 0) {
                SSL_CTX_free(t);
                ERR_clear_error();
                return -EBADMSG;
        }
        SSL_CTX_set_verify(t, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_verify_depth(t, 0);
        *ret = t;
        return 0;
}

/* One OpenSSL call that may want to wait; repeats until it is done or the time is up. */
static int drive(SSL *ssl, uint64_t deadline, int (*step)(SSL *, void *, int), void *data, int size)
{
        for (;;) {
                ERR_clear_error();
                int n = step(ssl, data, size);
                if (n > 0)
                        return n;
                int why = SSL_get_error(ssl, n);
                if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
                        return -EPROTO;
                int r = lf_connect_wait(SSL_get_fd(ssl), why == SSL_ERROR_WANT_WRITE, deadline);
                if (r < 0)
                        return r;
        }
}

static int step_connect(SSL *ssl, void *data, int size)
{
        return SSL_connect(ssl);
}

static int step_write(SSL *ssl, void *data, int size)
{
        return SSL_write(ssl, data, size);
}

static int step_read(SSL *ssl, void *data, int size)
{
        return SSL_read(ssl, data, size);
}

/* The handshake has proved that it is the site's; is it this lane's appliance? */
static int check_peer(SSL *ssl, const struct lf_bundle *b)
{
        const unsigned char *alpn;
        unsigned n;
        uint8_t appliance[16];
        SSL_get0_alpn_selected(ssl, &alpn, &n);
        X509 *certificate = SSL_get0_peer_certificate(ssl);
        if (n != sizeof LSP_KE_ALPN - 1 || memcmp(alpn, LSP_KE_ALPN, n) != 0 || !certificate ||
            lsp_cert_appliance(certificate, appliance) < 0 ||
            CRYPTO_memcmp(appliance, b->appliance, sizeof appliance) != 0)
                return -EPROTO;
        return 0;
}

int lf_exchange_reply_check(const void *bytes, size_t size, struct lsp_ke_reply *ret)
{
        struct lsp_ke_reply r;
        if (size != sizeof r)
                return -EPROTO;
        memcpy(&r, bytes, sizeof r);
        if (r.magic != LSP_KE_MAGIC)
                return -EPROTO;
        switch (r.status) {
        case LSP_KE_OK:
                break;
        case LSP_KE_VERSION:
                return -ENOTSUP;
        case LSP_KE_REVOKED:
                return -EKEYREJECTED;
        case LSP_KE_FULL:
                return -EUSERS;
        case LSP_KE_NOT_READY:
                return -EAGAIN;
        default:
                return -EPROTO;
        }
        if (r.version != LSP_VERSION || r.aead != LSP_AEAD_AES_256_GCM)
                return -ENOTSUP;
        if (r.port == 0 || (r.address_family != 0 && r.address_family != 4 && r.address_family != 6))
                return -EPROTO;
        *ret = r;
        return 0;
}

/* Where the dataplane answers: control's own address with another port, unless the reply names one. */
static int dataplane_address(int fd, const struct lsp_ke_reply *r, struct lf_exchange *e)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)&e->dataplane;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e->dataplane;
        e->dataplane_size = sizeof e->dataplane;
        if (getpeername(fd, (struct sockaddr *)&e->dataplane, &e->dataplane_size) < 0)
                return -errno;
        if (r->address_family == 4) {
                *v4 = (struct sockaddr_in){.sin_family = AF_INET};
                memcpy(&v4->sin_addr, r->address, 4);
                e->dataplane_size = sizeof *v4;
        } else if (r->address_family == 6) {
                uint32_t scope = e->dataplane.ss_family == AF_INET6 ? v6->sin6_scope_id : 0;
                *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_scope_id = scope};
                memcpy(&v6->sin6_addr, r->address, 16);
                e->dataplane_size = sizeof *v6;
        }
        if (e->dataplane.ss_family == AF_INET6)
                v6->sin6_port = htons(r->port);
        else
                v4->sin_port = htons(r->port);
        return 0;
}

static int take_reply(SSL *ssl, const struct lf_bundle *b, const struct lsp_ke_reply *r,
                      struct lf_exchange *e)
{
        if (r->lane != b->lane || memcmp(r->appliance, b->appliance, 16) != 0)
                return -EPROTO;
        e->lane = r->lane;
        memcpy(e->appliance, r->appliance, sizeof e->appliance);
        memcpy(e->boot, r->boot, sizeof e->boot);
        e->session = r->session;
        e->expiry = r->expiry;
        e->time = r->time;
        memcpy(e->cookie, r->cookie, sizeof e->cookie);
        int error = dataplane_address(SSL_get_fd(ssl), r, e);
        return error ? error : lsp_export_key(ssl, e->appliance, e->exported);
}

static int converse(SSL *ssl, const struct lf_bundle *b, uint64_t time, uint64_t deadline,
                    struct lf_exchange *ret)
{
        struct lsp_ke_request request = {
            .magic = LSP_KE_MAGIC, .version = LSP_VERSION, .aead = LSP_AEAD_AES_256_GCM, .time = time};
        uint8_t bytes[sizeof(struct lsp_ke_reply)];
        struct lsp_ke_reply reply;
        int r = drive(ssl, deadline, step_connect, NULL, 0);
        if (r >= 0)
                r = check_peer(ssl, b);
        if (r >= 0)
                r = drive(ssl, deadline, step_write, &request, sizeof request);
        for (size_t got = 0; r >= 0 && got < sizeof bytes; got += (size_t)r) {
                r = drive(ssl, deadline, step_read, bytes + got, (int)(sizeof bytes - got));
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = lf_exchange_reply_check(bytes, sizeof bytes, &reply);
        if (r >= 0)
                r = take_reply(ssl, b, &reply, ret);
        if (r >= 0)
                SSL_shutdown(ssl);
        ERR_clear_error();
        return r;
}

int lf_exchange(const struct lf_bundle *b, uint64_t time, struct lf_exchange *ret)
{
        uint64_t deadline = lf_connect_now_ms() + LF_EXCHANGE_TIMEOUT_MS;
        SSL_CTX *tls = NULL;
        int fd = -1;
        int r = make_tls(b, &tls);
        if (r < 0)
                return r;
        r = lf_connect_tcp(b->address, b->port, deadline, &fd);
        SSL *ssl = r == 0 ? SSL_new(tls) : NULL;
        if (r == 0 && (!ssl || SSL_set_fd(ssl, fd) != 1))
                r = -ENOMEM;
        struct lf_exchange e = {0};
        if (r == 0)
                r = converse(ssl, b, time, deadline, &e);
        if (r == 0)
                *ret = e;
        OPENSSL_cleanse(&e, sizeof e);
        SSL_free(ssl);
        SSL_CTX_free(tls);
        if (fd >= 0)
                close(fd);
        return r;
}
