/* What a rate limit service is to be asked about a request, and what becomes of the request by its answer: Envoy's
 * ratelimit filter (source/extensions/filters/http/ratelimit), without the asking. */
#ifndef MC_ENGINE_GLOBAL_LIMIT_H
#define MC_ENGINE_GLOBAL_LIMIT_H

#include "edit/headers.h"
#include "policy/descriptors.h"

typedef struct mc_global_limit {
  mc_slice domain;
  uint32_t stage;
  mc_limit_from from;
  bool own_descriptors;
  mc_descriptor_makers descriptors;
  mc_fraction enabled, enforced, deny;
  uint16_t status, error_status;
  bool tells, tells_limited, resource_exhausted;
  mc_edit_pair edits;
} mc_global_limit;

/* Of a level. */
typedef struct mc_global_level {
  mc_slice domain; /* size 0: the filter's */
  mc_outer_limits outer;
  bool own_descriptors;
  mc_descriptor_makers descriptors;
} mc_global_level;

/* Each compiles into the arena; NULL in *out where there is no spec. Clear it even after a failed build. */
mc_code mc_global_limit_build(mc_global_limit **out, const mc_global_limit_spec *spec, mc_slots *slots,
                              mc_arena *arena, mc_error *error);
void mc_global_limit_clear(mc_global_limit *limit);
mc_code mc_global_level_build(mc_global_level **out, const mc_global_level_spec *spec, mc_slots *slots,
                              mc_arena *arena, mc_error *error);
void mc_global_level_clear(mc_global_level *level);

#endif
