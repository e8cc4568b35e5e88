/* Local limits as they are built: units of time, what they are called, and what is given back. */
#include "local_limit_support.h"

static void test_what_takes_centuries(void) {
  mc_limit_rule_spec whole = rule_of("all", UINT32_MAX, NULL, 0);
  whole.bucket.fill_interval_ns = 365 * 86400 * SECOND;
  start((mc_local_limit_spec){.whole = &whole}, NULL, 0);
  CHECK(judge(NULL, 0));
  CHECK_INT(limited.remaining, UINT32_MAX - 1);
  CHECK(limited.reset_ns > 364 * 86400 * SECOND && limited.reset_ns < 366 * 86400 * SECOND);
  request.now_ns += 366 * 86400 * SECOND;
  CHECK(judge(NULL, 0));
  CHECK_INT(limited.remaining, UINT32_MAX - 1);
  stop();
}

static void test_memory(void) {
  const mc_limit_rule_spec whole = rule_of("all", 1, NULL, 0), rules[] = {rule_of("a", 1, PAIRS(PAIR("k", ""))), rule_of("b", 1, PAIRS(PAIR("k", "b")))};
  const mc_local_limit_spec spec = {.whole = &whole, .rules = rules, .rule_count = 2, .capacity = 64};
  for (int n = 0;; n++) {
    mc_error error;
    runtime = mc_runtime_new();
    slots = mc_slots_new();
    arena = mc_arena_new();
    check_memory(n);
    mc_code code = mc_local_limit_build(&limit, &spec, &(mc_limit_builder){.slots = slots, .runtime = runtime, .arena = arena}, &error);
    check_memory(-1);
    CHECK(code == MC_OK || code == MC_NO_MEMORY);
    mc_local_limit_clear(limit, runtime);
    mc_slots_free(slots);
    mc_arena_free(arena);
    mc_runtime_free(runtime);
    CHECK_INT(check_blocks(), 0);
    if (code == MC_OK) break;
  }
}

static void test_names(void) {
  const mc_limit_rule_spec whole = rule_of("all", 1, NULL, 0), rules[] = {rule_of("a", 1, PAIRS(PAIR("k", "a")))};
  start((mc_local_limit_spec){.name = MC_LITERAL("n"), .scope = MC_LITERAL("s"), .whole = &whole}, rules, 1);
  CHECK(mc_slice_equal(mc_local_limit_name(limit), MC_LITERAL("n")));
  CHECK(mc_slice_equal(mc_local_limit_scope(limit), MC_LITERAL("s")));
  CHECK(mc_slice_equal(mc_local_limit_label(limit, 0), rules[0].label));
  CHECK(mc_slice_equal(mc_local_limit_label(limit, MC_RULE_WHOLE), whole.label));
  stop();
}

int main(void) {
  test_what_takes_centuries();
  test_memory();
  test_names();
  return check_finish();
}
