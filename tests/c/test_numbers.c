#include "base/numbers.h"

#include "base/rng.h"
#include "check.h"

static void test_rounding_up(void) {
  CHECK(mc_ceil(0) == 0);
  CHECK(mc_ceil(0.1) == 1);
  CHECK(mc_ceil(3) == 3);
  CHECK(mc_ceil(3.0000000001) == 4);
  CHECK(mc_ceil(0x1p53) == 0x1p53);
}

static void test_upper_halves(void) {
  CHECK_INT(mc_mulhi64(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
  CHECK_INT(mc_mulhi64((uint64_t)1 << 32, (uint64_t)1 << 32), 1);
  CHECK_INT(mc_mulhi64(0xffffffffu, 0xffffffffu), 0);
}

static void check_rest(uint64_t by) {
  const mc_divisor divisor = mc_divisor_of(by);
  uint64_t edges[] = {0, 1, by - 1, by, by + 1, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / by * by, UINT64_MAX / by * by - 1};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) CHECK_INT(mc_divisor_rest(&divisor, edges[i]), edges[i] % by);
  uint64_t seed = by;
  for (int i = 0; i < 2000; i++) {
    uint64_t number = mc_splitmix64(&seed);
    CHECK_INT(mc_divisor_rest(&divisor, number), number % by);
  }
}

static void test_remainders(void) {
  static const uint64_t divisors[] = {2, 3, 4, 7, 1009, 65536, 65537, 5000011, (uint64_t)1 << 32, UINT64_MAX};
  for (size_t i = 0; i < sizeof divisors / sizeof *divisors; i++) check_rest(divisors[i]);
}

int main(void) {
  test_rounding_up();
  test_upper_halves();
  test_remainders();
  return check_finish();
}
