/* Sessions through the whole decision: which level has the say, which endpoint a request gets, and what the answer
 * tells the client. */
#include "one_route.h"


static const mc_session_spec COOKIE = {.kind = MC_SESSION_COOKIE, .name = {"sid", 3}, .cookie = {.max_age = 60}};
static const mc_session_spec HEADER = {.kind = MC_SESSION_HEADER, .name = {"x-to", 4}};
static const mc_session_spec OFF = {.kind = MC_SESSION_OFF};

static mc_endpoint_spec endpoints[4];
static mc_cluster_spec clusters[2];
static const mc_session_spec *at_listener, *at_host;
static mc_policy_kind policy = MC_POLICY_ROUND_ROBIN;

/* Cluster 0: a:1, b:1 (degraded), c:1 (unhealthy), a:1 again; cluster 1: no endpoint. */
static void configure(small_config *config) {
  static const mc_slice names[] = {{"a:1", 3}, {"b:1", 3}, {"c:1", 3}, {"a:1", 3}};
  static const mc_health healths[] = {MC_HEALTHY, MC_DEGRADED, MC_UNHEALTHY, MC_HEALTHY};
  static const uint8_t statuses[] = {MC_STATUS_UNKNOWN, MC_STATUS_DEGRADED, MC_STATUS_UNHEALTHY, MC_STATUS_HEALTHY};
  for (int i = 0; i < 4; i++) {
    endpoints[i] = (mc_endpoint_spec){.address = names[i], .health = healths[i], .status = statuses[i]};
  }
  clusters[0] = (mc_cluster_spec){.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 4,
                                  .balance = {.policy = policy, .hashing = {.table_size = 17}},
                                  .session_statuses = MC_STATUS_UNKNOWN | MC_STATUS_HEALTHY | MC_STATUS_DEGRADED};
  clusters[1] = (mc_cluster_spec){.name = MC_LITERAL("empty")};
  config->spec.clusters = clusters;
  config->spec.cluster_count = 2;
  config->listener.session = at_listener;
  config->host.session = at_host;
}

static void begin(const mc_session_spec *listener, const mc_session_spec *host, const mc_session_spec *route) {
  mc_action_spec action = forward_to(0);
  action.session = route;
  at_listener = listener;
  at_host = host;
  start(&action, configure);
}

static void ask_at(const char *target, uint64_t unix_s, const char *const *rows) {
  mc_request request = request_of("a.com", target, headers, rows);
  request.unix_ns = unix_s * 1000000000;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
}

/* The first line of that name in the answer, to which the upstream gave two; the decision is over then. */
static void check_answer(const char *name, const char *expected) {
  const mc_header upstream[] = {{MC_LITERAL("X-To"), MC_LITERAL("up")}, {MC_LITERAL("x-to"), MC_LITERAL("up")}};
  check_answer_line(upstream, name, expected);
  mc_decision_release(&decision);
}

static void test_a_request_goes_where_it_asks(void) {
  begin(&HEADER, NULL, NULL);
  CHECK(!mc_snapshot_reads_unix_time(snapshot));
  for (int i = 0; i < 6; i++) {
    ask_at("/", 0, ROWS("x-to: Yjox")); /* b:1, which the policy would never pick */
    CHECK_INT(decision.endpoint, 1);
    CHECK_INT(decision.session_reason, MC_SESSION_KEPT);
    CHECK_INT(decision.candidates, 1);
    CHECK(decision.leased);
    CHECK_INT(mc_snapshot_active(snapshot, 0, 1), 1);
    check_answer("x-to", "up"); /* it knows */
  }
  stop();
}

