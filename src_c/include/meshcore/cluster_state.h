/* What a snapshot's clusters and their endpoints have come to, and what is said of them: health, ejections, loads,
 * what circuit breakers and adaptive concurrency count.
 *
 * A decision takes MC_RESOURCE_REQUESTS with its lease. The other resources are for those who have connections, or
 * who retry: what was taken is given back on the same snapshot, once. By many threads at once.
 */
#ifndef MESHCORE_CLUSTER_STATE_H
#define MESHCORE_CLUSTER_STATE_H

#include "meshcore/snapshot.h"

/* What the user says of an endpoint, whatever its configuration says: false makes a healthy or degraded one
 * unhealthy. It is kept as runtime state is, and makes the cluster stale. */
void mc_snapshot_set_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, bool healthy);
/* Takes an endpoint out of service, or back into it: MC_DRAINING whatever else is said of it. Kept likewise, and
 * makes the cluster stale. The requests that are under way to it. */
uint32_t mc_snapshot_drain(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, bool draining);

/* What active checks say of an endpoint, MC_HEALTHY where they don't; likewise. MC_DRAINING: it fails, and counts
 * nowhere. True where that is news. */
bool mc_snapshot_check(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, mc_health health);
/* An endpoint's health, all in all, and the mc_failing bits of those who say that it fails. */
mc_health mc_snapshot_health(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);
uint32_t mc_snapshot_failing(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);
/* Whether any of the cluster's endpoints has had a request. */
bool mc_snapshot_has_traffic(const mc_snapshot *snapshot, int32_t cluster);
/* Whether the cluster's endpoints are ejected where they fail. The next four are only for those. */
bool mc_snapshot_detects(const mc_snapshot *snapshot, int32_t cluster);
mc_outlier_status mc_snapshot_outlier(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns);
mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *snapshot, int32_t cluster);
/* A health check of an endpoint has passed: unless its health checks still fail, that takes it back. */
void mc_snapshot_check_passed(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, uint64_t now_ns);
/* Does what has become due, as a decision or a report does. */
void mc_snapshot_sweep(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns);

/* Requests under way to an endpoint. */
uint32_t mc_snapshot_active(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);

/* Whether the cluster's policy learns anything from reports. */
bool mc_snapshot_learns(const mc_snapshot *snapshot, int32_t cluster);
/* Tells how an attempt at an endpoint went, in or out of a decision. By many threads at once. */
void mc_snapshot_report(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_report *report);

/* Takes one of a resource, where its limit leaves room. Who holds it, to be told when it is given back; 0: refused. */
uint8_t mc_snapshot_take(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource);
void mc_snapshot_give(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority, mc_resource resource,
                      uint8_t holder);

/* Takes a connection to an endpoint: MC_RESOURCE_CONNECTIONS, within the endpoint's own limit, too. As in Envoy an
 * endpoint that has none of the priority is always given one, lest requests wait for it forever: of this process, where
 * several share their counts. */
uint8_t mc_snapshot_take_connection(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                 mc_routing_priority priority);
void mc_snapshot_give_connection(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint,
                                 mc_routing_priority priority, uint8_t holder);

mc_usage mc_snapshot_usage(const mc_snapshot *snapshot, int32_t cluster, mc_routing_priority priority,
                           mc_resource resource);

/* Adaptive concurrency of a cluster. False: it has no limiter. */
bool mc_snapshot_concurrency(const mc_snapshot *snapshot, int32_t cluster, uint64_t now_ns,
                             mc_concurrency_status *status);
/* Connections to an endpoint. */
uint32_t mc_snapshot_connections(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint);

typedef struct mc_pick_terms {
  uint64_t seed, now_ns;
  bool stale; /* take the cluster as it is, however old */
} mc_pick_terms;

typedef struct mc_picked {
  int32_t endpoint; /* -1: there is none to be had, */
  uint32_t flag;    /* and why: MC_FLAG_UH or MC_FLAG_UO; else 0 */
  uint8_t holder;   /* of what counts it */
} mc_picked;

/* An endpoint of a cluster without a request: as Envoy picks it for a copy, without hash policies and labels of a
 * route. It counts the copy as active, at the default priority. MC_OK or MC_STALE. */
mc_code mc_snapshot_pick(const mc_snapshot *snapshot, int32_t cluster, const mc_pick_terms *terms, mc_picked *picked);
/* Tells outlier detection how it went, where the cluster has any. Whether hosts may have been ejected by that, or have come
 * back. */
bool mc_snapshot_detect(const mc_snapshot *snapshot, int32_t cluster, int32_t endpoint, const mc_result *result);
/* The copy is over. */
void mc_snapshot_done(const mc_snapshot *snapshot, int32_t cluster, const mc_picked *picked);

#endif
