/* A cluster: its hosts, and the balancer that chooses among them. Snapshots share it, counted by reference, so
 * that a swap keeps what has not changed. Immutable, but for the runtime state that it points to and for
 * what policies count. */
#ifndef MC_UPSTREAM_CLUSTER_H
#define MC_UPSTREAM_CLUSTER_H

#include "base/arena.h"
#include "upstream/host.h"

typedef struct mc_cluster {
  mc_slice name;
  uint64_t serial; /* of no other cluster on the runtime */
  mc_host *hosts;
  uint32_t host_count;
  mc_locality *localities;
  uint32_t locality_count;
  mc_cluster_state *state;
  struct mc_balancer *balancer; /* balance/balancer.h */
  struct mc_subsets *subsets;   /* balance/subset.h; NULL: none */
  mc_arena *arena;
  atomic_uint references;
} mc_cluster;

/* Fills a cluster from its spec, into its arena. Under mc_runtime_lock. MC_OK or MC_NO_MEMORY; clear it even
 * after a failed build. */
mc_code mc_cluster_fill(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime);
/* Gives the references on the runtime back. Under mc_runtime_lock. */
void mc_cluster_clear(mc_cluster *cluster, mc_runtime *runtime);

#endif
