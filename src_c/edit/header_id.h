/* Telling header names apart, inline: the pass over a request's lines asks once for each of them. All
 * others call mc_header_id_of. */
#ifndef MC_EDIT_HEADER_ID_H
#define MC_EDIT_HEADER_ID_H

#include "base/inlined.h"
#include "base/names.h"
#include "edit/header_names.h"

#define IS(literal, id) \
  if (SAME(literal)) return *bit = (uint64_t)1 << (__LINE__ & 63), id

/* Nothing special either, but sent so often that a look at the name costs less than a look at its bytes. */
#define IS_COMMON(literal) \
  if (SAME(literal)) return *bit = 1, MC_HEADER_OTHER

#define SAME(literal)                                          \
  (any_case ? mc_same_name(p, literal, sizeof(literal) - 1)    \
            : mc_slice_same(p, literal, sizeof(literal) - 1))

/* Names by size; the sizes are part of the switch so that most headers cost one jump. *bit is set for
 * every name but MC_HEADER_OTHER: different names rarely share it. Of those it is 1 where the name is known, and so
 * well-formed, otherwise 0. any_case false: names in lower case alone are known, at less cost. */
MC_INLINED mc_header_id mc_header_id_inlined(mc_slice name, bool any_case, uint64_t *bit) {
  const char *p = name.data;
  switch (name.size) {
    case 2:
      IS("te", MC_HEADER_TE);
      IS_COMMON("b3");
      break;
    case 3:
      IS("via", MC_HEADER_VIA);
      break;
    case 4:
      IS("host", MC_HEADER_HOST);
      break;
    case 6:
      IS("accept", MC_HEADER_JOINED);
      IS("expect", MC_HEADER_EXPECT);
      IS("origin", MC_HEADER_JOINED);
      IS("pragma", MC_HEADER_JOINED);
      IS_COMMON("cookie");
      break;
    case 7:
      IS("referer", MC_HEADER_JOINED);
      IS("upgrade", MC_HEADER_UPGRADE);
      break;
    case 8:
      IS("if-match", MC_HEADER_JOINED);
      IS("if-range", MC_HEADER_JOINED);
      IS_COMMON("priority");
      break;
    case 9:
      IS_COMMON("sec-ch-ua");
      IS_COMMON("x-real-ip");
      break;
    case 10:
      IS("user-agent", MC_HEADER_JOINED);
      IS("connection", MC_HEADER_CONNECTION);
      IS("keep-alive", MC_HEADER_KEEP_ALIVE);
      IS_COMMON("tracestate");
      break;
    case 11:
      IS_COMMON("traceparent");
      IS_COMMON("x-b3-spanid");
      break;
    case 12:
      IS("content-type", MC_HEADER_JOINED);
      IS("x-request-id", MC_HEADER_REQUEST_ID);
      IS("grpc-timeout", MC_HEADER_JOINED);
      IS_COMMON("x-b3-traceid");
      IS_COMMON("x-b3-sampled");
      break;
    case 13:
      IS("authorization", MC_HEADER_JOINED);
      IS("cache-control", MC_HEADER_JOINED);
      IS("if-none-match", MC_HEADER_JOINED);
      break;
    case 14:
      IS("content-length", MC_HEADER_CONTENT_LENGTH);
      IS("authentication", MC_HEADER_JOINED);
      IS("http2-settings", MC_HEADER_HTTP2_SETTINGS);
      IS_COMMON("sec-fetch-dest");
      IS_COMMON("sec-fetch-mode");
      IS_COMMON("sec-fetch-site");
      break;
    case 15:
      IS("accept-encoding", MC_HEADER_JOINED);
      IS("x-forwarded-for", MC_HEADER_FORWARDED_FOR);
      IS("x-envoy-ip-tags", MC_HEADER_ENVOY_TRUSTED);
      IS_COMMON("accept-language");
      break;
    case 16:
      IS("content-encoding", MC_HEADER_JOINED);
      IS("x-forwarded-host", MC_HEADER_JOINED);
      IS("x-forwarded-port", MC_HEADER_FORWARDED_PORT);
      IS("x-envoy-internal", MC_HEADER_ENVOY_INTERNAL);
      IS("x-envoy-retry-on", MC_HEADER_ENVOY_CONTROL);
      IS("proxy-connection", MC_HEADER_PROXY_CONNECTION);
      IS_COMMON("sec-ch-ua-mobile");
      break;
    case 17:
      IS("x-forwarded-proto", MC_HEADER_FORWARDED_PROTO);
      IS("if-modified-since", MC_HEADER_JOINED);
      IS("x-client-trace-id", MC_HEADER_CLIENT_TRACE_ID);
      IS("transfer-encoding", MC_HEADER_TRANSFER_ENCODING);
      break;
    case 19:
      IS("x-envoy-max-retries", MC_HEADER_ENVOY_CONTROL);
      IS("x-envoy-force-trace", MC_HEADER_ENVOY_TRUSTED);
      IS("if-unmodified-since", MC_HEADER_JOINED);
      break;
    case 20:
      IS("x-envoy-original-url", MC_HEADER_ENVOY_TRUSTED);
      IS("grpc-accept-encoding", MC_HEADER_JOINED);
      break;
    case 21:
      IS("x-envoy-original-path", MC_HEADER_ENVOY_EDGE);
      IS("x-envoy-original-host", MC_HEADER_ENVOY_EDGE);
      IS("x-envoy-retry-grpc-on", MC_HEADER_ENVOY_CONTROL);
      IS("x-envoy-attempt-count", MC_HEADER_JOINED);
      break;
    case 23:
      IS("x-forwarded-client-cert", MC_HEADER_FORWARDED_CLIENT_CERT);
      break;
    case 24:
      IS("x-envoy-external-address", MC_HEADER_ENVOY_EXTERNAL_ADDRESS);
      IS("x-envoy-is-timeout-retry", MC_HEADER_JOINED);
      break;
    case 27:
      IS("x-envoy-decorator-operation", MC_HEADER_ENVOY_EDGE);
      break;
    case 29:
      IS("access-control-request-method", MC_HEADER_JOINED);
      break;
    case 30:
      IS("x-envoy-expected-rq-timeout-ms", MC_HEADER_ENVOY_EXPECTED_TIMEOUT);
      IS("x-envoy-upstream-rq-timeout-ms", MC_HEADER_ENVOY_CONTROL);
      IS("x-envoy-upstream-alt-stat-name", MC_HEADER_ENVOY_CONTROL);
      IS("x-envoy-retriable-status-codes", MC_HEADER_ENVOY_CONTROL);
      IS("x-envoy-retriable-header-names", MC_HEADER_ENVOY_CONTROL);
      IS("access-control-request-headers", MC_HEADER_JOINED);
      break;
    case 31:
      IS("x-envoy-downstream-service-node", MC_HEADER_ENVOY_EDGE);
      break;
    case 32:
      IS("x-envoy-hedge-on-per-try-timeout", MC_HEADER_ENVOY_CONTROL);
      break;
    case 34:
      IS("x-envoy-downstream-service-cluster", MC_HEADER_ENVOY_EDGE);
      break;
    case 35:
      IS("x-envoy-upstream-stream-duration-ms", MC_HEADER_ENVOY_CONTROL);
      break;
    case 38:
      IS("access-control-request-private-network", MC_HEADER_JOINED);
      IS("x-envoy-upstream-rq-per-try-timeout-ms", MC_HEADER_ENVOY_CONTROL);
      break;
    case 40:
      IS("x-envoy-upstream-rq-timeout-alt-response", MC_HEADER_ENVOY_CONTROL);
      break;
    default:
      break;
  }
  *bit = 0;
  return MC_HEADER_OTHER;
}

#undef SAME
#undef IS
#undef IS_COMMON

#endif
