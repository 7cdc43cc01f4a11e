/* The engines of this build. Private to matcher/: others ask lf_engine_for(). */
#pragma once

#include "matcher/engine.h"

/* An engine and what it needs done once, before any core starts (may be NULL). */
struct lf_engine_entry {
        const struct lf_engine *engine;
        int (*init)(void); /* 0, -ENOMEM, -ENOTSUP */
};

extern const struct lf_engine lf_fingerprint_engine;
/* Builds the tables that coding reads. */
int lf_fingerprint_init(void);
extern const struct lf_engine lf_person_engine;
/* Chooses the kernels. */
int lf_person_init(void);
extern const struct lf_engine lf_iris_engine;
/* Chooses the kernel, fills the table of factors. */
int lf_iris_init(void);
extern const struct lf_engine lf_face_engine;
/* Chooses the kernel. */
int lf_face_init(void);
