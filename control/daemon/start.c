/* From a configuration to a running control, and back. */
#include "control/daemon/daemon.h"

#include "base/log.h"
#include "control/audit/vault.h"
#include "control/file/file.h"
#include "matcher/engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int complain(int r, const char *what, const char *which, const char *cure)
{
        if (r < 0)
                lf_log_error("%s %s: %s; %s", what, which, strerror(-r), cure);
        return r;
}

static int site_file(struct lf_control *c, const char *file, char *ret)
{
        return lf_site_path(c->site, file, ret, PATH_MAX);
}

static int open_site(struct lf_control *c)
{
        const char *cure = "run landfall site init, or mend what it names";
        int r = lf_site_open(c->config->site, &c->site);
        if (r == 0)
                r = lf_site_secret(c->site, LF_SITE_WAL_KEY, c->wal_key);
        char path[PATH_MAX];
        if (r == 0)
                r = site_file(c, LF_CONTROL_DIR, path);
        if (r == 0)
                r = lf_make_directories(path, 0700);
        return complain(r, "site", c->config->site, cure);
}

static int open_state(struct lf_control *c)
{
        char path[PATH_MAX], slots[PATH_MAX];
        int r = site_file(c, LF_CONTROL_DIR "/control", path);
        if (r == 0)
                r = complain(
                    lf_state_open(path, &c->state), "state", path,
                    "if it is damaged, restore it from a backup: rulesets and legal time must not go back");
        if (r == 0)
                r = site_file(c, LF_CONTROL_DIR "/slots", slots);
        if (r == 0)
                r = complain(
                    lf_slots_create(slots, c->config->sessions, (uint64_t)time(NULL) * 1000000, &c->slots),
                    "replay slots", slots, "delete the file: the clock then takes its place");
        if (r == 0)
                r = complain(lf_cookie_keys_create(lf_control_legal_now(c), &c->keys), "cookie", "keys",
                             "raise the limit of locked memory (ulimit -l)");
        if (r == 0)
                c->keys_rotated = lf_control_legal_now(c);
        return r;
}

static int start_audit(struct lf_control *c)
{
        char signer[PATH_MAX], share_a[PATH_MAX], share_b[PATH_MAX];
        struct lf_audit_log_options o = {.directory = c->config->audit.directory};
        for (unsigned i = 0; i < c->config->audit.wals; i++)
                o.wal[i] = c->config->audit.wal[i];
        memcpy(o.wal_key, c->wal_key, sizeof o.wal_key);
        int r = site_file(c, LF_SITE_SIGNER, signer);
        if (r == 0)
                r = site_file(c, LF_SITE_SHARE_A, share_a);
        if (r == 0)
                r = site_file(c, LF_SITE_SHARE_B, share_b);
        if (r == 0)
                r = lf_note_signer_read(signer, &o.signer);
        if (r == 0)
                r = lf_vault_key_read(share_a, share_b, o.vault_key);
        if (r == 0)
                r = lf_audit_worker_create(c->config->run, &o, &c->audit);
        OPENSSL_cleanse(&o, sizeof o);
        return complain(r, "the audit log's keys in", c->config->site, "restore them from a backup");
}

static int start_replica(struct lf_control *c)
{
        char key[PATH_MAX];
        int r = lf_engines_init(); /* galleries are built with the engines' tables */
        if (r == 0)
                r = site_file(c, LF_SITE_ROOT_KEY, key);
        struct lf_replica_worker_options o = {.base = c->base,
                                              .appliance_key = key,
                                              .on_changed = lf_control_on_changed,
                                              .on_built = lf_control_on_built,
                                              .arg = c};
        if (r == 0)
                r = lf_replica_worker_create(&o, &c->replica);
        return complain(r, "replica", "thread", "free some memory");
}

static int start_link(struct lf_control *c)
{
        struct lf_link_options o = {.run_dir = c->config->run,
                                    .dataplane_uid = c->dataplane_uid,
                                    .fill_options = lf_control_fill_options,
                                    .fill_keys = lf_control_fill_keys,
                                    .on_hello = lf_control_on_hello,
                                    .on_done = lf_control_on_done,
                                    .arg = c};
        return complain(lf_link_create(c->base, &o, &c->link), "run directory", c->config->run,
                        "choose a shorter path");
}

static int start_key_exchange(struct lf_control *c)
{
        char certificate[PATH_MAX], key[PATH_MAX], ca[PATH_MAX], where[64], address[INET6_ADDRSTRLEN];
        const struct lf_address *a = &c->config->key_exchange;
        int r = site_file(c, LF_SITE_SERVER, certificate);
        if (r == 0)
                r = site_file(c, LF_SITE_SERVER_KEY, key);
        if (r == 0)
                r = site_file(c, LF_SITE_CA, ca);
        if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)a->ip))
                inet_ntop(AF_INET, a->ip + 12, address, sizeof address);
        else
                inet_ntop(AF_INET6, a->ip, address, sizeof address);
        struct lf_ke_options o = {.address = address,
                                  .port = a->port,
                                  .certificate = certificate,
                                  .key = key,
                                  .ca = ca,
                                  .keys = c->keys,
                                  .admit = lf_control_admit,
                                  .arg = c};
        memcpy(o.appliance, lf_site_appliance(c->site), sizeof o.appliance);
        if (r == 0)
                r = lf_ke_server_create(c->base, &o, &c->ke);
        lf_address_format(a, where, sizeof where);
        return complain(r, "key exchange on", where, "free the address, or set key_exchange to another");
}

int lf_control_start(struct lf_control *c)
{
        static int (*const steps[])(struct lf_control *) = {
            lf_control_unprivileged, open_site,     open_state,    start_audit, start_replica, start_link,
            start_key_exchange,      lf_http_start, lf_admin_start};
        for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
                int r = steps[i](c);
                if (r < 0)
                        return r;
        }
        c->started = (uint64_t)time(NULL);
        stat(c->config_path, &c->config_stat);
        lf_control_look_at_lanes(c);
        lf_control_datasets(c);
        lf_control_policy(c);
        return 0;
}

void lf_control_stop(struct lf_control *c)
{
        lf_admin_stop(c);
        lf_http_stop(c);
        lf_ke_server_destroy(c->ke);
        lf_replica_worker_destroy(c->replica);
        lf_audit_worker_destroy(c->audit); /* takes in what is durable by now */
        lf_link_destroy(c->link);
        lf_generation_wipe_destroy(c->unsent);
        lf_slots_destroy(c->slots);
        lf_cookie_keys_destroy(c->keys);
        lf_state_close(c->state);
        lf_site_close(c->site);
        lf_counters_unmap(c->counters);
        free(c->limits);
        OPENSSL_cleanse(c->wal_key, sizeof c->wal_key);
}
