/* Rate limit filters through the whole decision: which limit a request finds, and what becomes of it. */
#include "one_route.h"

#include "limits_support.h"

static const mc_entry_spec USER = {.source = MC_ENTRY_HEADER, .key = {"u", 1}, .name = {"x-u", 3}};
static const mc_entry_spec FIXED = {.source = MC_ENTRY_FIXED, .key = {"f", 1}, .value = {"v", 1}};
static const mc_descriptor_spec BY_USER = {.entries = &USER, .count = 1}, BY_FIXED = {.entries = &FIXED, .count = 1};
static const mc_fraction EVERY = {100, 100};

static mc_filter_spec filters[2];
static uint32_t filter_count;
static mc_level_limit_spec levels[3]; /* of the route configuration, the virtual host, the route */
static mc_descriptors_spec host_descriptors;

static void put(small_config *config) {
  config->listener.filters = filters;
  config->listener.filter_count = filter_count;
  if (levels[0].local) config->listener.limits = (mc_level_limits_spec){&levels[0], 1};
  if (levels[1].local) config->host.limits = (mc_level_limits_spec){&levels[1], 1};
  config->host.descriptors = host_descriptors;
}

static void begin(mc_action_spec *action, const mc_local_limit_spec *local) {
  filters[0] = (mc_filter_spec){.kind = MC_FILTER_LOCAL_LIMIT, .name = 7, .local = local};
  filter_count = 1;
  if (levels[2].local) action->limits = (mc_level_limits_spec){&levels[2], 1};
  start(action, put);
}

static mc_local_limit_spec limit_of(const mc_limit_rule_spec *whole) {
  return (mc_local_limit_spec){.name = MC_LITERAL("l"), .whole = whole, .enabled = EVERY, .enforced = EVERY, .capacity = 64, .status = 429};
}

static int status_of(const char *const *rows) {
  ask(MC_LITERAL("GET"), rows);
  const int status = decision.status;
  mc_decision_release(&decision);
  return status;
}

static void test_a_refusal(void) {
  const mc_limit_rule_spec whole = rule_of("w", 1, NULL, 0);
  mc_local_limit_spec limit = limit_of(&whole);
  mc_action_spec action = forward_to(0);
  static const mc_format_segment one = {MC_FORMAT_LITERAL, {"1", 1}, {NULL, 0}, -1};
  static const mc_header_value_spec add = {.name = {"x-l", 3}, .value = {&one, 1}};
  limit.edits = (mc_edits_spec){.response_add = &add, .response_add_count = 1};
  begin(&action, &limit);
  CHECK(mc_snapshot_reads_clock(snapshot));
  CHECK_INT(status_of(NULL), 0);
  ask(MC_LITERAL("GET"), ROWS("content-type: application/grpc"));
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.status, 429);
  CHECK_INT(decision.details, MC_DETAILS_LOCAL_RATE_LIMITED);
  CHECK_INT(decision.flags, MC_FLAG_RL);
  CHECK_INT(decision.cluster, 0);
  CHECK(!decision.leased && decision.grpc && decision.limited->enforced);
  const mc_header upstream[2] = {{MC_LITERAL("a"), MC_LITERAL("b")}, {MC_LITERAL("c"), MC_LITERAL("d")}};
  check_answer_line(upstream, "x-l", "1");
  check_answer_line(upstream, "grpc-status", "14");
  mc_decision_release(&decision);
  mc_request request = request_of("a.com", "/", headers, NULL);
  CHECK_INT(mc_peek(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.status, 429);
  mc_decision_release(&decision);
  const struct mc_local_limit *only = mc_snapshot_limit(snapshot, NULL);
  const mc_limit_counts counts = mc_local_limit_counts(only);
  CHECK(counts.enabled == 2 && counts.ok == 1 && counts.rate_limited == 1 && counts.enforced == 1);
  CHECK(mc_snapshot_limit(snapshot, only) == NULL);
  stop();
}

