#include "local_limit_support.h"

static void test_the_bucket_of_all(void) {
  const mc_limit_rule_spec whole = rule_of("all", 2, NULL, 0);
  start((mc_local_limit_spec){.whole = &whole, .tells = MC_TELL_X_RATELIMIT}, NULL, 0);
  CHECK(judge(NULL, 0) && limited.has_bucket && limited.told);
  CHECK_INT(limited.rule, MC_RULE_WHOLE);
  CHECK_INT(limited.max_tokens, 2);
  CHECK_INT(limited.remaining, 1);
  CHECK_INT(limited.next_ns, 0);
  CHECK_INT(limited.reset_ns, SECOND);
  CHECK_INT(limited.window_ns, 2 * SECOND);
  CHECK(judge(NULL, 0));
  CHECK_INT(limited.next_ns, SECOND);
  request.now_ns += SECOND / 4;
  CHECK(!judge(NULL, 0));
  CHECK_INT(status, 429);
  CHECK_INT(limited.retry_after_ns, SECOND * 3 / 4);
  CHECK_INT(limited.next_ns, SECOND * 3 / 4);
  request.now_ns += SECOND * 3 / 4;
  CHECK(judge(NULL, 0));
  CHECK_SLICE(mc_local_limit_label(limit, MC_RULE_WHOLE), "all");
  stop();
}

static void test_a_peek_takes_nothing(void) {
  const mc_limit_rule_spec whole = rule_of("all", 1, NULL, 0), rule = rule_of("open", 1, PAIRS(PAIR("k", "")));
  const mc_descriptor descriptor = descriptor_of(PAIRS(PAIR("k", "v")));
  start((mc_local_limit_spec){.whole = &whole, .always_whole = true}, &rule, 1);
  for (int i = 0; i < 3; i++) CHECK(judge_as(&descriptor, 1, true) && limited.remaining == 0 && limited.reset_ns == SECOND);
  CHECK(judge(&descriptor, 1));
  CHECK(!judge_as(&descriptor, 1, true));
  stop();
}

static void test_a_share_of_many(void) {
  const mc_limit_rule_spec whole = rule_of("all", 7, NULL, 0);
  start((mc_local_limit_spec){.whole = &whole}, NULL, 0);
  shares = 3;
  CHECK(judge_as(NULL, 0, true) && limited.remaining == 4);
  CHECK(judge(NULL, 0) && limited.remaining == 4);
  CHECK(judge(NULL, 0) && limited.remaining == 1);
  CHECK(!judge(NULL, 0));
  CHECK_INT(limited.retry_after_ns, 2 * SECOND);
  shares = 1;
  CHECK(judge(NULL, 0));
  stop();
}

static void test_rules_and_the_whole(void) {
  const mc_limit_rule_spec whole = rule_of("all", 3, NULL, 0), rules[] = {rule_of("a", 9, PAIRS(PAIR("k", "a")))};
  const mc_descriptor a = descriptor_of(PAIRS(PAIR("k", "a")));
  for (int always = 0; always < 2; always++) {
    start((mc_local_limit_spec){.whole = &whole, .always_whole = always}, rules, 1);
    int allowed = 0;
    for (int i = 0; i < (always ? 5 : 12); i++) allowed += judge(&a, 1);
    CHECK_INT(allowed, always ? 3 : 9);
    CHECK_INT(limited.rule, always ? MC_RULE_WHOLE : 0);
    CHECK((limited.descriptor == &a) == !always);
    stop();
  }
}

static void test_the_slowest_comes_first(void) {
  mc_limit_rule_spec rules[] = {rule_of("fast", 2, PAIRS(PAIR("k", "f"))), rule_of("slow", 3, PAIRS(PAIR("k", "s")))};
  const mc_descriptor both[] = {descriptor_of(PAIRS(PAIR("k", "f"))), descriptor_of(PAIRS(PAIR("k", "s")))};
  rules[0].bucket.tokens_per_fill = 10;
  rules[0].bucket.fill_interval_ns = 10 * SECOND - 50000000;
  rules[1].status = 503;
  start((mc_local_limit_spec){.capacity = 64}, rules, 2);
  CHECK(judge(both, 2) && limited.rule == 1);
  CHECK(judge(both, 2));
  CHECK(!judge(both, 2) && limited.rule == 0 && status == 429); /* the slow one gave its last */
  CHECK(!judge(both, 2) && limited.rule == 1 && status == 503);
  stop();
}

static void test_one_descriptor_twice(void) {
  const mc_limit_rule_spec rules[] = {rule_of("a", 3, PAIRS(PAIR("k", "a")))};
  const mc_descriptor twice[] = {descriptor_of(PAIRS(PAIR("k", "a"))), descriptor_of(PAIRS(PAIR("k", "a")))};
  start((mc_local_limit_spec){.capacity = 64}, rules, 1);
  CHECK(judge(twice, 2));
  CHECK_INT(limited.remaining, 1);
  CHECK(!judge(twice, 2));
  stop();
}

static void test_costs(void) {
  const mc_limit_rule_spec rules[] = {rule_of("a", 10, PAIRS(PAIR("k", "a")))};
  mc_descriptor a = descriptor_of(PAIRS(PAIR("k", "a")));
  for (int free_zero = 0; free_zero < 2; free_zero++) {
    start((mc_local_limit_spec){.free_zero = free_zero}, rules, 1);
    a.hits = (mc_number){true, 7};
    CHECK(judge(&a, 1) && limited.remaining == 3);
    CHECK(!judge(&a, 1) && limited.retry_after_ns == 4 * SECOND);
    a.hits.value = 11;
    CHECK(!judge(&a, 1) && limited.retry_after_ns == MC_NEVER);
    a.hits.value = 0;
    CHECK(judge(&a, 1) == free_zero);
    CHECK(free_zero || limited.retry_after_ns == MC_NEVER);
    a.hits.value = 5;
    a.gives_back = true;
    CHECK(judge_as(&a, 1, true) && limited.remaining == 3);
    CHECK(judge(&a, 1) && limited.remaining == 8);
    CHECK(judge(&a, 1) && limited.remaining == 10);
    a.gives_back = false;
    stop();
  }
}

