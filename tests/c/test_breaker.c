/* Limits, and counts that threads share. */
#include <pthread.h>

#include "check.h"
#include "circuit/breaker.h"

static mc_thresholds requests(uint32_t max) {
  mc_thresholds thresholds = mc_thresholds_default();
  thresholds.max[MC_RESOURCE_REQUESTS] = max;
  return thresholds;
}

static void check_usage(const mc_breaker *breaker, mc_resource resource, uint32_t limit, uint32_t used,
                        uint64_t overflows) {
  mc_usage usage = mc_breaker_usage(breaker, resource);
  CHECK_INT(usage.limit, limit);
  CHECK_INT(usage.used, used);
  CHECK_INT(usage.overflows, overflows);
}

static void test_defaults_are_those_of_envoy(void) {
  const mc_thresholds defaults = mc_thresholds_default();
  CHECK_INT(defaults.max[MC_RESOURCE_CONNECTIONS], 1024);
  CHECK_INT(defaults.max[MC_RESOURCE_PENDING], 1024);
  CHECK_INT(defaults.max[MC_RESOURCE_REQUESTS], 1024);
  CHECK_INT(defaults.max[MC_RESOURCE_RETRIES], 3);
  CHECK_INT(defaults.max_host_connections, UINT32_MAX);
  CHECK(!defaults.retry_budget);
}

static void test_a_limit(void) {
  const mc_thresholds thresholds = requests(2);
  mc_breaker *breaker = mc_breaker_new(&thresholds);
  CHECK(mc_breaker_take(breaker, MC_RESOURCE_REQUESTS));
  CHECK(mc_breaker_take(breaker, MC_RESOURCE_REQUESTS));
  CHECK(!mc_breaker_take(breaker, MC_RESOURCE_REQUESTS));
  check_usage(breaker, MC_RESOURCE_REQUESTS, 2, 2, 1);
  check_usage(breaker, MC_RESOURCE_PENDING, 1024, 0, 0); /* another resource */
  CHECK(mc_breaker_give(breaker, MC_RESOURCE_REQUESTS));
  CHECK(mc_breaker_take(breaker, MC_RESOURCE_REQUESTS));
  CHECK(mc_breaker_give(breaker, MC_RESOURCE_REQUESTS));
  CHECK(mc_breaker_give(breaker, MC_RESOURCE_REQUESTS));
  CHECK(!mc_breaker_give(breaker, MC_RESOURCE_REQUESTS)); /* there is none left */
  check_usage(breaker, MC_RESOURCE_REQUESTS, 2, 0, 1);
  mc_breaker_free(breaker);
}

static void test_a_limit_of_none(void) {
  const mc_thresholds thresholds = requests(0);
  mc_breaker *breaker = mc_breaker_new(&thresholds);
  CHECK(!mc_breaker_take(breaker, MC_RESOURCE_REQUESTS));
  check_usage(breaker, MC_RESOURCE_REQUESTS, 0, 0, 1);
  mc_breaker_free(breaker);
}

static void test_a_budget_moves_with_the_requests(void) {
  mc_thresholds thresholds = requests(1024);
  thresholds.retry_budget = true;
  thresholds.budget_percent = 20;
  thresholds.min_retry_concurrency = 1;
  mc_breaker *breaker = mc_breaker_new(&thresholds);
  CHECK(mc_breaker_take(breaker, MC_RESOURCE_RETRIES));
  CHECK(!mc_breaker_take(breaker, MC_RESOURCE_RETRIES));
  for (int i = 0; i < 10; i++) mc_breaker_take(breaker, MC_RESOURCE_REQUESTS);
  CHECK(mc_breaker_take(breaker, MC_RESOURCE_RETRIES));
  CHECK(!mc_breaker_take(breaker, MC_RESOURCE_RETRIES));
  check_usage(breaker, MC_RESOURCE_RETRIES, 2, 2, 2);
  for (int i = 0; i < 10; i++) mc_breaker_give(breaker, MC_RESOURCE_REQUESTS);
  check_usage(breaker, MC_RESOURCE_RETRIES, 1, 2, 2); /* those under way go on */
  mc_breaker_free(breaker);
}

enum { THREADS = 4, ROUNDS = 20000, LIMIT = 3 };

static mc_breaker *shared;
static atomic_int inside, most, admitted;

static void *take_and_give(void *unused) {
  for (int i = 0; i < ROUNDS; i++) {
    if (!mc_breaker_take(shared, MC_RESOURCE_REQUESTS)) continue;
    int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now)) {
    }
    atomic_fetch_add(&admitted, 1);
    atomic_fetch_sub(&inside, 1);
    mc_breaker_give(shared, MC_RESOURCE_REQUESTS);
  }
  return unused;
}

static void test_threads_never_pass_the_limit(void) {
  const mc_thresholds thresholds = requests(LIMIT);
  pthread_t threads[THREADS];
  shared = mc_breaker_new(&thresholds);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, take_and_give, NULL) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  mc_usage usage = mc_breaker_usage(shared, MC_RESOURCE_REQUESTS);
  CHECK(atomic_load(&most) <= LIMIT);
  CHECK_INT(usage.used, 0);
  CHECK_INT((uint64_t)atomic_load(&admitted) + usage.overflows, THREADS * ROUNDS); /* each is one or the other */
  mc_breaker_free(shared);
}

static void test_out_of_memory(void) {
  const mc_thresholds thresholds = mc_thresholds_default();
  check_memory(0);
  mc_breaker *breaker = mc_breaker_new(&thresholds);
  check_memory(-1);
  CHECK(breaker == NULL);
}

static void test_alone_it_counts_the_same(void) {
  for (int alone = 0; alone < 2; alone++) {
    mc_breaker_counts counts = {.used = {0}};
    mc_count *used = &counts.used[MC_RESOURCE_REQUESTS];
    CHECK(mc_count_take_as(used, 2, alone) && mc_count_take_as(used, 2, alone) && !mc_count_take_as(used, 2, alone));
    CHECK_INT(mc_counts_used(&counts, MC_RESOURCE_REQUESTS), 2);
    if (alone) {
      mc_counts_give_alone(&counts, MC_RESOURCE_REQUESTS);
    } else {
      mc_counts_give(&counts, MC_RESOURCE_REQUESTS);
    }
    CHECK_INT(mc_counts_used(&counts, MC_RESOURCE_REQUESTS), 1);
    CHECK(mc_count_take_as(used, 2, alone) && !mc_count_take_as(used, 0, alone));
  }
}

int main(void) {
  test_alone_it_counts_the_same();
  test_defaults_are_those_of_envoy();
  test_a_limit();
  test_a_limit_of_none();
  test_a_budget_moves_with_the_requests();
  test_threads_never_pass_the_limit();
  test_out_of_memory();
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
