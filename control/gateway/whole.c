/* Whether a file that nobody said is closed is whole, as far as its end and its age tell. */
#include "control/gateway/gateway.h"

#include <string.h>

#define STILL_S 2
#define LATE_S  30

static bool alphanumeric(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The last byte ends a segment, as a line break does too; where it stands before, this segment begins. One
 * that '?' may release ends none: at worst the file waits a little longer. */
bool lf_drop_ends_whole(const char *tail, size_t size)
{
        size_t n = size;
        while (n > 0 && blank(tail[n - 1]))
                n--;
        if (n > 0 && n < size && alphanumeric(tail[n - 1]))
                n++;
        if (n < 2 || alphanumeric(tail[n - 1]) || tail[n - 2] == '?')
                return false;
        size_t end = n - 1, at = end;
        while (at > 0 && (tail[at - 1] != tail[end] || (at > 1 && tail[at - 2] == '?')))
                at--;
        while (at < end && blank(tail[at]))
                at++;
        return end - at > 3 && !alphanumeric(tail[at + 3]) &&
               (memcmp(tail + at, "UNZ", 3) == 0 || memcmp(tail + at, "IEA", 3) == 0);
}

enum lf_drop_age lf_drop_age(int64_t still, uint64_t now_us, struct lf_drop_ahead *ahead)
{
        if (still >= -STILL_S)
                return still >= LATE_S ? LF_DROP_LATE : still >= STILL_S ? LF_DROP_STILL : LF_DROP_WRITTEN;
        ahead->seen = true;
        if (ahead->since_us == 0)
                ahead->since_us = now_us;
        return now_us - ahead->since_us >= LATE_S * 1000000ull ? LF_DROP_LATE : LF_DROP_STILL;
}
