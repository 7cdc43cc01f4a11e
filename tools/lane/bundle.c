#include "tools/lane/bundle.h"

#include "dataplane/lsp_cert.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool put_text(char *out, size_t size, const char *value)
{
        return *value && (size_t)snprintf(out, size, "%s", value) < size;
}

/* A file's name is relative to the bundle. */
static bool put_path(char out[PATH_MAX], const char *directory, const char *value)
{
        int n = value[0] == '/' ? snprintf(out, PATH_MAX, "%s", value)
                                : snprintf(out, PATH_MAX, "%s/%s", directory, value);
        return *value && n < PATH_MAX;
}

static bool put_number(unsigned long max, unsigned long *out, const char *value)
{
        if (!*value || strlen(value) > 9 || strspn(value, "0123456789") != strlen(value))
                return false;
        *out = strtoul(value, NULL, 10);
        return *out >= 1 && *out <= max;
}

static bool put(struct lf_bundle *b, const char *directory, const char *key, const char *value)
{
        unsigned long n;
        if (strcmp(key, "lane") == 0)
                return put_number(UINT32_MAX, &n, value) && (b->lane = (uint32_t)n) > 0;
        if (strcmp(key, "name") == 0)
                return put_text(b->name, sizeof b->name, value);
        if (strcmp(key, "appliance") == 0)
                return lsp_hex_read(value, b->appliance, 16) == 0;
        if (strcmp(key, "address") == 0)
                return put_text(b->address, sizeof b->address, value);
        if (strcmp(key, "port") == 0)
                return put_number(65535, &n, value) && put_text(b->port, sizeof b->port, value);
        if (strcmp(key, "certificate") == 0)
                return put_path(b->certificate, directory, value);
        if (strcmp(key, "key") == 0)
                return put_path(b->key, directory, value);
        if (strcmp(key, "ca") == 0)
                return put_path(b->ca, directory, value);
        if (strcmp(key, "standby") == 0)
                return put_path(b->standby, directory, value);
        return false;
}

/* Without blanks at either end. */
static char *trim(char *s)
{
        s += strspn(s, " \t");
        size_t n = strlen(s);
        while (n > 0 && strchr(" \t\r\n", s[n - 1]))
                s[--n] = '\0';
        return s;
}

static bool take_line(struct lf_bundle *b, const char *directory, char *line)
{
        char *s = trim(line);
        if (*s == '\0' || *s == '#')
                return true;
        char *equals = strchr(s, '=');
        if (!equals)
                return false;
        *equals = '\0';
        return put(b, directory, trim(s), trim(equals + 1));
}

int lf_bundle_read(const char *directory, struct lf_bundle *ret, unsigned *ret_line)
{
        char path[PATH_MAX], line[PATH_MAX + 64];
        unsigned number = 0;
        bool good = true;
        if ((size_t)snprintf(path, sizeof path, "%s/lane.conf", directory) >= sizeof path)
                return -ENAMETOOLONG;
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        struct lf_bundle *b = calloc(1, sizeof *b);
        if (!b) {
                fclose(f);
                return -ENOMEM;
        }
        while (good && fgets(line, sizeof line, f)) {
                number++;
                good = take_line(b, directory, line);
        }
        int r = ferror(f) ? -EIO : good ? 0 : -EBADMSG;
        fclose(f);
        static const uint8_t none[16];
        if (r == 0 && (!b->lane || !b->address[0] || !b->port[0] || !b->certificate[0] || !b->key[0] ||
                       !b->ca[0] || memcmp(b->appliance, none, 16) == 0)) {
                r = -EBADMSG;
                number = 0;
        }
        if (r == 0)
                *ret = *b;
        else if (r == -EBADMSG && ret_line)
                *ret_line = number;
        free(b);
        return r;
}
