#include "balance_support.h"

static int sum(const int counts[SUPPORT_HOSTS], int from, int to) {
  int total = 0;
  for (int i = from; i < to; i++) total += counts[i];
  return total;
}

static void test_priorities_get_their_share(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 2, 0);
  add_locality(&f, 1, 0, 4, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 10000, counts), 0);
  CHECK_INT(counts[0] + counts[1], 0);
  CHECK(counts[2] - counts[3] < 2 && counts[3] - counts[2] < 2);
  CHECK(sum(counts, 0, 4) > 6800 && sum(counts, 0, 4) < 7200);
  finish(&f);
}

static void test_panic_uses_all_hosts_or_none(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 3, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 400, counts), 0);
  for (int i = 0; i < 4; i++) CHECK_INT(counts[i], 100);
  unbuild(&f);
  f.spec.balance.fail_traffic_on_panic = true;
  CHECK_INT(build(&f, 0), MC_OK);
  CHECK_INT(count_picks(&f, 400, counts), 400);
  finish(&f);
}

static void test_nobody_is_healthy_and_panic_is_off(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  f.spec.balance.panic_percent = 0;
  add_locality(&f, 0, 0, 4, 4, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 100, counts), 100);
  finish(&f);
}

static void test_degraded_hosts_take_what_is_over(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 0, 4, 0, 2);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 10000, counts), 0);
  CHECK(sum(counts, 0, 2) > 2800 && sum(counts, 0, 2) < 3200);
  finish(&f);
}

/* Localities of weights 1 and 2, the second with all, half and none of its hosts: what is missing counts from
 * 1 / 1.4 of them on. */
static void test_weighted_localities(void) {
  static const struct {
    uint32_t unhealthy;
    double share;
  } rows[] = {{0, 1.0 / 3}, {2, 1 / 2.4}, {4, 1}};
  for (int i = 0; i < 3; i++) {
    hosts_fixture f;
    start(&f, MC_POLICY_ROUND_ROBIN);
    f.spec.balance.locality_weighted = true;
    add_locality(&f, 0, 1, 4, 0, 0);
    add_locality(&f, 0, 2, 4, rows[i].unhealthy, 0);
    CHECK_INT(build(&f, 0), MC_OK);
    int counts[SUPPORT_HOSTS];
    CHECK_INT(count_picks(&f, 10000, counts), 0);
    int first = sum(counts, 0, 4), expected = (int)(10000 * rows[i].share);
    CHECK(first - expected < 5 && expected - first < 5); /* in turn, not by chance */
    CHECK_INT(sum(counts, 4, 4 + (int)rows[i].unhealthy), 0);
    finish(&f);
  }
}

static void test_a_locality_without_weight_gets_nothing(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_RANDOM);
  f.spec.balance.locality_weighted = true;
  add_locality(&f, 0, 0, 4, 0, 0);
  add_locality(&f, 0, 1, 4, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 1000, counts), 0);
  CHECK_INT(sum(counts, 0, 4), 0);
  finish(&f);
}

static void test_weights_do_not_count_unless_asked_for(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_ROUND_ROBIN);
  add_locality(&f, 0, 1, 4, 0, 0);
  add_locality(&f, 0, 9, 4, 0, 0);
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 800, counts), 0);
  for (int i = 0; i < 8; i++) CHECK_INT(counts[i], 100);
  finish(&f);
}

static void make(hosts_fixture *f) {
  start(f, MC_POLICY_ROUND_ROBIN);
  f->spec.balance.locality_weighted = true;
  add_locality(f, 0, 1, 30, 0, 0);
  add_locality(f, 1, 1, 30, 9, 9);
}

int main(void) {
  test_priorities_get_their_share();
  test_panic_uses_all_hosts_or_none();
  test_nobody_is_healthy_and_panic_is_off();
  test_degraded_hosts_take_what_is_over();
  test_weighted_localities();
  test_a_locality_without_weight_gets_nothing();
  test_weights_do_not_count_unless_asked_for();
  check_build_memory(make);
  return check_finish();
}
