#include "shared_support.h"

#include "shared/lock.h"
#include "shared/reclaim.h"
#include "shared/regions.h"

enum { SIZE = 64 * 1024, WORKERS = 5 };

static world *w;

typedef struct thing {
  mc_shared_word lock;
  _Atomic(uint64_t) version;
  _Atomic(uint64_t) words[2];
  uint64_t between;
  _Atomic(uint64_t) more[2];
} thing;

static const mc_shared_form form = {.kind = MC_SHARED_CLUSTER,
                                    .held = {offsetof(thing, words), 2, 2, offsetof(thing, more) - offsetof(thing, words)},
                                    .lock = offsetof(thing, lock),
                                    .version = offsetof(thing, version)};

static thing *find(mc_shared *shared, const char *name) {
  mc_error error;
  return mc_region_find(shared, &form, (mc_slice){name, strlen(name)}, sizeof(thing), NULL, &error);
}

static mc_held held(mc_shared *shared, const thing *of, uint32_t number) {
  uint64_t place = (uint64_t)((const char *)of - w->memory) - MC_REGION_DATA;
  return mc_region_held(shared, mc_region_at(shared, place), number);
}

static uint32_t take(mc_shared *shared, const thing *of, uint32_t number, int times) {
  const mc_held count = held(shared, of, number);
  for (int i = 0; i < times; i++) CHECK(mc_held_take(&count, mc_shared_slot_number(shared), 100));
  return mc_held_total(atomic_load(count.word));
}

static void test_counts_lie_where_the_form_says(void) {
  mc_shared *one = join(w);
  thing *t = find(one, "a");
  CHECK(held(one, t, 0).word == &t->words[0]);
  CHECK(held(one, t, 1).word == &t->words[1]);
  CHECK(held(one, t, 3).word == &t->more[1]);
  CHECK_INT(held(one, t, 3).stride, 4);
  CHECK(held(one, t, 3).columns == held(one, t, 0).columns + 3);
  CHECK_INT(atomic_load(&t->between), 0);
  mc_shared_free(one);
  world_reset(w, WORKERS);
}

static void test_what_the_dead_held_is_taken_back(void) {
  mc_shared *one = join(w), *two = join(w);
  thing *a = find(one, "a"), *b = find(one, "b");
  find(two, "a");
  CHECK_INT(take(one, a, 0, 2), 2);
  CHECK_INT(take(two, a, 0, 3), 5);
  CHECK_INT(take(one, b, 3, 4), 4);
  CHECK_INT(mc_shared_reclaim(two), 0);
  die(w, one);
  CHECK_INT(mc_shared_reclaim(two), 1);
  CHECK_INT(mc_shared_reclaim(two), 0);
  CHECK_INT(take(two, a, 0, 0), 3);
  CHECK_INT(take(two, b, 3, 0), 0);
  mc_shared_leave(two);
  CHECK_INT(mc_held_total(atomic_load(&a->words[0])), 0);
  mc_shared_free(two);
  world_reset(w, WORKERS);
}

static void test_looks_not_too_often(void) {
  mc_shared *one = join(w), *two = join(w);
  thing *t = find(one, "a");
  find(two, "a");
  take(one, t, 0, 1);
  CHECK(!mc_shared_look_for_dead(two));
  die(w, one);
  atomic_fetch_add(&w->now_ns, 1000000);
  CHECK(!mc_shared_look_for_dead(two)); /* somebody has just looked */
  atomic_fetch_add(&w->now_ns, 100000000);
  CHECK(mc_shared_look_for_dead(two));
  int looks = 0;
  for (int i = 0; i < 4096; i++) looks += mc_shared_now_and_then(two);
  CHECK_INT(looks, 4);
  mc_shared_free(two);
  world_reset(w, WORKERS);
}

static void test_a_lock_of_the_dead(void) {
  mc_shared *one = join(w), *two = join(w), *three = join(w);
  thing *t = find(one, "a");
  CHECK(!mc_shared_hold(one, &t->lock));
  mc_shared_let_go(one, &t->lock);
  CHECK(!mc_shared_hold(one, &t->lock));
  die(w, one);
  CHECK(mc_shared_hold(two, &t->lock)); /* found out while waiting for it */
  mc_shared_let_go(two, &t->lock);
  CHECK(!mc_shared_hold(three, &t->lock));
  uint64_t version = atomic_load(&t->version);
  die(w, three);
  CHECK_INT(mc_shared_reclaim(two), 2);
  CHECK_INT(atomic_load(&t->version), version + 1); /* found out before anybody wants it */
  CHECK(mc_shared_hold(two, &t->lock));
  mc_shared_let_go(two, &t->lock);
  CHECK(!mc_shared_hold(two, &t->lock));
  mc_shared_free(two);
  world_reset(w, WORKERS);
}

/* ------------------------------------------------------------------ killed anywhere */

static mc_shared *victim;

static void uses_it(void *argument) {
  thing *t = argument;
  take(victim, t, 0, 2);
  mc_shared_hold(victim, &t->lock);
  t->between++;
  t->between++;
  mc_shared_let_go(victim, &t->lock);
  mc_shared_reclaim(victim); /* of one who died before */
  take(victim, t, 2, 1);
  mc_shared_leave(victim);
}

static void test_killed_at_any_instruction(long step) {
  int result = 1;
  long instruction = 0;
  for (; result == 1; instruction += step) {
    world_reset(w, WORKERS);
    mc_shared *one = join(w), *dead = join(w);
    victim = join(w);
    thing *t = find(one, "a");
    find(dead, "a"), find(victim, "a");
    take(one, t, 0, 1), take(dead, t, 0, 5), take(dead, t, 3, 1);
    die(w, dead);
    result = kill_at(uses_it, t, instruction);
    if (result < 0) {
      mc_shared_free(one), mc_shared_free(victim);
      break;
    }
    atomic_store(&w->locked, false); /* as the system does */
    die(w, victim);
    const bool half = t->between == 1;
    mc_shared_reclaim(one);
    CHECK_INT(take(one, t, 0, 0), 1);
    CHECK_INT(take(one, t, 2, 0), 0);
    CHECK_INT(take(one, t, 3, 0), 0);
    CHECK_INT(mc_shared_status_of(one).in_use, 1);
    const bool told = mc_shared_hold(one, &t->lock);
    CHECK(told || !half); /* what is half done is told */
    mc_shared_free(one);
  }
  if (result < 0) check_note("instructions not tried one by one: no ptrace, or a sanitizer");
  else CHECK(instruction > 500);
  world_reset(w, WORKERS);
}

int main(int argc, char **argv) {
  w = world_new(SIZE, WORKERS);
  test_counts_lie_where_the_form_says();
  test_what_the_dead_held_is_taken_back();
  test_looks_not_too_often();
  test_a_lock_of_the_dead();
  test_killed_at_any_instruction(argc > 1 ? atol(argv[1]) : 23);
  world_free(w);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
