#include "outlier/outcome.h"

uint32_t mc_outlier_status_of_grpc(int32_t grpc_status) {
  static const uint16_t statuses[] = {
      200, /* OK */
      499, /* CANCELLED */
      500, /* UNKNOWN */
      400, /* INVALID_ARGUMENT */
      504, /* DEADLINE_EXCEEDED */
      404, /* NOT_FOUND */
      409, /* ALREADY_EXISTS */
      403, /* PERMISSION_DENIED */
      429, /* RESOURCE_EXHAUSTED */
      400, /* FAILED_PRECONDITION */
      409, /* ABORTED */
      400, /* OUT_OF_RANGE */
      501, /* UNIMPLEMENTED */
      500, /* INTERNAL */
      503, /* UNAVAILABLE */
      500, /* DATA_LOSS */
      401, /* UNAUTHENTICATED */
  };
  const int32_t count = sizeof statuses / sizeof *statuses;
  return grpc_status >= 0 && grpc_status < count ? statuses[grpc_status] : 500;
}

/* Where the configuration says which statuses are errors, an error that is no 5xx counts as a 500, and all else as
 * a 200. A gRPC status is not asked about. */
static uint32_t answer_of(const mc_outlier_spec *spec, const mc_result *result) {
  if (result->grpc_status >= 0) return mc_outlier_status_of_grpc(result->grpc_status);
  if (!spec->error_code_count) return result->status;
  for (uint32_t i = 0; i < spec->error_code_count; i++) {
    const mc_code_range *range = &spec->error_codes[i];
    if (result->status < range->start || result->status >= range->end) continue;
    return result->status >= 500 && result->status <= 599 ? result->status : 500;
  }
  return 200;
}

typedef enum blame { NOBODY, CONNECTION, STREAM, TIME } blame;

static blame blame_of(mc_failure failure) {
  switch (failure) {
    case MC_FAILURE_CONNECT:
    case MC_FAILURE_CONNECT_TIMEOUT:
    case MC_FAILURE_RESET_BEFORE_REQUEST:
      return CONNECTION;
    case MC_FAILURE_RESET:
    case MC_FAILURE_REMOTE_RESET:
    case MC_FAILURE_REFUSED_STREAM:
    case MC_FAILURE_PROTOCOL:
      return STREAM;
    case MC_FAILURE_PER_TRY_TIMEOUT:
    case MC_FAILURE_PER_TRY_IDLE_TIMEOUT:
    case MC_FAILURE_TIMEOUT:
      return TIME;
    default:
      return NOBODY; /* it tells nothing of the host */
  }
}

/* What the timeout was answered with, where that is another status than Envoy's default. */
static uint32_t status_of_timeout(const mc_result *result) { return result->status ? result->status : 504; }

mc_outlier_outcome mc_outlier_outcome_of(const mc_outlier_spec *spec, const mc_result *result) {
  mc_outlier_outcome outcome = {0};
  const bool split = spec->split_external_local_origin_errors;
  if (result->failure == MC_FAILURE_NONE) {
    if (!result->status && result->grpc_status < 0) return outcome; /* nothing is known of it */
    outcome.status = answer_of(spec, result);
    outcome.reached = split;
    return outcome;
  }
  const blame blame = blame_of(result->failure);
  if (blame == NOBODY) return outcome;
  if (split) {
    outcome.reached = blame != CONNECTION;
    outcome.unreachable = true;
  } else {
    outcome.status = blame == TIME ? status_of_timeout(result) : 503;
  }
  return outcome;
}
