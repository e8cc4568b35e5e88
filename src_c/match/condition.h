/* The values that a condition compares: what an explanation shows beside what was wanted. */
#ifndef MC_MATCH_CONDITION_H
#define MC_MATCH_CONDITION_H

#include "match/route_table.h"

/* The request's values for one condition of a route, in the input's scratch: the path; the lines of a header
 * one by one, or as one where they are compared as one; the query parameter, the cookie. None where it is
 * missing, and for a fraction. input->no_memory is set where memory is out. */
uint32_t mc_condition_values(const mc_route_table *table, int32_t route, mc_condition condition, mc_input *input,
                             const mc_slice **values);

#endif
