#pragma GCC target("prefer-vector-width=512")
#include "matcher/person_lanes.h"

const struct lf_person_kernel lf_person_kernel_avx512 = {possible, distance};
