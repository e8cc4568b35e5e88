/* Routes and the subsets that they mean: looked up once for a cluster that a route names, and for each request
 * where a header names the cluster or the cluster has been replaced since. */
#include "engine/snapshot.h"

static mc_code find(mc_criteria *criteria, int32_t cluster, const mc_snapshot *s, mc_scratch *scratch) {
  if (!criteria || cluster < 0 || !s->clusters[cluster]->subsets) return MC_OK;
  mc_code code = mc_subsets_plan(s->clusters[cluster]->subsets, &criteria->match, scratch, &criteria->plan);
  if (code || !mc_subset_plan_copy(&criteria->plan, s->arena)) return MC_NO_MEMORY;
  criteria->serial = s->clusters[cluster]->serial;
  return MC_OK;
}

mc_code mc_action_find_subsets(mc_action *action, const mc_snapshot *s) {
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  mc_code code = find(action->criteria, action->cluster, s, &scratch);
  for (uint32_t i = 0; i < action->weighted_count && !code; i++) {
    code = find(action->weighted[i].criteria, action->weighted[i].cluster, s, &scratch);
  }
  mc_scratch_reset(&scratch);
  return code;
}

int32_t mc_subsets_decide(const mc_cluster *cluster, mc_decision *d, mc_pick *pick, bool *no_memory) {
  const mc_action *action = &d->snapshot->actions[d->route];
  const mc_weighted *weighted = d->choice >= 0 ? &action->weighted[d->choice] : NULL;
  const mc_criteria *criteria = weighted ? weighted->criteria : action->criteria;
  mc_subset_plan plan = criteria ? criteria->plan : cluster->subsets->unmatched;
  bool known = !criteria || criteria->serial == cluster->serial;
  if (!known && mc_subsets_plan(cluster->subsets, &criteria->match, &d->scratch, &plan)) {
    *no_memory = true;
    return -1;
  }
  mc_subset_step step = {0, MC_SUBSET_NONE};
  int32_t host = mc_subsets_pick(cluster->subsets, &plan, pick, &step);
  d->subset = step.reason == MC_SUBSET_NONE ? -1 : (int32_t)step.subset;
  d->subset_reason = step.reason;
  bool asked = d->subset >= 0 && !cluster->subsets->at[d->subset].single;
  if (!asked) d->cluster_cookie = NULL; /* it was for a policy that had no say */
  return host;
}
