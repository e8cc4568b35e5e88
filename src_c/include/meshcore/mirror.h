/* Which clusters get a copy of a request. */
#ifndef MESHCORE_MIRROR_H
#define MESHCORE_MIRROR_H

#include "meshcore/edit.h"

/* Envoy's RequestMirrorPolicy. */
typedef struct mc_mirror_spec {
  int32_t cluster;         /* index in the snapshot, or -1: by cluster_header, or unknown */
  mc_slice cluster_header; /* data NULL: none */
  uint32_t numerator, denominator; /* denominator 0: every request */
  bool append_shadow_suffix;
  mc_slice host_rewrite; /* data NULL: none */
  const mc_edits_spec *edits; /* of the request; applied one after the other */
  uint32_t edit_count;
} mc_mirror_spec;

#endif
