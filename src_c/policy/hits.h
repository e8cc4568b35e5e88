/* How many tokens a request says that it costs. */
#ifndef MC_POLICY_HITS_H
#define MC_POLICY_HITS_H

#include "base/slice.h"

/* Envoy's limit. */
#define MC_MAX_HITS 1000000000

/* The whole part of a decimal number from 0 to MC_MAX_HITS, as absl::SimpleAtod reads one: blanks around it, a sign, a
 * point, an exponent. False where the text is none. */
bool mc_hits_parse(mc_slice text, uint64_t *out);

#endif
