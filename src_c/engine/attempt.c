/* Further attempts of a decision: where each goes. As Envoy's router, which asks the cluster manager anew for each of them
 * (Filter::doRetry in source/common/router/router.cc). */
#include "base/rng.h"
#include "edit/response.h"
#include "engine/exchange.h"
#include "engine/forwarding.h"
#include "engine/hash_input.h"

/* Any constants will do that no other draw from the seed uses. */
#define PICKS UINT64_C(0x616e6f7468657221)
#define HEDGES UINT64_C(0x6865646765732121)

uint32_t mc_decision_further(const mc_decision *d) {
  if (d->outcome != MC_FORWARD || !d->retries) return 0;
  const mc_hedge_spec *hedge = &mc_decision_action(d)->hedge;
  uint32_t further = hedge->initial_requests > 1 ? hedge->initial_requests - 1 : 0;
  if (hedge->denominator && mc_mix64(d->request.seed ^ HEDGES) % hedge->denominator < hedge->numerator) further++;
  return further;
}

/* The decision's cluster as the snapshot in force has it; NULL: it is gone. Clusters keep their name alone. */
static mc_cluster *in_force(const mc_decision *d, const mc_snapshot *current) {
  if (current == d->snapshot) return current->clusters[d->cluster];
  const int32_t number = mc_snapshot_cluster(current, d->snapshot->clusters[d->cluster]->name);
  return number < 0 ? NULL : current->clusters[number];
}

static bool has_labels(const mc_host *host, const mc_labels *wanted) {
  for (uint32_t i = 0; i < wanted->count; i++) {
    bool found = false;
    for (uint32_t k = 0; k < host->label_count && !found; k++) {
      found = mc_slice_equal(host->labels[k].key, wanted->at[i].key) &&
              mc_slice_equal(host->labels[k].value, wanted->at[i].value);
    }
    if (!found) return false;
  }
  return true;
}

/* Whether the policy passes a host over. One that was tried is known by its address, whatever has become of the cluster
 * since. */
static bool refuses(const mc_exchange *x, const mc_retry *policy, const mc_cluster *cluster, int32_t endpoint) {
  const mc_slice address = cluster->hosts[endpoint].address;
  for (const mc_attempt *at = &x->first; at && policy->avoid_previous_hosts; at = at->next) {
    if (mc_slice_equal(at->cluster->hosts[at->endpoint].address, address)) return true;
  }
  for (uint32_t i = 0; i < policy->omit_count; i++) {
    if (has_labels(&cluster->hosts[endpoint], &policy->omit[i])) return true;
  }
  return false;
}

/* Where the cluster has come to hash since the request was decided, as its route would have had it. */
static mc_code hash(mc_decision *d, const mc_cluster *cluster) {
  if (!cluster->balancer->policy->hashes || d->snapshot->clusters[d->cluster]->balancer->policy->hashes) return MC_OK;
  mc_input input;
  if (mc_route_table_input(d->snapshot->routes, &d->view, d->request.seed, &d->scratch, &input)) return MC_NO_MEMORY;
  const mc_action *action = mc_decision_action(d);
  mc_input edited, *read;
  mc_view view;
  if (mc_hash_input(d, action, &action->hash_policies, &input, &view, &edited, &read)) return MC_NO_MEMORY;
  d->hashed = mc_action_hash(action, read, &d->cookies, &d->hash);
  return read->no_memory ? MC_NO_MEMORY : MC_OK;
}

/* A host, and another one as often as the policy allows where it passes that over; the last one is taken. */
static mc_code pick(mc_decision *d, const mc_cluster *cluster, uint64_t now_ns, int32_t *endpoint) {
  mc_exchange *x = d->exchange;
  const mc_retry *policy = mc_decision_action(d)->retry;
  if (!d->hashed && hash(d, cluster)) return MC_NO_MEMORY;
  mc_pick pick = {.draws = mc_mix64(d->request.seed ^ PICKS) + x->count * MC_SPLITMIX64_STEP,
                  .now_ns = now_ns,
                  .hash = d->hash,
                  .previous = x->priorities.frequency ? &x->priorities : NULL};
  if (!d->hashed) pick.hash = mc_pick_draw(&pick);
  for (;; pick.refused++) {
    bool no_memory = false;
    *endpoint = cluster->subsets ? mc_subsets_decide(cluster, d, &pick, &no_memory)
                                 : mc_balancer_pick(cluster->balancer, &pick);
    if (no_memory) return MC_NO_MEMORY;
    if (*endpoint < 0 || !policy || pick.refused == policy->host_attempts || !refuses(x, policy, cluster, *endpoint)) {
      d->candidates = pick.candidates;
      return MC_OK;
    }
  }
}

