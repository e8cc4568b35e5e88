/* Limiters that outlive snapshots. */
#include "check.h"

#include "base/slice.h"
#include "upstream/limiters.h"

static mc_concurrency_spec spec_of(uint32_t max) {
  return (mc_concurrency_spec){.kind = MC_CONCURRENCY_AIMD,
                               .aimd = {.initial_limit = 2, .min_limit = 1, .max_limit = max, .increase = 1, .backoff_ratio = 0.5}};
}

static mc_concurrency *limiter(mc_runtime *runtime, mc_limiter_scope scope, mc_slice name, uint32_t max) {
  const mc_concurrency_spec spec = spec_of(max);
  return mc_runtime_limiter(runtime, scope, name, &spec, 0, 1);
}

static void test_a_name_and_a_spec_have_one(void) {
  mc_runtime *runtime = mc_runtime_new();
  mc_concurrency *one = limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 9);
  mc_concurrency *others[] = {limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("two"), 9),
                              limiter(runtime, MC_SCOPE_LISTENER, MC_LITERAL("one"), 9),
                              limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 8)};
  for (int i = 0; i < 3; i++) {
    CHECK(others[i] && others[i] != one);
    for (int k = 0; k < i; k++) CHECK(others[i] != others[k]);
  }
  CHECK(limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 9) == one);
  CHECK(mc_concurrency_acquire(one, 1));
  mc_runtime_release_limiter(runtime, one);
  CHECK(limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 9) == one);
  CHECK_INT(mc_concurrency_read(one).in_flight, 1); /* kept, as somebody had it all the time */
  mc_runtime_release_limiter(runtime, one);
  mc_runtime_release_limiter(runtime, one);
  one = limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 9);
  CHECK_INT(mc_concurrency_read(one).in_flight, 0); /* another one */
  for (int i = 0; i < 3; i++) mc_runtime_release_limiter(runtime, others[i]);
  mc_runtime_release_limiter(runtime, one);
  mc_runtime_release_limiter(runtime, NULL);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_memory(void) {
  mc_runtime *runtime = mc_runtime_new();
  for (int n = 0; n < 2; n++) {
    check_memory(n);
    CHECK(!limiter(runtime, MC_SCOPE_CLUSTER, MC_LITERAL("one"), 9));
    check_memory(-1);
  }
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_a_name_and_a_spec_have_one();
  test_no_memory();
  return check_finish();
}
