/* Limiters that many use at once: threads, and processes that are killed at any moment. Keys that are watched meet a
 * flood of others in a table that is far too small, so that they are forgotten all the time. Arguments: how many
 * rounds, and how many workers. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "limit/table.h"
#include "limit_support.h"

enum { MOST_WORKERS = 16, CALLS = 20000, WATCHED = 6 };

static int workers = 4;

static const mc_token_bucket shape = {5, 3, 20000};
static const uint8_t secret[16] = "a secret of ours";

/* All that the workers share, in memory that a fork does not copy. */
typedef struct common {
  _Atomic(uint64_t) clock_ns;
  atomic_size_t counts[MOST_WORKERS]; /* of those that were written down in full */
  admission admitted[MOST_WORKERS][CALLS];
} common;

static common *here;
static mc_limiter view, *limiter = &view;

static void work(uint32_t own, uint32_t keys) {
  size_t count = 0;
  for (uint32_t i = 0; i < CALLS; i++) {
    char text[16];
    /* Every other call is for a key that is watched. */
    uint32_t key = i % 2 ? WATCHED + (i * 2654435761u + own * 40503u) % keys : (i / 2 + own) % WATCHED;
    uint32_t cost = 1 + i % 7 % 2;
    uint64_t now = atomic_fetch_add(&here->clock_ns, 1 + i % 61);
    mc_slice name = {text, (size_t)snprintf(text, sizeof text, "%u", key)};
    if (i % 11 == 3) mc_limiter_peek(limiter, name, cost, now);
    if (!mc_limiter_allow(limiter, name, cost, now)) continue;
    here->admitted[own][count++] = (admission){.at = now, .key = key, .cost = cost};
    atomic_store(&here->counts[own], count);
  }
}

static void *thread(void *own) {
  work((uint32_t)(uintptr_t)own, 50);
  return NULL;
}

static size_t gather(admission *all) {
  size_t count = 0;
  for (int i = 0; i < workers; i++) {
    size_t own = atomic_load(&here->counts[i]);
    memcpy(all + count, here->admitted[i], own * sizeof *all);
    count += own;
  }
  return count;
}

static void begin(void *memory, uint64_t capacity) {
  const mc_limit limit = limit_of(shape.max_tokens, shape.tokens_per_fill, shape.fill_interval_ns);
  memset(memory, 0, mc_limiter_bytes(capacity));
  memset(here, 0, sizeof *here);
  mc_limiter_init(memory, capacity, &limit, secret);
  CHECK(mc_limiter_open(&view, memory, capacity, &limit));
}

static admission all[MOST_WORKERS * CALLS];

static void test_threads(void *memory) {
  for (uint64_t capacity = 1; capacity <= 1000; capacity *= 10) {
    pthread_t threads[MOST_WORKERS];
    begin(memory, capacity);
    for (uintptr_t i = 0; i < (uintptr_t)workers; i++) CHECK(pthread_create(&threads[i], NULL, thread, (void *)i) == 0);
    for (int i = 0; i < workers; i++) pthread_join(threads[i], NULL);
    size_t count = gather(all);
    CHECK(count > 100);
    CHECK(windows_hold(all, count, &shape));
    CHECK(capacity > 1 || mc_limiter_forgotten(limiter) > 0); /* or the test would show nothing */
    uint64_t tokens = 0, came = atomic_load(&here->clock_ns) * shape.tokens_per_fill / shape.fill_interval_ns;
    for (size_t i = 0; i < count; i++) tokens += all[i].key < WATCHED ? all[i].cost : 0;
    if (capacity == 1000) CHECK(tokens >= WATCHED * came * 9 / 10); /* who has room gets what is due */
  }
}

/* ------------------------------------------------------------------ two who come with the same new key */

enum { NEW_KEYS = 3000 };
static atomic_uint arrived, admitted_of[NEW_KEYS];

static void *rush(void *unused) {
  for (uint32_t key = 0; key < NEW_KEYS; key++) {
    char text[16];
    mc_slice name = {text, (size_t)snprintf(text, sizeof text, "%u", key)};
    atomic_fetch_add(&arrived, 1);
    for (uint32_t spins = 0; atomic_load(&arrived) < 2 * (key + 1); spins++)
      if (spins > 1000) sched_yield();
    for (uint64_t i = 0; i < 2 * shape.max_tokens; i++) admitted_of[key] += mc_limiter_allow(limiter, name, 1, 0);
  }
  return unused;
}

static void test_a_new_key_gets_one_bucket(void *memory) {
  pthread_t other;
  begin(memory, 2 * NEW_KEYS / 5);
  atomic_store(&arrived, 0);
  memset(admitted_of, 0, sizeof admitted_of);
  CHECK(pthread_create(&other, NULL, rush, NULL) == 0);
  rush(NULL);
  pthread_join(other, NULL);
  uint32_t most = 0;
  for (uint32_t key = 0; key < NEW_KEYS; key++) most = admitted_of[key] > most ? admitted_of[key] : most;
  CHECK_INT(most, shape.max_tokens);
}

/* Kills `kill_them` workers at moments that the number of the round sets. */
static void run_processes(void *memory, uint64_t capacity, int kill_them, uint32_t round) {
  pid_t pids[MOST_WORKERS];
  begin(memory, capacity);
  for (uint32_t i = 0; i < (uint32_t)workers; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      work(i, 50);
      _exit(0);
    }
    CHECK(pids[i] > 0);
  }
  for (int i = 0; i < kill_them; i++) {
    uint64_t when = 30 * (uint64_t)CALLS * (uint64_t)workers / 4 * (1 + (round * 2654435761u + (uint32_t)i * 40503u) % 64) / 64;
    while (atomic_load(&here->clock_ns) < when && waitpid(pids[i], NULL, WNOHANG) == 0) sched_yield();
    kill(pids[i], SIGKILL);
  }
  for (int i = 0; i < workers; i++) waitpid(pids[i], NULL, 0);
  size_t count = gather(all);
  CHECK(count > 100);
  CHECK(windows_hold(all, count, &shape));
  /* Nothing is locked: every place can be had again. */
  const uint64_t later = atomic_load(&here->clock_ns) + SECOND * 100;
  const size_t places = (size_t)limiter->sets * MC_LIMIT_PLACES;
  for (uint32_t key = 1000; key < 1000 + 40 * places; key++) {
    char text[16];
    mc_slice name = {text, (size_t)snprintf(text, sizeof text, "%u", key)};
    mc_limiter_allow(limiter, name, 1, later);
  }
  for (uint64_t i = 0; i < limiter->sets; i++)
    for (int place = 0; place < MC_LIMIT_PLACES; place++) CHECK((limiter->table->set[i].times[place] & 1) == 0);
}

int main(int argc, char **argv) {
  const uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
  if (argc > 2) workers = atoi(argv[2]);
  if (workers < 1 || workers > MOST_WORKERS) return 2;
  const size_t table = 1 << 20, size = table + sizeof(common);
  char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  here = (common *)(void *)(memory + table);
  for (uint32_t round = 0; round < rounds; round++) {
    test_threads(memory);
    test_a_new_key_gets_one_bucket(memory);
    run_processes(memory, 1, 0, round);
    run_processes(memory, 1, workers - 1, round);
    run_processes(memory, 20, workers - 1, round);
  }
  munmap(memory, size);
  return check_finish();
}
