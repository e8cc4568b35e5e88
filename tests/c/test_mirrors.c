/* Copies of a request: where they go and what they look like. */
#include "one_route.h"

static const mc_mirrored *copies;
static uint32_t copy_count;

static const mc_mirror_spec TO_ONE = {.cluster = 0}, TO_TWO = {.cluster = 1, .append_shadow_suffix = true};

static void ask_for_copies(mc_slice method, const char *const *rows) {
  ask(method, rows);
  CHECK_INT(mc_decision_mirrors(&decision, &scratch, &copies, &copy_count), MC_OK);
}

static void get(const char *const *rows) { ask_for_copies(MC_LITERAL("GET"), rows); }

/* The value of a copy's line; data NULL: there is none. */
static mc_slice sent(uint32_t copy, const char *name) {
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_decision_mirror_headers(&decision, copies[copy].policy, &scratch, &lines, &count), MC_OK);
  return value_of(lines, count, name);
}

static void both_outer(small_config *config) {
  config->host.mirrors = &TO_ONE;
  config->host.mirror_count = 1;
  config->listener.mirrors = &TO_TWO;
  config->listener.mirror_count = 1;
}

static void listener_alone(small_config *config) {
  both_outer(config);
  config->host.mirror_count = 0;
}

static void test_the_innermost_level_decides(void) {
  mc_action_spec action = forward_to(0);
  start(&action, NULL);
  get(NULL);
  CHECK_INT(copy_count, 0);
  mc_decision_release(&decision);
  stop();
  start(&action, listener_alone);
  get(NULL);
  CHECK_INT(copy_count, 1);
  CHECK_INT(copies[0].cluster, 1);
  CHECK_SLICE(copies[0].authority, "a.com-shadow:80");
  mc_decision_release(&decision);
  stop();
  start(&action, both_outer);
  get(NULL);
  CHECK_INT(copy_count, 1);
  CHECK_INT(copies[0].cluster, 0);
  CHECK_SLICE(copies[0].authority, "a.com:80");
  mc_decision_release(&decision);
  stop();
  action.mirrors = &TO_TWO;
  action.mirror_count = 1;
  start(&action, both_outer);
  get(NULL);
  CHECK_INT(copy_count, 1);
  CHECK_INT(copies[0].cluster, 1);
  mc_decision_release(&decision);
  ask_for_copies(MC_LITERAL("CONNECT"), NULL);
  CHECK_INT(copy_count, 0);
  mc_decision_release(&decision);
  stop();
}

static void test_headers_name_clusters(void) {
  const mc_mirror_spec policies[] = {{.cluster = -1, .cluster_header = MC_LITERAL("x-to")},
                                     {.cluster = -1, .cluster_header = MC_LITERAL("x-none")},
                                     {.cluster = -1, .cluster_header = MC_LITERAL(":authority")},
                                     {.cluster = -1}};
  const mc_header_value_spec add = {.name = MC_LITERAL("x-to"), .value = FORMAT(TEXT("two")), .action = MC_OVERWRITE_IF_EXISTS_OR_ADD};
  mc_action_spec action = forward_to(0);
  action.mirrors = policies;
  action.mirror_count = 4;
  action.edits = (mc_edits_spec){.request_add = &add, .request_add_count = 1};
  action.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_LITERAL, .text = MC_LITERAL("empty")};
  start(&action, NULL);
  get(ROWS("x-to: one"));
  CHECK_INT(copy_count, 2); /* the edited header, then the rewritten authority */
  CHECK_INT(copies[0].cluster, 1);
  CHECK_INT(copies[0].policy, 0);
  CHECK_INT(copies[1].cluster, 2);
  CHECK_INT(copies[1].policy, 2);
  mc_decision_release(&decision);
  stop();
}

static void test_what_is_not_forwarded_is_not_mirrored(void) {
  mc_action_spec action = forward_to(2);
  action.mirrors = &TO_ONE;
  action.mirror_count = 1;
  start(&action, NULL);
  get(NULL);
  CHECK_INT(decision.details, MC_DETAILS_NO_HEALTHY_UPSTREAM);
  CHECK_INT(copy_count, 0);
  mc_decision_release(&decision);
  stop();
}

