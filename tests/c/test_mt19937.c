#include "base/mt19937.h"

#include "check.h"

/* The C++ standard gives the 10000th number of the default seed ([rand.predef]). */
static void test_the_standards_number(void) {
  mc_mt19937 rng;
  mc_mt19937_seed(&rng, 5489);
  uint32_t last = 0;
  for (int i = 0; i < 10000; i++) last = mc_mt19937_next(&rng);
  CHECK_INT(last, 4123659995u);
}

static void test_the_first_numbers(void) {
  mc_mt19937 rng;
  mc_mt19937_seed(&rng, 5489);
  CHECK_INT(mc_mt19937_next(&rng), 3499211612u);
  CHECK_INT(mc_mt19937_next(&rng), 581869302u);
}

int main(void) {
  test_the_standards_number();
  test_the_first_numbers();
  return check_finish();
}
