/* What is said where something cannot be built. */
#ifndef MC_BASE_REFUSE_H
#define MC_BASE_REFUSE_H

#include "base/slice.h"

static inline mc_code mc_no_memory(mc_error *error) {
  *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
  return MC_NO_MEMORY;
}

#endif
