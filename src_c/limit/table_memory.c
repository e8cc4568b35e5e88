/* The memory of a table: how much there is of it, what it begins as, and whether it is what somebody expects. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "limit/table.h"

_Static_assert(sizeof(mc_limit_set) == 2 * MC_LIMITER_ALIGNMENT, "four lines of a cache");
_Static_assert(sizeof(mc_limiter_table) == MC_LIMITER_ALIGNMENT, "the sets follow it");

/* Twice as many places as keys. */
static uint64_t sets_for(uint64_t capacity) {
  uint64_t rest = capacity % MC_LIMIT_PLACES * 2;
  uint64_t sets = capacity / MC_LIMIT_PLACES * 2 + (rest + MC_LIMIT_PLACES - 1) / MC_LIMIT_PLACES;
  return sets ? sets : 1;
}

size_t mc_limiter_bytes(uint64_t capacity) {
  uint64_t most = (SIZE_MAX / 2 - sizeof(mc_limiter_table)) / sizeof(mc_limit_set);
  uint64_t sets = sets_for(capacity);
  return capacity > most || sets > most ? 0 : sizeof(mc_limiter_table) + (size_t)sets * sizeof(mc_limit_set);
}

static uint64_t seal_of(const mc_limiter_table *table) { return mc_xxh64(table, offsetof(mc_limiter_table, seal), 0); }

void mc_limiter_init(void *memory, uint64_t capacity, const mc_limit *limit, const uint8_t *secret) {
  mc_limiter_table *table = memory;
  table->limit = *limit;
  memcpy(table->secret, secret, sizeof table->secret);
  table->sets = sets_for(capacity);
  table->capacity = capacity;
  table->seal = seal_of(table);
}

bool mc_limiter_open(mc_limiter *limiter, void *memory, uint64_t capacity, const mc_limit *limit) {
  mc_limiter_table *table = memory;
  *limiter = (mc_limiter){.limit = *limit, .sets = sets_for(capacity), .table = table};
  memcpy(limiter->secret, table->secret, sizeof limiter->secret);
  return !memcmp(&table->limit, limit, sizeof *limit) && table->sets == limiter->sets && table->capacity == capacity &&
         table->seal == seal_of(table);
}

mc_limiter *mc_limiter_new(uint64_t capacity, const mc_limit *limit, const uint8_t *secret) {
  size_t bytes = mc_limiter_bytes(capacity);
  /* calloc takes memory of the system where there is much of it: what no key uses costs nothing. */
  char *memory = bytes ? calloc(1, sizeof(mc_limiter) + MC_LIMITER_ALIGNMENT + bytes) : NULL;
  if (!memory) return NULL;
  char *table = memory + sizeof(mc_limiter);
  table += MC_LIMITER_ALIGNMENT - (uintptr_t)table % MC_LIMITER_ALIGNMENT;
  mc_limiter_init(table, capacity, limit, secret);
  mc_limiter_open((mc_limiter *)(void *)memory, table, capacity, limit);
  return (mc_limiter *)(void *)memory;
}

void mc_limiter_set_alone(mc_limiter *limiter) { limiter->alone = true; }

void mc_limiter_free(mc_limiter *limiter) { free(limiter); }
