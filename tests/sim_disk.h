/* A disk that only keeps what was synced: at a crash each unsynced 512-byte sector is kept or lost by chance.
 * Commits complete in any order. One file's content survives the crash in the same struct. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/audit/disk.h"

#define SIM_PENDING 64

struct sim_disk {
        struct lf_disk disk; /* first */
        uint64_t random;
        unsigned files;
        uint64_t file_size;
        uint8_t *content; /* what reads see */
        uint8_t *stable;  /* what a crash leaves at least */
        void *buffer[16];

        struct sim_commit {
                bool used;
                unsigned file;
                uint64_t offset;
                size_t size;
                uint32_t tag;
                uint8_t *data;
        } pending[SIM_PENDING];

        unsigned bad_files_from; /* commits on files [from, to) fail */
        unsigned bad_files_to;
        int bad_after; /* once so many commits more were started */
        int bad_result;
        bool stuck; /* nothing completes any more */
        bool dead;  /* commit and reap fail, nothing is changed */
};

uint64_t sim_random(struct sim_disk *sim);
void sim_init(struct sim_disk *sim, unsigned files, uint64_t file_size, uint64_t seed);
void sim_free(struct sim_disk *sim);

/* Power fails: what was pending and unsynced is kept or lost sector by sector. */
void sim_crash(struct sim_disk *sim);
