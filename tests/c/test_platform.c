#define _DEFAULT_SOURCE

#include "platform.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void test_clock(void) {
  uint64_t before = mc_platform_now_ns(), after = mc_platform_now_ns();
  CHECK(before > 0 && after >= before);
  CHECK(mc_platform_unix_s() > 1700000000); /* November 2023 */
}

static void test_random(void) {
  unsigned char a[1000] = {0}, b[1000] = {0};
  CHECK(mc_platform_random(a, sizeof a) && mc_platform_random(b, sizeof b));
  CHECK(memcmp(a, b, sizeof a) != 0);
  CHECK(mc_platform_random(a, 0));
}

static void test_draws_differ(void) {
  mc_entropy *one = mc_entropy_new(), *other = mc_entropy_new();
  CHECK(one && other);
  uint64_t first = mc_entropy_next(one);
  CHECK(first != mc_entropy_next(one));
  CHECK(first != mc_entropy_next(other));
  mc_entropy_free(one);
  mc_entropy_free(other);
  mc_entropy_free(NULL);
}

static uint64_t drawn_by_child(mc_entropy *entropy) {
  int ends[2];
  uint64_t draw = 0;
  if (pipe(ends)) return 0;
  pid_t child = fork();
  if (child == 0) {
    draw = mc_entropy_next(entropy);
    _exit(write(ends[1], &draw, sizeof draw) != sizeof draw);
  }
  close(ends[1]);
  CHECK(read(ends[0], &draw, sizeof draw) == sizeof draw);
  close(ends[0]);
  waitpid(child, NULL, 0);
  return draw;
}

static void test_fork(void) {
  mc_entropy *entropy = mc_entropy_new();
  mc_entropy_next(entropy);
  uint64_t first = drawn_by_child(entropy), second = drawn_by_child(entropy), own = mc_entropy_next(entropy);
  CHECK(first && second && first != second && first != own && second != own);
  mc_entropy_free(entropy);
}

enum { THREADS = 4, DRAWS = 20000 };

typedef struct drawer {
  mc_entropy *entropy;
  uint64_t draws[DRAWS];
} drawer;

static void *draw_many(void *argument) {
  drawer *own = argument;
  for (size_t i = 0; i < DRAWS; i++) own->draws[i] = mc_entropy_next(own->entropy);
  return NULL;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The counter passes each value once, and the mix is a bijection: no draw comes twice. */
static void test_threads(void) {
  mc_entropy *entropy = mc_entropy_new();
  drawer *drawers = calloc(THREADS, sizeof *drawers);
  uint64_t *all = calloc(THREADS * DRAWS, sizeof *all);
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    drawers[i].entropy = entropy;
    CHECK(pthread_create(&threads[i], NULL, draw_many, &drawers[i]) == 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    memcpy(all + i * DRAWS, drawers[i].draws, sizeof drawers[i].draws);
  }
  qsort(all, THREADS * DRAWS, sizeof *all, by_value);
  size_t twice = 0;
  for (size_t i = 1; i < THREADS * DRAWS; i++) twice += all[i] == all[i - 1];
  CHECK_INT(twice, 0);
  free(all);
  free(drawers);
  mc_entropy_free(entropy);
}

int main(void) {
  test_clock();
  test_random();
  test_draws_differ();
  test_fork();
  test_threads();
  return check_finish();
}
