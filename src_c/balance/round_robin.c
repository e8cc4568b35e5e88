/* Round robin: one host after another, by weight, from a random first one (Envoy documentation, "Supported load
 * balancers > Weighted round robin"). */
#include "balance/rotation.h"
#include "balance/schedule.h"
#include "balance/slow_start.h"

extern const mc_policy mc_round_robin;

typedef struct robin {
  mc_rotation rotation;
  uint64_t scheduled_until_ns; /* until then hosts are in slow start, and the schedule counts */
  mc_schedule schedule;
  mc_load_options options;
} robin;

static double weigh(const void *policy, const mc_group *group, uint32_t member, uint64_t now_ns) {
  const robin *r = policy;
  const mc_host *host = mc_group_host(group, member);
  return host->weight * mc_slow_start_factor(&r->options, host, now_ns);
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  robin *r = mc_arena_alloc(arena, 1, sizeof *r);
  if (!r) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  group->table = r;
  r->options = spec->load;
  mc_code code = mc_rotation_build(&r->rotation, group, turn, arena, error);
  if (code || group->members.count == 1) return code;
  r->scheduled_until_ns = r->rotation.period ? mc_slow_start_end(&r->options, group) : UINT64_MAX;
  if (!r->scheduled_until_ns) return MC_OK;
  code = mc_schedule_build(&r->schedule, group, arena, error);
  if (!code) mc_schedule_start(&r->schedule, group, turn, weigh, r, spec->now_ns);
  return code;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  robin *r = group->table;
  if (pick->now_ns < r->scheduled_until_ns) return mc_schedule_next(&r->schedule, group, pick, weigh, r);
  return mc_rotation_next(&r->rotation, pick->peek);
}

const mc_policy mc_round_robin = {.name = "round robin", .build = build, .pick = pick};
