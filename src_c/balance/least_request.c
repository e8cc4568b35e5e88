/* Least request (Envoy documentation, "Supported load balancers > Weighted least request"). Hosts of one weight: the
 * least busy of some random ones, or of all. Otherwise weighted round robin, where the requests under way make a
 * host's weight less: weight / (active + 1)^bias. */
#include <math.h>

#include "balance/rotation.h"
#include "balance/schedule.h"
#include "balance/slow_start.h"

extern const mc_policy mc_least_request;

typedef struct least {
  bool equal;
  uint64_t scheduled_until_ns; /* until then the schedule counts; UINT64_MAX: always */
  mc_rotation rotation;        /* of unequal weights, where requests under way do not count */
  mc_schedule schedule;
  mc_load_options options;
  mc_counter_map active; /* by member: what a pick compares, without a look at the hosts */
} least;

static double weigh(const void *policy, const mc_group *group, uint32_t member, uint64_t now_ns) {
  const least *l = policy;
  const mc_load_options *options = &l->options;
  const mc_host *host = mc_group_host(group, member);
  double weight = host->weight, busy = (double)mc_counter_value(&l->active, member) + 1;
  if (options->active_request_bias == 1) {
    weight /= busy;
  } else if (options->active_request_bias != 0) {
    weight /= pow(busy, options->active_request_bias);
  }
  weight *= mc_slow_start_factor(options, host, now_ns);
  return weight > 1e-9 ? weight : 1e-9; /* a high bias must not starve a host for good */
}

/* For how long the order is that of changing weights. */
static uint64_t scheduled_until(const least *l, const mc_group *group) {
  if (!l->equal && (l->options.active_request_bias != 0 || !l->rotation.period)) return UINT64_MAX;
  return mc_slow_start_end(&l->options, group);
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  least *l = mc_arena_alloc(arena, 1, sizeof *l);
  if (!l || !mc_host_counters(&l->active, group->hosts, group->members.at, group->members.count, arena)) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  group->table = l;
  l->options = spec->load;
  if (l->options.choice_count < 2) l->options.choice_count = 2;
  l->equal = mc_group_is_equal(group);
  if (group->members.count == 1) return MC_OK;
  if (!l->equal && l->options.active_request_bias == 0) {
    mc_code code = mc_rotation_build(&l->rotation, group, turn, arena, error);
    if (code) return code;
  }
  l->scheduled_until_ns = scheduled_until(l, group);
  if (!l->scheduled_until_ns) return MC_OK;
  mc_code code = mc_schedule_build(&l->schedule, group, arena, error);
  if (!code) mc_schedule_start(&l->schedule, group, turn, weigh, l, spec->now_ns);
  return code;
}

/* Of hosts that are as busy as each other the first drawn. */
static uint32_t pick_of_some(const least *l, const mc_group *group, mc_pick *pick) {
  uint32_t best = mc_pick_below(pick, group->members.count), fewest = mc_counter_value(&l->active, best);
  for (uint32_t i = 1; i < l->options.choice_count; i++) {
    uint32_t other = mc_pick_below(pick, group->members.count);
    uint32_t busy = mc_counter_value(&l->active, other);
    if (busy >= fewest) continue;
    best = other;
    fewest = busy;
  }
  return best;
}

/* Of hosts that are as busy as each other any: the n-th takes the place of those before it once in n times (reservoir
 * sampling; J. S. Vitter, 1985). */
static uint32_t pick_of_all(const least *l, const mc_group *group, mc_pick *pick) {
  uint32_t best = 0, ties = 1, fewest = mc_counter_value(&l->active, 0);
  for (uint32_t i = 1; i < group->members.count; i++) {
    uint32_t busy = mc_counter_value(&l->active, i);
    if (busy > fewest) continue;
    ties = busy < fewest ? 1 : ties + 1;
    fewest = busy;
    if (ties == 1 || !mc_pick_below(pick, ties)) best = i;
  }
  return best;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  least *l = group->table;
  if (group->members.count == 1) return 0;
  if (pick->now_ns < l->scheduled_until_ns) return mc_schedule_next(&l->schedule, group, pick, weigh, l);
  if (!l->equal) return mc_rotation_next(&l->rotation, pick->peek);
  return l->options.full_scan ? pick_of_all(l, group, pick) : pick_of_some(l, group, pick);
}

const mc_policy mc_least_request = {.name = "least request", .build = build, .pick = pick};