static void test_the_answer_names_another_endpoint(void) {
  begin(&HEADER, NULL, NULL);
  ask_at("/", 0, NULL);
  CHECK(decision.endpoint == 0 || decision.endpoint == 3);
  CHECK_INT(decision.session_reason, MC_SESSION_NEW);
  check_answer("x-to", "YTox"); /* a:1, instead of both lines of the upstream */
  ask_at("/", 0, ROWS("x-to: Yzox")); /* c:1 */
  CHECK(decision.endpoint == 0 || decision.endpoint == 3);
  CHECK_INT(decision.session_reason, MC_SESSION_UNFIT);
  check_answer("x-to", "YTox");
  ask_at("/", 0, ROWS("x-to: ZDox")); /* d:1 */
  CHECK_INT(decision.session_reason, MC_SESSION_UNKNOWN);
  CHECK_SLICE(decision.session_address, "d:1");
  check_answer("x-to", "YTox");
  ask_at("/", 0, ROWS("x-to: YTox")); /* a:1: whichever of the two serves, it is a:1 */
  CHECK_INT(decision.endpoint, 0);
  check_answer("x-to", "up");
  stop();
}

static void test_an_endpoint_that_fails_is_given_up(void) {
  begin(&HEADER, NULL, NULL);
  mc_snapshot_set_health(snapshot, 0, 1, false);
  mc_request request = request_of("a.com", "/", headers, ROWS("x-to: Yjox"));
  request.stale = true;
  CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
  CHECK_INT(decision.session_reason, MC_SESSION_UNFIT);
  CHECK(decision.endpoint != 1);
  mc_decision_release(&decision);
  stop();
}

static void test_cookies(void) {
  begin(NULL, &COOKIE, NULL);
  CHECK(mc_snapshot_reads_unix_time(snapshot));
  ask_at("/", 1000, NULL);
  check_answer("set-cookie", "sid=\"CgNhOjEQpAg=\"; Max-Age=60; HttpOnly"); /* a:1 until 1060 */
  ask_at("/", 1060, ROWS("cookie: sid=\"CgNiOjEQpAg=\""));
  CHECK_INT(decision.endpoint, 1);
  check_answer("set-cookie", NULL);
  ask_at("/", 1061, ROWS("cookie: sid=\"CgNiOjEQpAg=\""));
  CHECK_INT(decision.session_reason, MC_SESSION_NEW);
  check_answer("set-cookie", "sid=\"CgNhOjEQ4Qg=\"; Max-Age=60; HttpOnly");
  stop();
}

static void test_paths_without_a_session(void) {
  const mc_session_spec below = {.kind = MC_SESSION_COOKIE, .name = {"sid", 3}, .cookie = {.path = {"/p", 2}}};
  begin(NULL, NULL, &below);
  ask_at("/px", 0, ROWS("cookie: sid=CgNiOjE="));
  CHECK(decision.session == NULL && decision.endpoint != 1);
  check_answer("set-cookie", NULL);
  ask_at("/p?q", 0, ROWS("cookie: sid=CgNiOjE="));
  CHECK_INT(decision.endpoint, 1);
  mc_decision_release(&decision);
  stop();
}

static void check_level(const mc_session_spec *listener, const mc_session_spec *host, const mc_session_spec *route,
                        bool cookie, bool header) {
  begin(listener, host, route);
  ask_at("/", 0, ROWS("x-to: YjoxMQ==", "x-from: 1"));
  check_answer("x-to", header ? "YTox" : "up");
  ask_at("/", 0, NULL);
  check_answer("set-cookie", cookie ? "sid=\"CgNhOjEQPA==\"; Max-Age=60; HttpOnly" : NULL);
  stop();
}

static void test_the_innermost_level_has_the_say(void) {
  check_level(NULL, NULL, NULL, false, false);
  check_level(&HEADER, NULL, NULL, false, true);
  check_level(&HEADER, &COOKIE, NULL, true, false);
  check_level(&HEADER, &COOKIE, &HEADER, false, true);
  check_level(&HEADER, &OFF, NULL, false, false);
  check_level(&COOKIE, NULL, &OFF, false, false);
  check_level(NULL, &OFF, &COOKIE, true, false);
}

static void test_a_weighted_cluster_comes_first(void) {
  const mc_weighted_cluster_spec split = {.cluster = 0, .name = MC_LITERAL("one"), .weight = 1, .session = &HEADER};
  mc_action_spec action = forward_to(-1);
  action.clusters = &split;
  action.cluster_count = 1;
  action.session = &OFF;
  at_listener = at_host = NULL;
  start(&action, configure);
  ask_at("/", 0, ROWS("x-to: YjoxMQ=="));
  check_answer("x-to", "YTox");
  stop();
}