static void test_levels(void) {
  const mc_limit_rule_spec none = rule_of("n", 0, NULL, 0), some = rule_of("s", 1000, NULL, 0);
  mc_local_limit_spec closed = limit_of(&none), open = limit_of(&some);
  for (int level = 0; level < 3; level++) { /* what is inside it refuses nobody, what is outside does */
    for (int i = 0; i < 3; i++) levels[i] = (mc_level_limit_spec){.filter = 7, .local = i < level ? &closed : i == level ? &open : NULL};
    mc_action_spec action = forward_to(0);
    begin(&action, &closed);
    CHECK_INT(status_of(NULL), 0);
    stop();
  }
  for (int i = 0; i < 3; i++) levels[i] = (mc_level_limit_spec){.filter = 8, .local = &open}; /* another filter's */
  mc_action_spec action = forward_to(0);
  begin(&action, &closed);
  CHECK_INT(status_of(NULL), 429);
  stop();
  memset(levels, 0, sizeof levels);
}

static void test_descriptors_of_route_and_host(void) {
  static const struct {
    mc_outer_limits outer;
    bool route, include;
    bool found[2]; /* the route's, the virtual host's */
  } cases[] = {{MC_OUTER_OVERRIDE, true, false, {true, false}}, {MC_OUTER_OVERRIDE, false, false, {false, true}},
               {MC_OUTER_INCLUDE, true, false, {true, true}},   {MC_OUTER_IGNORE, true, false, {true, false}},
               {MC_OUTER_IGNORE, false, false, {false, false}}, {MC_OUTER_IGNORE, true, true, {true, true}}};
  const mc_limit_rule_spec rules[] = {rule_of("u", 9, PAIRS(PAIR("u", ""))), rule_of("f", 9, PAIRS(PAIR("f", "v")))};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int which = 0; which < 2; which++) {
      mc_local_limit_spec limit = limit_of(NULL);
      limit.rules = &rules[which];
      limit.rule_count = 1;
      limit.outer = cases[i].outer;
      mc_action_spec action = forward_to(0);
      if (cases[i].route) action.descriptors = (mc_descriptors_spec){&BY_USER, 1};
      action.include_outer_limits = cases[i].include;
      host_descriptors = (mc_descriptors_spec){&BY_FIXED, 1};
      begin(&action, &limit);
      ask(MC_LITERAL("GET"), ROWS("x-u: a"));
      CHECK(decision.limited->has_bucket == cases[i].found[which]);
      mc_decision_release(&decision);
      stop();
    }
  }
  host_descriptors = (mc_descriptors_spec){NULL, 0};
}

static void test_own_descriptors_and_stages(void) {
  const mc_limit_rule_spec rules[] = {rule_of("u", 1, PAIRS(PAIR("u", "")))};
  const mc_descriptors_spec own = {&BY_USER, 1};
  mc_descriptor_spec staged = BY_USER;
  staged.stage = 2;
  mc_local_limit_spec limit = limit_of(NULL);
  limit.rules = rules;
  limit.rule_count = 1;
  for (int stage = 0; stage < 3; stage++) {
    limit.stage = (uint32_t)stage;
    mc_action_spec action = forward_to(0);
    action.descriptors = (mc_descriptors_spec){&staged, 1};
    begin(&action, &limit);
    status_of(ROWS("x-u: a"));
    CHECK_INT(status_of(ROWS("x-u: a")), stage == 2 ? 429 : 0);
    stop();
  }
  limit.descriptors = &own; /* whatever the route says */
  mc_action_spec action = {.kind = MC_ACTION_RESPOND, .status = 204};
  begin(&action, &limit);
  CHECK_INT(status_of(ROWS("x-u: a")), 204);
  CHECK_INT(status_of(ROWS("x-u: a")), 429);
  stop();
}

