/* Mirrors: copies of requests for other clusters (Envoy's request_mirror_policies). Who gets a copy is drawn
 * for each policy by itself; what a copy looks like is in engine/mirrors.c. */
#ifndef MC_POLICY_MIRROR_H
#define MC_POLICY_MIRROR_H

#include "edit/headers.h"

typedef struct mc_mirror {
  uint32_t numerator, denominator; /* denominator 0: every request */
  int32_t cluster;                 /* -1: by cluster_header, or unknown */
  mc_slice cluster_header;         /* data NULL: none */
  mc_slice host_rewrite;           /* data NULL: none */
  bool append_shadow_suffix;
  const mc_edits *edits; /* one after the other: each sees what those before it did */
  uint32_t edit_count;
} mc_mirror;

typedef struct mc_mirrors {
  const mc_mirror *policies;
  uint32_t count;
} mc_mirrors;

/* Compiles into the arena. MC_OK or MC_NO_MEMORY. */
mc_code mc_mirrors_build(mc_mirrors *out, const mc_mirror_spec *specs, uint32_t count, mc_arena *arena);

/* Whether the policy of that index takes a request with that seed. Policies draw independently of each other,
 * and of whatever else is drawn from the seed. */
bool mc_mirrors_draw(const mc_mirrors *mirrors, uint32_t index, uint64_t seed);

/* The authority of the copy of a request that goes upstream with that one. MC_OK or MC_NO_MEMORY. */
mc_code mc_mirror_authority(const mc_mirror *mirror, mc_slice authority, mc_scratch *scratch, mc_slice *out);

#endif
