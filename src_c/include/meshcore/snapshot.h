/* Snapshots: everything that one configuration says, compiled: listeners over virtual hosts over routes, and
 * clusters.
 *
 * Immutable once built. Numbers (of listeners, virtual hosts, routes, clusters, endpoints) are those of the specs;
 * routes are numbered over all virtual hosts in order.
 */
#ifndef MESHCORE_SNAPSHOT_H
#define MESHCORE_SNAPSHOT_H

#include "meshcore/action.h"
#include "meshcore/cluster.h"
#include "meshcore/listener.h"
#include "meshcore/match.h"
#include "meshcore/runtime.h"

typedef enum mc_require_tls { MC_TLS_NONE, MC_TLS_EXTERNAL_ONLY, MC_TLS_ALL } mc_require_tls;

typedef struct mc_virtual_host_spec {
  const mc_route_spec *routes; /* in order; the first that matches wins */
  const mc_action_spec *actions; /* what each does */
  uint32_t route_count;
  mc_require_tls require_tls;
  mc_edits_spec edits;
  const mc_cors_spec *cors, *cors_field; /* as in mc_action_spec */
  const mc_fault_spec *fault;
  const mc_mirror_spec *mirrors;
  uint32_t mirror_count;
  const mc_session_spec *session; /* as in mc_action_spec */
  mc_level_limits_spec limits;
  mc_descriptors_spec descriptors;
} mc_virtual_host_spec;

typedef struct mc_snapshot_spec {
  const mc_listener_spec *listeners;
  const mc_virtual_host_spec *virtual_hosts;
  const mc_cluster_spec *clusters;
  /* By cluster, those that are kept too: what its policy hashes in place of what the route says; at NULL: the route's.
   * NULL: no cluster has its own. */
  const mc_hash_policies_spec *hash_policies;
  uint32_t listener_count, virtual_host_count, cluster_count;
  const struct mc_snapshot *previous; /* whose clusters may be kept; NULL: none */
  uint64_t seed;                      /* of what starts at a random place */
  uint64_t now_ns;                    /* when limiters of listeners begin to measure */
} mc_snapshot_spec;

typedef struct mc_snapshot mc_snapshot;
/* A cluster as a snapshot has it. */
typedef struct mc_cluster mc_cluster;

/* NULL: error says why. The runtime must outlive the snapshot. */
mc_snapshot *mc_snapshot_build(const mc_snapshot_spec *spec, mc_runtime *runtime, mc_error *error);
/* Every decision made on it must have been released. */
void mc_snapshot_free(mc_snapshot *snapshot);

/* A snapshot that differs in one cluster: the spec's, which bears the name of the one that it replaces. All else
 * is shared with old, which goes on serving and is freed on its own. Runtime state is kept by address.
 * NULL: error says why. */
mc_snapshot *mc_snapshot_with_cluster(const mc_snapshot *old, int32_t cluster, const mc_cluster_spec *spec,
                                      uint64_t seed, mc_error *error);
/* Whether another snapshot shares what this one is made of: freeing it is quick then. */
bool mc_snapshot_is_shared(const mc_snapshot *snapshot);

/* Makes good what MC_STALE tells of: does what has become due in the cluster, and where the health of its hosts is
 * no longer what its balancer was built from, *out is a snapshot that differs in that balancer alone; NULL: nothing
 * has changed. old goes on serving and is freed on its own. now_ns is the request's. MC_OK, or error says why. */
mc_code mc_snapshot_refresh(const mc_snapshot *old, int32_t cluster, uint64_t now_ns, uint64_t seed,
                            mc_snapshot **out, mc_error *error);

/* Whether decisions hang on the time: if not, a request's now_ns need not be set. */
bool mc_snapshot_reads_clock(const mc_snapshot *snapshot);
/* How many of a request's ids they use, for request ids and trace ids; 0: ids need not be set. */
uint32_t mc_snapshot_makes_ids(const mc_snapshot *snapshot);
/* Whether they hang on the time of day: if not, a request's unix_ns need not be set. */
bool mc_snapshot_reads_unix_time(const mc_snapshot *snapshot);
/* The name of the policy that picks a cluster's endpoints: "round robin". Static. */
const char *mc_snapshot_policy(const mc_snapshot *snapshot, int32_t cluster);
/* What the hosts of a subset have in common; of all hosts, and of the default subset: what the default asks for. */
mc_labels mc_cluster_subset(const mc_cluster *cluster, int32_t subset);
/* The address of an endpoint. */
mc_slice mc_cluster_address(const mc_cluster *cluster, int32_t endpoint);

#endif
