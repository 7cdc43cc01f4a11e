/* A stream of records in wire form: what `landfall generate` writes and `landfall feed add --records` takes.
 * Each record is a struct lf_record_head and `size` bytes; streams may be put one behind the other. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define LF_RECORD_MAGIC 0x4443524cu /* "LRCD" */

struct lf_record_head {
        uint32_t magic;
        uint32_t size;
        uint8_t reference[16]; /* the same for all modalities of one person */
};
_Static_assert(sizeof(struct lf_record_head) == 24, "record head layout");

/* -EIO. */
int lf_record_write(FILE *to, const uint8_t reference[16], const void *record, size_t size);
/* The next record, of at most `room` bytes. 1; 0: the stream has ended. -EBADMSG: it is cut or no stream of
 * records. -EMSGSIZE: too long. -EIO. */
int lf_record_read(FILE *from, uint8_t ret_reference[16], void *ret, size_t room, size_t *ret_size);
