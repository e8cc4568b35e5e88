/* The request as the upstream must see it: everything that happens to a forwarded request after its
 * route and endpoint are known, in Envoy's order. Nothing here is needed before that: where nobody
 * asks for the header lines, only mc_upstream_target_make() need run. */
#ifndef MC_EDIT_UPSTREAM_REQUEST_H
#define MC_EDIT_UPSTREAM_REQUEST_H

#include "edit/headers.h"
#include "edit/rewrite.h"

/* What the router itself says of an attempt. */
typedef struct mc_router_lines {
  uint32_t attempt;     /* x-envoy-attempt-count; 0: not told */
  uint64_t expected_ms; /* x-envoy-expected-rq-timeout-ms; 0: not told */
  bool tells_grpc;      /* grpc-timeout becomes grpc_ms */
  bool hides_grpc;      /* grpc-timeout goes */
  uint64_t grpc_ms;
  mc_slice timeout_retry; /* x-envoy-is-timeout-retry; data NULL: not told */
} mc_router_lines;

/* What decided the edits; slices that don't apply are absent, pointers NULL. */
typedef struct mc_forwarding {
  const mc_view *view;
  const mc_http_options *options;
  const mc_filter_edit *filter_edits; /* of the filters before the router; NULL: none */
  const mc_edits *weighted_edits; /* of the weighted cluster that was picked */
  mc_slice weighted_host;         /* its host_rewrite_literal */
  const mc_edit_chain *chain;
  const mc_path_rewrite *path;
  const mc_host_rewrite *host;
  mc_router_lines router;       /* of the first attempt: edits see it */
  const mc_router_lines *again; /* of a later one, over all that the first one sent; NULL: it is the first */
  mc_slice route_name;
  mc_slice cluster;
  mc_slice endpoint;          /* address:port */
  mc_slice endpoint_hostname; /* for auto_host_rewrite */
} mc_forwarding;

/* True where target and authority cannot be told without applying header edits first (a rewrite by a
 * header or a format in a route that edits headers); mc_upstream_request_make() is then the way. */
bool mc_forwarding_needs_edits(const mc_forwarding *forwarding);

/* Target and authority alone. A few instructions where nothing is rewritten. */
mc_code mc_upstream_target_make(const mc_forwarding *forwarding, mc_scratch *scratch, mc_slice *target,
                                mc_slice *authority);

/* Target, authority and header lines (no host line). */
mc_code mc_upstream_request_make(const mc_forwarding *forwarding, mc_scratch *scratch, mc_slice *target,
                                 mc_slice *authority, mc_header_list *headers);

/* What a router does to any request: what is meant for it alone goes, and the upstream is told of its time (0: of none). */
void mc_control_headers_remove(mc_header_list *lines);
mc_code mc_expected_timeout_tell(mc_header_list *lines, uint64_t ms);

#endif
