/* Runtime state: what changes while requests flow and what outlives a configuration. It is keyed by
 * cluster name and endpoint address, so that a swap resets nothing: the snapshots that know a cluster
 * or an endpoint share its state, and the last of them to go takes it along.
 *
 * Counters are atomics. The tables change only under mc_runtime_lock, while a snapshot is built or
 * freed.
 */
#ifndef MC_UPSTREAM_RUNTIME_H
#define MC_UPSTREAM_RUNTIME_H

#include <stdatomic.h>

#include "base/slice.h"
#include "upstream/counters.h"
#include "circuit/breaker.h"

/* What active checks may say beside MC_FAILING_HEALTH_CHECK; further bits of mc_host_state.failing. */
enum { MC_DEGRADED_HEALTH_CHECK = 8, MC_EXCLUDED_HEALTH_CHECK = 16 };
/* What the user may say beside MC_FAILING_USER: the host is being taken out of service. */
enum { MC_EXCLUDED_USER = 32 };
/* Those of them that make a host unhealthy. */
enum { MC_FAILING = MC_FAILING_USER | MC_FAILING_EJECTED | MC_FAILING_HEALTH_CHECK };

typedef struct mc_host_state {
  mc_counter *active; /* requests under way; of the cluster's counters */
  /* Connections, as those who have pools count them: in all, and of each priority, which have pools of their own. */
  atomic_uint_fast32_t connections, pooled[MC_ROUTING_PRIORITIES];
  atomic_uint_fast32_t failing; /* who says that it is not healthy (mc_failing), and two more bits; 0: nobody */
  atomic_uint_fast64_t healthy_since_ns; /* when it was first there and healthy; 0: not yet */
  /* What policies learn from reports; each of them alone reads its own. */
  atomic_uint_fast64_t latency, latency_at_ns;                      /* peak EWMA: nanoseconds, as a double's bits */
  atomic_uint_fast64_t load_weight, load_since_ns, load_at_ns;      /* client-side weighted; since 0: no report */
  struct mc_outlier_host *outlier; /* outlier/host.h; NULL: no cluster has asked for it. One block, freed with this */
  uint32_t references;
  struct mc_host_state *next;
  struct mc_cluster_state *cluster;
  mc_slice address;
} mc_host_state;

typedef struct mc_cluster_state {
  mc_breaker_counts counts[MC_ROUTING_PRIORITIES]; /* of all its hosts */
  /* Moves on with every change of a host's health: a balancer that was built at another epoch is stale. */
  atomic_uint_fast32_t epoch;
  atomic_uint_fast64_t due_ns; /* when something has to be done before the next pick; UINT64_MAX: never */
  atomic_bool asked; /* there has been a request to one of its hosts */
  mc_counters counters;
  struct mc_outlier_cluster *_Atomic outlier; /* outlier/ejection.h; likewise */
  struct mc_members *newest;                  /* upstream/cluster.h: all that there are, the latest first */
  atomic_flag lock;                           /* of the list, of who is ejected, and of the next four */
  uint64_t sweep_ns;        /* when an interval of outlier detection ends; UINT64_MAX: never */
  uint64_t merge_ns;        /* when changes of health that wait become the epoch's; UINT64_MAX: none waits */
  uint64_t merged_ns;       /* when the last one did; UINT64_MAX: not yet */
  uint64_t merge_window_ns; /* 0: all of them at once */
  uint32_t references;
  struct mc_cluster_state *next;
  mc_slice name;
  mc_host_state **hosts; /* hash table of chains */
  uint32_t host_count, host_mask;
} mc_cluster_state;

/* A number that no cluster on this runtime has had yet. */
uint64_t mc_runtime_serial(mc_runtime *runtime);
/* Before `count` hosts that the cluster is likely not to know: their counters are to lie side by side. False where memory
 * is out. */
bool mc_runtime_expect_hosts(mc_cluster_state *cluster, uint32_t count);
/* Each adds a reference, making the state where it is new; NULL where memory is out. */
mc_cluster_state *mc_runtime_cluster(mc_runtime *runtime, mc_slice name);
mc_host_state *mc_runtime_host(mc_cluster_state *cluster, mc_slice address);
/* Hosts are released before their cluster. */
void mc_runtime_release_host(mc_cluster_state *cluster, mc_host_state *host);
void mc_runtime_release_cluster(mc_runtime *runtime, mc_cluster_state *cluster);

/* Requests under way to all hosts of a cluster. */
static inline uint32_t mc_cluster_state_active(const mc_cluster_state *cluster) {
  return mc_counts_used(&cluster->counts[MC_ROUTING_DEFAULT], MC_RESOURCE_REQUESTS) +
         mc_counts_used(&cluster->counts[MC_ROUTING_HIGH], MC_RESOURCE_REQUESTS);
}

/* One of those who watch a host says whether it fails. True where that is news. By many threads at once. */
bool mc_host_state_say(mc_host_state *host, uint_fast32_t who, bool failing);
/* The same for active checks, whose word is a health; MC_DRAINING: it fails, and counts nowhere. A host that passes
 * after it had failed starts slowly again. */
bool mc_host_state_check(mc_host_state *host, mc_health health);

/* Where the list of the listeners' gauges begins: upstream/fault_gauge.h; and that of limiters: upstream/limiters.h. */
struct mc_fault_gauge **mc_runtime_faults(mc_runtime *runtime);

/* What upstream/limit_store.h keeps: a hash table of chains. */
typedef struct mc_limit_stores {
  struct mc_limit_store **chains; /* NULL: none yet */
  uint32_t count, mask;
} mc_limit_stores;

mc_limit_stores *mc_runtime_limits(mc_runtime *runtime);
/* Of mc_runtime_set_secret; zeroes before. */
const uint8_t *mc_runtime_secret(const mc_runtime *runtime);
struct mc_named_limiter **mc_runtime_limiters(mc_runtime *runtime);
/* Held for short and seldom: while members come or go, a host is ejected, an interval ends. After mc_runtime_lock,
 * where both are. */
void mc_cluster_state_lock(mc_cluster_state *cluster);
void mc_cluster_state_unlock(mc_cluster_state *cluster);
/* As mc_host_state_say, but that the epoch may wait: changes that follow one within the merge window move it on
 * together, a window after the first of them (Envoy's update_merge_window, ClusterManagerImpl::scheduleUpdate).
 * Under mc_cluster_state_lock, as the next three. */
void mc_host_state_find(mc_host_state *host, uint_fast32_t who, bool failing, uint64_t now_ns);
/* The changes that wait, where their time has come. */
void mc_cluster_state_merge(mc_cluster_state *cluster, uint64_t now_ns);
void mc_cluster_state_sweep_at(mc_cluster_state *cluster, uint64_t sweep_ns);

void mc_runtime_lock(mc_runtime *runtime);
void mc_runtime_unlock(mc_runtime *runtime);

#endif
