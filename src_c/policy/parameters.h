/* Query parameters as rate limits see them: percent-decoded, names and values (Envoy's parseAndDecodeQueryString).
 * Routes see them as they stand. */
#ifndef MC_POLICY_PARAMETERS_H
#define MC_POLICY_PARAMETERS_H

#include "match/predicates.h"

/* The value of the first parameter of that name; absent where there is none. */
mc_slice mc_parameter_find(mc_slice name, mc_input *input);
/* Whether all matchers of query parameters match. */
bool mc_parameters_match(const mc_predicates *matchers, mc_input *input);

#endif
