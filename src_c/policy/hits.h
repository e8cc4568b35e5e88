/* How many tokens a request says that it costs. */
#ifndef MC_POLICY_HITS_H
#define MC_POLICY_HITS_H

#include "base/slice.h"

/* Envoy's limit. */
#define MC_MAX_HITS 1000000000
/* Of a number above it: more than any bucket holds. */
#define MC_BEYOND_HITS (UINT64_C(1) << 32)

/* The whole part of a decimal number, as absl::SimpleAtod reads one: blanks around it, a sign, a point, an exponent. What is
 * above MC_MAX_HITS is MC_BEYOND_HITS. False where the text is none, or it is negative. */
bool mc_hits_parse(mc_slice text, uint64_t *out);

#endif
