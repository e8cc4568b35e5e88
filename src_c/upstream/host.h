/* Hosts and localities of a cluster. */
#ifndef MC_UPSTREAM_HOST_H
#define MC_UPSTREAM_HOST_H

#include "base/arena.h"
#include "upstream/runtime.h"

typedef struct mc_host {
  mc_slice address;  /* "10.0.0.7:9080" */
  mc_slice hostname; /* for auto_host_rewrite; data NULL: none */
  mc_slice hash_key; /* what ring hash and Maglev hash */
  uint32_t weight;
  uint32_t locality; /* number in the cluster */
  mc_health health;  /* as the configuration says */
  uint8_t status;    /* likewise, MC_STATUS_... */
  const mc_label *labels;
  uint32_t label_count;
  mc_host_state *state;
} mc_host;

typedef struct mc_locality {
  mc_slice region, zone, sub_zone;
  uint32_t priority;
  uint32_t weight; /* 0: nothing goes there, where localities are weighted */
  uint32_t host_count; /* of the cluster, be they in a subset of it or not */
} mc_locality;

/* A host's health now: what the configuration says, or worse where the runtime knows better. */
mc_health mc_host_health(const mc_host *host);

/* Its MC_STATUS_... now, likewise. */
static inline uint8_t mc_host_status(const mc_host *host) {
  uint_fast32_t said = mc_host_state_said(host->state);
  if (said & MC_FAILING) return MC_STATUS_UNHEALTHY;
  if (said & MC_EXCLUDED_USER) return MC_STATUS_DRAINING;
  return said & MC_DEGRADED_HEALTH_CHECK && host->health == MC_HEALTHY ? MC_STATUS_DEGRADED : host->status;
}

/* The counters of requests under way, by members' numbers; members NULL: by hosts'. False where memory is out. */
bool mc_host_counters(mc_counter_map *map, const mc_host *hosts, const uint32_t *members, uint32_t count,
                      mc_arena *arena);

#endif
