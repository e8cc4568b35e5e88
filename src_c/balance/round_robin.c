/* Round robin: one host after another, from a random first one (Envoy documentation, "Supported load
 * balancers > Weighted round robin", with equal weights). The turn lives in the runtime, so that a swap
 * goes on where it was. */
#include "balance/policy.h"

extern const mc_policy mc_round_robin;

static mc_code build(mc_cluster *cluster, mc_arena *arena) {
  (void)cluster;
  (void)arena;
  return MC_OK;
}

static int32_t pick(const mc_cluster *cluster, const mc_pick *pick) {
  (void)pick;
  if (cluster->host_count == 0) return -1;
  uint64_t turn = atomic_fetch_add_explicit(&cluster->state->turn, 1, memory_order_relaxed);
  return (int32_t)(turn % cluster->host_count);
}

static int32_t peek(const mc_cluster *cluster, const mc_pick *pick) {
  (void)pick;
  if (cluster->host_count == 0) return -1;
  uint64_t turn = atomic_load_explicit(&cluster->state->turn, memory_order_relaxed);
  return (int32_t)(turn % cluster->host_count);
}

const mc_policy mc_round_robin = {"round robin", build, pick, peek, NULL};
