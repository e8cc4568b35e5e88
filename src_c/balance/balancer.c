#include "balance/balancer.h"

static mc_code no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

/* ------------------------------------------------------------------ build */

typedef struct builder {
  mc_balancer *balancer;
  const mc_balance_spec *spec;
  const mc_host *hosts;
  uint64_t turn;
  mc_arena *arena;
  mc_error *error;
} builder;

static bool in_order(mc_hosts members) {
  for (uint32_t i = 1; i < members.count; i++) {
    if (members.at[i] != members.at[0] + i) return false;
  }
  return true;
}

static mc_code build_group(builder *b, mc_group *group, mc_hosts members, const double *shares) {
  *group = (mc_group){b->hosts, members, shares, NULL, in_order(members)};
  const mc_policy *policy = b->balancer->policy;
  if (!members.count || !policy->build) return MC_OK;
  return policy->build(group, b->spec, b->turn, b->arena, b->error);
}

/* The shares of hosts in a locality that gets a share itself, by their weights. */
static uint32_t add_shares(const mc_host *hosts, mc_hosts from, double share, uint32_t *members, double *shares) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < from.count; i++) sum += hosts[from.at[i]].weight;
  for (uint32_t i = 0; i < from.count; i++) {
    members[i] = from.at[i];
    shares[i] = hosts[from.at[i]].weight * share / (double)sum;
  }
  return from.count;
}

/* A policy that hashes has one table for a priority. With weighted localities each gets a part by its
 * weight as it stands: what of it is healthy, or in the subset, does not count. Parts of localities that have
 * nothing to offer here are nobody's, and make a ring smaller, as in Envoy. */
static mc_code build_hashed(builder *b, mc_tier *tier, const mc_priority *priority) {
  mc_hosts from = priority->panic ? priority->all : priority->healthy;
  uint32_t *members = mc_arena_alloc(b->arena, from.count, sizeof *members);
  double *shares = mc_arena_alloc(b->arena, from.count, sizeof *shares);
  if (!members || !shares) return no_memory(b->error);
  uint32_t count = 0;
  if (b->balancer->locality_weighted) {
    for (uint32_t i = 0; i < priority->locality_count; i++) {
      const mc_locality_hosts *here = &priority->localities[i];
      if (!here->weight) continue;
      double share = (double)here->weight / (double)priority->locality_weight;
      count += add_shares(b->hosts, priority->panic ? here->all : here->healthy, share, members + count, shares + count);
    }
  } else {
    count = add_shares(b->hosts, from, 1, members, shares);
  }
  return build_group(b, &tier->healthy, (mc_hosts){members, count}, shares);
}

static mc_code build_localities(builder *b, mc_tier *tier, const mc_priority *priority) {
  tier->healthy_in = mc_arena_alloc(b->arena, priority->locality_count, sizeof *tier->healthy_in);
  tier->degraded_in = mc_arena_alloc(b->arena, priority->locality_count, sizeof *tier->degraded_in);
  if (!tier->healthy_in || !tier->degraded_in) return no_memory(b->error);
  atomic_init(&tier->turn, b->turn);
  for (uint32_t i = 0; i < priority->locality_count; i++) {
    const mc_locality_hosts *here = &priority->localities[i];
    if (b->balancer->locality_weighted) {
      tier->healthy_weight += here->healthy_weight;
      tier->degraded_weight += here->degraded_weight;
    }
    mc_code code = build_group(b, &tier->healthy_in[i], here->healthy, NULL);
    if (!code) code = build_group(b, &tier->degraded_in[i], here->degraded, NULL);
    if (code) return code;
  }
  return MC_OK;
}

static mc_code build_tier(builder *b, mc_tier *tier, const mc_priority *priority) {
  if (b->balancer->policy->hashes) return build_hashed(b, tier, priority);
  mc_code code = build_group(b, &tier->healthy, priority->panic ? priority->all : priority->healthy, NULL);
  if (!code && !priority->panic) code = build_group(b, &tier->degraded, priority->degraded, NULL);
  bool zoned = b->balancer->zone.on && priority == b->balancer->set.priorities;
  bool by_locality = b->balancer->locality_weighted || zoned;
  if (!code && !priority->panic && by_locality) code = build_localities(b, tier, priority);
  return code;
}

