/* What may be a name and what is an address. Internal to control/site. */
#pragma once

#include <stdbool.h>

enum lf_address_kind {
        LF_ADDRESS_NONE,
        LF_ADDRESS_IP,
        LF_ADDRESS_DNS,
};

/* A site's or lane's name: 1..63 of [a-z0-9._-], not led by '.' or '-'. */
bool lf_name_good(const char *name);
/* An IPv4 or IPv6 address, a host name (letters, digits, '-', '.'; at most 253), or neither. */
enum lf_address_kind lf_address_kind(const char *text);
