#include "balance/schedule.h"

#include <pthread.h>

#include "balance_support.h"

enum { THREADS = 4, PICKS = 3000 };

static double weights[3];

static double weigh(const void *policy, const mc_group *group, uint32_t member, uint64_t now_ns) {
  (void)group;
  return ((const double *)policy)[member] * (now_ns ? (double)now_ns : 1);
}

typedef struct scheduled {
  hosts_fixture f;
  uint32_t at[3];
  mc_group group;
  mc_schedule schedule;
} scheduled;

static void scheduled_of(scheduled *s, uint64_t random) {
  static const uint32_t ones[] = {1, 1, 1};
  start_weighted(&s->f, MC_POLICY_RANDOM, ones, 3);
  CHECK_INT(build(&s->f, 0), MC_OK);
  for (uint32_t i = 0; i < 3; i++) s->at[i] = i;
  s->group = (mc_group){.hosts = s->f.cluster.hosts, .members = {s->at, 3}};
  CHECK_INT(mc_schedule_build(&s->schedule, &s->group, s->f.cluster.arena, &s->f.error), MC_OK);
  mc_schedule_start(&s->schedule, &s->group, random, weigh, weights, 0);
}

static uint32_t next(scheduled *s) {
  mc_pick pick = {.draws = 0};
  return mc_schedule_next(&s->schedule, &s->group, &pick, weigh, weights);
}

static void test_the_order_is_envoys(void) {
  static const uint32_t order[] = {2, 1, 2, 0, 1, 2};
  memcpy(weights, (double[]){1, 2, 3}, sizeof weights);
  scheduled s;
  scheduled_of(&s, 0);
  for (int i = 0; i < 6; i++) {
    mc_pick peek = {.peek = true};
    CHECK_INT(mc_schedule_next(&s.schedule, &s.group, &peek, weigh, weights), order[i]);
    CHECK_INT(next(&s), order[i]);
  }
  finish(&s.f);
}

/* Wherever it begins, whole rounds are exact. */
static void test_any_beginning(void) {
  memcpy(weights, (double[]){1, 2, 3}, sizeof weights);
  int firsts[3] = {0};
  for (uint64_t seed = 0; seed < 600; seed++) {
    scheduled s;
    scheduled_of(&s, mc_mix64(seed + 1));
    int counts[3] = {0};
    for (int i = 0; i < 60; i++) {
      uint32_t member = next(&s);
      if (!i) firsts[member]++;
      counts[member]++;
    }
    for (int i = 0; i < 3; i++) CHECK_INT(counts[i], 10 * (i + 1));
    finish(&s.f);
  }
  for (int i = 0; i < 3; i++) CHECK(firsts[i] > 40); /* none is always the first to wait */
}

static void test_a_weight_that_changes(void) {
  memcpy(weights, (double[]){1, 1, 1}, sizeof weights);
  scheduled s;
  scheduled_of(&s, 0);
  for (int i = 0; i < 9; i++) next(&s);
  weights[0] = 8;
  next(&s), next(&s), next(&s); /* each comes once by its old weight */
  int counts[3] = {0};
  for (int i = 0; i < 100; i++) counts[next(&s)]++;
  CHECK(counts[0] >= 79 && counts[0] <= 81);
  finish(&s.f);
}

static scheduled shared;
static atomic_int counts[3];

static void *pick_many(void *unused) {
  for (int i = 0; i < PICKS; i++) atomic_fetch_add(&counts[next(&shared)], 1);
  return unused;
}

/* make check SAN=thread looks for races here. */
static void test_many_threads(void) {
  memcpy(weights, (double[]){1, 2, 3}, sizeof weights);
  scheduled_of(&shared, 12345);
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, pick_many, NULL) == 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 3; i++) CHECK_INT(atomic_load(&counts[i]), THREADS * PICKS / 6 * (i + 1));
  finish(&shared.f);
}

int main(void) {
  test_the_order_is_envoys();
  test_any_beginning();
  test_a_weight_that_changes();
  test_many_threads();
  return check_finish();
}
