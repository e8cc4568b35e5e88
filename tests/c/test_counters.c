#include "upstream/counters.h"

#include "check.h"

static void test_reserved_ones_lie_side_by_side(void) {
  mc_counters counters = {.count = 0};
  CHECK(mc_counters_reserve(&counters, 100));
  mc_counter *first = mc_counters_take(&counters);
  for (uint32_t i = 1; i < 100; i++) CHECK(mc_counters_take(&counters) == first + i);
  CHECK(mc_counters_reserve(&counters, 50)); /* some are taken: nothing to be had side by side */
  CHECK_INT(counters.count, 100);
  mc_counter *more = mc_counters_take(&counters);
  CHECK(more && (more < first || more >= first + 100));
  mc_counters_clear(&counters);
  CHECK_INT(check_blocks(), 0);
}

static void test_what_is_given_back_is_taken_again(void) {
  mc_counters counters = {.count = 0};
  mc_counter *taken[40];
  for (int i = 0; i < 40; i++) {
    taken[i] = mc_counters_take(&counters);
    CHECK_INT(atomic_fetch_add(taken[i], 1), 0);
    for (int k = 0; k < i; k++) CHECK(taken[k] != taken[i]);
  }
  uint32_t count = counters.count;
  for (int round = 0; round < 100; round++) {
    mc_counters_give(&counters, taken[round % 40]);
    taken[round % 40] = mc_counters_take(&counters);
    CHECK_INT(atomic_fetch_add(taken[round % 40], 1), 0);
  }
  CHECK_INT(counters.count, count);
  for (int i = 0; i < 40; i++) mc_counters_give(&counters, taken[i]);
  mc_counters_give(&counters, NULL);
  /* nobody has any: they make room for what comes */
  for (int round = 0; round < 3; round++) {
    CHECK(mc_counters_reserve(&counters, 7));
    CHECK_INT(counters.count, 7);
  }
  mc_counters_clear(&counters);
  CHECK_INT(check_blocks(), 0);
}

static void test_out_of_memory(void) {
  for (int reserve = 0; reserve < 2; reserve++) {
    for (int n = 0; n < 3; n++) {
      mc_counters counters = {.count = 0};
      check_memory(n);
      bool had = reserve ? mc_counters_reserve(&counters, 3) : mc_counters_take(&counters) != NULL;
      check_memory(-1);
      CHECK(had == (n == 2)); /* the stack, the block */
      CHECK(mc_counters_take(&counters)); /* as good as new */
      mc_counters_clear(&counters);
      CHECK_INT(check_blocks(), 0);
    }
  }
}

static void test_maps(void) {
  mc_counter some[3] = {1, 2, 3}, *at[] = {&some[2], &some[0]};
  const mc_counter_map dense = {.first = some}, scattered = {.at = at};
  CHECK_INT(mc_counter_value(&dense, 1), 2);
  CHECK_INT(mc_counter_value(&scattered, 0), 3);
  CHECK(mc_counter_at(&scattered, 1) == &some[0]);
}

static void test_alone_or_not_they_move_the_same(void) {
  for (int alone = 0; alone < 2; alone++) {
    mc_counter some[1] = {0};
    const mc_counter_map map = {.first = some};
    mc_counter_move(some, 1, alone);
    mc_counter_move(some, 1, alone);
    mc_counter_move(some, -1, alone);
    CHECK_INT(mc_counter_value(&map, 0), 1);
  }
}

int main(void) {
  test_alone_or_not_they_move_the_same();
  test_reserved_ones_lie_side_by_side();
  test_what_is_given_back_is_taken_again();
  test_out_of_memory();
  test_maps();
  return check_finish();
}
