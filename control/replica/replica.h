/* The replica: what is known of the records of all datasets, and the gallery generations that are built from
 * them.
 *
 * One thread. A gallery is never held twice: payloads are opened for one shard of it at a time, and only in
 * memory, which is overwritten. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LF_REPLICA_WHY 256 /* size of every `why`: cause and cure in words when a function fails */

struct lf_replica_dataset {
        uint16_t number;
        uint8_t modality;    /* enum lf_modality: records of another are left out */
        uint8_t scoring, birth_years; /* struct lf_person_rules */
        uint32_t categories; /* bit mask: records of others are left out */
        char feed_dir[256];
        char feed_key[256]; /* file: the originator's verifier key */
        char keyring[256];  /* file */
};

struct lf_config_dataset; /* control/config/config.h */
struct lf_replica_dataset lf_replica_dataset_of(const struct lf_config_dataset *dataset);

struct lf_feed_state {
        uint64_t size;            /* leaves taken in */
        uint64_t built;           /* of them, leaves that the newest build knew */
        uint64_t records;         /* that can be searched in it */
        uint64_t checkpoint_time; /* of the newest leaf, seconds since 1970; 0: none yet */
        uint64_t locked;          /* records without a key */
        uint64_t need;            /* bytes of gallery, about, as lf_replica_need and lf_replica_build found */
        uint64_t left_out;        /* records of another modality or category, or expired, or unreadable */
        int error;                /* of the last sync, -errno; 0: well */
        char text[LF_REPLICA_WHY];
};

struct lf_generation_shard {
        int fd;    /* memfd, sealed FUTURE_WRITE|SHRINK|GROW */
        void *map; /* our own writable mapping, to wipe it with */
        size_t size;   /* of the image */
        size_t mapped; /* whole pages */
};

struct lf_generation {
        uint64_t number;
        unsigned shards;
        uint64_t records;
        struct lf_generation_shard *shard;
};

struct lf_replica;

/* Reads no file yet. -ENOMEM. */
int lf_replica_open(const struct lf_replica_dataset *datasets, unsigned n, const char *appliance_key_path,
                    struct lf_replica **ret, char why[LF_REPLICA_WHY]);
/* From now on `opened`, which outlives the replica, counts the payloads that are opened: how far a sync or a
 * build is, for other threads. */
void lf_replica_count_in(struct lf_replica *r, _Atomic uint64_t *opened);
/* Follows all feeds. A feed that fails keeps what it had, and shows it in its state; then the first error is
 * returned, with ret_changed still right for the others. */
int lf_replica_sync(struct lf_replica *r, bool *ret_changed, char why[LF_REPLICA_WHY]);
/* -ERANGE. */
int lf_replica_feed_state(const struct lf_replica *r, unsigned dataset_index, struct lf_feed_state *ret);
/* What galleries may take: `limit` bytes (0: no limit of ours), but no more than the machine has to give. */
uint64_t lf_replica_memory(uint64_t limit);
/* About how many bytes the galleries take: what is known before anything is loaded. Each dataset's is in its
 * state. -ENOMEM, -EBADMSG. */
int lf_replica_need(struct lf_replica *r, uint64_t *ret, char why[LF_REPLICA_WHY]);
/* Builds the shards of every dataset and category: shards_per_group each (at least 1), or a multiple of that
 * where there is much. Refused before any is built when they need more than lf_replica_memory(memory):
 * -ENOMEM, and `why` says need and have. -EBADMSG: a payload changed
 * since it was read. */
int lf_replica_build(struct lf_replica *r, uint64_t number, unsigned shards_per_group, uint64_t memory,
                     struct lf_generation **ret, char why[LF_REPLICA_WHY]);
void lf_replica_close(struct lf_replica *r);

/* Overwrites every shard with zeros, unmaps and closes. Only once the dataplane has let go. NULL is fine. */
void lf_generation_wipe_destroy(struct lf_generation *g);
