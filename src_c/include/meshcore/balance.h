/* How a cluster chooses among its hosts. */
#ifndef MESHCORE_BALANCE_H
#define MESHCORE_BALANCE_H

#include "meshcore/base.h"

typedef enum mc_policy_kind {
  MC_POLICY_ROUND_ROBIN,
  MC_POLICY_RANDOM,
  MC_POLICY_RING_HASH,
  MC_POLICY_MAGLEV,
  MC_POLICY_WEIGHTED_RANDOM, /* not Envoy's, whose random ignores weights */
  MC_POLICY_LEAST_REQUEST,
  MC_POLICY_PEAK_EWMA,
  MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
} mc_policy_kind;

typedef enum mc_hash_function { MC_XX_HASH, MC_MURMUR_HASH_2 } mc_hash_function;

/* Envoy's limits. */
enum { MC_MAX_RING_SIZE = 8388608, MC_MAX_TABLE_SIZE = 5000011 };

/* What counts where the policy hashes. */
typedef struct mc_hashing_spec {
  mc_hash_function function;                     /* of the ring's entries */
  uint32_t minimum_ring_size, maximum_ring_size; /* 1024 and MC_MAX_RING_SIZE in Envoy */
  uint32_t table_size;     /* of Maglev: a prime; 65537 in Envoy */
  uint32_t balance_factor; /* percent of the average load that a host may have; 0: any */
} mc_hashing_spec;

typedef struct mc_locality_name {
  mc_slice region, zone, sub_zone;
} mc_locality_name;

/* Hosts of the cluster that the caller itself belongs to, in one locality. */
typedef struct mc_peers {
  mc_locality_name locality;
  uint32_t hosts, healthy;
  uint64_t healthy_weight;
} mc_peers;

/* Zone aware routing, of policies that do not hash. */
typedef struct mc_zone_spec {
  mc_locality_name own; /* the caller's locality */
  const mc_peers *peers;
  uint32_t peer_count;
  uint32_t peer_hosts, usable_peers; /* in all: those that are not draining; those healthy or degraded */
  uint32_t routing_percent;          /* 100 in Envoy */
  uint64_t min_cluster_size;         /* healthy hosts; 6 in Envoy */
  uint32_t force_minimum; /* with so many healthy hosts in its locality, nothing leaves it; 0: what is fair does */
  bool by_weight;         /* hosts count by their weights */
} mc_zone_spec;

/* Parameters of the policies that go by load. */
typedef struct mc_load_options {
  /* round robin, least request, client-side weighted round robin */
  uint64_t slow_start_ns; /* window of slow start; 0: none */
  double slow_start_aggression; /* above 0 */
  double slow_start_least;      /* of the weight, 0 to 1 */
  /* least request */
  uint32_t choice_count; /* less than 2 counts as 2 */
  bool full_scan;
  double active_request_bias; /* 0 or more */
  /* peak EWMA */
  uint64_t decay_ns;           /* time constant */
  uint64_t default_latency_ns; /* of a host that was never asked */
  double penalty;              /* cost of one that was, and never answered */
  /* client-side weighted round robin */
  uint64_t blackout_ns;   /* how long a host reports before it is believed */
  uint64_t expiration_ns; /* how long a report counts */
  uint64_t update_ns;     /* between two reckonings of the weights */
  double error_penalty;   /* utilisation that a rate of errors of 1 stands for */
} mc_load_options;

/* How a cluster chooses among its hosts. Which fields count depends on the policy. */
typedef struct mc_balance_spec {
  mc_policy_kind policy;
  uint32_t panic_percent;            /* 50 in Envoy; 0: never */
  uint32_t overprovisioning_percent; /* 140 in Envoy */
  bool weighted_priority_health;     /* hosts count by their weights for what a priority can take */
  bool fail_traffic_on_panic;
  bool locality_weighted;
  const mc_zone_spec *zone; /* NULL: none */
  mc_hashing_spec hashing;
  mc_load_options load;
  uint64_t now_ns; /* when it is built: new hosts start slowly from then on */
} mc_balance_spec;

#endif
