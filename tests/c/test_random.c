#include "balance_support.h"

static void test_all_alike_whatever_their_weight(void) {
  hosts_fixture f;
  start(&f, MC_POLICY_RANDOM);
  add_locality(&f, 0, 0, 4, 0, 0);
  f.endpoints[0].weight = 100;
  CHECK_INT(build(&f, 0), MC_OK);
  int counts[SUPPORT_HOSTS];
  CHECK_INT(count_picks(&f, 40000, counts), 0);
  for (int i = 0; i < 4; i++) CHECK(counts[i] > 9600 && counts[i] < 10400);
  finish(&f);
}

int main(void) {
  test_all_alike_whatever_their_weight();
  return check_finish();
}
