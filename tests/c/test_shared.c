/* limit/shared.c: limiters and buckets in a shared state. */
#include "shared_support.h"

#include "limit/table.h"
#include "limit_support.h"

enum { WORKERS = 5 };

static world *w;
static const uint8_t secret[16] = "a secret of ours", other_secret[16] = "another one, too";

static const mc_limiter_table *table_of(const mc_limiter *limiter) { return limiter ? limiter->table : NULL; }

static void test_those_of_a_name_are_one(void) {
  mc_shared *one = join(w), *two = join(w);
  const mc_limit limit = limit_of(3, 1, SECOND), other = limit_of(4, 1, SECOND), same = limit_of(3, 2, 2 * SECOND);
  mc_error error;
  mc_limiter *a = mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error);
  CHECK(a != NULL);
  mc_limiter *others[] = {
      mc_shared_limiter(two, MC_LITERAL("a"), 100, &limit, other_secret, &error),
      mc_shared_limiter(two, MC_LITERAL("a"), 100, &same, secret, &error), /* the same rate in other words */
      mc_shared_limiter(two, MC_LITERAL("a"), 100, &other, secret, &error),
      mc_shared_limiter(two, MC_LITERAL("a"), 101, &limit, secret, &error),
      mc_shared_limiter(two, MC_LITERAL("b"), 100, &limit, secret, &error),
  };
  for (int i = 0; i < 5; i++) {
    CHECK(others[i] && (table_of(others[i]) == table_of(a)) == (i < 2));
    if (i) mc_shared_release_limiter(two, others[i]);
  }
  for (int i = 0; i < 3; i++) CHECK(mc_limiter_allow(i % 2 ? a : others[0], MC_LITERAL("key"), 1, 5 * SECOND));
  const mc_limiter_table *table = table_of(a);
  mc_shared_release_limiter(one, a), mc_shared_release_limiter(two, others[0]), mc_shared_release_limiter(two, NULL);
  die(w, one), die(w, two);
  mc_shared *later = join(w);
  a = mc_shared_limiter(later, MC_LITERAL("a"), 100, &limit, secret, &error);
  CHECK(table_of(a) == table);
  CHECK(!mc_limiter_allow(a, MC_LITERAL("key"), 1, 5 * SECOND)); /* it is still owed */
  mc_bucket *bucket = mc_shared_bucket(later, MC_LITERAL("a"), &limit, &error);
  CHECK(bucket && mc_shared_bucket(later, MC_LITERAL("a"), &limit, &error) == bucket);
  CHECK(mc_shared_bucket(later, MC_LITERAL("a"), &other, &error) != bucket);
  for (int i = 0; i < 3; i++) CHECK(mc_bucket_allow(bucket, &limit, 1, 5 * SECOND));
  CHECK(!mc_bucket_allow(bucket, &limit, 1, 5 * SECOND));
  mc_shared_release_bucket(later, bucket);
  mc_shared_release_limiter(later, a);
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
  for (int n = 0; n < 3; n++) {
    check_memory(n);
    CHECK(mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error) == NULL);
    check_memory(-1);
    CHECK_INT(error.code, MC_NO_MEMORY);
  }
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

/* What a limiter is made with is told to be wrong, to who comes later; who has it goes by what it was. */
static void test_damage(void) {
  mc_shared *one = join(w);
  const mc_limit limit = limit_of(3, 1, SECOND);
  mc_error error;
  mc_limiter *a = mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error);
  for (size_t at = 0; at < offsetof(mc_limiter_table, forgotten); at++) {
    char *byte = (char *)a->table + at;
    *byte ^= 0x41;
    CHECK(mc_shared_limiter(one, MC_LITERAL("a"), 100, &limit, secret, &error) == NULL);
    CHECK_INT(error.code, MC_INVALID);
    CHECK_INT(mc_limiter_allow(a, MC_LITERAL("key"), 1, 5 * SECOND), at < 3);
    *byte ^= 0x41;
  }
  mc_shared_release_limiter(one, a);
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

int main(void) {
  w = world_new(256 * 1024, WORKERS);
  test_those_of_a_name_are_one();
  test_what_cannot_be();
  test_damage();
  world_free(w);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
