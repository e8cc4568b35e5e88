/* What the tests of things that are compiled over header slots share. */
#ifndef MC_SLOTS_SUPPORT_H
#define MC_SLOTS_SUPPORT_H

#include "edit_support.h"

#include "match/header_slots.h"

static mc_arena *arena;
static mc_slots *slots;

static inline void start(void) {
  arena = mc_arena_new();
  slots = mc_slots_new();
}

static inline void stop(void) {
  mc_slots_free(slots);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

#endif
