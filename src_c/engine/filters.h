/* The HTTP filters between the choice of a route and the router: CORS. */
#ifndef MC_ENGINE_FILTERS_H
#define MC_ENGINE_FILTERS_H

#include "engine/snapshot.h"
#include "policy/cors.h"

/* Some level that a request on the route finds has a CORS policy. */
static inline bool mc_filters_needed(const mc_listener *listener, const mc_action *action) {
  return action->has_cors || listener->cors;
}

/* Lets the filters see a request whose weighted cluster is chosen. True where one of them answers it: the
 * decision then says what. */
bool mc_filters_answer(mc_decision *decision, mc_input *input);

/* The lines that the filters set in the answer; their number. */
uint32_t mc_filters_lines(const mc_decision *decision, mc_header lines[MC_CORS_LINES]);

#endif
