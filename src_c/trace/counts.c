#include "trace/counts.h"

#include <stdlib.h>

mc_trace_counts *mc_trace_counts_new(void) {
  mc_trace_counts *counts = malloc(sizeof *counts);
  if (!counts) return NULL;
  for (int i = 0; i < MC_TRACE_FORMATS; i++) {
    atomic_init(&counts->malformed[i], 0);
    atomic_init(&counts->truncated[i], 0);
  }
  return counts;
}

void mc_trace_counts_free(mc_trace_counts *counts) { free(counts); }

uint64_t mc_trace_counts_malformed(const mc_trace_counts *counts, mc_trace_format format) {
  return atomic_load_explicit(&counts->malformed[format], memory_order_relaxed);
}

uint64_t mc_trace_counts_truncated(const mc_trace_counts *counts, mc_trace_format format) {
  return atomic_load_explicit(&counts->truncated[format], memory_order_relaxed);
}
