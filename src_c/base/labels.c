#include "base/labels.h"

bool mc_labels_copy(mc_labels *labels, mc_arena *arena) {
  bool ok = true;
  mc_label *copy = mc_arena_alloc(arena, labels->count, sizeof *copy);
  for (uint32_t i = 0; copy && i < labels->count; i++) {
    copy[i].key = mc_arena_copy(arena, labels->at[i].key, &ok);
    copy[i].value = mc_arena_copy(arena, labels->at[i].value, &ok);
  }
  labels->at = copy;
  return copy && ok;
}
