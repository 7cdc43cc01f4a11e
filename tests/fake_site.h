/* A site for tests of key exchange and client library: an authority, an appliance's certificate and lane
 * bundles in a temporary directory. Fails the test when it cannot be made. */
#pragma once

#include <openssl/x509.h>
#include <stdint.h>

struct fake_site {
        char dir[64];
        uint8_t appliance[16];
        X509 *ca;
        EVP_PKEY *ca_key;
        char ca_file[128], certificate_file[128], key_file[128];
};

void fake_site_make(struct fake_site *s);
void fake_site_remove(struct fake_site *s);
/* A bundle for a lane that finds control at 127.0.0.1:port; `path` holds 128 bytes. */
void fake_site_bundle(struct fake_site *s, uint32_t lane, uint16_t port, char *path);
/* A certificate and key with that alternative name and usage, as files. */
void fake_site_issue(struct fake_site *s, const char *alternative, const char *usage, const char *certificate,
                     const char *key);
