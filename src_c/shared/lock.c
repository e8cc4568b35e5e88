#include "shared/lock.h"

/* How many turns between two looks at whether the owner lives. */
enum { LOOK = 64 };

static uint32_t owner_of(uint32_t word) { return word & MC_LOCK_OWNER; }

static uint32_t taken_by(uint32_t word, uint32_t owner) {
  return ((word >> MC_LOCK_OWNER_BITS) + 1) << MC_LOCK_OWNER_BITS | owner;
}

static bool exchange(mc_shared_word *lock, uint32_t word, uint32_t own) {
  return atomic_compare_exchange_strong_explicit(lock, &word, taken_by(word, own), memory_order_acquire,
                                                 memory_order_relaxed);
}

/* Only the file lock keeps the slot from being somebody else's by now. */
static bool take_of_the_dead(mc_shared *shared, mc_shared_word *lock, uint32_t word, uint32_t own) {
  mc_shared_lock(shared);
  bool taken = !shared->calls.alive(shared->calls.context, owner_of(word)) && exchange(lock, word, own);
  mc_shared_unlock(shared);
  return taken;
}

bool mc_shared_hold(mc_shared *shared, mc_shared_word *lock) {
  const uint32_t own = atomic_load(&shared->slot);
  uint32_t seen = 0; /* which holding of it, since when */
  uint64_t since = 0;
  for (uint32_t turn = 1;; turn++) {
    const uint32_t word = atomic_load_explicit(lock, memory_order_relaxed), owner = owner_of(word);
    if (!owner) {
      if (exchange(lock, word, own)) return false;
      continue;
    }
    if (owner >= MC_LOCK_RECOVERED || owner > shared->workers || owner == own) { /* nobody's */
      if (exchange(lock, word, own)) return true;
      continue;
    }
    if (turn % LOOK == 0) {
      const uint64_t now = shared->calls.now(shared->calls.context);
      if (word != seen) seen = word, since = now;
      if (take_of_the_dead(shared, lock, word, own)) return true;
      if (now - since > MC_LOCK_PATIENCE_NS && exchange(lock, word, own)) return true;
    }
    shared->calls.pause(shared->calls.context, turn);
  }
}

void mc_shared_let_go(mc_shared *shared, mc_shared_word *lock) {
  uint32_t word = atomic_load_explicit(lock, memory_order_relaxed);
  if (owner_of(word) != atomic_load(&shared->slot)) return;
  atomic_compare_exchange_strong_explicit(lock, &word, word & ~(uint32_t)MC_LOCK_OWNER, memory_order_release,
                                          memory_order_relaxed);
}
