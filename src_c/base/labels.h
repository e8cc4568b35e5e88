/* Labels of endpoints and of what looks for them. */
#ifndef MC_BASE_LABELS_H
#define MC_BASE_LABELS_H

#include "base/arena.h"

/* Makes them the arena's own. False where memory is out. */
bool mc_labels_copy(mc_labels *labels, mc_arena *arena);

#endif
