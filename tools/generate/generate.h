/* Test data that is nobody's: the same for the same seed. */
#pragma once

#include <stdint.h>

/* Writes DIR/FINGER_IMPRESSION.iso, fingers from 101, impressions from 1. The errno of files, negative. */
int lf_generate_fingers(const char *dir, uint64_t seed, unsigned fingers, unsigned impressions);
/* Writes a list in the columns of OFAC's sdn.csv. */
int lf_generate_people(const char *path, uint64_t seed, unsigned people);
/* Writes DIR/N_CAPTURE.iso, .iris and .face, and DIR/N.name, for whole people from 101: fingers as above,
 * both eyes, an embedding of model 1, a name. */
int lf_generate_travellers(const char *dir, uint64_t seed, unsigned people, unsigned captures);
/* An invented name, "GIVEN MIDDLE LAST"; `ret` holds 128 bytes. */
void lf_generate_name(uint64_t seed, uint64_t person, char ret[128]);
