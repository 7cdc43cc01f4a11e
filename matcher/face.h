/* Faces on the wire: probes of LSP_TLV_FACE and records of face galleries.
 *
 * An embedding: what a recognition model makes of a face. Only embeddings of one model can be compared, so
 * each carries its model's number (the site's own list; 0 is none). struct lf_face_head, then
 *   LF_FACE_FLOAT32:  `dims` little-endian floats;
 *   LF_FACE_INT8:     one little-endian float, the scale, then `dims` signed bytes, each times the scale.
 * Nothing behind it. Length and scale do not matter: likeness is the cosine of the angle between two. */
#pragma once

#include <stdint.h>

#define LF_FACE_DIMS_MIN 64
#define LF_FACE_DIMS_MAX 1024

enum lf_face_format { LF_FACE_FLOAT32 = 1, LF_FACE_INT8 = 2 };

struct lf_face_head {
        uint32_t model;  /* not 0 */
        uint16_t dims;   /* LF_FACE_DIMS_MIN .. LF_FACE_DIMS_MAX */
        uint8_t format;  /* enum lf_face_format */
        uint8_t version; /* 1 */
};
_Static_assert(sizeof(struct lf_face_head) == 8, "face head layout");

#define LF_FACE_WIRE_MAX (sizeof(struct lf_face_head) + 4 * LF_FACE_DIMS_MAX)
