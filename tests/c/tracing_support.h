/* What the tests of tracing share: the lines that a request ends with by a listener's tracing, and its answer. */
#ifndef MC_TRACING_SUPPORT_H
#define MC_TRACING_SUPPORT_H

#include "engine/tracing.h"
#include "engine_support.h"

static const mc_endpoint_spec endpoint = {.address = {"127.0.0.1:1", 11}};
static const uint64_t ids[MC_REQUEST_IDS] = {1, 2, 0x33, 0x44, 0x55};

/* The lines that a request ends with, "name:value" each, beyond those that it came with and the router's. */
static char out[1024];

/* Of the route. */
static mc_slice operation;
static bool named_by_route;

/* What answers tell of the operation, beside a line that the upstream says it in. */
static char answer[64];

static inline void tell_answer(const mc_decision *d) {
  const mc_header upstream = {MC_LITERAL("x-envoy-decorator-operation"), MC_LITERAL("theirs")};
  const mc_response response = {.status = 200, .headers = &upstream, .header_count = 1};
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_response_headers(d, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  answer[0] = 0;
  for (uint32_t i = 0; i < count; i++) sprintf(answer, "%.*s", (int)lines[i].value.size, lines[i].value.data);
  CHECK(mc_decision_answer_stays(d, &upstream, 1) == (strcmp(answer, "theirs") == 0));
  CHECK(mc_decision_answer_stays(d, NULL, 0) == (!answer[0] || strcmp(answer, "theirs") == 0));
  mc_scratch_reset(&scratch);
}

static inline const char *lines_of(const mc_tracing_spec *tracing, const char *const *rows) {
  small_config config;
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  mc_action_spec action = forward_to(0);
  action.operation = operation;
  action.names_spans = named_by_route;
  const mc_cluster_spec cluster = {.name = MC_LITERAL("c"), .endpoints = &endpoint, .endpoint_count = 1, .keep = -1};
  small_init(&config, &route, &action, 1, &cluster, 1);
  config.listener.options.tracing = tracing;
  mc_runtime *runtime = mc_runtime_new();
  mc_snapshot *snapshot = snapshot_of(&config.spec, runtime);
  mc_header headers[16];
  mc_request request = request_of("a", "/", headers, rows);
  mc_decision d, other;
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_snapshot_makes_ids(snapshot), tracing->tracer ? MC_REQUEST_IDS : 2);
  request.ids = ids;
  CHECK_INT(mc_decide(snapshot, &request, &d), MC_OK);
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_with_headers(&d, headers, request.header_count, &other), MC_OK);
  CHECK_INT(mc_decision_request_headers(&other, &scratch, &lines, &count), MC_OK);
  out[0] = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (lines[i].source >= 0 || mc_slice_equal(lines[i].name, MC_LITERAL("x-forwarded-proto"))) continue;
    sprintf(out + strlen(out), "%.*s:%.*s\n", (int)lines[i].name.size, lines[i].name.data, (int)lines[i].value.size,
            lines[i].value.data);
  }
  const mc_header_line *first;
  uint32_t first_count;
  CHECK_INT(mc_decision_request_headers(&d, &scratch, &first, &first_count), MC_OK);
  CHECK_INT(first_count, count);
  for (uint32_t i = 0; i < count; i++) CHECK(mc_slice_equal(first[i].value, lines[i].value));
  mc_scratch_reset(&scratch);
  tell_answer(&d);
  mc_decision_release(&other);
  mc_decision_release(&d);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  return out;
}

static inline void expect(const mc_tracing_spec *tracing, const char *const *rows, const char *lines) {
  check_true(strcmp(lines_of(tracing, rows), lines) == 0, out, __FILE__, __LINE__);
}

static const mc_sampling_shares everything = {{1, 1}, {1, 1}, {1, 1}};

#endif
