#include "engine/global_limit.h"

#include "base/refuse.h"

mc_code mc_global_limit_build(mc_global_limit **out, const mc_global_limit_spec *spec, mc_slots *slots,
                              mc_arena *arena, mc_error *error) {
  bool ok = true;
  *out = NULL;
  if (!spec) return MC_OK;
  mc_global_limit *limit = mc_arena_alloc(arena, 1, sizeof *limit);
  if (!limit) return mc_no_memory(error);
  *limit = (mc_global_limit){.domain = mc_arena_copy(arena, spec->domain, &ok),
                             .stage = spec->stage,
                             .from = spec->from,
                             .own_descriptors = spec->descriptors != NULL,
                             .enabled = spec->enabled,
                             .enforced = spec->enforced,
                             .deny = spec->deny,
                             .status = spec->status,
                             .error_status = spec->error_status,
                             .tells = spec->tells,
                             .tells_limited = spec->tells_limited,
                             .resource_exhausted = spec->resource_exhausted};
  if (!ok || mc_edit_pair_compile(arena, &spec->edits, &limit->edits)) return mc_no_memory(error);
  *out = limit;
  return mc_descriptors_build(&limit->descriptors, spec->descriptors, slots, arena, error);
}

void mc_global_limit_clear(mc_global_limit *limit) {
  if (limit) mc_descriptors_clear(&limit->descriptors);
}

mc_code mc_global_level_build(mc_global_level **out, const mc_global_level_spec *spec, mc_slots *slots,
                              mc_arena *arena, mc_error *error) {
  bool ok = true;
  *out = NULL;
  if (!spec) return MC_OK;
  mc_global_level *level = mc_arena_alloc(arena, 1, sizeof *level);
  if (!level) return mc_no_memory(error);
  level->domain = mc_arena_copy(arena, spec->domain, &ok);
  level->outer = spec->outer;
  level->own_descriptors = spec->descriptors != NULL;
  *out = level;
  return ok ? mc_descriptors_build(&level->descriptors, spec->descriptors, slots, arena, error) : mc_no_memory(error);
}

void mc_global_level_clear(mc_global_level *level) {
  if (level) mc_descriptors_clear(&level->descriptors);
}
