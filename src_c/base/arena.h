/* Two allocators. An arena owns what a snapshot is made of and is freed as a whole. A scratch holds
 * what one request needs; it starts inside its owner, so that most requests never call malloc. */
#ifndef MC_BASE_ARENA_H
#define MC_BASE_ARENA_H

#include "meshcore.h"

typedef struct mc_arena mc_arena;

/* NULL where memory is out. */
mc_arena *mc_arena_new(void);
void mc_arena_free(mc_arena *arena);
/* Zeroed, aligned for any type; NULL where memory is out. size 0 gives a valid pointer. */
void *mc_arena_alloc(mc_arena *arena, size_t count, size_t size);
/* A copy with its own storage; absent stays absent. ok becomes false where memory is out. */
mc_slice mc_arena_copy(mc_arena *arena, mc_slice text, bool *ok);
size_t mc_arena_bytes(const mc_arena *arena);

/* Takes another chunk, which has room for so much. */
void *mc_scratch_grow(mc_scratch *scratch, size_t size);

/* Uninitialised, 8-byte aligned; NULL where memory is out. */
static inline void *mc_scratch_alloc(mc_scratch *scratch, size_t size) {
  const size_t room = (size_t)(scratch->end - scratch->at), want = (size + 7) & ~(size_t)7;
  if (size > room || want > room) return mc_scratch_grow(scratch, size); /* the first where the sum wraps around */
  void *out = scratch->at;
  scratch->at += want;
  return out;
}

#endif
