#include "balance/policy.h"
#include "check.h"

static void test_every_kind_has_a_policy(void) {
#define MC_POLICY(kind, policy)       \
  CHECK(mc_policy_of(kind) != NULL);  \
  CHECK(mc_policy_of(kind)->name != NULL); \
  CHECK(mc_policy_of(kind)->pick != NULL);
#include "balance/policies.def"
#undef MC_POLICY
}

static void test_an_unknown_kind_has_none(void) { CHECK(mc_policy_of((mc_policy_kind)9999) == NULL); }

static void test_draws_below_a_bound(void) {
  mc_pick pick = {.draws = 1};
  int counts[3] = {0};
  for (int i = 0; i < 30000; i++) counts[mc_pick_below(&pick, 3)]++;
  for (int i = 0; i < 3; i++) CHECK(counts[i] > 9600 && counts[i] < 10400);
}

int main(void) {
  test_every_kind_has_a_policy();
  test_an_unknown_kind_has_none();
  test_draws_below_a_bound();
  return check_finish();
}
