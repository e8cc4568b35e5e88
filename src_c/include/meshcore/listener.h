/* Listeners: the filters in front of a route configuration, and what it says for all virtual hosts. */
#ifndef MESHCORE_LISTENER_H
#define MESHCORE_LISTENER_H

#include "meshcore/concurrency.h"
#include "meshcore/cors.h"
#include "meshcore/edit.h"
#include "meshcore/fault.h"
#include "meshcore/http.h"
#include "meshcore/match.h"
#include "meshcore/mirror.h"
#include "meshcore/rate_limit.h"
#include "meshcore/session.h"

/* Envoy's AdaptiveConcurrency: a limit on the requests of a listener. */
typedef struct mc_concurrency_filter_spec {
  mc_concurrency_spec limit;
  uint16_t status; /* of what is above it */
} mc_concurrency_filter_spec;

typedef enum mc_filter_kind {
  MC_FILTER_FAULT,
  MC_FILTER_CORS,
  MC_FILTER_LOCAL_LIMIT,
  MC_FILTER_GLOBAL_LIMIT,
  MC_FILTER_CONCURRENCY,
} mc_filter_kind;

/* One of a listener's filters. */
typedef struct mc_filter_spec {
  mc_filter_kind kind;
  uint32_t name; /* as a number, by which levels speak to it */
  bool off;      /* unless a level says something to it */
  const mc_local_limit_spec *local;   /* MC_FILTER_LOCAL_LIMIT; NULL: none but the levels' */
  const mc_global_limit_spec *global; /* MC_FILTER_GLOBAL_LIMIT */
  const mc_concurrency_filter_spec *concurrency; /* MC_FILTER_CONCURRENCY, of which a listener has one at most */
} mc_filter_spec;

typedef struct mc_listener_spec {
  mc_slice name; /* under which its active faults are counted */
  uint16_t port; /* 0: every port that no other listener has */
  mc_http_options options;
  mc_domains_spec domains;
  mc_edits_spec edits; /* of the route configuration */
  bool most_specific_header_mutations_wins;
  const mc_cors_spec *cors;      /* of the route configuration, as the next three */
  const mc_mirror_spec *mirrors;
  uint32_t mirror_count;
  const mc_session_spec *session; /* of the route configuration, else of the filter; NULL: there are none */
  uint32_t session_filter;        /* the name of their filter, as a number */
  bool session_off;               /* the filter is, unless a level says something to it */
  const mc_fault_spec *table_fault;
  const mc_fault_spec *fault; /* of the filter: where no other level has one */
  mc_level_limits_spec limits; /* of the route configuration */
  const mc_filter_spec *filters; /* in their order; none: faults, then CORS */
  uint32_t filter_count;
} mc_listener_spec;

#endif
