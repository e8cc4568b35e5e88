#include "base/edf.h"

#include <stdbool.h>

static bool before(const mc_edf_entry *a, const mc_edf_entry *b) {
  return a->deadline < b->deadline || (a->deadline == b->deadline && a->order < b->order);
}

void mc_edf_add(mc_edf *edf, uint32_t member, double deadline) {
  mc_edf_entry added = {deadline, edf->order++, member};
  uint32_t at = edf->count++;
  for (; at; at = (at - 1) / 2) {
    if (!before(&added, &edf->entries[(at - 1) / 2])) break;
    edf->entries[at] = edf->entries[(at - 1) / 2];
  }
  edf->entries[at] = added;
}

void mc_edf_postpone(mc_edf *edf, double deadline) {
  mc_edf_entry moved = {deadline, edf->order++, edf->entries[0].member};
  uint64_t at = 0, child; /* twice a count may not fit in 32 bits */
  while ((child = 2 * at + 1) < edf->count) {
    if (child + 1 < edf->count && before(&edf->entries[child + 1], &edf->entries[child])) child++;
    if (!before(&edf->entries[child], &moved)) break;
    edf->entries[at] = edf->entries[child];
    at = child;
  }
  edf->entries[at] = moved;
}
