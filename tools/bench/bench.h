/* `landfall bench`: each takes its own name in argv[0] and returns an exit code. */
#pragma once

/* The query path over memif with an empty gallery, beside what it could do at most. */
int lf_bench_packet(int argc, char **argv);
/* Names looked up in a published list by one core. */
int lf_bench_person(int argc, char **argv);
/* A gallery searched by one core, beside what its memory delivers. */
int lf_bench_iris(int argc, char **argv);
int lf_bench_face(int argc, char **argv);
/* Fingers searched among all of theirs, and in a gallery of any size, by one core. */
int lf_bench_fingerprint(int argc, char **argv);
/* Messages read by one core, beside a scan of the same memory. */
int lf_bench_edifact(int argc, char **argv);
