/* The HTTP filters between the choice of a route and the router, in the listener's order. */
#ifndef MC_ENGINE_FILTERS_H
#define MC_ENGINE_FILTERS_H

#include "engine/snapshot.h"
#include "policy/cors.h"

/* Some level that a request on the route finds has a policy. action NULL: there is no route. */
static inline bool mc_filters_needed(const mc_listener *listener, const mc_action *action) {
  return (action && action->filtered) || listener->filtered;
}

/* Whether a filter acts on the request: the innermost level that speaks to it says so; off: what holds where none does. */
bool mc_filter_is_on(const mc_decision *decision, uint32_t filter, bool off);

/* Lets the filters see a request whose route is known, as is its weighted cluster; route -1: it finds none. True where
 * one of them answers it: the decision then says what. peek: nothing is counted. */
bool mc_filters_answer(mc_decision *decision, mc_input *input, bool peek);

/* The cluster that the request goes to, which may be one that is not there. Absent: none. */
mc_slice mc_decision_cluster_name(const mc_decision *decision, mc_input *input);

/* The lines that the filters set in the answer; their number. */
uint32_t mc_filters_lines(const mc_decision *decision, mc_header lines[MC_CORS_LINES]);

#endif
