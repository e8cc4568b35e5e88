/* A cluster: endpoints and the policy that chooses among them. Immutable, but for the runtime state
 * that it points to. */
#ifndef MC_UPSTREAM_CLUSTER_H
#define MC_UPSTREAM_CLUSTER_H

#include "base/arena.h"
#include "upstream/runtime.h"

typedef struct mc_host {
  mc_slice address;  /* "10.0.0.7:9080" */
  mc_slice hostname; /* for auto_host_rewrite; data NULL: none */
  mc_host_state *state;
} mc_host;

typedef struct mc_cluster {
  mc_slice name;
  mc_host *hosts;
  uint32_t host_count;
  mc_cluster_state *state;
  const struct mc_policy *policy;
  void *balancer; /* what the policy built */
} mc_cluster;

/* Under mc_runtime_lock. Picks a policy later: cluster->policy stays NULL. */
mc_code mc_cluster_build(mc_cluster *cluster, const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed,
                         mc_arena *arena);
/* Under mc_runtime_lock. Gives the references on the runtime back; also after a failed build. */
void mc_cluster_clear(mc_cluster *cluster, mc_runtime *runtime);

#endif
