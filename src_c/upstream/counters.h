/* The counters of a cluster's hosts. Policies compare those of hosts that chance picks, so they are packed: sixteen
 * share a cache line, and those of hosts that came together lie one beside the other, in order. A counter stays where
 * it is for as long as its host is known. */
#ifndef MC_UPSTREAM_COUNTERS_H
#define MC_UPSTREAM_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef atomic_uint mc_counter;

/* All zero: none. It changes under mc_runtime_lock; the counters themselves at any time. */
typedef struct mc_counters {
  struct mc_counter_block *blocks;
  mc_counter **spare; /* a stack with room for all */
  uint32_t spare_count, count;
} mc_counters;

/* The next `count` that are taken lie one beside the other, where none is taken yet. False where memory is out. */
bool mc_counters_reserve(mc_counters *counters, uint32_t count);
/* At 0. NULL where memory is out. */
mc_counter *mc_counters_take(mc_counters *counters);
void mc_counters_give(mc_counters *counters, mc_counter *counter);
void mc_counters_clear(mc_counters *counters);

/* Counters by number. */
typedef struct mc_counter_map {
  mc_counter *first; /* of those that lie one beside the other; NULL: they do not */
  mc_counter **at;   /* where they do not */
} mc_counter_map;

static inline mc_counter *mc_counter_at(const mc_counter_map *map, uint32_t number) {
  return map->first ? map->first + number : map->at[number];
}

/* Moves it by 1 or -1. alone: no other thread changes it meanwhile, so that it takes no locked instruction. */
static inline void mc_counter_move(mc_counter *counter, int by, bool alone) {
  if (alone) {
    const unsigned now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + (unsigned)by, memory_order_relaxed);
  } else {
    atomic_fetch_add_explicit(counter, (unsigned)by, memory_order_relaxed);
  }
}

static inline uint32_t mc_counter_value(const mc_counter_map *map, uint32_t number) {
  return atomic_load_explicit(mc_counter_at(map, number), memory_order_relaxed);
}

#endif
