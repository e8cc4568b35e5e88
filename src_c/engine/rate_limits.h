/* The rate limit filters: which limit a request finds, by what descriptors, and what becomes of it. */
#ifndef MC_ENGINE_RATE_LIMITS_H
#define MC_ENGINE_RATE_LIMITS_H

#include "engine/snapshot.h"

/* True where the limit refuses the request: the decision then says so. place: the filter's among the listener's. peek:
 * no tokens are taken. */
bool mc_local_limit_answer(mc_decision *decision, mc_input *input, uint32_t place, bool peek);
/* Puts what its service is to be asked into the decision. */
void mc_global_limit_ask(mc_decision *decision, mc_input *input, uint32_t place);

#endif
