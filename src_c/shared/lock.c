#include "shared/lock.h"

/* How many turns between two looks at whether the owner lives. */
enum { LOOK = 64 };

/* Only the file lock keeps the slot from being somebody else's by now. */
static bool take_of_the_dead(mc_shared *shared, mc_shared_word *lock, uint32_t owner, uint32_t own) {
  bool taken = false;
  mc_shared_lock(shared);
  if (owner != own && !shared->calls.alive(shared->calls.context, owner))
    taken = atomic_compare_exchange_strong(lock, &owner, own);
  mc_shared_unlock(shared);
  return taken;
}

bool mc_shared_hold(mc_shared *shared, mc_shared_word *lock) {
  const uint32_t own = atomic_load(&shared->slot);
  for (uint32_t turn = 1;; turn++) {
    uint32_t word = 0;
    if (atomic_compare_exchange_weak_explicit(lock, &word, own, memory_order_acquire, memory_order_relaxed)) return false;
    if (!word) continue;
    if (word >= MC_LOCK_RECOVERED || word > shared->workers) {
      if (atomic_compare_exchange_weak_explicit(lock, &word, own, memory_order_acquire, memory_order_relaxed)) return true;
    } else if (turn % LOOK == 0 && take_of_the_dead(shared, lock, word, own)) {
      return true;
    }
    shared->calls.pause(shared->calls.context, turn);
  }
}

void mc_shared_let_go(mc_shared_word *lock) { atomic_store_explicit(lock, 0, memory_order_release); }
