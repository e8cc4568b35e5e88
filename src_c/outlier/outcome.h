/* What the end of an attempt tells of the host. */
#ifndef MC_OUTLIER_OUTCOME_H
#define MC_OUTLIER_OUTCOME_H

#include "meshcore.h"

typedef struct mc_outlier_outcome {
  uint32_t status;  /* that counts as the host's answer; 0: none */
  bool reached;     /* a connection was there */
  bool unreachable; /* the way to the host failed; only where origins are split */
} mc_outlier_outcome;

/* As Envoy's router reports to its detector (source/common/router/router.cc, upstream_request.cc) and as that maps
 * it (source/common/upstream/outlier_detection_impl.cc): without the split every failure counts as a 5xx. */
mc_outlier_outcome mc_outlier_outcome_of(const mc_outlier_spec *spec, const mc_result *result);

/* The HTTP status that a gRPC status stands for (source/common/grpc/status.cc). */
uint32_t mc_outlier_status_of_grpc(int32_t grpc_status);

#endif
