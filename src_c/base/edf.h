/* Earliest deadline first: a heap of members, each with the time at which it is due. Whoever is picked is due
 * again 1 / weight later, which spreads picks smoothly by weight (C. L. Liu, J. W. Layland, "Scheduling algorithms
 * for multiprogramming in a hard-real-time environment", 1973; Envoy's EdfScheduler). Those that are due at one
 * time come in the order in which they were added. */
#ifndef MC_BASE_EDF_H
#define MC_BASE_EDF_H

#include <stdint.h>

typedef struct mc_edf_entry {
  double deadline;
  uint64_t order; /* of being added */
  uint32_t member;
} mc_edf_entry;

typedef struct mc_edf {
  mc_edf_entry *entries; /* the owner's, with room for all members */
  uint32_t count;
  uint64_t order; /* of the next entry */
} mc_edf;

void mc_edf_add(mc_edf *edf, uint32_t member, double deadline);

/* Who is due first. The heap is not empty. */
static inline const mc_edf_entry *mc_edf_first(const mc_edf *edf) { return &edf->entries[0]; }

/* Adds the first one anew, with a later deadline. */
void mc_edf_postpone(mc_edf *edf, double deadline);

#endif
