#include "edit_support.h"

#include "policy/retry.h"

static mc_arena *arena;
static mc_scratch scratch;

static mc_retry *build(mc_retry_spec spec) {
  mc_retry *retry;
  mc_error error;
  if (!spec.base_ns) spec.base_ns = 25, spec.max_ns = 250;
  CHECK_INT(mc_retry_build(&retry, &spec, arena, &error), MC_OK);
  return retry;
}

static mc_retry *on(const char *conditions) {
  return build((mc_retry_spec){.on = mc_retry_on_parse(text_of(conditions)), .retries = 2});
}

/* Of a request with these lines; all clients are internal. */
static mc_retry_state state_of(const mc_retry *policy, const char *const *rows) {
  static mc_header headers[8];
  static mc_view view;
  mc_retry_state state;
  view_of(&view, &scratch, "a.com", "/p", headers, rows);
  memset(view.hidden, 0, sizeof view.hidden);
  view.internal = true;
  CHECK_INT(mc_retry_begin(&state, policy, &view, 1, &scratch), MC_OK);
  return state;
}

static int judge(const mc_retry_state *state, uint16_t status, const char *const *rows) {
  mc_header headers[8];
  bool no_memory = false;
  const mc_result result = {.status = status, .grpc_status = -1, .headers = headers, .header_count = headers_of(rows, headers)};
  int verdict = (int)mc_retry_judge_answer(state, &result, &no_memory);
  CHECK(!no_memory);
  return verdict;
}

/* What a policy with these conditions makes of an answer. */
static int answer(const char *conditions, uint16_t status, const char *const *rows) {
  const mc_retry_state state = state_of(on(conditions), NULL);
  return judge(&state, status, rows);
}

static int failure(const char *conditions, mc_failure failed) {
  const mc_retry_state state = state_of(on(conditions), NULL);
  return (int)mc_retry_judge_failure(&state, failed);
}

static void test_conditions_have_names(void) {
  CHECK_INT(mc_retry_on_parse(MC_LITERAL("5xx, bogus,gateway-error ,")), MC_RETRY_ON_5XX | MC_RETRY_ON_GATEWAY_ERROR);
  CHECK_INT(mc_retry_on_parse(MC_ABSENT), 0);
  CHECK_INT(mc_retry_on_parse(MC_LITERAL("5XX")), 0);
  CHECK_INT(mc_retry_on_parse(MC_LITERAL("reset,reset-before-request,connect-failure,envoy-ratelimited,retriable-4xx,refused-stream,"
                                         "retriable-status-codes,retriable-headers,http3-post-connect-failure,cancelled,"
                                         "deadline-exceeded,internal,resource-exhausted,unavailable,5xx,gateway-error")), 0xffff);
}

static void test_answers(void) {
  CHECK_INT(answer("5xx", 500, NULL), MC_RETRY);
  CHECK_INT(answer("5xx", 599, NULL), MC_RETRY);
  CHECK_INT(answer("5xx", 499, NULL), MC_RETRY_NOT);
  CHECK_INT(answer("gateway-error", 501, NULL), MC_RETRY_NOT);
  for (uint16_t status = 502; status <= 504; status++) CHECK_INT(answer("gateway-error", status, NULL), MC_RETRY);
  CHECK_INT(answer("gateway-error", 505, NULL), MC_RETRY_NOT);
  CHECK_INT(answer("retriable-4xx", 409, NULL), MC_RETRY);
  CHECK_INT(answer("retriable-4xx", 404, NULL), MC_RETRY_NOT);
  CHECK_INT(answer("reset", 503, NULL), MC_RETRY_NOT);
  CHECK_INT(answer("", 503, NULL), MC_RETRY_NOT);
  CHECK_INT(answer("5xx", 503, ROWS("X-Envoy-RateLimited: true")), MC_RETRY_NOT); /* the upstream's own limit */
  CHECK_INT(answer("envoy-ratelimited", 429, ROWS("x-envoy-ratelimited: true")), MC_RETRY);
  CHECK_INT(answer("envoy-ratelimited", 429, NULL), MC_RETRY_NOT);
}

