#include "check.h"
#include "balance/policy.h"

static void test_every_kind_has_a_policy(void) {
  const mc_policy *policy = mc_policy_of(MC_POLICY_ROUND_ROBIN);
  CHECK(policy != NULL);
  CHECK(policy->name != NULL);
  CHECK(policy->build != NULL);
  CHECK(policy->pick != NULL);
  CHECK(policy->peek != NULL);
}

static void test_an_unknown_kind_has_none(void) { CHECK(mc_policy_of((mc_policy_kind)9999) == NULL); }

int main(void) {
  test_every_kind_has_a_policy();
  test_an_unknown_kind_has_none();
  return check_finish();
}
