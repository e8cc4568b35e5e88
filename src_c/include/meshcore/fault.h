/* Faults that are injected. */
#ifndef MESHCORE_FAULT_H
#define MESHCORE_FAULT_H

#include "meshcore/match.h"

/* What the runtime says in place of what a fault policy or a header says. */
typedef struct mc_fault_override {
  mc_fraction delay, abort, rate;
  mc_number delay_ms, http_status, grpc_status;
} mc_fault_override;

/* What it says for requests whose x-envoy-downstream-service-cluster has this value. */
typedef struct mc_fault_downstream {
  mc_slice cluster;
  mc_fault_override override;
} mc_fault_downstream;

typedef struct mc_fault_part_spec {
  bool given;
  bool by_header; /* a header of the request says the value, and may say a lower share */
  mc_fraction share; /* denominator 0: of none */
  uint64_t value;
} mc_fault_part_spec;

/* Envoy's HTTPFault. */
typedef struct mc_fault_spec {
  mc_fault_part_spec delay; /* milliseconds */
  mc_fault_part_spec abort; /* a status: of HTTP, 200 to 599, or of gRPC */
  mc_fault_part_spec rate;  /* of the answer's body, KiB in a second; by value: 1 or more */
  bool abort_is_grpc;
  mc_slice upstream_cluster; /* size 0: any */
  const mc_header_match_spec *headers;
  uint32_t header_count;
  mc_names downstream_nodes; /* none: any */
  mc_number max_active;
  mc_fault_override runtime;
  const mc_fault_downstream *downstreams;
  uint32_t downstream_count;
} mc_fault_spec;

#endif