static void check_refused(const char *const *rows, uint16_t status) {
  ask_at("/", 0, rows);
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.status, status);
  CHECK_INT(decision.flags, MC_FLAG_UH);
  CHECK_INT(decision.details, MC_DETAILS_NO_HEALTHY_UPSTREAM);
  CHECK_SLICE(decision.body, "no healthy upstream");
  CHECK(!decision.leased && decision.endpoint < 0);
  check_answer("x-to", NULL);
}

static void test_strict(void) {
  const mc_session_spec strict = {.kind = MC_SESSION_HEADER, .name = {"x-to", 4}, .strict = true, .missing_status = 404};
  begin(&strict, NULL, NULL);
  check_refused(ROWS("x-to: ZDox"), 404);
  check_refused(ROWS("x-to: Yzox"), 503); /* there, but unhealthy */
  ask_at("/", 0, NULL);
  CHECK_INT(decision.outcome, MC_FORWARD);
  check_answer("x-to", "YTox");
  ask_at("/", 0, ROWS("x-to: ?"));
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  stop();
}

static void test_a_cluster_without_endpoints(void) {
  mc_action_spec action = forward_to(1);
  at_listener = &HEADER;
  at_host = NULL;
  start(&action, configure);
  ask_at("/", 0, ROWS("x-to: YTox"));
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.status, 503);
  CHECK_INT(decision.session_reason, MC_SESSION_UNKNOWN);
  check_answer("x-to", NULL);
  stop();
}

/* Whoever stays with its endpoint is not given the cookie that would have chosen one. */
static void test_hash_cookies(void) {
  const mc_cookie_spec given = {.max_age = 9};
  const mc_hash_policy_spec by_cookie = {.kind = MC_HASH_COOKIE, .name = {"h", 1}, .cookie = &given};
  mc_action_spec action = forward_to(0);
  action.hash_policies = &by_cookie;
  action.hash_policy_count = 1;
  at_listener = &HEADER;
  at_host = NULL;
  policy = MC_POLICY_MAGLEV;
  start(&action, configure);
  policy = MC_POLICY_ROUND_ROBIN;
  ask_at("/", 0, ROWS("x-to: Yjox"));
  CHECK(decision.endpoint == 1 && !decision.cookies);
  mc_decision_release(&decision);
  ask_at("/", 0, ROWS("x-to: ZDox"));
  CHECK(decision.endpoint != 1 && decision.cookies);
  mc_decision_release(&decision);
  stop();
}

static void test_out_of_memory(void) {
  static char value[4 * MC_SCRATCH_INLINE];
  memset(value, 'A', sizeof value);
  begin(&HEADER, NULL, NULL);
  const mc_header line = {MC_LITERAL("x-to"), mc_slice_of(value, sizeof value)};
  for (int n = 0;; n++) {
    mc_request request = request_of("a.com", "/", headers, NULL);
    request.headers = &line;
    request.header_count = 1;
    check_memory(n);
    mc_code code = mc_decide(snapshot, &request, &decision);
    check_memory(-1);
    CHECK(code == MC_OK || code == MC_NO_MEMORY);
    if (code) CHECK(!decision.leased);
    if (!code) CHECK_INT(decision.session_reason, MC_SESSION_UNKNOWN);
    mc_decision_release(&decision);
    if (!code) break;
  }
  stop();
}

int main(void) {
  test_a_request_goes_where_it_asks();
  test_the_answer_names_another_endpoint();
  test_an_endpoint_that_fails_is_given_up();
  test_cookies();
  test_paths_without_a_session();
  test_the_innermost_level_has_the_say();
  test_a_weighted_cluster_comes_first();
  test_strict();
  test_a_cluster_without_endpoints();
  test_hash_cookies();
  test_out_of_memory();
  return check_finish();
}
