#include "balance/rotation.h"

#include "balance_support.h"

/* A group of the fixture's hosts, and its rotation. */
typedef struct turns {
  hosts_fixture f;
  uint32_t at[SUPPORT_HOSTS];
  mc_group group;
  mc_rotation rotation;
} turns;

static void turns_of(turns *t, const uint32_t *weights, uint32_t count, uint64_t turn) {
  start_weighted(&t->f, MC_POLICY_RANDOM, weights, count);
  CHECK_INT(build(&t->f, 0), MC_OK);
  for (uint32_t i = 0; i < count; i++) t->at[i] = i;
  t->group = (mc_group){.hosts = t->f.cluster.hosts, .members = {t->at, count}};
  CHECK_INT(mc_rotation_build(&t->rotation, &t->group, turn, t->f.cluster.arena, &t->f.error), MC_OK);
}

static void test_equal_weights_need_no_order(void) {
  turns t;
  turns_of(&t, (uint32_t[]){7, 7, 7}, 3, 4);
  CHECK_INT(t.rotation.period, 3);
  CHECK(t.rotation.order == NULL);
  for (uint32_t i = 4; i < 12; i++) CHECK_INT(mc_rotation_next(&t.rotation, false), i % 3);
  finish(&t.f);
}

/* As Envoy 1.40 goes round weights of 1, 2 and 3 (recorded), and of those times 50. */
static void test_the_order_is_envoys(void) {
  static const uint32_t order[] = {2, 1, 2, 0, 1, 2};
  for (uint32_t factor = 1; factor <= 50; factor += 49) {
    turns t;
    turns_of(&t, (uint32_t[]){factor, 2 * factor, 3 * factor}, 3, 2);
    CHECK_INT(t.rotation.period, 6);
    CHECK_INT(mc_rotation_next(&t.rotation, true), order[2]);
    for (uint32_t i = 2; i < 20; i++) CHECK_INT(mc_rotation_next(&t.rotation, false), order[i % 6]);
    finish(&t.f);
  }
}

/* A host is never behind by a whole turn, nor ahead by more than its share of one turn of each host. */
static void test_smooth_and_exact(void) {
  static const uint32_t weights[] = {1, 10, 100, 999, 5000};
  uint32_t sum = 6110, counts[5] = {0};
  turns t;
  turns_of(&t, weights, 5, 0);
  CHECK_INT(t.rotation.period, sum);
  for (uint32_t n = 1; n <= sum; n++) {
    counts[mc_rotation_next(&t.rotation, false)]++;
    for (int i = 0; i < 5; i++) {
      double off = counts[i] - (double)n * weights[i] / sum;
      CHECK(off > -1 - 1e-9 && off < 1 + 5.0 * weights[i] / sum);
    }
  }
  for (int i = 0; i < 5; i++) CHECK_INT(counts[i], weights[i]);
  finish(&t.f);
}

static void test_how_long_an_order_may_be(void) {
  turns t;
  turns_of(&t, (uint32_t[]){1, MC_ROTATION_LONGEST - 1}, 2, 0);
  CHECK_INT(t.rotation.period, MC_ROTATION_LONGEST);
  finish(&t.f);
  turns_of(&t, (uint32_t[]){1, MC_ROTATION_LONGEST}, 2, 0);
  CHECK_INT(t.rotation.period, 0);
  finish(&t.f);
  turns_of(&t, (uint32_t[]){UINT32_MAX, UINT32_MAX - 1}, 2, 0);
  CHECK_INT(t.rotation.period, 0);
  finish(&t.f);
}

int main(void) {
  test_equal_weights_need_no_order();
  test_the_order_is_envoys();
  test_smooth_and_exact();
  test_how_long_an_order_may_be();
  return check_finish();
}
