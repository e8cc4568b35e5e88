#include "edit/header_id.h"

mc_header_id mc_header_id_of(mc_slice name) {
  uint64_t bit;
  return mc_header_id_inlined(name, true, &bit);
}

mc_header_id mc_header_id_and_bit(mc_slice name, uint64_t *bit) { return mc_header_id_inlined(name, true, bit); }

bool mc_header_id_joined(mc_header_id id) { return id != MC_HEADER_OTHER && id != MC_HEADER_HTTP2_SETTINGS; }

#define IS(literal) \
  if (mc_same_name(p, literal, sizeof(literal) - 1)) return true

bool mc_response_header_joined(mc_slice name) {
  const char *p = name.data;
  switch (name.size) {
    case 3:
      IS("age");
      IS("via");
      break;
    case 4:
      IS("date");
      IS("etag");
      IS("vary");
      break;
    case 6:
      IS("server");
      break;
    case 7:
      IS("expires");
      break;
    case 8:
      IS("location");
      break;
    case 11:
      IS("grpc-status");
      break;
    case 12:
      IS("content-type");
      IS("grpc-message");
      IS("proxy-status");
      IS("x-request-id");
      break;
    case 13:
      IS("cache-control");
      IS("last-modified");
      break;
    case 16:
      IS("content-encoding");
      IS("x-envoy-degraded");
      break;
    case 19:
      IS("x-envoy-ratelimited");
      break;
    case 21:
      IS("x-envoy-attempt-count");
      break;
    case 22:
      IS("access-control-max-age");
      break;
    case 23:
      IS("x-envoy-upstream-canary");
      break;
    case 27:
      IS("x-envoy-decorator-operation");
      IS("access-control-allow-origin");
      break;
    case 28:
      IS("access-control-allow-headers");
      IS("access-control-allow-methods");
      break;
    case 29:
      IS("access-control-expose-headers");
      IS("x-envoy-upstream-service-time");
      break;
    case 32:
      IS("access-control-allow-credentials");
      break;
    case 35:
      IS("x-envoy-immediate-health-check-fail");
      break;
    case 36:
      IS("access-control-allow-private-network");
      break;
    case 38:
      IS("x-envoy-upstream-healthchecked-cluster");
      break;
    default:
      break;
  }
  return false;
}
