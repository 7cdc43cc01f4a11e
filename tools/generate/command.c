/* landfall generate: invented fingers and people. */
#include "tools/commands.h"
#include "tools/generate/generate.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: landfall generate fingers DIR [--seed N] [--count 10] [--impressions 8]\n"
    "       landfall generate travellers DIR [--seed N] [--count 10] [--impressions 2]\n"
    "       landfall generate people FILE [--seed N] [--count 1000]\n"
    "\n"
    "fingers writes DIR/FINGER_IMPRESSION.iso (ISO/IEC 19794-2:2005); people writes a list in the columns\n"
    "of OFAC's sdn.csv; travellers writes DIR/N_CAPTURE.iso (finger), .iris (both eyes), .face (512 values,\n"
    "model 1) and DIR/N.name: capture 1 is what an enrolment would hold, the others are later. All of it is "
    "invented, and the same for the same seed (default 1).\n";

int lf_cmd_generate(int argc, char **argv)
{
        static const struct option options[] = {
            {"seed", 1, 0, 's'}, {"count", 1, 0, 'c'}, {"impressions", 1, 0, 'i'}, {"help", 0, 0, 'h'}, {0}};
        uint64_t seed = 1;
        unsigned count = 0, impressions = 8;
        optind = 1;
        for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
                switch (c) {
                case 's':
                        seed = strtoull(optarg, NULL, 0);
                        break;
                case 'c':
                        count = (unsigned)strtoul(optarg, NULL, 0);
                        break;
                case 'i':
                        impressions = (unsigned)strtoul(optarg, NULL, 0);
                        break;
                case 'h':
                        fputs(help, stdout);
                        return LF_EXIT_OK;
                default:
                        return LF_EXIT_USAGE;
                }
        }
        if (argc - optind != 2) {
                fputs(help, stderr);
                return LF_EXIT_USAGE;
        }
        const char *what = argv[optind], *where = argv[optind + 1];
        int r;
        if (strcmp(what, "fingers") == 0) {
                r = lf_generate_fingers(where, seed, count ? count : 10, impressions);
        } else if (strcmp(what, "travellers") == 0) {
                r = lf_generate_travellers(where, seed, count ? count : 10, impressions);
        } else if (strcmp(what, "people") == 0) {
                r = lf_generate_people(where, seed, count ? count : 1000);
        } else {
                fprintf(stderr, "landfall generate: no such kind: %s\n", what);
                return LF_EXIT_USAGE;
        }
        if (r < 0)
                fprintf(stderr, "landfall generate: cannot write %s: %s\n", where, strerror(-r));
        return r < 0 ? LF_EXIT_FAILED : LF_EXIT_OK;
}
