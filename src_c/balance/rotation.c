#include "balance/rotation.h"

#include <stdlib.h>

#include "base/edf.h"

static mc_code no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

bool mc_group_is_equal(const mc_group *group) {
  for (uint32_t i = 1; i < group->members.count; i++) {
    if (mc_group_host(group, i)->weight != mc_group_host(group, 0)->weight) return false;
  }
  return true;
}

static uint32_t common_divisor(const mc_group *group) {
  uint32_t divisor = 0;
  for (uint32_t i = 0; i < group->members.count && divisor != 1; i++) {
    for (uint32_t weight = mc_group_host(group, i)->weight; weight;) {
      uint32_t rest = divisor % weight;
      divisor = weight;
      weight = rest;
    }
  }
  return divisor;
}

/* The k-th deadline of a member is k / weight, divided anew each time: of weights up to the longest period, equal
 * fractions give equal doubles and different ones differ, so that the order is exact. */
static void write_order(uint16_t *order, uint32_t period, const mc_group *group, uint32_t divisor, mc_edf *edf,
                        uint32_t *taken) {
  for (uint32_t i = 0; i < group->members.count; i++) {
    mc_edf_add(edf, i, (double)divisor / mc_group_host(group, i)->weight);
  }
  for (uint32_t at = 0; at < period; at++) {
    uint32_t member = mc_edf_first(edf)->member;
    order[at] = (uint16_t)member;
    uint32_t weight = mc_group_host(group, member)->weight / divisor;
    mc_edf_postpone(edf, (double)(++taken[member] + 1) / weight);
  }
}

mc_code mc_rotation_build(mc_rotation *rotation, const mc_group *group, uint64_t turn, mc_arena *arena,
                          mc_error *error) {
  uint32_t count = group->members.count;
  atomic_init(&rotation->turn, turn);
  rotation->period = count;
  rotation->order = NULL;
  if (mc_group_is_equal(group)) return MC_OK;
  uint32_t divisor = common_divisor(group);
  uint64_t period = 0;
  for (uint32_t i = 0; i < count; i++) period += mc_group_host(group, i)->weight / divisor;
  rotation->period = period <= MC_ROTATION_LONGEST ? (uint32_t)period : 0;
  if (!rotation->period) return MC_OK;
  uint16_t *order = mc_arena_alloc(arena, rotation->period, sizeof *order);
  mc_edf edf = {.entries = calloc(count, sizeof *edf.entries)};
  uint32_t *taken = calloc(count, sizeof *taken);
  bool ok = order && edf.entries && taken;
  if (ok) write_order(order, rotation->period, group, divisor, &edf, taken);
  rotation->order = order;
  free(edf.entries);
  free(taken);
  return ok ? MC_OK : no_memory(error);
}