static void test_grpc_answers(void) {
  static const char *const names[] = {"cancelled", "deadline-exceeded", "resource-exhausted", "internal", "unavailable"};
  static const char *const lines[] = {"grpc-status: 1", "grpc-status: 4", "grpc-status: 8", "grpc-status: 13", "grpc-status: 14"};
  for (int i = 0; i < 5; i++) {
    for (int k = 0; k < 5; k++) CHECK_INT(answer(names[i], 200, ROWS(lines[k])), i == k ? MC_RETRY : MC_RETRY_NOT);
  }
  CHECK_INT(answer("unavailable", 200, ROWS("grpc-status: 0")), MC_RETRY_NOT);
  CHECK_INT(answer("unavailable", 200, ROWS("grpc-status: x")), MC_RETRY_NOT);
  CHECK_INT(answer("unavailable", 503, NULL), MC_RETRY_NOT);
  const mc_retry_state state = state_of(on("unavailable"), NULL);
  bool no_memory = false;
  CHECK_INT(mc_retry_judge_answer(&state, &(mc_result){.status = 200, .grpc_status = 14}, &no_memory), MC_RETRY);
}

static void test_status_codes_and_headers(void) {
  const uint32_t codes[] = {409, 425};
  const mc_header_match_spec matchers[] = {{.name = MC_LITERAL("x-again"), .string = {.value = MC_LITERAL("yes")}},
                                           {.name = MC_LITERAL(":status"), .string = {.value = MC_LITERAL("207")}}};
  const mc_retry_spec spec = {.on = MC_RETRY_ON_RETRIABLE_STATUS_CODES | MC_RETRY_ON_RETRIABLE_HEADERS, .status_codes = codes,
                              .status_code_count = 2, .headers = matchers, .header_count = 2};
  mc_retry *policy = build(spec);
  mc_retry_state state = state_of(policy, NULL);
  CHECK_INT(judge(&state, 409, NULL), MC_RETRY);
  CHECK_INT(judge(&state, 425, NULL), MC_RETRY_AT_ONCE);
  CHECK_INT(judge(&state, 503, NULL), MC_RETRY_NOT);
  CHECK_INT(judge(&state, 200, ROWS("x-again: yes")), MC_RETRY);
  CHECK_INT(judge(&state, 200, ROWS("x-again: no")), MC_RETRY_NOT);
  CHECK_INT(judge(&state, 207, NULL), MC_RETRY);
  state = state_of(policy, ROWS("x-envoy-retriable-status-codes: 503, x, 404", "x-envoy-retriable-header-names: x-b ,x-c"));
  CHECK_INT(judge(&state, 503, NULL), MC_RETRY);
  CHECK_INT(judge(&state, 404, NULL), MC_RETRY);
  CHECK_INT(judge(&state, 409, NULL), MC_RETRY);
  CHECK_INT(judge(&state, 200, ROWS("X-C: ")), MC_RETRY);
  CHECK_INT(judge(&state, 200, ROWS("x-d: 1")), MC_RETRY_NOT);
  mc_retry_clear(policy);
}

