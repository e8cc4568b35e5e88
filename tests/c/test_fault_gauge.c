#include <pthread.h>

#include "check.h"

#include "base/slice.h"
#include "upstream/fault_gauge.h"

static void test_a_name_has_one_gauge(void) {
  mc_runtime *runtime = mc_runtime_new();
  mc_fault_gauge *one = mc_fault_gauge_of(runtime, MC_LITERAL("one")), *two = mc_fault_gauge_of(runtime, MC_LITERAL("two"));
  CHECK(one != two && mc_fault_gauge_of(runtime, MC_LITERAL("one")) == one);
  CHECK(mc_fault_gauge_enter(one, 1));
  mc_fault_gauge_release(runtime, one);
  CHECK(mc_fault_gauge_of(runtime, MC_LITERAL("one")) == one);
  CHECK_INT(one->active, 1); /* kept, as somebody had it all the time */
  mc_fault_gauge_leave(one);
  mc_fault_gauge_release(runtime, one);
  mc_fault_gauge_release(runtime, one);
  mc_fault_gauge_release(runtime, NULL);
  one = mc_fault_gauge_of(runtime, MC_LITERAL("one"));
  CHECK_INT(one->references, 1);
  mc_fault_gauge_release(runtime, two);
  mc_fault_gauge_release(runtime, one);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static void test_no_memory(void) {
  mc_runtime *runtime = mc_runtime_new();
  check_memory(0);
  CHECK(mc_fault_gauge_of(runtime, MC_LITERAL("one")) == NULL);
  check_memory(-1);
  mc_runtime_free(runtime);
}

static void test_the_most(void) {
  mc_fault_gauge gauge = {.references = 1};
  CHECK(mc_fault_gauge_enter(&gauge, 2) && mc_fault_gauge_enter(&gauge, 2));
  CHECK(!mc_fault_gauge_enter(&gauge, 2) && !mc_fault_gauge_enter(&gauge, 0));
  CHECK_INT(gauge.overflows, 2);
  mc_fault_gauge_leave(&gauge);
  CHECK(mc_fault_gauge_enter(&gauge, 2));
  CHECK_INT(gauge.active, 2);
}

enum { THREADS = 4, ROUNDS = 20000, MOST = 2 };

static mc_fault_gauge shared;
static atomic_int inside, beyond;

static void *enter_and_leave(void *unused) {
  for (int i = 0; i < ROUNDS; i++) {
    if (!mc_fault_gauge_enter(&shared, MOST)) continue;
    if (atomic_fetch_add(&inside, 1) >= MOST) atomic_fetch_add(&beyond, 1);
    atomic_fetch_sub(&inside, 1);
    mc_fault_gauge_leave(&shared);
  }
  return unused;
}

static void test_threads(void) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, enter_and_leave, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(beyond, 0);
  CHECK_INT(shared.active, 0);
}

int main(void) {
  test_a_name_has_one_gauge();
  test_no_memory();
  test_the_most();
  test_threads();
  return check_finish();
}
