#include "limits_support.h"

#include "engine/level_limits.h"

static void test_by_filter(void) {
  const mc_limit_rule_spec whole = rule_of("all", 1, NULL, 0);
  const mc_local_limit_spec local = {.whole = &whole, .capacity = 64};
  const mc_global_level_spec global = {.domain = MC_LITERAL("d")};
  const mc_level_limit_spec specs[] = {{.filter = 3, .local = &local}, {.filter = 1, .global = &global}};
  const mc_level_limits_spec spec = {specs, 2}, nothing = {NULL, 0};
  mc_level_limits limits;
  mc_error error;
  for (int n = 0;; n++) {
    mc_runtime *runtime = mc_runtime_new();
    mc_slots *slots = mc_slots_new();
    mc_arena *arena = mc_arena_new();
    check_memory(n);
    const mc_code code = mc_level_limits_build(&limits, &spec, &(mc_limit_builder){.slots = slots, .runtime = runtime, .arena = arena}, &error);
    check_memory(-1);
    if (code == MC_OK) {
      CHECK(mc_level_limits_find(&limits, 3)->local && !mc_level_limits_find(&limits, 3)->global);
      CHECK(mc_level_limits_find(&limits, 1)->global != NULL);
      CHECK(mc_level_limits_find(&limits, 2) == NULL);
    }
    mc_level_limits_clear(&limits, runtime);
    CHECK_INT(mc_level_limits_build(&limits, &nothing, &(mc_limit_builder){.slots = slots, .runtime = runtime, .arena = arena}, &error), MC_OK);
    CHECK(mc_level_limits_find(&limits, 0) == NULL);
    mc_slots_free(slots);
    mc_arena_free(arena);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_by_filter();
  return check_finish();
}
