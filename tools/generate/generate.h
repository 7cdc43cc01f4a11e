/* Test data that is nobody's: the same for the same seed. Errors are the errno of files, negative. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "matcher/face.h"
#include "matcher/iris.h"
#include "tools/generate/face.h"

#define LF_GENERATED_FINGER_MAX 512
/* Impression `impression` of finger `number` as an ISO/IEC 19794-2:2005 record; its size. */
size_t lf_generate_finger(uint64_t seed, uint64_t number, uint64_t impression,
                          uint8_t ret[LF_GENERATED_FINGER_MAX]);
/* Writes DIR/FINGER_IMPRESSION.iso, fingers from 101, impressions from 1. */
int lf_generate_fingers(const char *dir, uint64_t seed, unsigned fingers, unsigned impressions);
/* Writes a list in the columns of OFAC's sdn.csv. */
int lf_generate_people(const char *path, uint64_t seed, unsigned people);
/* An invented name, "GIVEN MIDDLE LAST"; `ret` holds 128 bytes. */
void lf_generate_name(uint64_t seed, uint64_t person, char ret[128]);

/* Whole people. Capture 0 of a person is what an enrolment holds, the others come later. All of one person
 * has one reference. */
struct lf_generated_person {
        uint8_t reference[16];
        char name[128];
        unsigned year, month, day; /* of birth */
};
void lf_generate_person(uint64_t seed, uint64_t number, struct lf_generated_person *ret);
/* One or two irises (right, left) of a capture, in wire form; its size. After lf_generate_iris_init. */
uint32_t lf_generate_irises_of(uint64_t seed, uint64_t number, uint64_t capture, unsigned eyes,
                               uint8_t ret[LF_IRIS_WIRE_MAX]);
/* Streams of records (tools/records.h) of people 1 to `count`. */
int lf_generate_iris_records(FILE *to, uint64_t seed, uint64_t count, uint64_t capture, unsigned eyes);
int lf_generate_face_records(FILE *to, const struct lf_generated_model *model, uint64_t seed, uint64_t count,
                             uint64_t capture, bool bytes);

struct lf_generated_crowd {
        uint64_t seed;
        unsigned people;    /* enrolled: 1 .. people */
        unsigned strangers; /* not enrolled: the numbers behind them */
        unsigned captures;  /* later ones of each */
};
/* Writes DIR/gallery/MODALITY.records of the enrolled, DIR/probes/NUMBER_CAPTURE.iso, .iris and .face of all,
 * and DIR/travellers.tsv: number, enrolled or stranger, reference, name, date of birth. */
int lf_generate_travellers(const char *dir, const struct lf_generated_crowd *crowd);
