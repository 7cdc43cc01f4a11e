/* Test data that is nobody's: the same for the same seed. */
#pragma once

#include <stdint.h>

/* Writes DIR/FINGER_IMPRESSION.iso, fingers from 101, impressions from 1. The errno of files, negative. */
int lf_generate_fingers(const char *dir, uint64_t seed, unsigned fingers, unsigned impressions);
/* Writes a list in the columns of OFAC's sdn.csv. */
int lf_generate_people(const char *path, uint64_t seed, unsigned people);
