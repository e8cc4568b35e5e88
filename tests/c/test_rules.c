#include "limits_support.h"

#include "limit/rules.h"

static mc_arena *arena;
static mc_rules *rules;

static int32_t find(const mc_label *entries, uint32_t count) {
  const mc_descriptor descriptor = descriptor_of(entries, count);
  return mc_rules_find(rules, &descriptor);
}

static void build(const mc_limit_rule_spec *specs, uint32_t count) {
  arena = mc_arena_new();
  rules = mc_rules_build(specs, count, arena);
  CHECK(rules != NULL);
}

static void stop(void) {
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_entries_in_order_and_whole(void) {
  const mc_limit_rule_spec specs[] = {rule_of("0", 1, PAIRS(PAIR("a", "1"))), rule_of("1", 1, PAIRS(PAIR("a", "1"), PAIR("b", "2"))),
                                      rule_of("2", 1, PAIRS(PAIR("b", "2"), PAIR("a", "1"))), rule_of("3", 1, NULL, 0)};
  build(specs, 4);
  CHECK_INT(find(PAIRS(PAIR("a", "1"))), 0);
  CHECK_INT(find(PAIRS(PAIR("a", "1"), PAIR("b", "2"))), 1);
  CHECK_INT(find(PAIRS(PAIR("b", "2"), PAIR("a", "1"))), 2);
  CHECK_INT(find(NULL, 0), 3);
  CHECK_INT(find(PAIRS(PAIR("a", "2"))), -1);
  CHECK_INT(find(PAIRS(PAIR("A", "1"))), -1);
  CHECK_INT(find(PAIRS(PAIR("a", "1"), PAIR("b", ""))), -1);
  CHECK_INT(find(PAIRS(PAIR("a", "1"), PAIR("b", "2"), PAIR("c", "3"))), -1);
  stop();
}

static void test_fixed_values_come_before_open_ones(void) {
  const mc_limit_rule_spec specs[] = {rule_of("0", 1, PAIRS(PAIR("a", ""), PAIR("b", ""))), rule_of("1", 1, PAIRS(PAIR("a", ""), PAIR("b", "2"))),
                                      rule_of("2", 1, PAIRS(PAIR("a", "1"), PAIR("b", "2"))), rule_of("3", 1, PAIRS(PAIR("c", "")))};
  build(specs, 4);
  CHECK_INT(find(PAIRS(PAIR("a", "1"), PAIR("b", "2"))), 2);
  CHECK_INT(find(PAIRS(PAIR("a", "9"), PAIR("b", "2"))), 1);
  CHECK_INT(find(PAIRS(PAIR("a", "9"), PAIR("b", "3"))), 0);
  CHECK_INT(find(PAIRS(PAIR("c", ""))), 3);
  CHECK_INT(mc_rules_open(rules, 0), 2);
  CHECK_INT(mc_rules_open(rules, 1), 1);
  CHECK_INT(mc_rules_open(rules, 2), 0);
  stop();
}

static void test_the_rule_for_any_value(void) {
  const mc_limit_rule_spec specs[] = {rule_of("0", 1, PAIRS(PAIR("a", ""), PAIR("b", ""))), rule_of("1", 1, PAIRS(PAIR("a", ""))),
                                      rule_of("2", 1, PAIRS(PAIR("a", ""))), rule_of("3", 1, PAIRS(PAIR("c", ""))),
                                      rule_of("4", 1, PAIRS(PAIR("c", "1")))};
  build(specs, 5);
  CHECK_INT(mc_rules_open_for(rules, MC_LITERAL("a")), 1);
  CHECK_INT(mc_rules_open_for(rules, MC_LITERAL("b")), -1);
  CHECK_INT(mc_rules_open_for(rules, MC_LITERAL("c")), -1); /* there is another one for "1" */
  stop();
}

static void test_keys_tell_lists_of_values_apart(void) {
  const mc_limit_rule_spec specs[] = {rule_of("0", 1, PAIRS(PAIR("a", ""), PAIR("x", "1"), PAIR("b", ""))), rule_of("1", 1, PAIRS(PAIR("a", "")))};
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  build(specs, 2);
  const mc_descriptor one = descriptor_of(PAIRS(PAIR("a", "1"), PAIR("x", "1"), PAIR("b", "23"))),
                      other = descriptor_of(PAIRS(PAIR("a", "12"), PAIR("x", "1"), PAIR("b", "3")));
  const mc_slice a = mc_rules_key(rules, 0, &one, &scratch), b = mc_rules_key(rules, 0, &other, &scratch);
  CHECK_INT(a.size, b.size);
  CHECK(!mc_slice_equal(a, b));
  CHECK(mc_slice_equal(a, mc_rules_key(rules, 0, &one, &scratch)));
  CHECK_INT(mc_rules_open_entry(rules, 0), -1);
  CHECK_INT(mc_rules_open_entry(rules, 1), 0);
  mc_scratch_reset(&scratch);
  stop();
}

static void test_many_rules(void) {
  enum { COUNT = 2000 };
  static char texts[COUNT][16];
  static mc_label labels[COUNT];
  static mc_limit_rule_spec specs[COUNT];
  for (int i = 0; i < COUNT; i++) {
    snprintf(texts[i], sizeof texts[i], "%d", i);
    labels[i] = (mc_label){MC_LITERAL("k"), text_of(texts[i])};
    specs[i] = rule_of("", 1, &labels[i], 1);
  }
  build(specs, COUNT);
  for (int i = 0; i < COUNT; i++) CHECK_INT(find(&labels[i], 1), i);
  CHECK_INT(find(PAIRS(PAIR("k", "2000"))), -1);
  stop();
}

static void test_memory(void) {
  const mc_limit_rule_spec specs[] = {rule_of("0", 1, PAIRS(PAIR("a", "")))};
  for (int n = 0;; n++) {
    check_memory(n);
    arena = mc_arena_new();
    rules = arena ? mc_rules_build(specs, 1, arena) : NULL;
    check_memory(-1);
    mc_arena_free(arena);
    CHECK_INT(check_blocks(), 0);
    if (rules) break;
  }
}

int main(void) {
  test_entries_in_order_and_whole();
  test_fixed_values_come_before_open_ones();
  test_the_rule_for_any_value();
  test_keys_tell_lists_of_values_apart();
  test_many_rules();
  test_memory();
  return check_finish();
}
