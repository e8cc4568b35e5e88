#include "check.h"

#include <stdlib.h>

#include "base/rng.h"
#include "base/slice.h"
#include "policy/rendezvous.h"

enum { KEYS = 20000, MOST = 4 };

static const mc_slice NAMES[MOST] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}};

static void build(mc_share shares[MOST], uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  const uint32_t weights[MOST] = {a, b, c, d};
  CHECK_INT(mc_rendezvous_build(NAMES, weights, MOST, shares), MC_OK);
}

static uint64_t key_of(uint32_t number) {
  return mc_rendezvous_key(mc_slice_of((const char *)&number, sizeof number));
}

static void check_near(double actual, double expected, double tolerance) {
  CHECK(actual > expected - tolerance && actual < expected + tolerance);
}

/* -log2(hash / 2^64), by arithmetic of another kind: squaring yields a binary digit at a time. */
static double slow_cost(uint64_t hash) {
  double u = (double)(hash | 1) / 18446744073709551616.0, cost = 0, unit = 1;
  for (; u < 0.5; u *= 2) cost += 1;
  for (int i = 0; i < 50; i++) {
    unit /= 2;
    u *= u;
    if (u < 0.5) {
      u *= 2;
      cost += unit;
    }
  }
  return cost;
}

static void test_cost_is_the_logarithm(void) {
  const double scale = 144115188075855872.0;
  check_near((double)mc_rendezvous_cost(1) / scale, 64, 1e-13);
  CHECK_INT(mc_rendezvous_cost(0), mc_rendezvous_cost(1));
  CHECK_INT(mc_rendezvous_cost(UINT64_MAX), 0);
  check_near((double)mc_rendezvous_cost(UINT64_C(1) << 63) / scale, 1, 1e-13);
  uint64_t state = 7;
  for (int i = 0; i < 20000; i++) {
    uint64_t hash = mc_splitmix64(&state) >> (i % 60);
    check_near((double)mc_rendezvous_cost(hash) / scale, slow_cost(hash), 2e-13);
  }
  for (int shift = 1; shift < 46; shift++) { /* close to 1, the number that is missing counts by itself */
    uint64_t missing = UINT64_C(1) << (63 - shift);
    double cost = (double)mc_rendezvous_cost(-missing) / scale, share = (double)missing / 18446744073709551616.0;
    check_near(cost / (share * 1.4426950408889634), 1, share + 1e-13 / share);
  }
}

static void test_same_numbers_on_every_build(void) {
  /* Whoever changes these moves every user of every sticky split. */
  mc_share shares[MOST];
  build(shares, 90, 10, 0, 7);
  CHECK_INT(mc_rendezvous_cost(UINT64_C(0x123456789abcdef0)), INT64_C(549623793652404332));
  CHECK_INT(mc_rendezvous_key(MC_LITERAL("alice")), INT64_C(5565977313111837562));
  uint64_t picked = 0;
  for (uint32_t i = 0; i < 32; i++) picked = picked << 2 | mc_rendezvous_pick(shares, MOST, key_of(i));
  CHECK_INT(picked, INT64_C(72057598332895236));
}

static void test_shares_are_those_of_the_weights(void) {
  mc_share shares[MOST];
  build(shares, 70, 20, 0, 10);
  int counts[MOST] = {0};
  for (uint32_t i = 0; i < KEYS; i++) counts[mc_rendezvous_pick(shares, MOST, key_of(i))]++;
  check_near(counts[0], 0.7 * KEYS, 330); /* five standard deviations */
  check_near(counts[1], 0.2 * KEYS, 290);
  CHECK_INT(counts[2], 0);
  check_near(counts[3], 0.1 * KEYS, 220);
}

static void test_a_weight_that_is_raised_only_gains(void) {
  mc_share before[MOST], after[MOST];
  build(before, 50, 30, 15, 5);
  build(after, 50, 30, 60, 5);
  int moved = 0;
  for (uint32_t i = 0; i < KEYS; i++) {
    uint32_t was = mc_rendezvous_pick(before, MOST, key_of(i)), is = mc_rendezvous_pick(after, MOST, key_of(i));
    CHECK(was == is || is == 2);
    moved += was != is;
  }
  check_near(moved, KEYS * (60.0 / 145 - 0.15), 320);
}

