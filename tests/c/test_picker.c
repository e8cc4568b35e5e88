#include "base/slice.h"
#include "check.h"

static const mc_endpoint_spec ENDPOINTS[] = {
    {.address = {"127.0.1.1:18080", 15}}, {.address = {"127.0.1.2:18080", 15}}, {.address = {"127.0.1.3:18080", 15}}};

static mc_picker *picker_of(mc_policy_kind policy, uint32_t factor) {
  const mc_cluster_spec spec = {
      .balance = {.policy = policy, .hashing = {.table_size = 65537, .balance_factor = factor}},
      .endpoints = ENDPOINTS,
      .endpoint_count = 3,
      .keep = -1,
  };
  mc_error error;
  return mc_picker_new(&spec, 5, &error);
}

static void test_keys(void) {
  mc_picker *picker = picker_of(MC_POLICY_MAGLEV, 0);
  const mc_slice keys[] = {MC_LITERAL("a"), MC_LITERAL("b"), MC_LITERAL(""), MC_LITERAL("c")};
  int32_t hosts[4];
  mc_picker_pick_keys(picker, keys, 4, hosts);
  for (int i = 0; i < 4; i++) {
    CHECK(hosts[i] >= 0 && hosts[i] < 3);
    CHECK_INT(mc_picker_pick_key(picker, keys[i]), hosts[i]);
  }
  mc_picker_free(picker);
}

static void test_loads(void) {
  mc_picker *picker = picker_of(MC_POLICY_MAGLEV, 100);
  int32_t first = mc_picker_pick_key(picker, MC_LITERAL("a"));
  for (int i = 0; i < 9; i++) mc_picker_begin(picker, first);
  CHECK_INT(mc_picker_active(picker, first), 9);
  CHECK(mc_picker_pick_key(picker, MC_LITERAL("a")) != first);
  for (int i = 0; i < 9; i++) CHECK(mc_picker_done(picker, first));
  CHECK(!mc_picker_done(picker, first));
  CHECK_INT(mc_picker_active(picker, first), 0);
  CHECK_INT(mc_picker_pick_key(picker, MC_LITERAL("a")), first);
  mc_picker_free(picker);
}

static void test_chance(void) {
  mc_picker *picker = picker_of(MC_POLICY_RANDOM, 0);
  int counts[3] = {0};
  for (uint64_t seed = 0; seed < 3000; seed++) counts[mc_picker_pick(picker, seed, 0)]++;
  for (int i = 0; i < 3; i++) CHECK(counts[i] > 850 && counts[i] < 1150);
  mc_picker_free(picker);
}

static void test_reports(void) {
  mc_picker *picker = picker_of(MC_POLICY_PEAK_EWMA, 0);
  const mc_report report = {.now_ns = 5, .latency_ns = 1000000000};
  for (int32_t i = 0; i < 2; i++) mc_picker_report(picker, i, &report); /* a second each: the third is cheaper */
  int counts[3] = {0};
  for (uint64_t seed = 0; seed < 300; seed++) counts[mc_picker_pick(picker, seed, 5)]++;
  CHECK(counts[2] > 150 && counts[0] > 20 && counts[1] > 20);
  mc_picker_free(picker);
}

static void test_what_is_refused(void) {
  mc_cluster_spec spec = {.balance.policy = MC_POLICY_MAGLEV, .endpoints = ENDPOINTS, .endpoint_count = 3, .keep = -1};
  mc_error error;
  CHECK(mc_picker_new(&spec, 0, &error) == NULL);
  CHECK_INT(error.code, MC_INVALID);
  spec.endpoint_count = 0;
  mc_picker *empty = mc_picker_new(&spec, 0, &error);
  CHECK_INT(mc_picker_pick(empty, 1, 0), -1);
  mc_picker_free(empty);
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    check_memory(n);
    mc_picker *picker = picker_of(MC_POLICY_MAGLEV, 0);
    check_memory(-1);
    mc_picker_free(picker);
    CHECK_INT(check_blocks(), 0);
    if (picker) break;
  }
}

int main(void) {
  test_keys();
  test_loads();
  test_chance();
  test_reports();
  test_what_is_refused();
  test_memory_runs_out();
  return check_finish();
}
