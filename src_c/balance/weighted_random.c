/* Random by weight, at a cost that does not grow: the alias method (A. J. Walker, 1977, built as by M. D. Vose, "A
 * linear algorithm for generating random numbers with a given distribution", 1991), in whole numbers, so that
 * every share is exact. Not a policy of Envoy's, whose random ignores weights. */
#include <stdlib.h>

#include "balance/policy.h"

extern const mc_policy mc_weighted_random;

/* A column is as high as the sum of all weights; what of it is not the member's own is its alias's. */
typedef struct column {
  uint32_t own, alias;
} column;

typedef struct alias_table {
  column *columns;
  uint32_t sum;
} alias_table;

/* heights: of each member its weight times the number of members. The columns that are too low are topped up from
 * those that are too high. */
static void level(alias_table *table, uint64_t *heights, uint32_t *low, uint32_t *high, uint32_t count) {
  uint32_t lows = 0, highs = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (heights[i] < table->sum) {
      low[lows++] = i;
    } else {
      high[highs++] = i;
    }
    table->columns[i] = (column){table->sum, i};
  }
  while (lows) {
    uint32_t to = low[--lows], from = high[highs - 1];
    table->columns[to] = (column){(uint32_t)heights[to], from};
    heights[from] -= table->sum - heights[to];
    if (heights[from] >= table->sum) continue;
    highs--;
    low[lows++] = from;
  }
}

static mc_code fill(const mc_group *group, alias_table *table) {
  uint32_t count = group->members.count;
  uint64_t *heights = malloc(count * sizeof *heights);
  uint32_t *low = malloc(count * sizeof *low), *high = malloc(count * sizeof *high);
  bool ok = heights && low && high;
  for (uint32_t i = 0; ok && i < count; i++) heights[i] = (uint64_t)mc_group_host(group, i)->weight * count;
  if (ok) level(table, heights, low, high, count);
  free(heights);
  free(low);
  free(high);
  return ok ? MC_OK : MC_NO_MEMORY;
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  (void)spec;
  (void)turn;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < group->members.count; i++) sum += mc_group_host(group, i)->weight;
  if (sum > UINT32_MAX) {
    *error = (mc_error){.code = MC_INVALID, .message = "the weights exceed 4,294,967,295"};
    return MC_INVALID;
  }
  alias_table *table = mc_arena_alloc(arena, 1, sizeof *table);
  if (table) table->columns = mc_arena_alloc(arena, group->members.count, sizeof *table->columns);
  if (table) table->sum = (uint32_t)sum;
  if (!table || !table->columns || fill(group, table)) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  group->table = table;
  return MC_OK;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  const alias_table *table = group->table;
  uint32_t member = mc_pick_below(pick, group->members.count);
  const column *at = &table->columns[member];
  /* Nobody can guess which of the two it is: no branch. */
  const uint32_t other = -(uint32_t)(mc_pick_below(pick, table->sum) >= at->own);
  return member ^ ((member ^ at->alias) & other);
}

const mc_policy mc_weighted_random = {.name = "weighted random", .build = build, .pick = pick};