static void test_order_and_scale_do_not_matter(void) {
  const mc_slice turned[MOST] = {NAMES[3], NAMES[1], NAMES[0], NAMES[2]};
  const uint32_t weights[MOST] = {1000, 4000000000, 2000, 3000};
  mc_share shares[MOST], others[MOST], larger[MOST];
  build(shares, 2000, 4000000000, 3000, 1000);
  CHECK_INT(mc_rendezvous_build(turned, weights, MOST, others), MC_OK);
  build(larger, 2, 4000000, 3, 1);
  const uint32_t back[MOST] = {3, 1, 0, 2};
  for (uint32_t i = 0; i < KEYS; i++) {
    uint32_t picked = mc_rendezvous_pick(shares, MOST, key_of(i));
    CHECK_INT(back[mc_rendezvous_pick(others, MOST, key_of(i))], picked);
    CHECK_INT(mc_rendezvous_pick(larger, MOST, key_of(i)), picked);
  }
}

static void test_names_may_repeat(void) {
  const mc_slice names[3] = {MC_LITERAL("a"), MC_LITERAL("a"), MC_LITERAL("b")};
  const uint32_t weights[3] = {25, 25, 50};
  mc_share shares[3];
  CHECK_INT(mc_rendezvous_build(names, weights, 3, shares), MC_OK);
  int counts[3] = {0};
  for (uint32_t i = 0; i < KEYS; i++) counts[mc_rendezvous_pick(shares, 3, key_of(i))]++;
  check_near(counts[0], 0.25 * KEYS, 310);
  check_near(counts[1], 0.25 * KEYS, 310);
}

static void test_score_is_that_of_the_winner(void) {
  mc_share shares[MOST];
  build(shares, 70, 20, 0, 10);
  for (uint32_t i = 0; i < 1000; i++) {
    uint32_t best = 0;
    for (uint32_t k = 1; k < MOST; k++) {
      if (mc_rendezvous_score(&shares[k], key_of(i)) > mc_rendezvous_score(&shares[best], key_of(i))) best = k;
    }
    CHECK_INT(mc_rendezvous_pick(shares, MOST, key_of(i)), best);
  }
  CHECK(mc_rendezvous_score(&shares[2], 1) == 0);
}

static void test_split_without_routes(void) {
  const uint32_t weights[MOST] = {1, 0, 2, 0}, none[MOST] = {0};
  mc_error error;
  CHECK(mc_key_split_new(NAMES, none, MOST, &error) == NULL && error.code == MC_INVALID);
  CHECK(mc_key_split_new(NAMES, none, 0, &error) == NULL && error.code == MC_INVALID);
  mc_share shares[MOST];
  build(shares, 1, 0, 2, 0);
  for (int n = 0;; n++) {
    check_memory(n);
    mc_key_split *split = mc_key_split_new(NAMES, weights, MOST, &error);
    check_memory(-1);
    if (!split) {
      CHECK_INT(error.code, MC_NO_MEMORY);
      continue;
    }
    CHECK_INT(mc_key_split_draw(split, 0), 0);
    CHECK_INT(mc_key_split_draw(split, 1), 2);
    CHECK_INT(mc_key_split_draw(split, 2), 2);
    CHECK_INT(mc_key_split_draw(split, 3), 0);
    CHECK_INT(mc_key_split_pick(split, MC_LITERAL("k")), mc_rendezvous_pick(shares, MOST, mc_rendezvous_key(MC_LITERAL("k"))));
    mc_key_split_free(split);
    break;
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_cost_is_the_logarithm();
  test_same_numbers_on_every_build();
  test_shares_are_those_of_the_weights();
  test_a_weight_that_is_raised_only_gains();
  test_order_and_scale_do_not_matter();
  test_names_may_repeat();
  test_score_is_that_of_the_winner();
  test_split_without_routes();
  return check_finish();
}
