/* A lock that is worth what its owner lives: where he has died, the next one has it, and is told. */
#ifndef MC_SHARED_LOCK_H
#define MC_SHARED_LOCK_H

#include "shared/segment.h"

/* The owner's slot, 0 where it is free; or that he died and nobody has had it since. Above that, how often it was taken. */
typedef _Atomic(uint32_t) mc_shared_word;
enum { MC_LOCK_RECOVERED = 256, MC_LOCK_OWNER_BITS = 9, MC_LOCK_OWNER = (1 << MC_LOCK_OWNER_BITS) - 1 };

/* How long one may have it. Everybody has it for microseconds, so that after this he has been stopped, or the word is
 * damaged, and the next one has it as if he had died. */
#define MC_LOCK_PATIENCE_NS UINT64_C(5000000000)

/* True: somebody died who had it, and what it protects may be half done. Not by two threads of a process at once. */
bool mc_shared_hold(mc_shared *shared, mc_shared_word *lock);
/* Nothing where another one has it by now. */
void mc_shared_let_go(mc_shared *shared, mc_shared_word *lock);

#endif
