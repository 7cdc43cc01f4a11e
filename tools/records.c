#include "tools/records.h"

#include <errno.h>
#include <string.h>

int lf_record_write(FILE *to, const uint8_t reference[16], const void *record, size_t size)
{
        struct lf_record_head head = {.magic = LF_RECORD_MAGIC, .size = (uint32_t)size};
        memcpy(head.reference, reference, sizeof head.reference);
        return fwrite(&head, sizeof head, 1, to) == 1 && fwrite(record, 1, size, to) == size ? 0 : -EIO;
}

int lf_record_read(FILE *from, uint8_t ret_reference[16], void *ret, size_t room, size_t *ret_size)
{
        struct lf_record_head head;
        size_t n = fread(&head, 1, sizeof head, from);
        if (ferror(from))
                return -EIO;
        if (n == 0)
                return 0;
        if (n != sizeof head || head.magic != LF_RECORD_MAGIC || head.size == 0)
                return -EBADMSG;
        if (head.size > room)
                return -EMSGSIZE;
        if (fread(ret, 1, head.size, from) != head.size)
                return ferror(from) ? -EIO : -EBADMSG;
        memcpy(ret_reference, head.reference, sizeof head.reference);
        *ret_size = head.size;
        return 1;
}
