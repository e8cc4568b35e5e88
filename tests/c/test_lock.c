/* The lock alone; test_reclaim.c has those who die with it. */
#include "shared_support.h"

#include <pthread.h>

#include "shared/lock.h"

enum { TURNS = 2000, WORKERS = 4 };

static world *w;
static mc_shared_word lock;
static uint64_t counted; /* no atomic: the lock alone orders it */

static void *count(void *shared) {
  for (int i = 0; i < TURNS; i++) {
    mc_shared_hold(shared, &lock);
    counted++;
    mc_shared_let_go(&lock);
  }
  return NULL;
}

static void test_one_at_a_time(void) {
  pthread_t threads[WORKERS];
  mc_shared *all[WORKERS];
  for (int i = 0; i < WORKERS; i++) {
    all[i] = join(w);
    CHECK(pthread_create(&threads[i], NULL, count, all[i]) == 0);
  }
  for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], NULL);
  CHECK_INT(counted, WORKERS * TURNS);
  CHECK_INT(atomic_load(&lock), 0);
  atomic_store(&lock, 4000); /* nobody's: damage */
  CHECK(mc_shared_hold(all[0], &lock));
  mc_shared_let_go(&lock);
  for (int i = 0; i < WORKERS; i++) mc_shared_free(all[i]);
}

int main(void) {
  w = world_new(64 * 1024, WORKERS);
  test_one_at_a_time();
  world_free(w);
  return check_finish();
}
