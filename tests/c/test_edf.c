#include "base/edf.h"

#include "base/rng.h"
#include "check.h"

enum { MEMBERS = 100 };

static void test_earliest_first_and_ties_in_order(void) {
  mc_edf_entry room[5];
  mc_edf edf = {.entries = room};
  static const double deadlines[] = {3, 1, 2, 1, 3};
  for (uint32_t i = 0; i < 5; i++) mc_edf_add(&edf, i, deadlines[i]);
  static const uint32_t order[] = {1, 3, 2, 0, 4};
  for (int i = 0; i < 5; i++) {
    CHECK_INT(mc_edf_first(&edf)->member, order[i]);
    mc_edf_postpone(&edf, 3); /* behind those that are due then already */
  }
  static const uint32_t again[] = {1, 3, 2}; /* 0 and 4 were due at 3 first, and went behind them since */
  for (int i = 0; i < 3; i++) {
    CHECK_INT(mc_edf_first(&edf)->member, again[i]);
    mc_edf_postpone(&edf, 4);
  }
}

/* Against a scan of all entries. */
static void test_as_a_scan_would_have_it(void) {
  mc_edf_entry room[MEMBERS];
  mc_edf edf = {.entries = room};
  double deadlines[MEMBERS];
  uint64_t orders[MEMBERS], order = 0, seed = 1;
  for (uint32_t i = 0; i < MEMBERS; i++) {
    deadlines[i] = (double)(mc_splitmix64(&seed) % 50);
    orders[i] = order++;
    mc_edf_add(&edf, i, deadlines[i]);
  }
  for (int n = 0; n < 5000; n++) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < MEMBERS; i++) {
      if (deadlines[i] < deadlines[best] || (deadlines[i] == deadlines[best] && orders[i] < orders[best])) best = i;
    }
    CHECK_INT(mc_edf_first(&edf)->member, best);
    deadlines[best] += (double)(mc_splitmix64(&seed) % 30);
    orders[best] = order++;
    mc_edf_postpone(&edf, deadlines[best]);
  }
}

int main(void) {
  test_earliest_first_and_ties_in_order();
  test_as_a_scan_would_have_it();
  return check_finish();
}
