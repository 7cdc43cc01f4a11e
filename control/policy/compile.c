#include "control/policy/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct lf_site_lane *active_lane(const struct lf_policy_facts *f, const char *name)
{
        for (unsigned i = 0; i < f->lanes; i++)
                if (f->lane[i].active && f->lane[i].number < LF_LANES_MAX &&
                    strcmp(f->lane[i].name, name) == 0)
                        return &f->lane[i];
        return NULL;
}

static void compile_agreements(const struct lf_config *c, struct lf_policy *p)
{
        for (unsigned i = 0; i < c->agreements; i++) {
                const struct lf_config_agreement *a = &c->agreement[i];
                struct lf_policy_agreement *q = &p->agreement[a->number];
                q->active = 1;
                q->not_before = a->not_before;
                q->not_after = a->not_after;
                for (unsigned j = 0; j < a->rules; j++) {
                        const struct lf_config_rule *r = &a->rule[j];
                        q->rule[r->purpose] = (struct lf_policy_rule){.categories = r->categories,
                                                                      .roles = (uint16_t)r->roles,
                                                                      .needs = (uint8_t)r->needs,
                                                                      .subjects = (uint8_t)r->subjects,
                                                                      .encounters = (uint8_t)r->encounters};
                }
        }
}

static void compile_datasets(const struct lf_config *c, const struct lf_policy_facts *f, struct lf_policy *p)
{
        for (unsigned i = 0; i < c->datasets; i++) {
                const struct lf_config_dataset *d = &c->dataset[i];
                p->dataset[d->number] =
                    (struct lf_policy_dataset){.active = 1,
                                               .agreement = (uint8_t)d->agreement,
                                               .modality = (uint8_t)d->modality,
                                               .candidates = (uint8_t)d->candidates,
                                               .categories = d->categories,
                                               .threshold = (float)d->threshold,
                                               .fresh_s = (uint32_t)(d->freshness_us / 1000000),
                                               .synced = f->synced[d->number]};
                p->agreement[d->agreement].datasets |= 1ull << d->number;
        }
}

static void compile_lanes(const struct lf_config *c, const struct lf_policy_facts *f, struct lf_policy *p)
{
        for (unsigned i = 0; i < c->lanes; i++) {
                const struct lf_config_lane *l = &c->lane[i];
                const struct lf_site_lane *enrolled = active_lane(f, l->name);
                if (!enrolled)
                        continue;
                p->lane[enrolled->number] =
                    (struct lf_policy_lane){.active = 1,
                                            .priorities = (uint8_t)l->priorities,
                                            .roles = (uint16_t)l->roles,
                                            .agreements = l->agreements,
                                            .queries_per_second = l->queries_per_second,
                                            .query_burst = l->query_burst,
                                            .candidates_per_hour = l->candidates_per_hour};
        }
}

static void compile_people(const struct lf_config *c, const struct lf_policy_facts *f, struct lf_policy *p)
{
        for (unsigned i = 0; i < c->officers; i++) {
                const struct lf_config_officer *o = &c->officer[i];
                p->officer[o->number] =
                    (struct lf_policy_officer){.active = 1,
                                               .roles = (uint16_t)o->roles,
                                               .agreements = o->agreements,
                                               .candidates_per_hour = o->candidates_per_hour};
        }
        unsigned n = 0;
        for (unsigned i = 0; i < c->warrants; i++) {
                const struct lf_config_warrant *w = &c->warrant[i];
                const struct lf_site_lane *lane = w->lane[0] ? active_lane(f, w->lane) : NULL;
                if (w->lane[0] && !lane)
                        continue;
                struct lf_policy_warrant *q = &p->warrant[n++];
                *q = (struct lf_policy_warrant){.expiry = w->expiry,
                                                .lane = lane ? lane->number : UINT32_MAX,
                                                .uses = w->uses,
                                                .agreements = w->agreements,
                                                .purposes = w->purposes};
                memcpy(q->reference, w->reference, sizeof q->reference);
        }
}

void lf_policy_compile(const struct lf_config *config, const struct lf_policy_facts *facts,
                       struct lf_policy *ret)
{
        memset(ret, 0, sizeof *ret); /* padding too: the table is hashed and handed out */
        ret->magic = LF_POLICY_MAGIC;
        ret->abi = LF_POLICY_ABI;
        ret->size = sizeof *ret;
        ret->ruleset = facts->ruleset;
        ret->quantum_us = (uint32_t)config->answer_quantum_us;
        compile_agreements(config, ret);
        compile_datasets(config, facts, ret);
        compile_lanes(config, facts, ret);
        compile_people(config, facts, ret);
}

int lf_policy_digest(const struct lf_policy *policy, uint8_t ret[32])
{
        struct lf_policy *law = malloc(sizeof *law);
        if (!law)
                return -ENOMEM;
        *law = *policy;
        law->ruleset = 0;
        for (unsigned i = 0; i < LF_DATASETS_MAX; i++)
                law->dataset[i].synced = 0;
        int r = EVP_Digest(law, sizeof *law, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
        free(law);
        return r;
}

static int write_whole(int fd, const void *data, size_t size)
{
        for (size_t done = 0; done < size;) {
                ssize_t n = write(fd, (const char *)data + done, size - done);
                if (n < 0 && errno != EINTR)
                        return -errno;
                done += n > 0 ? (size_t)n : 0;
        }
        return 0;
}

int lf_policy_memfd(const struct lf_policy *policy, int *ret_fd)
{
        int fd = memfd_create("landfall-policy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        int r = write_whole(fd, policy, sizeof *policy);
        if (r == 0 &&
            fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                r = -errno;
        if (r < 0) {
                close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}
