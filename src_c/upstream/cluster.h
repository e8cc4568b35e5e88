/* A cluster: its hosts, and the balancer that chooses among them. Snapshots share it, counted by reference, so
 * that a swap keeps what has not changed. Immutable, but for the runtime state that it points to and for
 * what policies count. */
#ifndef MC_UPSTREAM_CLUSTER_H
#define MC_UPSTREAM_CLUSTER_H

#include "base/arena.h"
#include "upstream/addresses.h"
#include "upstream/holding.h"
#include "upstream/limiters.h"

/* What a cluster is made of, whatever the health of its hosts: balancers come and go over it. */
typedef struct mc_members {
  mc_slice name;
  uint64_t serial; /* of no other members on the runtime */
  mc_host *hosts;
  uint32_t host_count;
  mc_addresses addresses;
  uint8_t session_statuses; /* MC_STATUS_... that sessions may stay with */
  uint32_t drop_millionths; /* of the requests, which are dropped */
  mc_names override_headers; /* whose addresses come before what the policy would choose */
  mc_locality *localities;
  uint32_t locality_count;
  mc_cluster_state *state;
  mc_counter_map active; /* by host */
  mc_balance_spec balance;
  mc_thresholds thresholds[MC_ROUTING_PRIORITIES];
  const mc_outlier_spec *outlier; /* NULL: no host is ejected */
  mc_concurrency *limiter;        /* NULL: none */
  uint64_t merge_window_ns;
  atomic_bool in_force; /* a snapshot that can be decided on has them */
  struct mc_members *older; /* of the same state */
  mc_arena *arena;
  atomic_uint references;
} mc_members;

typedef struct mc_cluster {
  mc_slice name; /* this and the next eight are those of the members */
  uint64_t serial;
  const mc_host *hosts;
  uint32_t host_count;
  const mc_locality *localities;
  uint32_t locality_count;
  mc_cluster_state *state;
  mc_counter_map active;
  mc_concurrency *limiter; /* NULL: none */
  bool alone;              /* as mc_runtime_set_alone has it */
  bool detects;            /* outlier detection, or the limiter, wants to know how attempts end */
  uint32_t max_requests[MC_ROUTING_PRIORITIES]; /* of the members' thresholds */
  mc_cluster_live *live;        /* of the state */
  uint64_t epoch;               /* of it, when the balancer was built */
  struct mc_balancer *balancer; /* balance/balancer.h */
  struct mc_subsets *subsets;   /* balance/subset.h; NULL: none */
  mc_members *members;
  mc_arena *arena; /* of balancer and subsets */
  atomic_uint references;
} mc_cluster;

/* NULL where memory is out. Under mc_runtime_lock. */
mc_members *mc_members_new(const mc_cluster_spec *spec, mc_runtime *runtime);
void mc_members_share(mc_members *members);
/* Gives a share back; the last one frees them. Under mc_runtime_lock. */
void mc_members_release(mc_members *members, mc_runtime *runtime);
/* The latest of a state that are in force; NULL: none. Under mc_cluster_state_lock. */
const mc_members *mc_members_in_force(const mc_cluster_state *state);

/* Takes the members, and the epoch of their state. A balancer may be built then. */
void mc_cluster_take(mc_cluster *cluster, mc_members *members, uint64_t now_ns);

/* Whether its balancer may no longer pick as it stands. */
static inline bool mc_cluster_is_stale(const mc_cluster *cluster, uint64_t now_ns) {
  return atomic_load_explicit(&cluster->live->epoch, memory_order_relaxed) != cluster->epoch ||
         atomic_load_explicit(&cluster->live->due_ns, memory_order_relaxed) <= now_ns;
}

/* A request to a host begins, where the cluster has less than the limit under way at that priority. 0: it may not,
 * and nothing is counted. What it reads of hosts are the counters alone, unless they are shared: then the first count
 * seems to be at every limit. host -1: it goes to none of them, and the cluster alone counts it. */
static inline mc_holder mc_cluster_begin(const mc_cluster *cluster, int32_t host, mc_routing_priority priority,
                                         uint32_t limit) {
  mc_cluster_live *live = cluster->live;
  if (!mc_count_take_as(&live->counts[priority].used[MC_RESOURCE_REQUESTS], limit, cluster->alone)) {
    if (!cluster->state->shared) return 0;
    return mc_shared_request_begin(cluster->state, host < 0 ? NULL : cluster->hosts[host].state, priority, limit);
  }
  if (host < 0) return MC_HELD_HERE;
  mc_counter_move(mc_counter_at(&cluster->active, (uint32_t)host), 1, cluster->alone);
  if (!atomic_load_explicit(&live->asked, memory_order_relaxed)) {
    atomic_store_explicit(&live->asked, true, memory_order_relaxed);
  }
  return MC_HELD_HERE;
}

static inline void mc_cluster_end(const mc_cluster *cluster, int32_t host, mc_routing_priority priority,
                                  mc_holder holder) {
  if (holder != MC_HELD_HERE) {
    mc_shared_request_end(cluster->state, host < 0 ? NULL : cluster->hosts[host].state, priority, holder);
    return;
  }
  if (host >= 0) mc_counter_move(mc_counter_at(&cluster->active, (uint32_t)host), -1, cluster->alone);
  if (cluster->alone) {
    mc_counts_give_alone(&cluster->live->counts[priority], MC_RESOURCE_REQUESTS);
  } else {
    mc_counts_give(&cluster->live->counts[priority], MC_RESOURCE_REQUESTS);
  }
}

#endif