/* Of one header alone, with and without a rule for a value of it. */
static void test_one_header(void) {
  const mc_limit_rule_spec whole = rule_of("w", 2, NULL, 0);
  const mc_limit_rule_spec rules[] = {rule_of("u", 1, PAIRS(PAIR("u", ""))), rule_of("uf", 9, PAIRS(PAIR("u", ""), PAIR("f", "v"))),
                                      rule_of("vip", 3, PAIRS(PAIR("u", "vip")))};
  const mc_descriptors_spec own = {&BY_USER, 1};
  for (uint32_t count = 2; count < 4; count++) {
    mc_local_limit_spec limit = limit_of(&whole);
    limit.descriptors = &own;
    limit.rules = rules;
    limit.rule_count = count;
    mc_action_spec action = forward_to(0);
    begin(&action, &limit);
    ask(MC_LITERAL("GET"), ROWS("x-u: a"));
    CHECK_INT(decision.limited->rule, 0);
    CHECK_INT(decision.limited->descriptor->count, 1);
    CHECK_SLICE(decision.limited->descriptor->entries->key, "u");
    CHECK_SLICE(decision.limited->descriptor->entries->value, "a");
    mc_decision_release(&decision);
    CHECK_INT(status_of(ROWS("x-u: a")), 429);
    CHECK_INT(status_of(ROWS("x-u: b")), 0);
    CHECK_INT(status_of(ROWS("x-u: vip")), 0);
    CHECK_INT(status_of(ROWS("x-u: vip")), count == 2 ? 429 : 0);
    for (int i = 0; i < 2; i++) CHECK_INT(status_of(NULL), 0); /* there is no descriptor */
    CHECK_INT(status_of(NULL), 429);
    stop();
  }
}

static void test_not_enforced(void) {
  const mc_limit_rule_spec none = rule_of("n", 0, NULL, 0);
  mc_local_limit_spec limit = limit_of(&none);
  static const mc_format_segment one = {MC_FORMAT_REQ, {"x-u", 3}, {NULL, 0}, -1};
  static const mc_header_value_spec add = {.name = {"x-would", 7}, .value = {&one, 1}};
  limit.enforced = (mc_fraction){0, 100};
  limit.edits = (mc_edits_spec){.request_add = &add, .request_add_count = 1};
  mc_action_spec action = forward_to(0);
  begin(&action, &limit);
  ask(MC_LITERAL("GET"), ROWS("x-u: 7"));
  const mc_header_line *lines;
  uint32_t count;
  CHECK_INT(mc_decision_request_headers(&decision, &scratch, &lines, &count), MC_OK);
  CHECK_SLICE(value_of(lines, count, "x-would"), "7");
  mc_decision_release(&decision);
  stop();
}

/* ------------------------------------------------------------------ services */

static void begin_global(mc_action_spec *action, const mc_global_limit_spec *global) {
  action->descriptors = (mc_descriptors_spec){&BY_USER, 1};
  filters[0] = (mc_filter_spec){.kind = MC_FILTER_GLOBAL_LIMIT, .name = 7, .global = global};
  filter_count = 1;
  start(action, put);
}

static const mc_global_limit_spec GLOBAL = {.domain = {"d", 1}, .status = 429, .error_status = 500, .tells_limited = true};

static void test_a_service_is_asked(void) {
  mc_action_spec action = forward_to(0);
  begin_global(&action, &GLOBAL);
  CHECK(!mc_snapshot_reads_clock(snapshot));
  ask(MC_LITERAL("GET"), NULL);
  CHECK(decision.asked == NULL);
  mc_decision_release(&decision);
  ask(MC_LITERAL("GET"), ROWS("x-u: a"));
  CHECK_SLICE(decision.asked->domain, "d");
  CHECK_INT(decision.asked->count, 1);
  CHECK_SLICE(decision.asked->descriptors[0].entries[0].value, "a");
  CHECK(decision.leased && decision.outcome == MC_FORWARD);
  const mc_header line = {MC_LITERAL("x-q"), MC_LITERAL("9")};
  const mc_service_answer over = {.verdict = MC_SERVICE_OVER_LIMIT, .response_lines = &line, .response_count = 1, .body = MC_LITERAL("no")};
  CHECK_INT(mc_decision_take_answer(&decision, 1, &over), MC_OK); /* there is no second question */
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(mc_decision_take_answer(&decision, 0, &over), MC_OK);
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.details, MC_DETAILS_REQUEST_RATE_LIMITED);
  CHECK_SLICE(decision.body, "no");
  CHECK_INT(mc_snapshot_active(snapshot, 0, 0), 0);
  const mc_header upstream[2] = {{MC_LITERAL("a"), MC_LITERAL("b")}, {MC_LITERAL("c"), MC_LITERAL("d")}};
  check_answer_line(upstream, "x-q", "9");
  check_answer_line(upstream, "x-envoy-ratelimited", "true");
  mc_decision_release(&decision);
  stop();
}