static void test_failures(void) {
  const mc_failure all[] = {MC_FAILURE_CONNECT, MC_FAILURE_CONNECT_TIMEOUT, MC_FAILURE_RESET_BEFORE_REQUEST, MC_FAILURE_RESET,
                            MC_FAILURE_REFUSED_STREAM, MC_FAILURE_REMOTE_RESET, MC_FAILURE_PROTOCOL, MC_FAILURE_PER_TRY_TIMEOUT,
                            MC_FAILURE_PER_TRY_IDLE_TIMEOUT};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    const mc_failure one = all[i];
    const bool connecting = one == MC_FAILURE_CONNECT || one == MC_FAILURE_CONNECT_TIMEOUT;
    CHECK_INT(failure("reset", one), MC_RETRY);
    CHECK_INT(failure("5xx", one), MC_RETRY);
    CHECK_INT(failure("gateway-error", one), MC_RETRY);
    CHECK_INT(failure("connect-failure", one), connecting);
    CHECK_INT(failure("reset-before-request", one), connecting || one == MC_FAILURE_RESET_BEFORE_REQUEST);
    CHECK_INT(failure("refused-stream", one), one == MC_FAILURE_REFUSED_STREAM);
    CHECK_INT(failure("retriable-4xx,unavailable", one), MC_RETRY_NOT);
  }
  CHECK_INT(failure("reset,5xx", MC_FAILURE_OVERFLOW), MC_RETRY_NOT);
}

static void test_what_the_request_asks_for(void) {
  mc_retry_state state = state_of(NULL, ROWS("x-envoy-retry-on: 5xx", "x-envoy-retry-grpc-on: unavailable"));
  CHECK_INT(state.on, MC_RETRY_ON_5XX | MC_RETRY_ON_GRPC_UNAVAILABLE);
  CHECK_INT(state.left, 1);
  CHECK_INT(state_of(NULL, ROWS("x-envoy-retry-on: unavailable", "x-envoy-retry-grpc-on: 5xx,reset")).on, 0);
  state = state_of(on("reset"), ROWS("x-envoy-retry-on: 5xx", "x-envoy-max-retries: 7"));
  CHECK_INT(state.on, MC_RETRY_ON_5XX | MC_RETRY_ON_RESET);
  CHECK_INT(state.left, 7);
  CHECK_INT(state_of(on("reset"), ROWS("x-envoy-max-retries: abc")).left, 2);
  CHECK_INT(state_of(on("reset"), ROWS("x-envoy-max-retries: 0")).left, 0);
  CHECK_INT(state_of(NULL, ROWS("x-envoy-max-retries: 3")).on, 0);
}

static void test_requests_that_may_be_retried(void) {
  const mc_header_match_spec matchers[] = {{.name = MC_LITERAL(":method"), .string = {.value = MC_LITERAL("HEAD")}},
                                           {.name = MC_LITERAL("x-idempotent"), .test = MC_TEST_PRESENT, .present = true}};
  mc_retry *policy = build((mc_retry_spec){.on = MC_RETRY_ON_5XX, .retries = 1, .request_headers = matchers, .request_header_count = 2});
  CHECK_INT(state_of(policy, NULL).on, 0);
  CHECK_INT(state_of(policy, ROWS("x-envoy-retry-on: reset")).on, 0);
  CHECK_INT(state_of(policy, ROWS("x-idempotent: 1")).on, MC_RETRY_ON_5XX);
  mc_retry_clear(policy);
}

static uint64_t wait(const mc_retry *policy, const char *const *rows, uint64_t unix_s) {
  mc_header headers[4];
  mc_retry_state state = state_of(policy, NULL);
  const mc_result result = {.status = 429, .headers = headers, .header_count = headers_of(rows, headers)};
  return mc_retry_wait(&state, &result, unix_s);
}

#define S UINT64_C(1000000000)

static void test_waits(void) {
  const mc_reset_header resets[] = {{MC_LITERAL("retry-after"), false}, {MC_LITERAL("x-reset"), true}};
  mc_retry *policy = build((mc_retry_spec){.on = MC_RETRY_ON_5XX, .reset_headers = resets, .reset_header_count = 2, .reset_max_ns = 300 * S});
  CHECK(policy->reads_wall_clock && !on("5xx")->reads_wall_clock);
  uint64_t asked = wait(policy, ROWS("Retry-After: 2"), 0);
  CHECK(asked >= 2 * S && asked < 3 * S);
  asked = wait(policy, ROWS("retry-after: soon", "x-reset: 1010"), 1000);
  CHECK(asked >= 10 * S && asked < 15 * S);
  CHECK(wait(policy, ROWS("x-reset: 990"), 1000) < 25); /* gone by: as without */
  CHECK(wait(policy, ROWS("retry-after: 301"), 0) < 25); /* too long to be believed */
  CHECK(wait(policy, ROWS("retry-after: 0"), 0) < 25);
  CHECK(wait(policy, NULL, 0) < 25);
  mc_retry_state state = state_of(policy, NULL);
  CHECK(mc_retry_wait(&state, NULL, 0) < 25);
  CHECK_INT(state.backoff.next_ns, 50);
}

