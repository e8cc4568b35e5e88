#include "balance/bounded_load.h"

#include <math.h>

#include "balance_support.h"
#include "base/mt19937.h"

static const mc_group *group_of(const hosts_fixture *f) { return &f->balancer.tiers[0].healthy; }

static void set_active(hosts_fixture *f, uint32_t host, uint32_t active) {
  while (active--) mc_cluster_begin(&f->cluster, (int32_t)host, MC_ROUTING_DEFAULT, UINT32_MAX);
}

static double naive_load(const hosts_fixture *f, uint32_t factor, uint32_t host) {
  uint32_t all = mc_cluster_state_active(f->cluster.state), own = atomic_load(f->cluster.hosts[host].state->active);
  return own / fmax(ceil(((all + 1) * factor + 99) / 100 * group_of(f)->shares[host]), 1);
}

/* Envoy's steps with the whole permutation written out. */
static uint32_t naive_pick(const hosts_fixture *f, uint32_t factor, uint64_t hash, uint32_t member) {
  uint32_t order[SUPPORT_HOSTS], count = f->cluster.host_count, least = member;
  double load = naive_load(f, factor, member);
  if (load <= 1) return member;
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  mc_mt19937 rng;
  mc_mt19937_seed(&rng, (uint32_t)hash);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t left = count - i, x;
    do {
      x = (uint32_t)(mc_mt19937_next(&rng) / (4294967296u / left));
    } while (x >= left);
    uint32_t swap = order[i];
    order[i] = order[i + x];
    order[i + x] = swap;
    if (order[i] == member) continue;
    double other = naive_load(f, factor, order[i]);
    if (other <= 1) return order[i];
    if (other < load) {
      least = order[i];
      load = other;
    }
  }
  return least;
}

static void test_random_loads(void) {
  for (uint64_t seed = 1; seed < 60; seed++) {
    uint64_t draws = seed;
    hosts_fixture f;
    start(&f, MC_POLICY_MAGLEV);
    f.spec.balance.hashing.table_size = 7;
    add_locality(&f, 0, 0, 1 + mc_splitmix64(&draws) % SUPPORT_HOSTS, 0, 0);
    for (uint32_t i = 0; i < f.spec.endpoint_count; i++) f.endpoints[i].weight = 1 + mc_splitmix64(&draws) % 3;
    CHECK_INT(build(&f, 0), MC_OK);
    uint32_t factor = seed % 4 ? 100 + seed % 50 : 1; /* 1: hardly any host is free, so that all are asked */
    for (uint32_t i = 0; i < f.cluster.host_count; i++) set_active(&f, i, mc_splitmix64(&draws) % 40);
    for (int i = 0; i < 50; i++) {
      uint64_t hash = mc_splitmix64(&draws);
      uint32_t member = (uint32_t)(hash % f.cluster.host_count);
      CHECK_INT(mc_bounded_load_pick(group_of(&f), factor, hash, member), naive_pick(&f, factor, hash, member));
    }
    finish(&f);
  }
}

static void check_bounded(mc_policy_kind policy) {
  hosts_fixture f;
  start(&f, policy);
  f.spec.balance.hashing = (mc_hashing_spec){
      .minimum_ring_size = 1024, .maximum_ring_size = MC_MAX_RING_SIZE, .table_size = 65537, .balance_factor = 150};
  add_locality(&f, 0, 0, 4, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  mc_pick pick = {.hash = 12345};
  int32_t idle = mc_balancer_pick(&f.balancer, &pick);
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), idle);
  set_active(&f, (uint32_t)idle, 10); /* it may have ceil(11 * 1.5 / 4) = 5 */
  int32_t other = mc_balancer_pick(&f.balancer, &pick);
  CHECK(other >= 0 && other != idle);
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), other); /* the same for the same hash */
  for (int i = 0; i < 10; i++) mc_cluster_end(&f.cluster, (int32_t)idle, MC_ROUTING_DEFAULT, MC_HELD_HERE);
  CHECK_INT(mc_balancer_pick(&f.balancer, &pick), idle);
  finish(&f);
}

static void test_memory_runs_out_while_asking(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_MAGLEV);
  f.spec.balance.hashing.table_size = 7;
  add_locality(&f, 0, 0, SUPPORT_HOSTS, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  for (uint32_t i = 0; i < SUPPORT_HOSTS; i++) set_active(&f, i, 50);
  check_memory(0);
  uint32_t picked = mc_bounded_load_pick(group_of(&f), 1, 99, 3);
  check_memory(-1);
  CHECK(picked < SUPPORT_HOSTS);
  finish(&f);
}

int main(void) {
  test_random_loads();
  check_bounded(MC_POLICY_RING_HASH);
  check_bounded(MC_POLICY_MAGLEV);
  test_memory_runs_out_while_asking();
  return check_finish();
}
