#include "control/site/name.h"

#include "control/site/site.h"

#include <arpa/inet.h>
#include <string.h>

bool lf_name_good(const char *name)
{
        size_t n = name ? strlen(name) : 0;
        return n >= 1 && n < LF_SITE_NAME_MAX && name[0] != '.' && name[0] != '-' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

enum lf_address_kind lf_address_kind(const char *text)
{
        uint8_t address[16];
        size_t n = text ? strlen(text) : 0;
        if (n == 0 || n > 253)
                return LF_ADDRESS_NONE;
        if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
                return LF_ADDRESS_IP;
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
        if (strspn(text, letters) != n || text[0] == '-' || text[0] == '.')
                return LF_ADDRESS_NONE;
        return LF_ADDRESS_DNS;
}
