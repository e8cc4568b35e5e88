#include "balance_support.h"

#include "balance/previous_priorities.h"

static const mc_priority PRIORITIES[] = {{.available = 100, .load = 100}, {.available = 100}, {.available = 50, .degraded_available = 50}};
static const mc_host_set SET = {(mc_priority *)PRIORITIES, 3};

static int chosen(mc_previous_priorities *previous, uint64_t number) {
  bool degraded;
  return (int)(mc_previous_priorities_choose(previous, &SET, number, &degraded) - PRIORITIES);
}

static void test_what_was_tried_is_left_out(void) {
  mc_previous_priorities previous = {.frequency = 1};
  CHECK_INT(chosen(&previous, 0), 0); /* nothing was tried */
  mc_previous_priorities_note(&previous, 0);
  CHECK_INT(chosen(&previous, 99), 1);
  mc_previous_priorities_note(&previous, 1);
  CHECK_INT(chosen(&previous, 0), 2);
  mc_previous_priorities_note(&previous, 2);
  CHECK_INT(chosen(&previous, 0), 0); /* all were: from the start */
  mc_previous_priorities_note(&previous, 0);
  CHECK_INT(chosen(&previous, 0), 1);
}

static void test_only_so_often(void) {
  mc_previous_priorities previous = {.frequency = 2};
  mc_previous_priorities_note(&previous, 0);
  CHECK_INT(chosen(&previous, 0), 0);
  mc_previous_priorities_note(&previous, 0);
  CHECK_INT(chosen(&previous, 0), 1);
  mc_previous_priorities_note(&previous, 1);
  CHECK_INT(chosen(&previous, 0), 1); /* until two more were made */
  mc_previous_priorities_note(&previous, 1);
  CHECK_INT(chosen(&previous, 0), 2);
}

static void test_never(void) {
  mc_previous_priorities previous = {.frequency = 0};
  mc_previous_priorities_note(&previous, 0);
  CHECK_INT(chosen(&previous, 0), 0);
}

static void test_the_rest_shares_the_traffic(void) {
  mc_priority_bits out = {{0}};
  mc_priority_bits_add(&out, 0);
  mc_priority_bits_add(&out, 1);
  mc_priority_bits_add(&out, 500); /* not counted */
  CHECK(mc_priority_bits_has(&out, 1) && !mc_priority_bits_has(&out, 2) && !mc_priority_bits_has(&out, 500));
  CHECK_INT(mc_host_set_available(&SET, &out), 100);
  int healthy = 0;
  for (uint64_t number = 0; number < 100; number++) {
    bool degraded;
    CHECK(mc_host_set_choose_without(&SET, &out, number, &degraded) == &PRIORITIES[2]);
    healthy += !degraded;
  }
  CHECK_INT(healthy, 50);
}

int main(void) {
  test_what_was_tried_is_left_out();
  test_only_so_often();
  test_never();
  test_the_rest_shares_the_traffic();
  return check_finish();
}
