/* Endpoints without a request: for copies of one, which clusters send where they choose themselves. */
#include "engine/lease.h"
#include "engine/snapshot.h"
#include "outlier/detector.h"

mc_code mc_snapshot_pick(const mc_snapshot *s, int32_t number, const mc_pick_terms *terms, mc_picked *out) {
  const mc_cluster *cluster = s->clusters[number];
  *out = (mc_picked){.endpoint = -1};
  if (mc_cluster_is_stale(cluster, terms->now_ns) && !terms->stale) return MC_STALE;
  mc_pick pick = {.draws = terms->seed, .now_ns = terms->now_ns};
  pick.hash = mc_pick_draw(&pick);
  mc_subset_step step;
  const int32_t found = cluster->subsets ? mc_subsets_pick(cluster->subsets, &cluster->subsets->unmatched, &pick, &step)
                                         : mc_balancer_pick(cluster->balancer, &pick);
  if (found < 0) {
    out->flag = MC_FLAG_UH;
  } else {
    out->holder = mc_lease_begin(cluster, found, MC_ROUTING_DEFAULT, terms->now_ns);
    if (out->holder) out->endpoint = found;
    else out->flag = MC_FLAG_UO;
  }
  return MC_OK;
}

bool mc_snapshot_detect(const mc_snapshot *s, int32_t number, int32_t endpoint, const mc_result *result) {
  const mc_cluster *cluster = s->clusters[number];
  return mc_snapshot_detects(s, number) && mc_outlier_report(cluster->members, cluster->hosts[endpoint].state, result);
}

void mc_snapshot_done(const mc_snapshot *s, int32_t number, const mc_picked *picked) {
  mc_lease_end(s->clusters[number], picked->endpoint, MC_ROUTING_DEFAULT, picked->holder);
}