static void test_what_reads_answers(void) {
  const uint64_t limited = UINT64_C(1) << strlen("x-envoy-ratelimited"), grpc = UINT64_C(1) << strlen("grpc-status");
  CHECK(!mc_retry_answer_names(NULL, 503) && !mc_retry_answer_names(on(""), 503));
  CHECK(mc_retry_answer_names(on("5xx"), 503) == limited && !mc_retry_answer_names(on("5xx"), 200));
  CHECK(mc_retry_answer_names(on("unavailable"), 200) == (limited | grpc));
  CHECK(mc_retry_answer_names(on("envoy-ratelimited"), 200) == limited);
  const uint32_t code = 202;
  const mc_reset_header reset = {MC_LITERAL("retry-after-so-long"), false};
  char name[80];
  memset(name, 'x', sizeof name);
  const mc_header_match_spec header = {.name = mc_slice_of(name, sizeof name)};
  mc_retry_spec spec = {.on = MC_RETRY_ON_RETRIABLE_STATUS_CODES, .status_codes = &code, .status_code_count = 1,
                        .reset_headers = &reset, .reset_header_count = 1};
  mc_retry *policy = build(spec);
  CHECK(mc_retry_answer_names(policy, 202) == limited); /* names of one size are one */
  CHECK(!mc_retry_answer_names(policy, 200));
  spec = (mc_retry_spec){.on = MC_RETRY_ON_RETRIABLE_HEADERS, .headers = &header, .header_count = 1};
  policy = build(spec);
  CHECK(mc_retry_answer_names(policy, 200) == (limited | UINT64_C(1) << 63));
  mc_retry_clear(policy);
}

static void test_build(void) {
  const mc_label label = {MC_LITERAL("v"), MC_LITERAL("1")};
  const mc_labels omit = {&label, 1};
  const uint32_t code = 503;
  const mc_reset_header reset = {MC_LITERAL("retry-after"), false};
  const mc_header_match_spec header = {.name = MC_LITERAL("x"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("a.*b")}};
  const mc_retry_spec spec = {.on = 1, .retries = 3, .base_ns = 1, .max_ns = 2, .status_codes = &code, .status_code_count = 1,
                              .headers = &header, .header_count = 1, .request_headers = &header, .request_header_count = 1,
                              .reset_headers = &reset, .reset_header_count = 1, .omit = &omit, .omit_count = 1, .host_attempts = 5};
  mc_retry *retry;
  mc_error error;
  for (int n = 0;; n++) {
    mc_arena *own = mc_arena_new();
    check_memory(n);
    mc_code code_of = mc_retry_build(&retry, &spec, own, &error);
    check_memory(-1);
    if (code_of == MC_OK) CHECK_SLICE(retry->omit[0].at[0].key, "v");
    mc_retry_clear(retry);
    mc_arena_free(own);
    if (code_of == MC_OK) break;
    CHECK_INT(code_of, MC_NO_MEMORY);
  }
  CHECK_INT(mc_retry_build(&retry, NULL, NULL, &error), MC_OK);
  CHECK(retry == NULL);
  mc_retry_clear(NULL);
}

int main(void) {
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  test_conditions_have_names();
  test_answers();
  test_grpc_answers();
  test_status_codes_and_headers();
  test_failures();
  test_what_the_request_asks_for();
  test_requests_that_may_be_retried();
  test_waits();
  test_what_reads_answers();
  test_build();
  mc_scratch_reset(&scratch);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
