/* Taking back what a process held that is gone. */
#ifndef MC_SHARED_RECLAIM_H
#define MC_SHARED_RECLAIM_H

#include "shared/held.h"
#include "shared/segment.h"

/* Under mc_shared_lock. A slot is free only when all of it has been taken back: whoever dies in the middle of that leaves
 * it for the next. */
void mc_shared_reclaim_slot(mc_shared *shared, uint32_t slot);
/* How many slots were. */
uint32_t mc_shared_reclaim_dead(mc_shared *shared);

/* Looks for dead owners, unless somebody has done so just now. Whether it found any. */
bool mc_shared_look_for_dead(mc_shared *shared);
/* Of the many changes of counts, whether this one should look. */
static inline bool mc_shared_now_and_then(mc_shared *shared) {
  return atomic_fetch_add_explicit(&shared->changes, 1, memory_order_relaxed) % 1024 == 1023;
}

/* The count of that number in a region's data, groups one behind the other. */
mc_held mc_region_held(const mc_shared *shared, const mc_region *region, uint32_t number);

#endif
