/* What one level (weighted cluster, route, virtual host, route configuration) says to filters: whether they act, and to
 * those of rate limits, what they are to do. */
#ifndef MC_ENGINE_LEVEL_LIMITS_H
#define MC_ENGINE_LEVEL_LIMITS_H

#include "engine/global_limit.h"
#include "engine/local_limit.h"

typedef struct mc_level_limit {
  uint32_t filter; /* its name's number */
  bool off;
  mc_local_limit *local;
  mc_global_level *global;
} mc_level_limit;

typedef struct mc_level_limits {
  mc_level_limit *at;
  uint32_t count;
} mc_level_limits;

/* Compiles into the arena. Clear it even after a failed build. */
mc_code mc_level_limits_build(mc_level_limits *out, const mc_level_limits_spec *spec, mc_limit_builder *builder,
                              mc_error *error);
void mc_level_limits_clear(mc_level_limits *limits, mc_runtime *runtime);

/* What it says to a filter; NULL: nothing. */
static inline const mc_level_limit *mc_level_limits_find(const mc_level_limits *limits, uint32_t filter) {
  for (uint32_t i = 0; i < limits->count; i++) {
    if (limits->at[i].filter == filter) return &limits->at[i];
  }
  return NULL;
}

#endif
