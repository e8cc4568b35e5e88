/* Which requests go to the upstream by the lines of their view, without a list of them being made. */
#include "one_route.h"

/* As it is, mc_decision_request_headers gives the lines of the view, and then those that are told. */
static bool stays(mc_router_told *told) {
  mc_timeouts timeouts;
  mc_decision_timeouts(&decision, &timeouts);
  if (!mc_decision_request_stays(&decision, &timeouts, told)) return false;
  const mc_header_line *made;
  uint32_t made_count, at = 0;
  CHECK_INT(mc_decision_request_headers(&decision, &scratch, &made, &made_count), MC_OK);
  const mc_view *view = &decision.view;
  for (uint32_t i = 0; i < view->header_count; i++) {
    if (!(view->hidden[i >> 6] >> (i & 63) & 1)) CHECK_INT(made[at++].source, (int32_t)i);
  }
  for (uint32_t i = 0; i < view->added_count; i++) CHECK(mc_slice_equal(made[at++].name, view->added[i].name));
  for (uint32_t i = 0; i < told->count; i++, at++) {
    CHECK(mc_slice_equal(made[at].name, told->lines[i].name));
    CHECK(mc_slice_equal(made[at].value, told->lines[i].value));
  }
  CHECK_INT(at, made_count);
  return true;
}

static mc_router_told told;

static bool request_stays(const mc_action_spec *action, void (*change)(small_config *config), const char *const *rows) {
  start(action, change);
  ask(MC_LITERAL("GET"), rows);
  const bool said = stays(&told);
  mc_decision_release(&decision);
  stop();
  return said;
}

static void know_clients(small_config *config) { config->listener.options.has_internal_cidrs = true; }

static void test_lines(void) {
  const mc_action_spec action = forward_to(0);
  CHECK(request_stays(&action, NULL, NULL));
  CHECK(request_stays(&action, NULL, ROWS("host: a", "x-mine: b", "connection: close", "te: trailers")));
  CHECK(!request_stays(&action, NULL, ROWS("accept: a", "accept: b"))); /* joined */
  CHECK(request_stays(&action, NULL, ROWS("x-envoy-retry-on: 5xx"))); /* hidden of a stranger's */
  CHECK(!request_stays(&action, know_clients, ROWS("x-forwarded-for: 10.1.1.2", "x-envoy-expected-rq-timeout-ms: 1")));
  CHECK(!request_stays(&action, know_clients, ROWS("x-forwarded-for: 10.1.1.2", "X-Envoy-Retry-On: 5xx")));
}

static const mc_format_segment ONE = {MC_FORMAT_LITERAL, {"1", 1}, {NULL, 0}, -1};
static const mc_header_value_spec ADD = {.name = {"x-added", 7}, .value = {&ONE, 1}};

static void add_line(small_config *config) {
  config->host.edits = (mc_edits_spec){.request_add = &ADD, .request_add_count = 1};
}

static void add_to_answers(small_config *config) {
  config->host.edits = (mc_edits_spec){.response_add = &ADD, .response_add_count = 1};
}

static void say_nothing(small_config *config) { config->listener.options.suppress_envoy_headers = true; }

static void trace(small_config *config) {
  static const mc_tracing_spec tracing = {.tracer = MC_TRACER_ZIPKIN};
  config->listener.options.tracing = &tracing;
}

static void test_what_a_configuration_does(void) {
  mc_action_spec action = forward_to(0);
  const mc_timeout_spec timeouts = {.request_ns = UINT64_C(15000000000)};
  CHECK(request_stays(&action, add_to_answers, NULL));
  CHECK(!request_stays(&action, add_line, NULL));
  CHECK(!request_stays(&action, trace, NULL));
  CHECK_INT(told.count, 0);
  action.timeouts = &timeouts;
  CHECK(request_stays(&action, NULL, NULL));
  CHECK_INT(told.count, 1);
  CHECK_SLICE(told.lines[0].name, "x-envoy-expected-rq-timeout-ms");
  CHECK(request_stays(&action, say_nothing, NULL));
  CHECK_INT(told.count, 0);
  action.count_attempts = true;
  CHECK(request_stays(&action, NULL, NULL));
  CHECK_INT(told.count, 2);
  action.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_LITERAL, .text = MC_LITERAL("b")};
  CHECK(!request_stays(&action, NULL, NULL));
  action.host_rewrite.kind = MC_HOST_KEEP;
  action.path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_FULL, .text = MC_LITERAL("/b")};
  CHECK(!request_stays(&action, NULL, NULL));
}

static void test_weighted_clusters(void) {
  mc_weighted_cluster_spec weighted = {.cluster = 0, .name = MC_LITERAL("one"), .weight = 1};
  mc_action_spec action = forward_to(-1);
  action.clusters = &weighted;
  action.cluster_count = 1;
  CHECK(request_stays(&action, NULL, NULL));
  weighted.edits = (mc_edits_spec){.request_add = &ADD, .request_add_count = 1};
  CHECK(!request_stays(&action, NULL, NULL));
}

static void test_answers_of_our_own(void) {
  const mc_action_spec action = {.kind = MC_ACTION_RESPOND, .status = 403};
  CHECK(!request_stays(&action, NULL, NULL));
}

int main(void) {
  test_lines();
  test_what_a_configuration_does();
  test_weighted_clusters();
  test_answers_of_our_own();
  return check_finish();
}
