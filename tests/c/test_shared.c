/* limit/shared.c: limiters and buckets in a shared state. */
#include "shared_support.h"

#include "limit/table.h"
#include "limit_support.h"

enum { WORKERS = 5 };

static world *w;
static const uint8_t secret[16] = "a secret of ours", other_secret[16] = "another one, too";

static void test_those_of_a_name_are_one(void) {
  mc_shared *one = join(w), *two = join(w);
  const mc_limit limit = limit_of(3, 1, SECOND), other = limit_of(4, 1, SECOND), same = limit_of(3, 2, 2 * SECOND);
  mc_error error;
  mc_limiter *a = mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error);
  CHECK(a != NULL);
  CHECK(mc_shared_limiter(two, MC_LITERAL("a"), 100, &limit, other_secret, &error) == a);
  CHECK(mc_shared_limiter(two, MC_LITERAL("a"), 100, &same, secret, &error) == a); /* the same rate in other words */
  CHECK(mc_shared_limiter(two, MC_LITERAL("a"), 100, &other, secret, &error) != a);
  CHECK(mc_shared_limiter(two, MC_LITERAL("a"), 101, &limit, secret, &error) != a);
  CHECK(mc_shared_limiter(two, MC_LITERAL("b"), 100, &limit, secret, &error) != a);
  for (int i = 0; i < 3; i++) CHECK(mc_limiter_allow(a, MC_LITERAL("key"), 1, 5 * SECOND));
  mc_shared_release(one, a), mc_shared_release(two, a), mc_shared_release(two, a);
  die(w, one), die(w, two);
  mc_shared *later = join(w);
  CHECK(mc_shared_limiter(later, MC_LITERAL("a"), 100, &limit, secret, &error) == a);
  CHECK(!mc_limiter_allow(a, MC_LITERAL("key"), 1, 5 * SECOND)); /* it is still owed */
  mc_bucket *bucket = mc_shared_bucket(later, MC_LITERAL("a"), &limit, &error);
  CHECK(bucket && mc_shared_bucket(later, MC_LITERAL("a"), &limit, &error) == bucket);
  CHECK(mc_shared_bucket(later, MC_LITERAL("a"), &other, &error) != bucket);
  for (int i = 0; i < 3; i++) CHECK(mc_bucket_allow(bucket, &limit, 1, 5 * SECOND));
  CHECK(!mc_bucket_allow(bucket, &limit, 1, 5 * SECOND));
  mc_shared_free(later);
  world_reset(w, WORKERS);
}

static void test_what_cannot_be(void) {
  mc_shared *one = join(w);
  const mc_limit limit = limit_of(3, 1, SECOND);
  mc_error error;
  CHECK(mc_shared_limiter(one, MC_LITERAL("a"), 1 << 20, &limit, secret, &error) == NULL);
  CHECK_INT(error.code, MC_LIMIT);
  CHECK(mc_shared_limiter(one, MC_LITERAL("a"), UINT64_C(1) << 60, &limit, secret, &error) == NULL);
  CHECK_INT(error.code, MC_LIMIT);
  check_memory(0);
  CHECK(mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error) == NULL);
  check_memory(-1);
  CHECK_INT(error.code, MC_NO_MEMORY);
  mc_limiter *a = mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error);
  a->sets = 1 << 20;
  CHECK(mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error) == NULL);
  CHECK_INT(error.code, MC_INVALID);
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

int main(void) {
  w = world_new(256 * 1024, WORKERS);
  test_those_of_a_name_are_one();
  test_what_cannot_be();
  world_free(w);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
