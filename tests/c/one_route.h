/* What the tests of a single route share: one listener, one route for all paths, over the clusters 0 ("one"),
 * 1 ("two") and 2 ("empty"). */
#ifndef MC_ONE_ROUTE_H
#define MC_ONE_ROUTE_H

#include "engine_support.h"

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_decision decision;
static mc_header headers[16];
static mc_scratch scratch;

static inline void start(const mc_action_spec *action, void (*change)(small_config *config)) {
  const mc_endpoint_spec endpoint = {.address = MC_LITERAL("a:1")};
  const mc_cluster_spec clusters[] = {{.name = MC_LITERAL("one"), .endpoints = &endpoint, .endpoint_count = 1},
                                      {.name = MC_LITERAL("two"), .endpoints = &endpoint, .endpoint_count = 1},
                                      {.name = MC_LITERAL("empty")}};
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  small_config config;
  small_init(&config, &route, action, 1, clusters, 3);
  if (change) change(&config);
  runtime = mc_runtime_new();
  snapshot = snapshot_of(&config.spec, runtime);
  mc_scratch_init(&scratch);
}

static inline void stop(void) {
  mc_scratch_reset(&scratch);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

static inline void ask(mc_slice method, const char *const *rows) {
  mc_request request = request_of("a.com:80", "/", headers, rows);
  request.method = method;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
}

/* The first line of that name in the answer, to which the upstream gave the two; expected NULL: there is none. The
 * decision stays. */
static inline void check_answer_line(const mc_header upstream[2], const char *name, const char *expected) {
  const mc_response response = {.status = 200, .headers = upstream, .header_count = 2};
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  const mc_slice found = value_of(lines, count, name);
  CHECK(found.data ? expected && mc_slice_equal(found, text_of(expected)) : !expected);
}

#endif
