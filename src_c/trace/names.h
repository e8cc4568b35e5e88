/* Telling the names of trace headers from all others, by their size. */
#ifndef MC_TRACE_NAMES_H
#define MC_TRACE_NAMES_H

#include "base/slice.h"

/* A bit for each size that a name of a format has. */
#define MC_TRACE_NAME_SIZES                                                                                       \
  (1u << 2 | 1u << 7 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 15 | 1u << 16 | 1u << 17 | \
   1u << 18 | 1u << 19 | 1u << 21 | 1u << 27)

/* False: mc_trace_name_of() knows nothing of it. */
static inline bool mc_trace_name_likely(mc_slice name) {
  if (name.size < 32 && MC_TRACE_NAME_SIZES >> name.size & 1) return true;
  return name.size > 8 && mc_lower(name.data[0]) == 'u'; /* uberctx-* */
}

#endif
