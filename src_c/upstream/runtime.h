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
#include "upstream/live.h"

/* Who holds one of a count, as it is to be given back: a slot of the shared state, MC_HELD_HERE where nothing is shared;
 * 0: nobody, it was refused. */
typedef uint8_t mc_holder;
enum { MC_HELD_HERE = 255 };

/* What active checks may say beside MC_FAILING_HEALTH_CHECK; further bits of mc_host_state.failing. */
enum { MC_DEGRADED_HEALTH_CHECK = 8, MC_EXCLUDED_HEALTH_CHECK = 16 };
/* What the user may say beside MC_FAILING_USER: the host is being taken out of service. */
enum { MC_EXCLUDED_USER = 32 };
/* Those of them that make a host unhealthy. */
enum { MC_FAILING = MC_FAILING_USER | MC_FAILING_EJECTED | MC_FAILING_HEALTH_CHECK };

typedef struct mc_host_state {
  mc_counter *active; /* requests under way; of the cluster's counters, or of what is shared */
  mc_host_live *live; /* `own`, unless it is shared */
  mc_count pooled[MC_ROUTING_PRIORITIES]; /* connections of this process, whose priorities have pools of their own */
  /* Who says that it is not healthy (mc_failing), and two more bits; 0: nobody. Ejection alone is said in `live`. */
  atomic_uint_fast32_t failing;
  atomic_uint_fast64_t healthy_since_ns; /* when it was first there and healthy; 0: not yet */
  /* What policies learn from reports; each of them alone reads its own. */
  atomic_uint_fast64_t latency, latency_at_ns;                      /* peak EWMA: nanoseconds, as a double's bits */
  atomic_uint_fast64_t load_weight, load_since_ns, load_at_ns;      /* client-side weighted; since 0: no report */
  /* outlier/host.h; NULL: no cluster has asked for it. One block, freed with this, or the one in `live` that is shared */
  struct mc_outlier_host *outlier;
  mc_host_live own;
  _Atomic(uint64_t) *columns; /* of the counts that are shared, by holder: shared/held.h */
  uint32_t references;
  struct mc_host_state *next;
  struct mc_cluster_state *cluster;
  mc_slice address;
} mc_host_state;

typedef struct mc_cluster_state {
  mc_cluster_live *live; /* `own`, unless it is shared */
  mc_cluster_live own;
  mc_shared *shared;          /* NULL: nothing is, and neither of the next two is there */
  mc_runtime *runtime;
  _Atomic(uint64_t) *columns; /* as a host's */
  mc_counters counters;
  struct mc_outlier_cluster *_Atomic outlier; /* outlier/ejection.h; likewise */
  struct mc_members *newest;                  /* upstream/cluster.h: all that there are, the latest first */
  atomic_flag lock; /* of the list, and of the next; with live->lock, of who is ejected, and of the times in live */
  uint64_t merge_window_ns; /* 0: all changes at once */
  uint32_t references;
  struct mc_cluster_state *next;
  mc_slice name;
  mc_host_state **hosts; /* hash table of chains */
  uint32_t host_count, host_mask;
} mc_cluster_state;

/* NULL: nothing is shared. */
mc_shared *mc_runtime_shared(const mc_runtime *runtime);
/* Whether mc_runtime_set_alone has been called. */
bool mc_runtime_alone(const mc_runtime *runtime);
/* Before something is built: what mc_runtime_refusal says is of this. Where to say it. */
mc_error *mc_runtime_forget_refusal(mc_runtime *runtime);
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
  return mc_counts_used(&cluster->live->counts[MC_ROUTING_DEFAULT], MC_RESOURCE_REQUESTS) +
         mc_counts_used(&cluster->live->counts[MC_ROUTING_HIGH], MC_RESOURCE_REQUESTS);
}

/* All that is said of a host, by this process and by outlier detection, which may be others'. */
static inline uint_fast32_t mc_host_state_said(const mc_host_state *host) {
  return atomic_load_explicit(&host->failing, memory_order_relaxed) |
         (atomic_load_explicit(&host->live->failing, memory_order_relaxed) & MC_FAILING_EJECTED);
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
/* Whether outlier detection has taken the host out. The epoch may wait: changes that follow one within the merge window
 * move it on together, a window after the first of them (Envoy's update_merge_window,
 * ClusterManagerImpl::scheduleUpdate). Under mc_cluster_state_lock, as the next three. */
void mc_host_state_eject(mc_host_state *host, bool ejected, uint64_t now_ns);
/* The changes that wait, where their time has come. */
void mc_cluster_state_merge(mc_cluster_state *cluster, uint64_t now_ns);
void mc_cluster_state_sweep_at(mc_cluster_state *cluster, uint64_t sweep_ns);

#endif
