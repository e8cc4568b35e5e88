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
  CHECK(mc_platform_unix_ns() / 1000000000 > 1700000000); /* November 2023 */
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

static void test_draws_alone_differ(void) {
  mc_entropy *entropy = mc_entropy_new();
  mc_id_source *ids = mc_id_source_new();
  uint64_t some[MC_ID_NUMBERS], more[MC_ID_NUMBERS];
  const uint64_t first = mc_entropy_next_alone(entropy);
  CHECK(first != mc_entropy_next_alone(entropy) && first != mc_entropy_next(entropy));
  CHECK(mc_id_source_take_alone(ids, some, MC_ID_NUMBERS) && mc_id_source_take_alone(ids, more, MC_ID_NUMBERS));
  for (int i = 0; i < MC_ID_NUMBERS; i++) {
    for (int k = 0; k < MC_ID_NUMBERS; k++) CHECK(some[i] != more[k]);
  }
  mc_entropy_free(entropy);
  mc_id_source_free(ids);
}

static uint64_t next_seed(void *source);
static uint64_t next_id(void *source);

static uint64_t drawn_by_child(void *source, uint64_t (*draw)(void *source)) {
  int ends[2];
  uint64_t drawn = 0;
  if (pipe(ends)) return 0;
  pid_t child = fork();
  if (child == 0) {
    drawn = draw(source);
    _exit(write(ends[1], &drawn, sizeof drawn) != sizeof drawn);
  }
  close(ends[1]);
  CHECK(read(ends[0], &drawn, sizeof drawn) == sizeof drawn);
  close(ends[0]);
  waitpid(child, NULL, 0);
  return drawn;
}

/* Parent and children draw different numbers. */
static void check_fork(void *source, uint64_t (*draw)(void *source)) {
  draw(source);
  uint64_t first = drawn_by_child(source, draw), second = drawn_by_child(source, draw), own = draw(source);
  CHECK(first && second && first != second && first != own && second != own);
}

static void test_fork(void) {
  mc_entropy *entropy = mc_entropy_new();
  mc_id_source *ids = mc_id_source_new();
  check_fork(entropy, next_seed);
  check_fork(ids, next_id);
  mc_entropy_free(entropy);
  mc_id_source_free(ids);
}

enum { THREADS = 4, DRAWS = 20000 };

/* What is drawn from, and how. */
typedef struct drawer {
  void *source;
  uint64_t (*draw)(void *source);
  uint64_t draws[DRAWS];
} drawer;

static void *draw_many(void *argument) {
  drawer *own = argument;
  for (size_t i = 0; i < DRAWS; i++) own->draws[i] = own->draw(own->source);
  return NULL;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static size_t count_twice(uint64_t *all, size_t count) {
  size_t twice = 0;
  qsort(all, count, sizeof *all, by_value);
  for (size_t i = 1; i < count; i++) twice += all[i] == all[i - 1];
  return twice;
}

/* How many draws of threads at once come twice. */
static size_t twice_by_threads(void *source, uint64_t (*draw)(void *source)) {
  drawer *drawers = calloc(THREADS, sizeof *drawers);
  uint64_t *all = calloc(THREADS * DRAWS, sizeof *all);
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) {
    drawers[i].source = source;
    drawers[i].draw = draw;
    CHECK(pthread_create(&threads[i], NULL, draw_many, &drawers[i]) == 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    memcpy(all + i * DRAWS, drawers[i].draws, sizeof drawers[i].draws);
  }
  const size_t twice = count_twice(all, THREADS * DRAWS);
  free(all);
  free(drawers);
  return twice;
}

/* One that is refused stays 0; two of those are one twice. */
static uint64_t next_id(void *source) {
  uint64_t id = 0;
  mc_id_source_take(source, &id, 1);
  return id;
}

static uint64_t next_seed(void *source) { return mc_entropy_next(source); }

/* The counter passes each value once, and the mix is a bijection: no draw comes twice. */
static void test_threads(void) {
  mc_entropy *entropy = mc_entropy_new();
  mc_id_source *ids = mc_id_source_new();
  CHECK_INT(twice_by_threads(entropy, next_seed), 0);
  CHECK_INT(twice_by_threads(ids, next_id), 0);
  mc_entropy_free(entropy);
  mc_id_source_free(ids);
}

static void test_ids(void) {
  mc_id_source *one = mc_id_source_new(), *other = mc_id_source_new();
  enum { TAKES = 1000 };
  static uint64_t all[TAKES * MC_ID_NUMBERS];
  CHECK(one && other);
  size_t count = 0;
  for (int i = 0; i < TAKES; i++) { /* of all sizes, over many buffers */
    const size_t size = (size_t)i % MC_ID_NUMBERS + 1;
    CHECK(mc_id_source_take(i % 2 ? one : other, all + count, size));
    count += size;
  }
  CHECK_INT(count_twice(all, count), 0);
  CHECK(all[0] < UINT64_MAX / 100 && all[count - 1] > UINT64_MAX / 100 * 99);
  mc_id_source_free(one);
  mc_id_source_free(other);
  mc_id_source_free(NULL);
}

int main(void) {
  test_clock();
  test_random();
  test_draws_differ();
  test_draws_alone_differ();
  test_fork();
  test_threads();
  test_ids();
  return check_finish();
}
