#include "base/chacha.h"

#include "check.h"

/* RFC 8439, A.1: the first two blocks under a key of 0, and of test vector 3 the second under a key of 0...01. */
static void test_vectors(void) {
  uint32_t key[MC_CHACHA_KEY] = {0}, out[MC_CHACHA_WORDS];
  mc_chacha_blocks(key, 0, out);
  CHECK_INT(out[0], 0xade0b876);
  CHECK_INT(out[15], 0x8665eeb2);
  CHECK_INT(out[16], 0xbee7079f);
  CHECK_INT(out[31], 0x6f4d794b);
  CHECK_INT(out[63], 0x7e166731);
  key[7] = 0x01000000;
  mc_chacha_blocks(key, 1, out);
  CHECK_INT(out[0], 0x2452eb3a);
  CHECK_INT(out[15], 0xa0136c00);
  CHECK_INT(out[63], 0xfaacf4bf);
}

/* A batch is its blocks one after the other. */
static void test_counter(void) {
  uint32_t key[MC_CHACHA_KEY] = {1, 2, 3, 4, 5, 6, 7, 8}, four[MC_CHACHA_WORDS], shifted[MC_CHACHA_WORDS];
  mc_chacha_blocks(key, 0, four);
  mc_chacha_blocks(key, 3, shifted);
  CHECK(memcmp(four + 48, shifted, 64) == 0);
  CHECK(memcmp(four, shifted, 64) != 0);
}

int main(void) {
  test_vectors();
  test_counter();
  return check_finish();
}
