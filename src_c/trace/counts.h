/* How often lines were not as they should be. */
#ifndef MC_TRACE_COUNTS_H
#define MC_TRACE_COUNTS_H

#include <stdatomic.h>

#include "meshcore.h"

struct mc_trace_counts {
  _Atomic(uint64_t) malformed[MC_TRACE_FORMATS];
  _Atomic(uint64_t) truncated[MC_TRACE_FORMATS];
};

/* counts may be NULL. */
static inline void mc_trace_counts_add(mc_trace_counts *counts, mc_trace_format format, uint64_t malformed,
                                       bool truncated) {
  if (!counts) return;
  if (malformed) atomic_fetch_add_explicit(&counts->malformed[format], malformed, memory_order_relaxed);
  if (truncated) atomic_fetch_add_explicit(&counts->truncated[format], 1, memory_order_relaxed);
}

#endif
