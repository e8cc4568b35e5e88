/* SipHash-1-3 against other people's: CPython's hash() of bytes (PYTHONHASHSEED=0), and Rust's. */
#include "base/siphash.h"
#include "check.h"

static void test_values_of_cpython(void) {
  const uint64_t none[2] = {0, 0};
  const struct {
    size_t size;
    uint64_t value;
  } known[] = {{1, UINT64_C(0x68a914128e01e473)},  {7, UINT64_C(0x2f098ab0c751325a)},  {8, UINT64_C(0xead411e67ebe2eea)},
               {9, UINT64_C(0x75927f9d95124362)},  {15, UINT64_C(0xf30eb725bb91c9ea)}, {16, UINT64_C(0x8972188433a5c5b7)},
               {17, UINT64_C(0x4883c49a2c009c1d)}, {63, UINT64_C(0x385d3e39e5f37359)}};
  unsigned char bytes[64];
  for (int i = 0; i < 64; i++) bytes[i] = (unsigned char)i;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    CHECK(mc_siphash(bytes, known[i].size, none) == known[i].value);
}

static void test_the_key_counts(void) {
  const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}, other[2] = {key[0], key[1] + 1};
  CHECK(mc_siphash("", 0, key) == UINT64_C(0xabac0158050fc4dc));
  CHECK(mc_siphash("", 0, other) != mc_siphash("", 0, key));
}

static void test_every_byte_counts(void) {
  const uint64_t key[2] = {1, 2};
  char bytes[24] = {0};
  for (size_t size = 1; size <= sizeof bytes; size++) {
    uint64_t before = mc_siphash(bytes, size, key);
    CHECK(mc_siphash(bytes, size - 1, key) != before); /* and how many they are */
    for (size_t at = 0; at < size; at++) {
      bytes[at] = 1;
      CHECK(mc_siphash(bytes, size, key) != before);
      bytes[at] = 0;
    }
  }
}

int main(void) {
  test_values_of_cpython();
  test_the_key_counts();
  test_every_byte_counts();
  return check_finish();
}
