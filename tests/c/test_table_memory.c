/* The memory of tables: its size, and what was made of it by whom. */
#include "limit/table.h"
#include "limit_support.h"

static const uint8_t secret[16] = "a secret of ours";

static void test_sizes(void) {
  CHECK_INT(mc_limiter_bytes(0), 128 + 256);
  CHECK_INT(mc_limiter_bytes(15), 128 + 2 * 256);
  CHECK_INT(mc_limiter_bytes(16), 128 + 3 * 256);
  CHECK_INT(mc_limiter_bytes(15000000), 128 + 2000000 * 256);
  CHECK_INT(mc_limiter_bytes(UINT64_MAX), 0);
  CHECK_INT(mc_limiter_bytes(UINT64_MAX / 128), 0);
}

static void test_of_its_own(void) {
  const mc_limit limit = limit_of(1, 1, SECOND);
  CHECK(mc_limiter_new(UINT64_MAX, &limit, secret) == NULL);
  check_memory(0);
  mc_limiter *none = mc_limiter_new(1, &limit, secret);
  check_memory(-1);
  CHECK(none == NULL);
  mc_limiter_free(NULL);
}

/* By another limit or capacity the numbers in it mean something else. */
static void test_what_it_was_made_for(void) {
  const mc_limit limit = limit_of(5, 1, SECOND), other = limit_of(6, 1, SECOND);
  alignas(MC_LIMITER_ALIGNMENT) static char memory[2048];
  mc_limiter view;
  CHECK(mc_limiter_bytes(20) <= sizeof memory);
  CHECK(!mc_limiter_open(&view, memory, 20, &limit));
  mc_limiter_init(memory, 20, &limit, secret);
  CHECK(mc_limiter_open(&view, memory, 20, &limit));
  CHECK(!mc_limiter_open(&view, memory, 20, &other));
  CHECK(!mc_limiter_open(&view, memory, 21, &limit));
  memory[0] ^= 1;
  CHECK(!mc_limiter_open(&view, memory, 20, &limit));
}

int main(void) {
  test_sizes();
  test_of_its_own();
  test_what_it_was_made_for();
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
