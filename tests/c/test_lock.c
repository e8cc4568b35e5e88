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
    mc_shared_let_go(shared, &lock);
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
  CHECK_INT(atomic_load(&lock) & MC_LOCK_OWNER, 0);
  for (int i = 0; i < WORKERS; i++) mc_shared_free(all[i]);
  world_reset(w, WORKERS);
}

/* Whatever is in the word, nobody waits for ever. */
static void test_damage(void) {
  mc_shared *one = join(w), *two = join(w);
  const uint32_t nobodys[] = {MC_LOCK_RECOVERED, MC_LOCK_OWNER, WORKERS + 1, UINT32_MAX, 7 << MC_LOCK_OWNER_BITS | 3, 1};
  for (size_t i = 0; i < sizeof nobodys / sizeof *nobodys; i++) {
    atomic_store(&lock, nobodys[i]); /* 3: of a slot that nobody has; 1: of the process itself */
    CHECK(mc_shared_hold(one, &lock));
    mc_shared_let_go(one, &lock);
    CHECK(!mc_shared_hold(one, &lock));
    mc_shared_let_go(one, &lock);
  }
  mc_shared_free(one), mc_shared_free(two);
  world_reset(w, WORKERS);
}

static uint64_t later(void *context) { return atomic_fetch_add(&((world *)context)->now_ns, UINT64_C(1000000000)); }

static void test_who_keeps_it_for_too_long_has_lost_it(void) {
  mc_shared *one = join(w), *two = join(w);
  two->calls.now = later;
  CHECK(!mc_shared_hold(one, &lock));
  const uint64_t begun = atomic_load(&w->now_ns);
  CHECK(mc_shared_hold(two, &lock));
  CHECK(atomic_load(&w->now_ns) - begun > MC_LOCK_PATIENCE_NS);
  const uint32_t word = atomic_load(&lock);
  mc_shared_let_go(one, &lock); /* it is not its any more */
  CHECK_INT(atomic_load(&lock), word);
  mc_shared_let_go(two, &lock);
  CHECK(!mc_shared_hold(one, &lock));
  mc_shared_let_go(one, &lock);
  mc_shared_free(one), mc_shared_free(two);
}

int main(void) {
  w = world_new(64 * 1024, WORKERS);
  test_one_at_a_time();
  test_damage();
  test_who_keeps_it_for_too_long_has_lost_it();
  world_free(w);
  return check_finish();
}
