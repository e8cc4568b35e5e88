/* Hosts in localities, for tests of host sets, balancers and policies. */
#ifndef MC_BALANCE_SUPPORT_H
#define MC_BALANCE_SUPPORT_H

#include "balance/balancer.h"
#include "check.h"
#include "upstream/cluster.h"

enum { SUPPORT_HOSTS = 64 };

typedef struct hosts_fixture {
  mc_runtime *runtime;
  mc_cluster cluster;
  mc_endpoint_spec endpoints[SUPPORT_HOSTS];
  mc_locality_spec localities[8];
  char names[SUPPORT_HOSTS][16];
  mc_cluster_spec spec;
  mc_balancer balancer;
  mc_error error;
} hosts_fixture;

/* Adds a locality of healthy hosts of weight 1, the first `unhealthy` of them unhealthy and the next `degraded`
 * degraded. */
static inline void add_locality(hosts_fixture *f, uint32_t priority, uint32_t weight, uint32_t count,
                                uint32_t unhealthy, uint32_t degraded) {
  uint32_t locality = f->spec.locality_count++;
  f->localities[locality] = (mc_locality_spec){.priority = priority, .weight = weight};
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = f->spec.endpoint_count++;
    int size = snprintf(f->names[at], sizeof f->names[at], "10.0.0.%u:80", at);
    mc_health health = i < unhealthy ? MC_UNHEALTHY : i < unhealthy + degraded ? MC_DEGRADED : MC_HEALTHY;
    f->endpoints[at] = (mc_endpoint_spec){
        .address = {f->names[at], (size_t)size}, .health = health, .weight = 1, .locality = locality};
  }
  f->spec.endpoints = f->endpoints;
  f->spec.localities = f->localities;
}

static inline void start(hosts_fixture *f, mc_policy_kind policy) {
  *f = (hosts_fixture){.runtime = mc_runtime_new()};
  f->spec.balance = (mc_balance_spec){.policy = policy,
                                      .panic_percent = 50,
                                      .overprovisioning_percent = 140,
                                      .load = {.slow_start_aggression = 1, .active_request_bias = 1}};
}

static inline mc_code build(hosts_fixture *f, uint64_t turn) {
  f->cluster.arena = mc_arena_new();
  mc_members *members = f->cluster.arena ? mc_members_new(&f->spec, f->runtime) : NULL;
  if (!members) return MC_NO_MEMORY;
  mc_cluster_take(&f->cluster, members, f->spec.balance.now_ns);
  return mc_balancer_build(&f->balancer, &f->spec.balance, f->cluster.hosts, NULL, f->cluster.host_count,
                           f->cluster.localities, f->cluster.locality_count, turn, f->cluster.arena, &f->error);
}

/* Gives back all but the specs, so that it can be built again. */
static inline void unbuild(hosts_fixture *f) {
  mc_balancer_clear(&f->balancer);
  if (f->cluster.members) mc_members_release(f->cluster.members, f->runtime);
  mc_arena_free(f->cluster.arena);
  f->cluster = (mc_cluster){.host_count = 0};
}

static inline void finish(hosts_fixture *f) {
  unbuild(f);
  mc_runtime_free(f->runtime);
  CHECK_INT(check_blocks(), 0);
}

/* Nanoseconds. */
static inline uint64_t seconds(double count) { return (uint64_t)(count * 1e9); }

/* One pick at a time. */
static inline int32_t pick_at(const hosts_fixture *f, uint64_t now_ns, uint64_t draws) {
  mc_pick pick = {.draws = draws, .now_ns = now_ns};
  return mc_balancer_pick(&f->balancer, &pick);
}

/* How often each host is picked at a time. */
static inline void count_at(const hosts_fixture *f, uint64_t now_ns, int picks, int counts[SUPPORT_HOSTS]) {
  memset(counts, 0, SUPPORT_HOSTS * sizeof *counts);
  for (int i = 0; i < picks; i++) counts[pick_at(f, now_ns, mc_mix64((uint64_t)i))]++;
}

/* Healthy hosts of these weights in one locality. */
static inline void start_weighted(hosts_fixture *f, mc_policy_kind policy, const uint32_t *weights, uint32_t count) {
  start(f, policy);
  add_locality(f, 0, 0, count, 0, 0);
  for (uint32_t i = 0; i < count; i++) f->endpoints[i].weight = weights[i];
}

/* Building a fixture that make fills says that memory is out wherever that happens, and leaks nothing. */
static inline void check_build_memory(void (*make)(hosts_fixture *f)) {
  for (int n = 0;; n++) {
    hosts_fixture f;
    make(&f);
    check_memory(n);
    mc_code code = build(&f, 0);
    check_memory(-1);
    finish(&f);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

/* How often each host is picked. Returns the number of picks that found none. */
static inline int count_picks(const hosts_fixture *f, int picks, int counts[SUPPORT_HOSTS]) {
  int none = 0;
  memset(counts, 0, SUPPORT_HOSTS * sizeof *counts);
  for (int i = 0; i < picks; i++) {
    uint64_t seed = (uint64_t)i;
    mc_pick pick = {.draws = mc_splitmix64(&seed), .hash = mc_splitmix64(&seed)};
    int32_t host = mc_balancer_pick(&f->balancer, &pick);
    if (host < 0) {
      none++;
    } else {
      counts[host]++;
    }
  }
  return none;
}

#endif