static void test_the_lines_of_a_copy(void) {
  const mc_header_value_spec first = {.name = MC_LITERAL("x-new"), .value = FORMAT(OP(MC_FORMAT_UPSTREAM_CLUSTER), REQ("x-a"), REQ(":authority"))};
  const mc_header_value_spec second = {.name = MC_LITERAL("x-seen"), .value = FORMAT(REQ("x-new"))};
  const mc_slice gone = MC_LITERAL("x-new");
  const mc_edits_spec edits[] = {{.request_add = &first, .request_add_count = 1},
                                 {.request_add = &second, .request_add_count = 1},
                                 {.request_remove = &gone, .request_remove_count = 1}};
  const mc_mirror_spec policy = {.cluster = 1, .append_shadow_suffix = true, .edits = edits, .edit_count = 3};
  mc_action_spec action = forward_to(0);
  action.mirrors = &policy;
  action.mirror_count = 1;
  action.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_LITERAL, .text = MC_LITERAL("new.host")};
  start(&action, NULL);
  get(ROWS("x-a: 1", "x-forwarded-for: 1.2.3.4"));
  CHECK_INT(copy_count, 1);
  CHECK_SLICE(copies[0].authority, "new.host-shadow");
  CHECK_SLICE(sent(0, "x-seen"), "one1new.host");
  CHECK(sent(0, "x-new").data == NULL);
  CHECK_SLICE(sent(0, "x-a"), "1");
  CHECK_SLICE(sent(0, "x-envoy-internal"), "true");
  CHECK_SLICE(sent(0, "x-forwarded-for"), "1.2.3.4,10.0.0.1");
  mc_decision_release(&decision);
  stop();
}

/* It goes through a router of its own, which tries once: with the time for the whole request, and no orders. */
static void test_the_time_of_a_copy(void) {
  const mc_header_value_spec edit = {.name = MC_LITERAL("x-envoy-max-retries"), .value = FORMAT(TEXT("7"))};
  const mc_edits_spec edits = {.request_add = &edit, .request_add_count = 1};
  const mc_mirror_spec policy = {.cluster = 1, .edits = &edits, .edit_count = 1};
  const mc_timeout_spec timeouts = {.request_ns = UINT64_C(2000000000), .per_try_ns = 150000000, .idle_ns = MC_UNSET,
                                    .stream_ns = MC_UNSET, .grpc_header_max_ns = MC_UNSET, .grpc_max_ns = MC_UNSET};
  mc_action_spec action = forward_to(0);
  action.mirrors = &policy;
  action.mirror_count = 1;
  action.timeouts = &timeouts;
  start(&action, NULL);
  get(NULL);
  CHECK_SLICE(sent(0, "x-envoy-expected-rq-timeout-ms"), "2000");
  CHECK(!sent(0, "x-envoy-max-retries").data);
  mc_decision_release(&decision);
  stop();
}

static void test_out_of_memory(void) {
  const mc_mirror_spec policies[] = {{.cluster = -1, .cluster_header = MC_LITERAL("x-to"), .append_shadow_suffix = true}, TO_TWO};
  mc_action_spec action = forward_to(0);
  action.mirrors = policies;
  action.mirror_count = 2;
  start(&action, NULL);
  const mc_request request = request_of("a.com", "/", headers, ROWS("x-to: two"));
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  for (int n = 0;; n++) {
    const mc_header_line *lines;
    uint32_t count;
    mc_scratch_init(&scratch);
    check_memory(n);
    mc_code code = mc_decision_mirrors(&decision, &scratch, &copies, &copy_count);
    if (!code) code = mc_decision_mirror_headers(&decision, 0, &scratch, &lines, &count);
    check_memory(-1);
    mc_scratch_reset(&scratch);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(copy_count, 2);
  mc_decision_release(&decision);
  stop();
}

int main(void) {
  test_the_innermost_level_decides();
  test_headers_name_clusters();
  test_what_is_not_forwarded_is_not_mirrored();
  test_the_lines_of_a_copy();
  test_the_time_of_a_copy();
  test_out_of_memory();
  return check_finish();
}
