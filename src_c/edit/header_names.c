#include "edit/header_names.h"

#include "base/names.h"

/* The sizes are part of the switch so that most names cost one jump. */
mc_header_id mc_header_id_of(mc_slice name) {
  const char *p = name.data;
  switch (name.size) {
#define SIZE(size) case size:
#define IS(literal, id) \
  if (mc_same_name(p, literal, sizeof(literal) - 1)) return MC_HEADER_##id;
#define COMMON(literal)
#define END break;
#include "edit/header_ids.def"
#undef SIZE
#undef IS
#undef COMMON
#undef END
    default:
      break;
  }
  return MC_HEADER_OTHER;
}

static const struct {
  const char *text;
  mc_header_id id;
} NAMES[] = {
#define SIZE(size)
#define IS(literal, id) {literal, MC_HEADER_##id},
#define COMMON(literal) {literal, MC_HEADER_OTHER},
#define END
#include "edit/header_ids.def"
#undef SIZE
#undef IS
#undef COMMON
#undef END
};

#define ID(id) (UINT32_C(1) << MC_HEADER_##id)

static uint8_t traits_of(mc_header_id id) {
  const uint32_t hidden = ID(HOST) | ID(KEEP_ALIVE) | ID(PROXY_CONNECTION) | ID(TRANSFER_ENCODING) |
                          ID(FORWARDED_CLIENT_CERT) | ID(ENVOY_INTERNAL) | ID(CONNECTION) | ID(UPGRADE);
  const uint32_t trusted = ID(ENVOY_CONTROL) | ID(ENVOY_TRUSTED) | ID(ENVOY_EXPECTED_TIMEOUT);
  const uint32_t bit = UINT32_C(1) << id;
  return (uint8_t)((bit & hidden ? MC_NAME_HIDDEN : 0) | (bit & trusted ? MC_NAME_TRUSTED : 0) |
                   (bit & ID(ENVOY_EDGE) ? MC_NAME_EDGE : 0));
}

mc_code mc_header_names_mark(mc_slots *names) {
  enum { FIRST = MC_HEADER_ENVOY_TRUSTED, FURTHER = MC_HEADER_MARKS - FIRST };
  uint8_t further = 0; /* names of ids that many names have */
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    const mc_header_id id = NAMES[i].id;
    const bool shared = id == MC_HEADER_JOINED || id >= MC_HEADER_ENVOY_TRUSTED;
    const uint8_t mark = (uint8_t)(shared ? FIRST + further++ % FURTHER : (int)id);
    const mc_slice name = {NAMES[i].text, strlen(NAMES[i].text)};
    if (mc_slots_mark(names, name, mark, traits_of(id))) return MC_NO_MEMORY;
  }
  return MC_OK;
}

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