static void test_shadow_and_nothing(void) {
  mc_limit_rule_spec rules[] = {rule_of("shadow", 1, PAIRS(PAIR("k", "s"))), rule_of("none", 0, PAIRS(PAIR("k", "n")))};
  const mc_descriptor shadow = descriptor_of(PAIRS(PAIR("k", "s"))), none = descriptor_of(PAIRS(PAIR("k", "n"))), other = descriptor_of(PAIRS(PAIR("k", "x")));
  const mc_limit_rule_spec whole = rule_of("whole", 0, NULL, 0);
  rules[0].shadow = true;
  start((mc_local_limit_spec){.capacity = 64}, rules, 2);
  for (int i = 0; i < 3; i++) CHECK(judge(&shadow, 1));
  CHECK(!judge(&none, 1) && limited.retry_after_ns == MC_NEVER && limited.next_ns == SECOND);
  mc_descriptor back = none;
  back.gives_back = true; /* asks for nothing */
  CHECK(judge(&back, 1) && limited.retry_after_ns == 0);
  CHECK(judge(&other, 1) && !limited.has_bucket);
  stop();
  start((mc_local_limit_spec){.whole = &whole, .tells = MC_TELL_X_RATELIMIT}, NULL, 0);
  CHECK(!judge(NULL, 0) && !limited.told);
  stop();
}

static void test_shadow_is_what_is_told(void) {
  mc_limit_rule_spec rules[] = {rule_of("slow", 9, PAIRS(PAIR("k", "a"))), rule_of("shadow", 1, PAIRS(PAIR("k", "s"))), rule_of("fast", 2, PAIRS(PAIR("k", "f")))};
  const mc_descriptor all[] = {descriptor_of(PAIRS(PAIR("k", "a"))), descriptor_of(PAIRS(PAIR("k", "s"))), descriptor_of(PAIRS(PAIR("k", "f")))};
  for (uint64_t i = 0; i < 3; i++) rules[i].bucket.fill_interval_ns = (100 - i) * SECOND;
  rules[1].shadow = true;
  start((mc_local_limit_spec){.capacity = 64}, rules, 3);
  CHECK(judge(all, 3) && limited.rule == 0 && limited.remaining == 8);
  CHECK(judge(all, 3) && limited.rule == 1 && limited.remaining == 0);
  CHECK(!judge(all, 3) && limited.rule == 2);
  stop();
}

static void test_the_least_is_told(void) {
  mc_limit_rule_spec rules[] = {rule_of("slow", 9, PAIRS(PAIR("k", "a"))), rule_of("shadow", 1, PAIRS(PAIR("k", "s"))), rule_of("fast", 2, PAIRS(PAIR("k", "f")))};
  const mc_descriptor all[] = {descriptor_of(PAIRS(PAIR("k", "s"))), descriptor_of(PAIRS(PAIR("k", "a"))), descriptor_of(PAIRS(PAIR("k", "f")))};
  rules[0].bucket.fill_interval_ns = 99 * SECOND;
  rules[1].bucket.fill_interval_ns = 100 * SECOND;
  rules[2].bucket.fill_interval_ns = 98 * SECOND;
  rules[1].shadow = true;
  start((mc_local_limit_spec){.capacity = 64, .tells_least = true}, rules, 3);
  CHECK(judge(all, 3) && limited.rule == 2 && limited.remaining == 1 && !limited.shadowed && !limited.silent);
  CHECK(judge(all, 3) && limited.rule == 2 && limited.remaining == 0 && limited.shadowed && !limited.silent);
  CHECK(!judge(all, 3) && limited.rule == 2 && !limited.silent);
  CHECK(judge(all, 1) && limited.rule == 1 && limited.shadowed && limited.silent);
  stop();
}

static void test_connections(void) {
  const mc_limit_rule_spec whole = rule_of("all", 1, NULL, 0), rule = rule_of("open", 5, PAIRS(PAIR("k", "")));
  const mc_descriptor descriptor = descriptor_of(PAIRS(PAIR("k", "v")));
  start((mc_local_limit_spec){.whole = &whole, .always_whole = true, .per_connection = true}, &rule, 1);
  static const struct {
    const char *source;
    uint16_t source_port, port;
  } ends[] = {{"1.1.1.1", 1, 80}, {"1.1.1.1", 2, 80}, {"1.1.1.1", 1, 81}, {"1.1.1.2", 1, 80}, {NULL, 0, 0}};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    request.source = text_of(ends[i].source);
    request.source_port = ends[i].source_port;
    request.port = ends[i].port;
    CHECK(judge(&descriptor, 1));
    CHECK(!judge(&descriptor, 1));
  }
  stop();
}

int main(void) {
  test_the_bucket_of_all();
  test_a_peek_takes_nothing();
  test_a_share_of_many();
  test_rules_and_the_whole();
  test_the_slowest_comes_first();
  test_one_descriptor_twice();
  test_costs();
  test_shadow_and_nothing();
  test_shadow_is_what_is_told();
  test_the_least_is_told();
  test_connections();
  return check_finish();
}
