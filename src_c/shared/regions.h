/* Regions by name. */
#ifndef MC_SHARED_REGIONS_H
#define MC_SHARED_REGIONS_H

#include "shared/segment.h"

/* The data of the region of that kind, name and size; made where there is none. It stays where it is until it has been
 * released as often as it was found. NULL: error says why. Names are any bytes. */
void *mc_region_find(mc_shared *shared, const mc_shared_form *form, mc_slice name, uint64_t size, const void *argument,
                     mc_error *error);
void mc_region_release(mc_shared *shared, const void *data);

/* The columns of a region's counts, by its data and their size: shared/held.h. */
_Atomic(uint64_t) *mc_region_columns(const void *data, uint64_t size);

/* Says that this process uses what it has found, under a slot that is new. Under mc_shared_lock. */
void mc_regions_use(mc_shared *shared);
/* What the process keeps of its own. */
void mc_regions_clear(mc_shared *shared);

#endif
