/* POSIX and a few names beyond it; the rest of the core is plain C11. */
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE

#include "platform.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/random.h>
#endif

#include "base/chacha.h"
#include "base/inlined.h"
#include "base/rng.h"

uint64_t mc_platform_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t mc_platform_unix_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec > 0 ? (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec : 0;
}

bool mc_platform_random(void *out, size_t size) {
  for (char *at = out; size;) {
#ifdef __linux__
    ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
#else
    ssize_t got = size > 256 ? 256 : (ssize_t)size; /* as much as getentropy gives in one call */
    if (getentropy(at, (size_t)got)) got = -1;
#endif
    if (got < 0) return false;
    at += got;
    size -= (size_t)got;
  }
  return true;
}

/* A draw is splitmix64 over a counter that begins at a random place. A fork copies the counter, so
 * the child must notice: the state lives in a page of its own that the kernel hands to a child
 * zeroed, which `seeded` shows at no cost. Where the kernel cannot, `compare_pid` is set (so that a
 * zeroed page means what it should in the child, too). */
struct mc_entropy {
  atomic_bool seeded;
  bool compare_pid;
  _Atomic(pid_t) owner;
  _Atomic(uint64_t) counter;
};

static bool reseed(mc_entropy *entropy) {
  uint64_t start;
  if (!mc_platform_random(&start, sizeof start)) return false;
  atomic_store(&entropy->counter, start);
  atomic_store(&entropy->owner, getpid());
  atomic_store_explicit(&entropy->seeded, true, memory_order_release);
  return true;
}

static bool wipe_on_fork(void *page, size_t size) {
#ifdef MADV_WIPEONFORK
  return madvise(page, size, MADV_WIPEONFORK) == 0;
#else
  (void)page, (void)size;
  return false;
#endif
}

mc_entropy *mc_entropy_new(void) {
  void *page = mmap(NULL, sizeof(mc_entropy), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  mc_entropy *entropy = page;
  entropy->compare_pid = !wipe_on_fork(page, sizeof(mc_entropy));
  if (!reseed(entropy)) {
    mc_entropy_free(entropy);
    return NULL;
  }
  return entropy;
}

void mc_entropy_free(mc_entropy *entropy) {
  if (entropy) munmap(entropy, sizeof *entropy);
}

/* Where the machine does not wipe, and after a fork. */
MC_SELDOM void refresh(mc_entropy *entropy) {
  bool fresh = atomic_load_explicit(&entropy->seeded, memory_order_acquire) && atomic_load(&entropy->owner) == getpid();
  if (fresh || reseed(entropy)) return;
  /* Entropy was there at the start, so this does not happen; the clock and the process id still
   * set a child apart from its parent. */
  atomic_store(&entropy->counter, mc_mix64(mc_platform_now_ns()) ^ (uint64_t)getpid());
  atomic_store(&entropy->owner, getpid());
  atomic_store(&entropy->seeded, true);
}

uint64_t mc_entropy_next(mc_entropy *entropy) {
  if (!atomic_load_explicit(&entropy->seeded, memory_order_acquire) || entropy->compare_pid) refresh(entropy);
  return mc_mix64(atomic_fetch_add_explicit(&entropy->counter, MC_SPLITMIX64_STEP, memory_order_relaxed));
}

uint64_t mc_entropy_next_alone(mc_entropy *entropy) {
  if (!atomic_load_explicit(&entropy->seeded, memory_order_acquire) || entropy->compare_pid) refresh(entropy);
  const uint64_t now = atomic_load_explicit(&entropy->counter, memory_order_relaxed);
  atomic_store_explicit(&entropy->counter, now + MC_SPLITMIX64_STEP, memory_order_relaxed);
  return mc_mix64(now);
}

enum { BATCHES = 4, BATCH = MC_CHACHA_WORDS * sizeof(uint32_t), BUFFER = BATCHES * BATCH };

/* Fast key erasure (Bernstein, "Fast-key-erasure random-number generators", 2017): each buffer of ChaCha20's stream begins
 * with the key of the next one, and what is given out is wiped. The page is the child's own after a fork, as above. Who
 * finds the buffer in use asks the machine; so does a child whose parent forked meanwhile, where the kernel cannot wipe. */
struct mc_id_source {
  bool compare_pid;
  atomic_bool busy;
  /* What follows belongs to the thread that has set busy. */
  bool seeded;
  pid_t owner;
  size_t left; /* bytes at the buffer's end; none in a child, whose page is wiped */
  uint32_t key[MC_CHACHA_KEY];
  uint32_t buffer[BUFFER / sizeof(uint32_t)];
};

static void refill(mc_id_source *source) {
  for (uint32_t batch = 0; batch < BATCHES; batch++) {
    mc_chacha_blocks(source->key, 4 * batch, source->buffer + batch * MC_CHACHA_WORDS);
  }
  memcpy(source->key, source->buffer, sizeof source->key);
  memset(source->buffer, 0, sizeof source->key);
  source->left = BUFFER - sizeof source->key;
}

static bool source_ready(mc_id_source *source, size_t size) {
  if (!source->seeded || (source->compare_pid && source->owner != getpid())) {
    if (!mc_platform_random(source->key, sizeof source->key)) return false;
    source->owner = getpid();
    source->seeded = true;
    source->left = 0;
  }
  if (source->left < size) refill(source);
  return true;
}

mc_id_source *mc_id_source_new(void) {
  void *page = mmap(NULL, sizeof(mc_id_source), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  mc_id_source *source = page;
  source->compare_pid = !wipe_on_fork(page, sizeof(mc_id_source));
  if (!source_ready(source, 0)) {
    mc_id_source_free(source);
    return NULL;
  }
  return source;
}

void mc_id_source_free(mc_id_source *source) {
  if (source) munmap(source, sizeof *source);
}

bool mc_id_source_take_alone(mc_id_source *source, uint64_t *out, size_t count) {
  const size_t size = count * sizeof *out;
  const bool ready = source->left >= size && !source->compare_pid;
  if (!ready && !source_ready(source, size)) return false;
  char *at = (char *)source->buffer + BUFFER - source->left;
  for (size_t i = 0; i < count; i++) {
    memcpy(&out[i], at + i * sizeof *out, sizeof *out);
    memset(at + i * sizeof *out, 0, sizeof *out);
  }
  source->left -= size;
  return true;
}

bool mc_id_source_take(mc_id_source *source, uint64_t *out, size_t count) {
  if (atomic_exchange_explicit(&source->busy, true, memory_order_acquire)) {
    return mc_platform_random(out, count * sizeof *out);
  }
  const bool ready = mc_id_source_take_alone(source, out, count);
  atomic_store_explicit(&source->busy, false, memory_order_release);
  return ready;
}
