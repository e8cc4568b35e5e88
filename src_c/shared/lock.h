/* A lock that is worth what its owner lives: where he has died, the next one has it, and is told. */
#ifndef MC_SHARED_LOCK_H
#define MC_SHARED_LOCK_H

#include "shared/segment.h"

/* The owner's slot; or that he died and nobody has had it since. */
typedef _Atomic(uint32_t) mc_shared_word;
enum { MC_LOCK_RECOVERED = 256 };

/* True: somebody died who had it, and what it protects may be half done. Not by two threads of a process at once. */
bool mc_shared_hold(mc_shared *shared, mc_shared_word *lock);
void mc_shared_let_go(mc_shared_word *lock);

#endif
