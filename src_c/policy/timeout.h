/* How long a request and each of its attempts may take: the route's limits, what headers of internal clients say, and
 * grpc-timeout. As Envoy's router (FilterUtility::finalTimeout and setTimeoutHeaders in source/common/router/
 * router.cc) and connection manager (refreshDurationTimeout in source/common/http/conn_manager_impl.cc) do it. All
 * is whole milliseconds there, and so it is here. */
#ifndef MC_POLICY_TIMEOUT_H
#define MC_POLICY_TIMEOUT_H

#include "base/slice.h"

#define MC_UNSET UINT64_MAX

/* spec NULL: no limits. hedges: what the route's hedge policy says of slow attempts. */
void mc_timeouts_find(mc_timeouts *out, const mc_timeout_spec *spec, bool hedges, const mc_http_options *options,
                      const mc_view *view);

/* What the caller says that it waits for an answer, by lines that the view may hide; 0: it says nothing. */
void mc_timeouts_told(mc_timeouts *out, const mc_header *lines, uint32_t count);

/* How long the upstream may take for an attempt that starts so long after the request: what
 * x-envoy-expected-rq-timeout-ms says; 0: nothing is told. */
uint64_t mc_timeouts_expected(const mc_timeouts *timeouts, uint64_t elapsed_ms);

#endif
