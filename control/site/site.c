/* Opening a site and reading what is fixed in it. */
#include "control/site/site_internal.h"

#include "control/site/file.h"
#include "control/site/name.h"
#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_description(struct lf_site *s)
{
        char text[1024];
        int r = lf_site_file_read(s->dir, "site.json", text, sizeof text);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        const char *name = NULL, *appliance = NULL;
        int version = 0;
        r = json_unpack(j, "{s:i, s:s, s:s}", "version", &version, "name", &name, "appliance", &appliance) <
                        0 ||
                    version != 1 || !lf_name_good(name) || lsp_hex_read(appliance, s->appliance, 16) < 0
                ? -EBADMSG
                : 0;
        if (r == 0)
                snprintf(s->name, sizeof s->name, "%s", name);
        json_decref(j);
        return r;
}

/* Secrets that others can read are no secrets: better not to start. */
static int check_modes(struct lf_site *s)
{
        static const char *const secrets[] = {LF_SITE_SERVER_KEY, LF_SITE_ROOT_KEY, LF_SITE_WAL_KEY};
        struct stat st;
        if (fstat(s->dir, &st) < 0)
                return -errno;
        if (st.st_mode & 0077)
                return -EPERM;
        for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++) {
                if (fstatat(s->dir, secrets[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return -errno;
                if (st.st_mode & 0077)
                        return -EPERM;
        }
        return 0;
}

int lf_site_open(const char *dir, struct lf_site **ret)
{
        struct lf_site *s = calloc(1, sizeof *s);
        if (!s)
                return -ENOMEM;
        s->lanes = -1;
        s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = s->dir < 0 ? -errno : 0;
        if (r == 0)
                r = check_modes(s);
        if (r == 0)
                r = read_description(s);
        if (r == 0) {
                s->lanes = openat(s->dir, "lanes", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                s->path = strdup(dir);
                r = s->lanes < 0 ? -errno : s->path ? 0 : -ENOMEM;
        }
        if (r < 0)
                lf_site_close(s);
        else
                *ret = s;
        return r;
}

void lf_site_close(struct lf_site *s)
{
        if (!s)
                return;
        if (s->lanes >= 0)
                close(s->lanes);
        if (s->dir >= 0)
                close(s->dir);
        free(s->path);
        free(s);
}

const char *lf_site_name(const struct lf_site *s)
{
        return s->name;
}

const uint8_t *lf_site_appliance(const struct lf_site *s)
{
        return s->appliance;
}

int lf_site_path(const struct lf_site *s, const char *file, char *ret_path, size_t size)
{
        if (strlen(s->path) + 1 + strlen(file) >= size)
                return -ENAMETOOLONG;
        snprintf(ret_path, size, "%s/%s", s->path, file);
        return 0;
}

int lf_site_secret(const struct lf_site *s, const char *file, uint8_t ret_secret[32])
{
        char text[67];
        int r = lf_site_file_read(s->dir, file, text, sizeof text);
        if (r == 0) {
                text[strcspn(text, "\n")] = '\0';
                r = lsp_hex_read(text, ret_secret, 32) < 0 ? -EBADMSG : 0;
        } else if (r == -EFBIG) {
                r = -EBADMSG;
        }
        OPENSSL_cleanse(text, sizeof text);
        return r;
}
