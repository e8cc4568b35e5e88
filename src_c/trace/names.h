/* Telling the names of trace headers from all others, by their size and their first letter. */
#ifndef MC_TRACE_NAMES_H
#define MC_TRACE_NAMES_H

#include "base/slice.h"

/* False: mc_trace_name_of() knows nothing of it. */
static inline bool mc_trace_name_likely(mc_slice name) {
#define MC_LETTER(c) (UINT32_C(1) << ((c) & 31))
  enum { B = MC_LETTER('b'), O = MC_LETTER('o'), T = MC_LETTER('t'), U = MC_LETTER('u'), X = MC_LETTER('x') };
  /* By the size of a name: what it may begin with. Any size is good for uberctx-*. */
  static const uint32_t first[] = {[2] = B,      [7] = B,      [9] = U,      [10] = U | X | T, [11] = U | X | T, [12] = U | X,
                                   [13] = U,     [14] = U | X, [15] = U | X, [16] = U | X | O, [17] = U | X | O, [18] = U | X,
                                   [19] = U | X, [20] = U,     [21] = U | X, [22] = U,         [23] = U,         [24] = U,
                                   [25] = U,     [26] = U,     [27] = U | X};
  const size_t sizes = sizeof first / sizeof *first;
  if (!name.size) return false;
  const uint32_t letter = MC_LETTER((unsigned char)name.data[0]);
#undef MC_LETTER
  return (name.size < sizes ? first[name.size] : (uint32_t)U) & letter;
}

#endif