mc_code mc_balancer_build(mc_balancer *balancer, const mc_balance_spec *spec, const mc_host *hosts,
                          const uint32_t *members, uint32_t count, const mc_locality *localities,
                          uint32_t locality_count, uint64_t turn, mc_arena *arena, mc_error *error) {
  *balancer = (mc_balancer){.policy = mc_policy_of(spec->policy),
                            .locality_weighted = spec->locality_weighted,
                            .fail_traffic_on_panic = spec->fail_traffic_on_panic,
                            .load = spec->load};
  balancer->reads_clock = balancer->policy->reads_clock || spec->load.slow_start_ns;
  const mc_host_set_options options = {spec->panic_percent, spec->overprovisioning_percent, spec->weighted_priority_health};
  mc_code code = mc_host_set_build(&balancer->set, hosts, members, count, localities, locality_count, &options, arena);
  if (code) {
    balancer->set.count = 0;
    return no_memory(error);
  }
  balancer->tiers = mc_arena_alloc(arena, balancer->set.count, sizeof *balancer->tiers);
  if (!balancer->tiers) {
    balancer->set.count = 0;
    return no_memory(error);
  }
  builder b = {balancer, spec, hosts, turn, arena, error};
  if (balancer->set.count && !balancer->policy->hashes) {
    code = mc_zone_build(&balancer->zone, spec->zone, spec->panic_percent, balancer->set.priorities, hosts, localities, arena);
    if (code) no_memory(error);
  }
  for (uint32_t i = 0; i < balancer->set.count && !code; i++) {
    code = build_tier(&b, &balancer->tiers[i], &balancer->set.priorities[i]);
  }
  return code;
}

void mc_balancer_clear(mc_balancer *balancer) {
  if (!balancer->policy || !balancer->policy->free) return;
  for (uint32_t i = 0; i < balancer->set.count; i++) {
    mc_tier *tier = &balancer->tiers[i];
    if (tier->healthy.table) balancer->policy->free(&tier->healthy);
    if (tier->degraded.table) balancer->policy->free(&tier->degraded);
    for (uint32_t k = 0; tier->healthy_in && tier->degraded_in && k < balancer->set.priorities[i].locality_count; k++) {
      if (tier->healthy_in[k].table) balancer->policy->free(&tier->healthy_in[k]);
      if (tier->degraded_in[k].table) balancer->policy->free(&tier->degraded_in[k]);
    }
  }
  balancer->set.count = 0;
}

/* ------------------------------------------------------------------ pick */

/* Locality after locality by weight, without a lock: the fractions of the multiples of the golden ratio
 * fill [0, 1) as evenly as any sequence can (Weyl; Knuth, TAOCP 3, 6.4), so every run of picks is spread
 * by weight as Envoy's scheduler does it. */
static uint32_t locality_in_turn(mc_tier *tier, const mc_priority *priority, bool degraded, double total, bool peek) {
  uint64_t turn = peek ? atomic_load_explicit(&tier->turn, memory_order_relaxed)
                       : atomic_fetch_add_explicit(&tier->turn, 1, memory_order_relaxed);
  double place = (double)((turn * MC_SPLITMIX64_STEP) >> 11) * 0x1p-53 * total;
  uint32_t last = 0;
  for (uint32_t i = 0; i < priority->locality_count; i++) {
    const mc_locality_hosts *here = &priority->localities[i];
    double weight = degraded ? here->degraded_weight : here->healthy_weight;
    if (weight <= 0) continue;
    last = i;
    if (place < weight) break;
    place -= weight;
  }
  return last;
}

static const mc_group *group_of(const mc_balancer *balancer, mc_pick *pick) {
  if (!balancer->set.count) return NULL;
  bool degraded;
  const bool hashes = balancer->policy->hashes;
  const uint64_t number = hashes ? pick->hash : mc_pick_draw(pick);
  const mc_priority *priority = pick->previous && !hashes
                                    ? mc_previous_priorities_choose(pick->previous, &balancer->set, number, &degraded)
                                    : mc_host_set_choose(&balancer->set, number, &degraded);
  mc_tier *tier = &balancer->tiers[priority - balancer->set.priorities];
  if (hashes) return &tier->healthy;
  if (priority->panic) return balancer->fail_traffic_on_panic ? NULL : &tier->healthy;
  double total = degraded ? tier->degraded_weight : tier->healthy_weight;
  if (total > 0) {
    uint32_t at = locality_in_turn(tier, priority, degraded, total, pick->peek);
    return degraded ? &tier->degraded_in[at] : &tier->healthy_in[at];
  }
  if (balancer->zone.on && priority == balancer->set.priorities) {
    int32_t at = mc_zone_choose(&balancer->zone, balancer->fail_traffic_on_panic, pick);
    if (at == MC_ZONE_NOWHERE) return NULL;
    if (at != MC_ZONE_ANYWHERE) return degraded ? &tier->degraded_in[at] : &tier->healthy_in[at];
  }
  return degraded ? &tier->degraded : &tier->healthy;
}

int32_t mc_balancer_pick(const mc_balancer *balancer, mc_pick *pick) {
  const mc_group *group = group_of(balancer, pick);
  if (!group || !group->members.count) return -1;
  pick->candidates = group->members.count;
  uint32_t member = balancer->policy->pick(group, pick);
  return member == MC_NO_MEMBER ? -1 : (int32_t)mc_group_number(group, member);
}

void mc_balancer_report(const mc_balancer *balancer, mc_host_state *state, const mc_report *report) {
  if (balancer->policy->report) balancer->policy->report(&balancer->load, state, report);
}
