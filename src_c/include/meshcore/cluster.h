/* Clusters: endpoints, localities, and all that a configuration says of both. */
#ifndef MESHCORE_CLUSTER_H
#define MESHCORE_CLUSTER_H

#include "meshcore/balance.h"
#include "meshcore/circuit.h"
#include "meshcore/concurrency.h"
#include "meshcore/outlier.h"
#include "meshcore/subset.h"

typedef enum mc_health {
  MC_HEALTHY,
  MC_DEGRADED,  /* used where healthy hosts do not suffice */
  MC_UNHEALTHY, /* used in panic only */
  MC_DRAINING,  /* as unhealthy, and counted as if it were not there */
} mc_health;

/* Who may say that an endpoint is not healthy, whatever its configuration says; a bit for each. */
enum mc_failing { MC_FAILING_USER = 1, MC_FAILING_EJECTED = 2, MC_FAILING_HEALTH_CHECK = 4 };

/* What an endpoint may be for sessions to stay with it, as bits: Envoy's HealthStatus. */
enum {
  MC_STATUS_UNKNOWN = 1,
  MC_STATUS_HEALTHY = 2,
  MC_STATUS_UNHEALTHY = 4,
  MC_STATUS_DRAINING = 8,
  MC_STATUS_TIMEOUT = 16,
  MC_STATUS_DEGRADED = 32,
};

typedef struct mc_endpoint_spec {
  mc_slice address;  /* as it is named in decisions: "10.0.0.7:9080" */
  mc_slice hostname; /* data NULL: none */
  mc_slice hash_key; /* what policies that hash use for it; data NULL: the address */
  mc_health health;
  uint8_t status;    /* MC_STATUS_..., for sessions; 0: none may stay */
  mc_health unchecked; /* what active checks say of it before the first one; MC_HEALTHY where it is not checked */
  uint32_t weight;     /* 0 counts as 1 */
  uint32_t locality; /* number in the cluster's localities */
  const mc_label *labels;
  uint32_t label_count;
} mc_endpoint_spec;

typedef struct mc_locality_spec {
  mc_slice region, zone, sub_zone;
  uint32_t priority; /* 0 is used first */
  uint32_t weight;   /* where localities are weighted; 0: nothing goes there */
} mc_locality_spec;

typedef struct mc_cluster_spec {
  mc_slice name;
  mc_balance_spec balance;
  const mc_endpoint_spec *endpoints;
  uint32_t endpoint_count;
  const mc_locality_spec *localities; /* none: all endpoints are in one that has no name */
  uint32_t locality_count;
  const mc_subsets_spec *subsets; /* NULL: none */
  const mc_thresholds *thresholds; /* by mc_routing_priority; NULL: Envoy's defaults */
  uint8_t session_statuses; /* of the endpoints that sessions may stay with */
  uint32_t drop_millionths;  /* of the requests, which are dropped */
  mc_names override_headers; /* whose addresses come before what the policy would choose; lower-case */
  const mc_outlier_spec *outlier; /* NULL: no host is ejected */
  const mc_concurrency_spec *concurrency; /* of the requests under way to all endpoints; NULL: none */
  uint64_t merge_window_ns; /* for which ejections that follow one wait, and take effect together; 1 s in Envoy */
  int32_t keep; /* number of the cluster in the previous snapshot that is taken over as it is; -1: none */
} mc_cluster_spec;

#endif
