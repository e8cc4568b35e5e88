/* Telling the names of trace headers from all others, by their size and their last letter. */
#ifndef MC_TRACE_NAMES_H
#define MC_TRACE_NAMES_H

#include "base/slice.h"

/* False: mc_trace_name_of() knows nothing of it. */
static inline bool mc_trace_name_likely(mc_slice name) {
#define MC_LETTER(c) (UINT32_C(1) << ((c) & 31))
  enum {
    D = MC_LETTER('d'),
    E = MC_LETTER('e'),
    N = MC_LETTER('n'),
    S = MC_LETTER('s'),
    T = MC_LETTER('t'),
    Y = MC_LETTER('y'),
    THREE = MC_LETTER('3')
  };
  /* By the size of a name: what it may end with. */
  static const uint32_t last[] = {[2] = THREE, [7] = E,      [10] = S | E, [11] = D | T, [12] = D, [13] = D, [14] = S,
                                  [15] = D,    [16] = D | N, [17] = D,     [18] = D,     [19] = D, [21] = T, [27] = Y};
  const uint32_t letters = name.size < sizeof last / sizeof *last ? last[name.size] : 0;
  if (letters && letters >> ((unsigned char)name.data[name.size - 1] & 31) & 1) return true;
#undef MC_LETTER
  return name.size > 8 && (name.data[0] | 0x20) == 'u' && (name.data[1] | 0x20) == 'b'; /* uberctx-* */
}

#endif
