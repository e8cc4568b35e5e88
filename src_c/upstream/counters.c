#include "upstream/counters.h"

#include <stdlib.h>

typedef struct mc_counter_block {
  struct mc_counter_block *next;
  mc_counter at[];
} mc_counter_block;

/* The stack has room for every counter, so that giving one back never fails. */
static bool add(mc_counters *counters, uint32_t size) {
  mc_counter **spare = realloc(counters->spare, ((size_t)counters->count + size) * sizeof(mc_counter *));
  if (!spare) return false;
  counters->spare = spare;
  mc_counter_block *block = calloc(1, sizeof *block + size * sizeof *block->at);
  if (!block) return false;
  block->next = counters->blocks;
  counters->blocks = block;
  counters->count += size;
  for (uint32_t i = size; i > 0; i--) spare[counters->spare_count++] = &block->at[i - 1]; /* the first is on top */
  return true;
}

bool mc_counters_reserve(mc_counters *counters, uint32_t count) {
  if (!count || counters->spare_count < counters->count) return true;
  mc_counters_clear(counters);
  return add(counters, count);
}

mc_counter *mc_counters_take(mc_counters *counters) {
  enum { FEW = 16 }; /* a line of them; many hosts are likely to get more */
  if (!counters->spare_count && !add(counters, counters->count / 8 + FEW)) return NULL;
  return counters->spare[--counters->spare_count];
}

void mc_counters_give(mc_counters *counters, mc_counter *counter) {
  if (!counter) return;
  atomic_store_explicit(counter, 0, memory_order_relaxed);
  counters->spare[counters->spare_count++] = counter;
}

void mc_counters_clear(mc_counters *counters) {
  for (mc_counter_block *at = counters->blocks, *next; at; at = next) {
    next = at->next;
    free(at);
  }
  free(counters->spare);
  *counters = (mc_counters){.count = 0};
}
