/* What the tests of the engine share: snapshots of a few lines, requests of a few words. */
#ifndef MC_ENGINE_SUPPORT_H
#define MC_ENGINE_SUPPORT_H

#include "edit_support.h"

#include "engine/snapshot.h"

/* One listener for all ports, one virtual host for all domains. */
typedef struct small_config {
  mc_domain_spec domain;
  mc_listener_spec listener;
  mc_virtual_host_spec host;
  mc_snapshot_spec spec;
} small_config;

static inline void small_init(small_config *config, const mc_route_spec *routes, const mc_action_spec *actions,
                              uint32_t route_count, const mc_cluster_spec *clusters, uint32_t cluster_count) {
  config->domain = (mc_domain_spec){MC_LITERAL("*"), 0};
  config->listener = (mc_listener_spec){.domains = {.domains = &config->domain, .domain_count = 1}};
  config->host = (mc_virtual_host_spec){.routes = routes, .actions = actions, .route_count = route_count};
  config->spec = (mc_snapshot_spec){.listeners = &config->listener,
                                    .listener_count = 1,
                                    .virtual_hosts = &config->host,
                                    .virtual_host_count = 1,
                                    .clusters = clusters,
                                    .cluster_count = cluster_count,
                                    .seed = 1};
}

static inline mc_snapshot *snapshot_of(const mc_snapshot_spec *spec, mc_runtime *runtime) {
  mc_error error = {.code = MC_OK};
  mc_snapshot *snapshot = mc_snapshot_build(spec, runtime, &error);
  CHECK(snapshot != NULL);
  if (!snapshot) printf("  %s\n", error.message);
  return snapshot;
}

static inline mc_route_spec prefix_route(mc_slice path) {
  return (mc_route_spec){.path_kind = MC_PATH_PREFIX, .case_sensitive = true, .path = path};
}

static inline mc_action_spec forward_to(int32_t cluster) {
  return (mc_action_spec){.kind = MC_ACTION_FORWARD, .cluster = cluster, .cluster_not_found_status = 503};
}

/* A GET over plain HTTP with the given header lines. */
static inline mc_request request_of(const char *authority, const char *target, mc_header *headers,
                                    const char *const *rows) {
  return (mc_request){.method = MC_LITERAL("GET"),
                      .authority = text_of(authority),
                      .target = text_of(target),
                      .scheme = MC_LITERAL("http"),
                      .protocol = MC_LITERAL("HTTP/1.1"),
                      .source = MC_LITERAL("9.9.9.9"),
                      .local = MC_LITERAL("10.0.0.1"),
                      .headers = headers,
                      .header_count = headers_of(rows, headers)};
}

/* The first value that the lines have for a (lower-case) name; absent where there is none. */
static inline mc_slice value_of(const mc_header_line *lines, uint32_t count, const char *name) {
  for (uint32_t i = 0; i < count; i++) {
    if (mc_slice_equal_fold(lines[i].name, text_of(name))) return lines[i].value;
  }
  return MC_ABSENT;
}

#endif
