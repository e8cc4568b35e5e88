/* Taking and giving what circuit breakers count, whether it is this process's own or shared. */
#ifndef MC_UPSTREAM_HOLDING_H
#define MC_UPSTREAM_HOLDING_H

#include "upstream/runtime.h"

/* One more of a cluster's resource; 0 where that is refused, which is counted. */
mc_holder mc_cluster_state_take(mc_cluster_state *cluster, mc_routing_priority priority, mc_resource resource,
                                const mc_thresholds *thresholds);
void mc_cluster_state_give(mc_cluster_state *cluster, mc_routing_priority priority, mc_resource resource,
                           mc_holder holder);

/* One more of a host's counts in `live`, where that stays within the limit. */
mc_holder mc_host_state_take(mc_host_state *host, mc_count *count, uint32_t limit);
/* False: a parent of this process holds it, and nothing changes. */
bool mc_host_state_give(mc_host_state *host, mc_count *count, mc_holder holder);

/* A request to a host of a cluster whose state is shared; both counts, or none. host NULL: it goes to none of them. */
mc_holder mc_shared_request_begin(mc_cluster_state *cluster, mc_host_state *host, mc_routing_priority priority,
                                  uint32_t limit);
void mc_shared_request_end(mc_cluster_state *cluster, mc_host_state *host, mc_routing_priority priority,
                           mc_holder holder);

#endif
