/* Ejecting hosts and taking them back. All of it under the lock of the cluster's state. */
#ifndef MC_OUTLIER_EJECTION_H
#define MC_OUTLIER_EJECTION_H

#include "outlier/host.h"
#include "upstream/cluster.h"

/* What detection knows of a cluster, whatever its configuration. */
typedef struct mc_outlier_cluster {
  atomic_uint turn; /* the half of mc_outlier_host.requests that is written: mc_outlier_turn */
  uint8_t begun;    /* it has been set up; under the lock, as the next two */
  uint64_t random;
  mc_outlier_counts counts;
} mc_outlier_cluster;

/* In a shared state any number may stand there. */
static inline unsigned mc_outlier_turn(const mc_outlier_cluster *cluster) {
  return atomic_load_explicit(&cluster->turn, memory_order_relaxed) & 1;
}

static inline bool mc_is_ejected(const mc_host_state *host) {
  return atomic_load_explicit(&host->live->failing, memory_order_relaxed) & MC_FAILING_EJECTED;
}

/* A host is an outlier: it is ejected, unless too many are or chance says no (the percentage that is enforced). A
 * host that is ejected already is left alone. */
void mc_eject(const mc_members *members, mc_host_state *host, mc_ejection reason, uint64_t now_ns);
/* Takes an ejected host back. It begins with clean counters. */
void mc_uneject(mc_host_state *host, uint64_t now_ns);

/* When the host's ejection has lasted long enough: the base time times the number of ejections in a row, at most the
 * maximum, and what chance has added. */
uint64_t mc_ejection_end(const mc_outlier_spec *spec, const mc_outlier_host *host);
/* A host that has been back for an interval counts one ejection in a row less. Whether it still counts any. */
bool mc_ejection_decay(const mc_outlier_spec *spec, mc_outlier_host *host, uint64_t now_ns);

#endif
