/* What came of an attempt at an endpoint. */
#ifndef MESHCORE_REPORT_H
#define MESHCORE_REPORT_H

#include "meshcore/base.h"

/* How an attempt at an endpoint went, as far as balancing learns from it. */
typedef struct mc_report {
  uint64_t now_ns;
  uint64_t latency_ns; /* from the request to the head of the answer; 0: not measured */
  /* The load of the whole endpoint, as it tells itself (ORCA); requests_per_second 0: it tells nothing. */
  double requests_per_second, errors_per_second;
  double utilization; /* 1: it can bear no more */
} mc_report;

/* How an attempt failed, other than by its answer; as Envoy tells the reasons apart. */
typedef enum mc_failure {
  MC_FAILURE_NONE,
  MC_FAILURE_CONNECT,              /* refused, unreachable, the name not found */
  MC_FAILURE_CONNECT_TIMEOUT,
  MC_FAILURE_RESET_BEFORE_REQUEST, /* before anything of the request was sent */
  MC_FAILURE_RESET,                /* of a connection or stream that had been there */
  MC_FAILURE_REFUSED_STREAM,       /* HTTP/2 REFUSED_STREAM */
  MC_FAILURE_PROTOCOL,             /* what came is no HTTP */
  MC_FAILURE_PER_TRY_TIMEOUT,
  MC_FAILURE_TIMEOUT,              /* of the whole request */
  MC_FAILURE_REMOTE_RESET,         /* of an HTTP/2 stream */
  MC_FAILURE_PER_TRY_IDLE_TIMEOUT,
  MC_FAILURE_IDLE_TIMEOUT,         /* of the whole stream */
  MC_FAILURE_MAX_DURATION,         /* of the whole stream */
  MC_FAILURE_UPSTREAM_MAX_DURATION, /* of an attempt: x-envoy-upstream-stream-duration-ms */
  MC_FAILURE_OVERFLOW,             /* of a connection pool: never retried */
} mc_failure;

/* How an attempt at an endpoint ended. */
typedef struct mc_result {
  mc_failure failure;
  uint16_t status;          /* of the answer; 0: there was none */
  int32_t grpc_status;      /* of a gRPC answer; -1: none */
  const mc_header *headers; /* of the answer */
  uint32_t header_count;
  mc_report report;
} mc_result;

#endif
