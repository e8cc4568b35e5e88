#include "slots_support.h"

#include "engine/global_limit.h"

static void test_the_filter(void) {
  const mc_entry_spec entry = {.source = MC_ENTRY_FIXED, .key = MC_LITERAL("k"), .value = MC_LITERAL("v")};
  const mc_descriptor_spec descriptor = {.entries = &entry, .count = 1};
  const mc_descriptors_spec own = {&descriptor, 1};
  const mc_global_limit_spec spec = {.domain = MC_LITERAL("d"), .stage = 3, .descriptors = &own, .status = 429, .error_status = 500, .tells = true};
  mc_global_limit *limit;
  mc_error error;
  start();
  CHECK_INT(mc_global_limit_build(&limit, NULL, slots, arena, &error), MC_OK);
  CHECK(limit == NULL);
  mc_global_limit_clear(limit);
  CHECK_INT(mc_global_limit_build(&limit, &spec, slots, arena, &error), MC_OK);
  CHECK_SLICE(limit->domain, "d");
  CHECK(limit->own_descriptors && limit->tells && !limit->tells_limited);
  CHECK_INT(limit->descriptors.count, 1);
  CHECK_INT(limit->stage, 3);
  mc_global_limit_clear(limit);
  mc_global_limit_clear(limit);
  stop();
}

static void test_a_level(void) {
  const mc_global_level_spec spec = {.domain = MC_LITERAL(""), .outer = MC_OUTER_IGNORE};
  mc_global_level *level;
  mc_error error;
  start();
  CHECK_INT(mc_global_level_build(&level, &spec, slots, arena, &error), MC_OK);
  CHECK(!level->own_descriptors && level->outer == MC_OUTER_IGNORE && level->domain.size == 0);
  mc_global_level_clear(level);
  CHECK_INT(mc_global_level_build(&level, NULL, slots, arena, &error), MC_OK);
  CHECK(level == NULL);
  mc_global_level_clear(level);
  stop();
}

int main(void) {
  test_the_filter();
  test_a_level();
  return check_finish();
}
