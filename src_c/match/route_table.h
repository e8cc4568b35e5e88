/* Route tables: domains to virtual hosts, virtual hosts to routes. Matching only: what a route does is
 * known by its number alone. Routes are numbered over the whole table, in the order of their adding,
 * and several tables (one for each listener) may share virtual hosts.
 */
#ifndef MC_MATCH_ROUTE_TABLE_H
#define MC_MATCH_ROUTE_TABLE_H

#include "match/predicates.h"

/* Names that the caller wants looked up in the same pass as those of the matchers. */
mc_slots *mc_route_table_slots(mc_route_table *table);

/* Fills an input for a view: finds the lines of all slots. */
mc_code mc_route_table_input(const mc_route_table *table, const mc_view *view, uint64_t random,
                             mc_scratch *scratch, mc_input *out);

/* The virtual host for an input, or -1. */
int32_t mc_route_table_virtual_host(const mc_route_table *table, int32_t domains, mc_input *input);

/* The first route of the virtual host that matches, or -1. */
int32_t mc_route_table_route(const mc_route_table *table, int32_t virtual_host, mc_input *input);

/* The path specifier of a route: what a rewrite of the matched part needs. */
const struct mc_path_test *mc_route_table_path_test(const mc_route_table *table, int32_t route);

#endif
