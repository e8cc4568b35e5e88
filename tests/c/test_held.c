#include "shared_support.h"

#include <pthread.h>

#include "shared/held.h"

enum { OWNERS = 4 };

typedef struct counts {
  _Atomic(uint64_t) word;
  _Atomic(uint64_t) columns[OWNERS];
} counts;

static mc_held held_of(counts *c) { return (mc_held){&c->word, c->columns, 1, OWNERS}; }

static void clear(counts *c) {
  memset((void *)c, 0, sizeof *c);
  atomic_store(&c->word, MC_HELD_SHARED);
}

static uint32_t total(counts *c) { return mc_held_total(atomic_load(&c->word)); }

static uint32_t sum(counts *c) {
  const mc_held held = held_of(c);
  uint32_t all = 0;
  for (uint32_t owner = 1; owner <= OWNERS; owner++) all += mc_held_of(&held, owner);
  return all;
}

static void test_owners_take_and_give(void) {
  counts c;
  clear(&c);
  const mc_held held = held_of(&c);
  CHECK(mc_held_take(&held, 1, 3));
  CHECK(mc_held_take(&held, 2, 3));
  CHECK(mc_held_take(&held, 2, 3));
  CHECK(!mc_held_take(&held, 1, 3));
  CHECK(!mc_held_give(&held, 3)); /* holds none: nobody gives what another one has */
  CHECK_INT(total(&c), 3);
  CHECK_INT(mc_held_of(&held, 2), 2);
  CHECK(mc_held_give(&held, 1));
  CHECK(!mc_held_give(&held, 1));
  CHECK_INT(total(&c), 2);
  CHECK_INT(mc_held_clear(&held, 2), 2);
  CHECK_INT(mc_held_clear(&held, 2), 0);
  CHECK_INT(total(&c), 0);
  CHECK(mc_held_take(&held, 2, 1));
  CHECK_INT(sum(&c), 1);
}

static void test_nobody_holds_nothing(void) {
  counts c;
  clear(&c);
  const mc_held held = held_of(&c);
  CHECK(!mc_held_take(&held, 0, 3));
  CHECK(!mc_held_give(&held, 0));
  CHECK_INT(mc_held_clear(&held, 0), 0);
  CHECK_INT(mc_held_of(&held, 0), 0);
}

/* More than the 21 bits of a change's number. */
static void test_numbers_begin_again(void) {
  counts c;
  clear(&c);
  const mc_held held = held_of(&c);
  for (uint32_t i = 0; i < (1u << 21) + 10; i++) {
    mc_held_take(&held, 1, 9);
    mc_held_give(&held, 1);
  }
  CHECK_INT(total(&c), 0);
  CHECK(mc_held_take(&held, 1, 9));
  CHECK_INT(sum(&c), 1);
}

/* Damage does no more than to falsify the count. */
static void test_words_of_no_sense(void) {
  counts c;
  for (uint64_t i = 0; i < 64; i++) {
    clear(&c);
    const mc_held held = held_of(&c);
    mc_held_take(&held, 1, 3);
    atomic_store(&c.word, ~UINT64_C(0) << i);
    mc_held_take(&held, 2, 3);
    mc_held_clear(&held, 1);
    mc_held_clear(&held, 2);
    CHECK(!mc_held_give(&held, 2));
  }
}

/* ------------------------------------------------------------------ killed anywhere */

typedef struct scene {
  counts c;
  atomic_uint done; /* changes of owner 1 that returned */
} scene;

static void takes_and_gives(void *argument) {
  scene *s = argument;
  const mc_held held = held_of(&s->c);
  for (int i = 0; i < 3; i++) {
    mc_held_take(&held, 1, 5);
    atomic_fetch_add(&s->done, 1);
  }
  mc_held_give(&held, 1);
  atomic_fetch_add(&s->done, 1);
  mc_held_clear(&held, 2); /* the dead may be seen to by one who dies */
}

