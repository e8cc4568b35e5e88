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

static void test_ids(void) {
  mc_id_source *one = mc_id_source_new(), *other = mc_id_source_new();
  enum { TAKES = 1000 };
  static uint64_t all[TAKES * MC_ID_NUMBERS + 3];
  CHECK(one && other);
  size_t count = 0, twice = 0;
  for (int i = 0; i < TAKES; i++) { /* of all sizes, over many buffers */
    const size_t size = (size_t)i % MC_ID_NUMBERS + 1;
    CHECK(mc_id_source_take(i % 2 ? one : other, all + count, size));
    count += size;
  }
  qsort(all, count, sizeof *all, by_value);
  for (size_t i = 1; i < count; i++) twice += all[i] == all[i - 1];
  CHECK_INT(twice, 0);
  CHECK(all[0] < UINT64_MAX / 100 && all[count - 1] > UINT64_MAX / 100 * 99);
  mc_id_source_free(one);
  mc_id_source_free(other);
  mc_id_source_free(NULL);
}

static uint64_t id_of_child(mc_id_source *source) {
  int ends[2];
  uint64_t id = 0;
  if (pipe(ends)) return 0;
  pid_t child = fork();
  if (child == 0) {
    if (!mc_id_source_take(source, &id, 1)) _exit(1);
    _exit(write(ends[1], &id, sizeof id) != sizeof id);
  }
  close(ends[1]);
  CHECK(read(ends[0], &id, sizeof id) == sizeof id);
  close(ends[0]);
  waitpid(child, NULL, 0);
  return id;
}

static void test_ids_fork(void) {
  mc_id_source *source = mc_id_source_new();
  uint64_t own = 0;
  CHECK(mc_id_source_take(source, &own, 1));
  uint64_t first = id_of_child(source), second = id_of_child(source);
  CHECK(mc_id_source_take(source, &own, 1));
  CHECK(first && second && first != second && first != own && second != own);
  mc_id_source_free(source);
}

typedef struct taker {
  mc_id_source *source;
  uint64_t ids[DRAWS];
} taker;

/* One that is refused stays 0; two of those are one twice. */
static void *take_many(void *argument) {
  taker *own = argument;
  for (size_t i = 0; i < DRAWS; i++) mc_id_source_take(own->source, &own->ids[i], 1);
  return NULL;
}

static void test_ids_threads(void) {
  mc_id_source *source = mc_id_source_new();
  taker *takers = calloc(THREADS, sizeof *takers);
  uint64_t *all = calloc(THREADS * DRAWS, sizeof *all);
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    takers[i].source = source;
    CHECK(pthread_create(&threads[i], NULL, take_many, &takers[i]) == 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    memcpy(all + i * DRAWS, takers[i].ids, sizeof takers[i].ids);
  }
  qsort(all, THREADS * DRAWS, sizeof *all, by_value);
  size_t twice = 0;
  for (size_t i = 1; i < THREADS * DRAWS; i++) twice += all[i] == all[i - 1];
  CHECK_INT(twice, 0);
  free(all);
  free(takers);
  mc_id_source_free(source);
}

int main(void) {
  test_clock();
  test_random();
  test_draws_differ();
  test_fork();
  test_threads();
  test_ids();
  test_ids_fork();
  test_ids_threads();
  return check_finish();
}
