/* Route tables: domains to virtual hosts, virtual hosts to routes. Matching only: what a route does is
 * known by its number alone. Routes are numbered over the whole table, in the order of their adding,
 * and several tables (one for each listener) may share virtual hosts.
 */
#ifndef MC_MATCH_ROUTE_TABLE_H
#define MC_MATCH_ROUTE_TABLE_H

#include "match/domains.h"
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

/* ---- the same, for those who want to know why */

/* The virtual host for an input, by which domain, and the text that was looked up (absent: none). */
mc_domain_hit mc_route_table_domain(const mc_route_table *table, int32_t domains, mc_input *input, mc_slice *host);

/* How many routes a virtual host has, and the number of the first. */
uint32_t mc_route_table_routes(const mc_route_table *table, int32_t virtual_host, int32_t *first);

/* What of each of the virtual host's routes does not hold; mc_route_table_route finds the first that has no
 * failure. input->no_memory tells where the failures are not to be used. */
void mc_route_table_failures(const mc_route_table *table, int32_t virtual_host, mc_input *input,
                             mc_failures *failures);

/* What a route asks beyond its path (NULL: nothing), and the slots that go with it. */
const mc_predicates *mc_route_table_predicates(const mc_route_table *table, int32_t route,
                                               const mc_predicate_slots **fixed);

/* The path specifier of a route: what a rewrite of the matched part needs. */
const struct mc_path_test *mc_route_table_path_test(const mc_route_table *table, int32_t route);

#endif
