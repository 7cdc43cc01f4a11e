/* HTTP on loopback: /metrics for Prometheus, /healthz for whoever restarts services. */
#include "control/daemon/daemon.h"
#include "control/daemon/metrics.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 8192
#define TIMEOUT_S   5

static void reply(struct evhttp_request *request, int code, const char *type, const char *text, size_t size)
{
        struct evbuffer *body = evbuffer_new();
        if (!body || evbuffer_add(body, text, size) < 0) {
                evhttp_send_error(request, 503, NULL);
        } else {
                struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
                evhttp_add_header(headers, "Content-Type", type);
                evhttp_add_header(headers, "Connection", "close");
                evhttp_send_reply(request, code, NULL, body);
        }
        if (body)
                evbuffer_free(body);
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
        struct lf_control *c = arg;
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        if (out) {
                lf_metrics_counters(out, c->counters);
                lf_metrics_control(out, c);
                if (fclose(out) != 0) {
                        free(text);
                        text = NULL;
                }
        }
        if (text)
                reply(request, 200, "text/plain; version=0.0.4; charset=utf-8", text, size);
        else
                evhttp_send_error(request, 503, NULL);
        free(text);
}

static void on_health(struct evhttp_request *request, void *arg)
{
        const struct lf_control *c = arg;
        struct lf_link_state link;
        lf_link_get_state(c->link, &link);
        const char *text = link.configured ? "ok\n" : "no landfalld\n";
        reply(request, link.configured ? 200 : 503, "text/plain; charset=utf-8", text, strlen(text));
}

static void on_other(struct evhttp_request *request, void *arg)
{
        evhttp_send_error(request, 404, NULL);
}

int lf_http_start(struct lf_control *c)
{
        char where[64], address[INET6_ADDRSTRLEN];
        const struct lf_address *a = &c->config->metrics;
        lf_address_format(a, where, sizeof where);
        if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->ip))
                inet_ntop(AF_INET, a->ip + 12, address, sizeof address);
        else
                inet_ntop(AF_INET6, a->ip, address, sizeof address);
        struct evhttp *http = evhttp_new(c->base);
        if (!http)
                return -ENOMEM;
        evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
        evhttp_set_max_headers_size(http, HEADERS_MAX);
        evhttp_set_max_body_size(http, 0);
        evhttp_set_timeout(http, TIMEOUT_S);
        evhttp_set_cb(http, "/metrics", on_metrics, c);
        evhttp_set_cb(http, "/healthz", on_health, c);
        evhttp_set_gencb(http, on_other, c);
        c->http = (struct lf_http *)http;
        if (evhttp_bind_socket(http, address, a->port) == 0)
                return 0;
        int r = errno ? -errno : -EADDRINUSE;
        lf_log_error("metrics on %s: %s; free the address, or set metrics to another", where, strerror(-r));
        return r;
}

void lf_http_stop(struct lf_control *c)
{
        if (c->http)
                evhttp_free((struct evhttp *)c->http);
        c->http = NULL;
}