/* Where the host is rewritten to the endpoint's, each attempt has its own. */
static mc_code rewrite(mc_decision *d, mc_attempt *attempt) {
  if (mc_decision_action(d)->host.kind != MC_HOST_AUTO) return MC_OK;
  mc_edits_in_force edits;
  mc_forwarding forwarding;
  mc_forwarding_gather(d, &edits);
  mc_forwarding_fill(d, &edits, NULL, &forwarding);
  return mc_upstream_target_make(&forwarding, &d->scratch, &attempt->target, &attempt->authority);
}

/* What the decision says of where its endpoint was found. */
typedef struct finding {
  uint32_t candidates;
  int32_t subset;
  mc_subset_reason reason;
} finding;

static finding finding_of(const mc_decision *d) { return (finding){d->candidates, d->subset, d->subset_reason}; }

/* Picks and leases an endpoint for the attempt, whose endpoint is -1 where there is none. Unless all went well the
 * decision speaks of the endpoint that it had. */
static mc_code lease(mc_decision *d, mc_cluster *cluster, uint64_t now_ns, mc_attempt *attempt) {
  const finding before = finding_of(d);
  const mc_code code = pick(d, cluster, now_ns, &attempt->endpoint);
  if (!code && attempt->endpoint >= 0) {
    attempt->leased = mc_lease_begin(cluster, attempt->endpoint, mc_decision_action(d)->priority, now_ns);
    attempt->running = attempt->leased;
  }
  if (!attempt->leased) {
    d->candidates = before.candidates;
    d->subset = before.subset;
    d->subset_reason = before.reason;
    return code;
  }
  attempt->cluster = cluster;
  attempt->elsewhere = cluster != d->snapshot->clusters[d->cluster];
  if (attempt->elsewhere) mc_cluster_share(cluster);
  d->exchange->last = d->exchange->last->next = attempt; /* from here on the decision ends it, come what may */
  return MC_OK;
}

mc_code mc_decision_attempt(mc_decision *d, const mc_snapshot *current, uint64_t now_ns, const mc_attempt **out) {
  *out = NULL;
  if (d->outcome != MC_FORWARD || d->over) return MC_OK;
  if (mc_exchange_begin(d)) return MC_NO_MEMORY;
  mc_exchange *x = d->exchange;
  mc_cluster *cluster = in_force(d, current);
  if (cluster && mc_cluster_is_stale(cluster, now_ns) && !d->request.stale) return MC_STALE;
  mc_attempt *attempt = mc_scratch_alloc(&d->scratch, sizeof *attempt);
  if (!attempt) return MC_NO_MEMORY;
  const uint64_t wait_ns = x->pending ? x->wait_ns : 0;
  *attempt = (mc_attempt){.number = x->count + 1,
                          .endpoint = -1,
                          .backoff_ns = wait_ns,
                          .begins_ns = now_ns + wait_ns,
                          .after_timeout = x->pending && x->timed_out,
                          .target = x->first.target,
                          .authority = x->first.authority};
  if (cluster && lease(d, cluster, now_ns, attempt)) return MC_NO_MEMORY;
  x->pending = false;
  x->count++;
  if (attempt->endpoint < 0) {
    mc_exchange_nowhere(d);
    return MC_OK;
  }
  if (!attempt->leased) {
    if (!mc_exchange_waits(x, NULL)) mc_exchange_overflow(d);
    return MC_OK;
  }
  mc_exchange_move(d, attempt);
  d->detects |= cluster->detects;
  if (rewrite(d, attempt)) return MC_NO_MEMORY;
  mc_exchange_move(d, attempt);
  if (x->priorities.frequency) mc_previous_priorities_note(&x->priorities, mc_exchange_priority(cluster, attempt->endpoint));
  *out = attempt;
  return MC_OK;
}
