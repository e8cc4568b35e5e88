#include "engine/level_limits.h"

#include "base/refuse.h"

mc_code mc_level_limits_build(mc_level_limits *out, const mc_level_limits_spec *spec, mc_limit_builder *builder,
                              mc_error *error) {
  *out = (mc_level_limits){.count = 0};
  if (!spec->count) return MC_OK;
  out->at = mc_arena_alloc(builder->arena, spec->count, sizeof *out->at);
  if (!out->at) return mc_no_memory(error);
  for (uint32_t i = 0; i < spec->count; i++) {
    mc_level_limit *to = &out->at[i];
    out->count = i + 1;
    to->filter = spec->at[i].filter;
    to->off = spec->at[i].off;
    builder->switches |= to->off;
    builder->levels |= spec->at[i].local || spec->at[i].global;
    mc_code code = mc_local_limit_build(&to->local, spec->at[i].local, builder, error);
    if (!code) code = mc_global_level_build(&to->global, spec->at[i].global, builder->slots, builder->arena, error);
    if (code) return code;
  }
  return MC_OK;
}

void mc_level_limits_clear(mc_level_limits *limits, mc_runtime *runtime) {
  for (uint32_t i = 0; i < limits->count; i++) {
    mc_local_limit_clear(limits->at[i].local, runtime);
    mc_global_level_clear(limits->at[i].global);
  }
  limits->count = 0;
}
