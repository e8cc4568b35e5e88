/* What changes of clusters and hosts while requests flow, and what the processes of a machine may have in common of it:
 * regions of a shared state, by the cluster's name, and by that and the host's address. Else each process has its own. */
#ifndef MC_UPSTREAM_LIVE_H
#define MC_UPSTREAM_LIVE_H

#include "circuit/breaker.h"
#include "shared/lock.h"

typedef struct mc_cluster_live {
  mc_breaker_counts counts[MC_ROUTING_PRIORITIES]; /* of all its hosts */
  /* Moves on with every change of a host's health: a balancer that was built at another epoch is stale. */
  _Atomic(uint64_t) epoch;
  _Atomic(uint64_t) due_ns; /* when something has to be done before the next pick; UINT64_MAX: never */
  atomic_uchar asked;       /* there has been a request to one of its hosts: not 0 */
  mc_shared_word lock;      /* of what follows, among processes */
  uint64_t sweep_ns;        /* when an interval of outlier detection ends; UINT64_MAX: never */
  uint64_t merge_ns;        /* when changes of health that wait become the epoch's; UINT64_MAX: none waits */
  uint64_t merged_ns;       /* when the last one did; UINT64_MAX: not yet */
} mc_cluster_live;

typedef struct mc_host_live {
  mc_count active;      /* requests under way, where it is shared */
  mc_count connections; /* as those who have pools count them */
  _Atomic(uint64_t) failing; /* MC_FAILING_EJECTED, or 0 */
} mc_host_live;

/* Behind them, where they are shared, is room for what outlier detection knows of them, all zero where it is new. */
enum { MC_OUTLIER_CLUSTER_BYTES = 256, MC_OUTLIER_HOST_BYTES = 160 };

static inline void *mc_cluster_live_outlier(mc_cluster_live *live) { return live + 1; }
static inline void *mc_host_live_outlier(mc_host_live *live) { return live + 1; }

/* Of memory that is all zero. */
void mc_cluster_live_init(mc_cluster_live *live);

/* Columns of their counts, where they are shared: shared/held.h. */
_Atomic(uint64_t) *mc_cluster_live_columns(const mc_cluster_live *live);
_Atomic(uint64_t) *mc_host_live_columns(const mc_host_live *live);

/* Finds them in the shared state, making them where they are new; NULL: error says why. */
mc_cluster_live *mc_cluster_live_find(mc_shared *shared, mc_slice cluster, mc_error *error);
mc_host_live *mc_host_live_find(mc_shared *shared, mc_slice cluster, mc_slice address, mc_error *error);

#endif
