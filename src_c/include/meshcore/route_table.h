/* Route tables: which route a request takes.
 *
 * Build: new, then virtual hosts, then domains over them. After the last add a table is immutable and may be matched
 * by many threads at once. After a failed add it may only be freed.
 */
#ifndef MESHCORE_ROUTE_TABLE_H
#define MESHCORE_ROUTE_TABLE_H

#include "meshcore/match.h"
#include "meshcore/request.h"

typedef struct mc_route_table mc_route_table;

/* NULL: no memory. */
mc_route_table *mc_route_table_new(void);
void mc_route_table_free(mc_route_table *table);

/* Adds a virtual host. Its routes, first match first, get the next numbers of the whole table. */
mc_code mc_route_table_add_virtual_host(mc_route_table *table, const mc_route_spec *routes, uint32_t count,
                                        int32_t *index, mc_error *error);

/* Adds a table of domains over the virtual hosts. MC_INVALID where a domain is given twice. */
mc_code mc_route_table_add_domains(mc_route_table *table, const mc_domains_spec *spec, int32_t *index,
                                   mc_error *error);

/* Whether any route, or the choice of virtual host, depends on header lines: if not, a view needs none. */
bool mc_route_table_reads_headers(const mc_route_table *table);

/* The number of the first route that matches the view, or -1. random decides runtime fractions. */
mc_code mc_route_table_match(const mc_route_table *table, int32_t domains, const mc_view *view, uint64_t random,
                             mc_scratch *scratch, int32_t *route);

#endif
