/* The tokens of rate limits. They are shared by the snapshots that know a limit of that name, so that a swap fills no
 * bucket: the last of them to go takes them along. Where the runtime's state is shared they are one for all processes, and
 * stay. */
#ifndef MC_UPSTREAM_LIMIT_STORE_H
#define MC_UPSTREAM_LIMIT_STORE_H

#include "upstream/runtime.h"

typedef struct mc_limit_store {
  void *memory; /* a bucket, or a limiter */
  void *block;  /* to be freed with it; NULL: it is in the shared state */
  uint32_t references;
  size_t size;
  struct mc_limit_store *next;
  mc_slice name;
} mc_limit_store;

/* What makes something of memory that is all zero. */
typedef void mc_limit_init(void *memory, const void *argument);

/* Adds a reference. Where the name is new, or of another size, the memory is all zero, and made by init (NULL: that will
 * do). NULL where memory is out, or the shared state has none: mc_runtime_refusal. Both under mc_runtime_lock. */
mc_limit_store *mc_limit_store_of(mc_runtime *runtime, mc_slice name, size_t size, size_t alignment,
                                  mc_limit_init *init, const void *argument);
void mc_limit_store_release(mc_runtime *runtime, mc_limit_store *store);

#endif
