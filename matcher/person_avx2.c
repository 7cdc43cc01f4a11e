#include "matcher/person_lanes.h"

const struct lf_person_kernel lf_person_kernel_avx2 = {possible, distance};