static void test_what_is_no_line_is_left_out(void) {
  mc_action_spec action = forward_to(0);
  const mc_header lines[] = {{MC_LITERAL("x-a"), MC_LITERAL("1\r\nset-cookie: b")}, {MC_LITERAL("x-b\n"), MC_LITERAL("1")},
                             {MC_LITERAL("x c"), MC_LITERAL("1")}, {MC_LITERAL(""), MC_LITERAL("1")},
                             {MC_LITERAL(":path"), MC_LITERAL("/admin")}, {MC_LITERAL("x-d"), MC_LITERAL("1")}};
  const mc_service_limit limit = {.given = true, .limit = 9, .window_s = 60, .name = MC_LITERAL("a\r\nset-cookie: b")};
  const mc_service_answer ok = {.verdict = MC_SERVICE_OK, .response_lines = lines, .response_count = 6,
                                .request_lines = lines, .request_count = 6, .limits = &limit, .limit_count = 1};
  mc_global_limit_spec global = GLOBAL;
  global.tells = true;
  begin_global(&action, &global);
  ask(MC_LITERAL("GET"), ROWS("x-u: a"));
  CHECK_INT(mc_decision_take_answer(&decision, 0, &ok), MC_OK);
  CHECK_INT(decision.asked->response_count, 1 + 3);
  CHECK_SLICE(decision.asked->response_lines[0].name, "x-d");
  CHECK_SLICE(decision.asked->response_lines[1].value, "9, 9;w=60");
  CHECK_INT(decision.request_edits->line_count, 1);
  CHECK_SLICE(decision.request_edits->lines[0].name, "x-d");
  mc_decision_release(&decision);
  stop();
}

static void test_answers_run_out_of_memory(void) {
  mc_action_spec action = forward_to(0);
  mc_header lines[60];
  for (size_t i = 0; i < 60; i++) lines[i] = (mc_header){MC_LITERAL("x-quota-of-the-service"), MC_LITERAL("0123456789")};
  const mc_service_answer ok = {.verdict = MC_SERVICE_OK, .response_lines = lines, .response_count = 60, .request_lines = lines, .request_count = 60};
  begin_global(&action, &GLOBAL);
  ask(MC_LITERAL("GET"), ROWS("x-u: a"));
  for (int n = 0;; n++) {
    check_memory(n);
    const mc_code code = mc_decision_take_answer(&decision, 0, &ok);
    check_memory(-1);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    CHECK(!decision.asked->answered);
  }
  const mc_header_line *sent;
  uint32_t count;
  CHECK_INT(mc_decision_request_headers(&decision, &scratch, &sent, &count), MC_OK);
  CHECK_SLICE(value_of(sent, count, "x-quota-of-the-service"), "0123456789");
  mc_decision_release(&decision);
  stop();
}

static void test_a_service_fails(void) {
  mc_global_limit_spec global = GLOBAL;
  const mc_service_answer failure = {.verdict = MC_SERVICE_ERROR};
  for (uint32_t deny = 0; deny < 2; deny++) {
    mc_action_spec action = forward_to(0);
    global.deny = (mc_fraction){deny, 1};
    begin_global(&action, &global);
    ask(MC_LITERAL("GET"), ROWS("x-u: a"));
    CHECK_INT(mc_decision_take_answer(&decision, 0, &failure), MC_OK);
    CHECK_INT(decision.outcome, deny ? MC_REJECT : MC_FORWARD);
    CHECK_INT(decision.flags, deny ? MC_FLAG_RLSE : 0);
    mc_decision_release(&decision);
    stop();
  }
}

int main(void) {
  test_a_refusal();
  test_levels();
  test_descriptors_of_route_and_host();
  test_own_descriptors_and_stages();
  test_one_header();
  test_not_enforced();
  test_a_service_is_asked();
  test_what_is_no_line_is_left_out();
  test_answers_run_out_of_memory();
  test_a_service_fails();
  return check_finish();
}