/* Every one of them, or each so manyeth. */
static void test_killed_at_any_instruction(long step) {
  scene *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int result = 1;
  long instruction = 0;
  for (; result == 1; instruction += step) {
    clear(&s->c);
    atomic_store(&s->done, 0);
    const mc_held held = held_of(&s->c);
    mc_held_take(&held, 2, 5);
    mc_held_take(&held, 3, 5);
    result = kill_at(takes_and_gives, s, instruction);
    if (result < 0) break;
    uint32_t done = atomic_load(&s->done), holds = mc_held_of(&held, 1);
    /* What had returned is there; of the change under way all or nothing. */
    uint32_t least = done < 4 ? done : 2, most = done < 3 ? done + 1 : done < 4 ? 3 : 2;
    if (done == 3) least = 2;
    CHECK(holds >= least && holds <= most);
    CHECK_INT(total(&s->c), sum(&s->c));
    CHECK(instruction % 2 || mc_held_take(&held, 3, 9)); /* somebody goes on meanwhile, or nobody */
    mc_held_clear(&held, 1);
    mc_held_clear(&held, 2);
    CHECK_INT(total(&s->c), mc_held_of(&held, 3));
    CHECK_INT(mc_held_of(&held, 1), 0);
    while (mc_held_give(&held, 3)) {
    }
    CHECK_INT(total(&s->c), 0);
    for (int i = 0; i < 5; i++) CHECK(mc_held_take(&held, 4, 5));
    CHECK(!mc_held_take(&held, 4, 5));
  }
  if (result < 0) check_note("instructions not tried one by one: no ptrace, or a sanitizer");
  else CHECK(instruction > 100); /* or the test would show nothing */
  munmap(s, sizeof *s);
}

/* ------------------------------------------------------------------ many at once */

enum { CHANGES = 30000, LIMIT = 5 };

typedef struct crowd {
  counts c;
  atomic_uint inside, most; /* between take and give, as the takers themselves count */
  atomic_uint mistakes; /* that nothing was held where something was */
  atomic_bool stop;
} crowd;

static crowd *here;

static void work(uint32_t owner, int changes) {
  const mc_held held = held_of(&here->c);
  uint32_t mine = 0;
  for (int i = 0; i < changes && !atomic_load(&here->stop); i++) {
    if (mine < 2 && mc_held_take(&held, owner, LIMIT)) {
      uint32_t now = atomic_fetch_add(&here->inside, 1) + 1, most = atomic_load(&here->most);
      while (now > most && !atomic_compare_exchange_weak(&here->most, &most, now)) {
      }
      mine++;
    } else if (mine) {
      atomic_fetch_sub(&here->inside, 1);
      if (!mc_held_give(&held, owner)) atomic_fetch_add(&here->mistakes, 1);
      mine--;
    }
  }
  for (; mine; mine--) {
    atomic_fetch_sub(&here->inside, 1);
    if (!mc_held_give(&held, owner)) atomic_fetch_add(&here->mistakes, 1);
  }
}

static void *thread(void *owner) {
  work((uint32_t)(uintptr_t)owner, CHANGES);
  return NULL;
}

/* Two threads of each owner. */
static void test_threads(void) {
  pthread_t threads[2 * OWNERS];
  clear(&here->c);
  atomic_store(&here->most, 0);
  for (uintptr_t i = 0; i < 2 * OWNERS; i++) CHECK(pthread_create(&threads[i], NULL, thread, (void *)(1 + i % OWNERS)) == 0);
  for (int i = 0; i < 2 * OWNERS; i++) pthread_join(threads[i], NULL);
  CHECK(atomic_load(&here->most) <= LIMIT);
  CHECK_INT(total(&here->c), 0);
  CHECK_INT(sum(&here->c), 0);
}

/* Processes that are killed while others go on; after each the survivors' share alone is left. */
static void test_killed_at_random(int rounds) {
  for (int round = 0; round < rounds; round++) {
    pid_t pids[OWNERS];
    clear(&here->c);
    atomic_store(&here->stop, false);
    for (uint32_t i = 0; i < OWNERS; i++) {
      pids[i] = fork();
      if (!pids[i]) {
        work(i + 1, i < 2 ? 1 << 30 : CHANGES);
        _exit(0);
      }
    }
    const mc_held held = held_of(&here->c);
    usleep(200 + (useconds_t)(round * 379 % 3000));
    kill(pids[0], SIGKILL);
    waitpid(pids[0], NULL, 0);
    mc_held_clear(&held, 1); /* while the others go on */
    usleep(200);
    kill(pids[1], SIGKILL);
    atomic_store(&here->stop, true);
    for (int i = 1; i < OWNERS; i++) waitpid(pids[i], NULL, 0);
    CHECK_INT(total(&here->c), mc_held_of(&held, 2)); /* the others have given all back */
    CHECK(total(&here->c) <= 2);
    mc_held_clear(&held, 2);
    CHECK_INT(total(&here->c), 0);
    CHECK_INT(sum(&here->c), 0);
  }
}

int main(int argc, char **argv) {
  here = mmap(NULL, sizeof *here, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  test_owners_take_and_give();
  test_nobody_holds_nothing();
  test_numbers_begin_again();
  test_words_of_no_sense();
  test_killed_at_any_instruction(argc > 1 ? 1 : 7);
  test_threads();
  test_killed_at_random(argc > 1 ? atoi(argv[1]) : 20);
  CHECK_INT(atomic_load(&here->mistakes), 0);
  return check_finish();
}
