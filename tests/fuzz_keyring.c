/* Keyrings: arbitrary files, and good ones with some bytes changed, are read or refused. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/feed/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t private[32], public[32];
static uint8_t good[sizeof(struct lf_keyring_header) + 3 * sizeof(struct lf_keyring_key) + 16];
static char path[64];
static int fd = -1;

static void set_up(void)
{
        struct lf_keyring_key keys[3] = {{.index = 1}, {.index = 5}, {.index = 9}};
        char name[] = "/tmp/landfall-fuzz-keyring.XXXXXX";
        int secret = mkstemp(name);
        if (secret < 0 || write(secret, "a secret of thirty-two bytes....", 32) != 32 ||
            lf_keyring_appliance(name, private, public) < 0 ||
            lf_keyring_write(name, public, 1, UINT64_MAX, keys, 3) < 0)
                abort();
        FILE *f = fopen(name, "re");
        if (!f || fread(good, sizeof good, 1, f) != 1)
                abort();
        fclose(f);
        close(secret);
        unlink(name);
        fd = memfd_create("keyring", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static void read_it(const void *file, size_t size)
{
        struct lf_keyring_key *keys;
        uint32_t n;
        uint64_t expires;
        if (ftruncate(fd, 0) < 0 || pwrite(fd, file, size, 0) != (ssize_t)size)
                abort();
        if (lf_keyring_read(path, private, public, 1, &keys, &n, &expires) < 0)
                return;
        for (uint32_t i = 1; i < n; i++)
                if (keys[i].index <= keys[i - 1].index)
                        abort();
        lf_keyring_free(keys, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (fd < 0)
                set_up();
        read_it(data, size);
        uint8_t copy[sizeof good];
        memcpy(copy, good, sizeof copy);
        for (size_t i = 0; i + 1 < size; i += 2)
                copy[data[i] % sizeof copy] ^= data[i + 1];
        read_it(copy, sizeof copy);
        return 0;
}
