/* Parameters of token buckets: exact units, conservative rounding, what is refused. */
#include "limit/limit.h"
#include "limit_support.h"

static void check_limit(mc_token_bucket bucket, uint64_t scale, uint64_t token) {
  mc_limit limit = limit_of(bucket.max_tokens, bucket.tokens_per_fill, bucket.fill_interval_ns);
  CHECK_INT(limit.scale, scale);
  CHECK_INT(limit.token, token);
  CHECK_INT(limit.burst, token * bucket.max_tokens);
}

static void test_a_token_takes_a_whole_number_of_units(void) {
  check_limit((mc_token_bucket){1, 1, SECOND}, 2, 2 * SECOND);
  check_limit((mc_token_bucket){3, 3, SECOND}, 6, 2 * SECOND);
  check_limit((mc_token_bucket){9, 100, SECOND}, 2, 2 * SECOND / 100);
  check_limit((mc_token_bucket){9, 6, 9}, 4, 6);
  check_limit((mc_token_bucket){9, 64 * 5, 5 * 7}, 128, 14);
}

static void test_finer_ones_are_rounded_up(void) {
  check_limit((mc_token_bucket){9, 65, 7 * 64}, 128, 2 * ((7 * 64 * 64 + 64) / 65));
  check_limit((mc_token_bucket){9, MC_MAX_TOKENS, 1}, 128, 2);
  check_limit((mc_token_bucket){9, 1000003, SECOND}, 128, 2 * (SECOND * 64 / 1000003 + 1));
}

static void test_long_ones_get_coarser_units(void) {
  const uint64_t year = 365 * 24 * 3600 * SECOND;
  check_limit((mc_token_bucket){1, 1, 73 * year}, 2, 2 * 73 * year);
  mc_limit limit = limit_of(63, 63, 7 * year + 1);
  CHECK(limit.scale < 2 * 63);
  CHECK(limit.burst <= MC_MOST_DEBT);
  CHECK(limit.token * 63 >= (7 * year + 1) * limit.scale);
  CHECK(limit.token * 63 < (7 * year + 1) * limit.scale + 2 * 63);
}

static void check_refused(mc_token_bucket bucket, const char *message) {
  mc_limit limit;
  mc_error error;
  CHECK_INT(mc_limit_make(&bucket, &limit, &error), MC_INVALID);
  CHECK(strcmp(error.message, message) == 0);
}

static void test_what_is_refused(void) {
  check_refused((mc_token_bucket){0, 1, 1}, "max_tokens must be 1 to 2^53");
  check_refused((mc_token_bucket){MC_MAX_TOKENS + UINT64_C(1), 1, 1}, "max_tokens must be 1 to 2^53");
  check_refused((mc_token_bucket){1, 0, 1}, "tokens_per_fill must be 1 to 2^53");
  check_refused((mc_token_bucket){1, MC_MAX_TOKENS + UINT64_C(1), 1}, "tokens_per_fill must be 1 to 2^53");
  check_refused((mc_token_bucket){1, 1, 0}, "fill_interval must be at least a nanosecond");
  check_refused((mc_token_bucket){1, 1, UINT64_MAX}, "max_tokens would take more than 73 years to come");
  check_refused((mc_token_bucket){MC_MAX_TOKENS, 1, SECOND}, "max_tokens would take more than 73 years to come");
}

static void test_waits_are_bounded(void) {
  mc_limit limit = limit_of(3, 3, SECOND);
  CHECK_INT(mc_limit_most(&limit, 0), limit.burst);
  CHECK_INT(mc_limit_most(&limit, 1), limit.burst + 6);
  CHECK_INT(mc_limit_most(&limit, MC_NEVER), MC_MOST_DEBT);
  limit = limit_of(1, 1, MC_MOST_DEBT / 2 - 1);
  CHECK_INT(mc_limit_most(&limit, 1), MC_MOST_DEBT);
}

int main(void) {
  test_a_token_takes_a_whole_number_of_units();
  test_finer_ones_are_rounded_up();
  test_long_ones_get_coarser_units();
  test_what_is_refused();
  test_waits_are_bounded();
  return check_finish();
}
