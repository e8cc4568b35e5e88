#include "balance_support.h"

static void check_shares(uint32_t count, const uint32_t *weights) {
  hosts_fixture f;
  start(&f, MC_POLICY_WEIGHTED_RANDOM);
  add_locality(&f, 0, 0, count, 0, 0);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += f.endpoints[i].weight = weights[i];
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 100000, counts), 0);
  for (uint32_t i = 0; i < count; i++) {
    double expected = 1e5 * weights[i] / (double)sum, off = counts[i] - expected;
    CHECK(off * off <= 25 * expected + 9);
  }
  finish(&f);
}

static void test_shares(void) {
  check_shares(1, (const uint32_t[]){7});
  check_shares(3, (const uint32_t[]){1, 2, 3});
  check_shares(4, (const uint32_t[]){1, 1, 1, 1});
  check_shares(5, (const uint32_t[]){1, 1000, 1, 500, 30});
  check_shares(2, (const uint32_t[]){UINT32_MAX - 1, 1});
}

static void test_weights_that_are_too_large(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_WEIGHTED_RANDOM);
  add_locality(&f, 0, 0, 2, 0, 0);
  f.endpoints[0].weight = UINT32_MAX;
  CHECK_INT(build(&f, 0), MC_INVALID);
  CHECK(strcmp(f.error.message, "the weights exceed 4,294,967,295") == 0);
  finish(&f);
}

static void test_memory_runs_out(void) {
  for (int n = 0;; n++) {
    hosts_fixture f;
    start(&f, MC_POLICY_WEIGHTED_RANDOM);
    add_locality(&f, 0, 0, 3, 0, 0);
    check_memory(n);
    mc_code code = build(&f, 0);
    check_memory(-1);
    finish(&f);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  test_shares();
  test_weights_that_are_too_large();
  test_memory_runs_out();
  return check_finish();
}
