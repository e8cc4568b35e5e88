/* Round robin: one host after another, from a random first one (Envoy documentation, "Supported load
 * balancers > Weighted round robin", with equal weights). */
#include "balance/policy.h"

extern const mc_policy mc_round_robin;

typedef struct rotation {
  atomic_uint_fast64_t turn;
} rotation;

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  (void)spec;
  rotation *r = mc_arena_alloc(arena, 1, sizeof *r);
  if (!r) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  atomic_init(&r->turn, turn);
  group->table = r;
  return MC_OK;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  rotation *r = group->table;
  uint64_t turn = pick->peek ? atomic_load_explicit(&r->turn, memory_order_relaxed)
                             : atomic_fetch_add_explicit(&r->turn, 1, memory_order_relaxed);
  return (uint32_t)(turn % group->members.count);
}

const mc_policy mc_round_robin = {.name = "round robin", .build = build, .pick = pick};
