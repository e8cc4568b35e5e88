#include "engine_support.h"

static mc_runtime *runtime;
static mc_snapshot *snapshot;
static mc_decision decision;
static mc_header headers[128];

/* The routes of one virtual host, over clusters 0 ("one": a:1 and a:2), 1 ("two": b:1), 2 ("empty"). */
static void start(const mc_route_spec *routes, const mc_action_spec *actions, uint32_t count,
                  void (*change)(small_config *config)) {
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("a:1"), .hostname = MC_LITERAL("one.host")},
                                        {.address = MC_LITERAL("a:2"), .hostname = MC_LITERAL("two.host")},
                                        {.address = MC_LITERAL("b:1")}};
  const mc_cluster_spec clusters[] = {{.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 2},
                                      {.name = MC_LITERAL("two"), .endpoints = endpoints + 2, .endpoint_count = 1},
                                      {.name = MC_LITERAL("empty")}};
  small_config config;
  small_init(&config, routes, actions, count, clusters, 3);
  if (change) change(&config);
  runtime = mc_runtime_new();
  snapshot = snapshot_of(&config.spec, runtime);
}

static void stop(void) {
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  CHECK_INT(check_blocks(), 0);
}

/* One route for all paths. */
static void start_one(mc_action_spec action) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  start(&route, &action, 1, NULL);
}

static void decide(mc_request request) { CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK); }

static void get(const char *target, const char *const *rows) { decide(request_of("a.com", target, headers, rows)); }

static void check_reject(uint16_t status, mc_details details, uint32_t flags) {
  CHECK_INT(decision.outcome, MC_REJECT);
  CHECK_INT(decision.status, status);
  CHECK_INT(decision.details, details);
  CHECK_INT(decision.flags, flags);
  CHECK_INT(decision.endpoint, -1);
  CHECK(!decision.leased);
}

static void test_the_lease_counts_once(void) {
  start_one(forward_to(1));
  static mc_decision other;
  get("/", NULL);
  const mc_request request = request_of("a.com", "/", headers, NULL);
  CHECK_INT(mc_decide(snapshot, &request, &other), MC_OK);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 2);
  mc_decision_close(&decision);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 1);
  mc_decision_close(&decision);
  mc_decision_release(&decision);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 1);
  CHECK(!decision.leased);
  mc_decision_release(&other); /* releasing closes */
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 0);
  mc_decision_close(&other);
  CHECK_INT(mc_snapshot_active(snapshot, 1, 0), 0);
  CHECK(atomic_load(&snapshot->clusters[1]->state->live->asked) && !atomic_load(&snapshot->clusters[0]->state->live->asked));
  stop();
}

static void test_forward(void) {
  start_one(forward_to(0));
  int32_t last = -1;
  for (int i = 0; i < 4; i++) {
    get("/x?y", NULL);
    CHECK_INT(decision.outcome, MC_FORWARD);
    CHECK_INT(decision.status, 0);
    CHECK_INT(decision.details, MC_DETAILS_NONE);
    CHECK_INT(decision.cluster, 0);
    CHECK(decision.endpoint != last);
    last = decision.endpoint;
    CHECK_INT(decision.route, 0);
    CHECK_INT(decision.choice, -1);
    CHECK_SLICE(decision.target, "/x?y");
    CHECK_SLICE(decision.authority, "a.com");
    mc_decision_release(&decision);
  }
  stop();
}

static void test_peeking_changes_nothing(void) {
  start_one(forward_to(0));
  const mc_request request = request_of("a.com", "/x", headers, NULL);
  static mc_decision seen;
  for (int i = 0; i < 3; i++) {
    CHECK_INT(mc_peek(snapshot, &request, &seen), MC_OK);
    CHECK_INT(mc_peek(snapshot, &request, &decision), MC_OK);
    CHECK(i || !atomic_load(&snapshot->clusters[0]->state->live->asked));
    CHECK_INT(decision.endpoint, seen.endpoint);
    CHECK_INT(decision.outcome, MC_FORWARD);
    CHECK(!decision.leased);
    CHECK_INT(mc_snapshot_active(snapshot, 0, decision.endpoint), 0);
    mc_decision_release(&decision);
    CHECK_INT(mc_decide(snapshot, &request, &decision), MC_OK);
    CHECK_INT(decision.endpoint, seen.endpoint); /* what was seen is what comes next */
    mc_decision_release(&decision);
    mc_decision_release(&seen);
  }
  stop();
}

static void test_no_route(void) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/a"));
  const mc_action_spec action = forward_to(0);
  start(&route, &action, 1, NULL);
  get("/b", NULL);
  check_reject(404, MC_DETAILS_ROUTE_NOT_FOUND, MC_FLAG_NR);
  CHECK_INT(decision.virtual_host, 0);
  CHECK_INT(decision.route, -1);
  mc_decision_release(&decision);
  get("/a#f", NULL);
  check_reject(400, MC_DETAILS_PATH_NORMALIZATION_FAILED, 0);
  mc_decision_release(&decision);
  stop();
}

static void test_no_listener(void) {
  const mc_snapshot_spec nothing = {.seed = 0};
  runtime = mc_runtime_new();
  snapshot = snapshot_of(&nothing, runtime);
  get("/a", ROWS("content-type: application/grpc"));
  check_reject(404, MC_DETAILS_ROUTE_NOT_FOUND, MC_FLAG_NR);
  CHECK_INT(decision.listener, -1);
  CHECK_SLICE(decision.target, "/a");
  mc_response response = {.body = MC_ABSENT};
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(status, 404);
  CHECK_INT(count, 0);
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  stop();
}

static void test_no_host_in_the_cluster(void) {
  start_one(forward_to(2));
  get("/", NULL);
  check_reject(503, MC_DETAILS_NO_HEALTHY_UPSTREAM, MC_FLAG_UH);
  CHECK_INT(decision.cluster, 2);
  CHECK_SLICE(decision.body, "no healthy upstream");
  mc_decision_release(&decision);
  stop();
}

static void test_cluster_header(void) {
  mc_action_spec action = forward_to(-1);
  action.cluster_header = MC_LITERAL("x-cluster");
  action.cluster_not_found_status = 404;
  start_one(action);
  get("/", ROWS("x-cluster: two"));
  CHECK_INT(decision.cluster, 1);
  mc_decision_release(&decision);
  get("/", ROWS("x-cluster: three"));
  check_reject(404, MC_DETAILS_CLUSTER_NOT_FOUND, MC_FLAG_NC);
  CHECK_INT(decision.route, 0);
  mc_decision_release(&decision);
  get("/", ROWS("x-cluster: "));
  check_reject(404, MC_DETAILS_CLUSTER_NOT_FOUND, MC_FLAG_NC);
  mc_decision_release(&decision);
  get("/", NULL);
  check_reject(404, MC_DETAILS_CLUSTER_NOT_FOUND, MC_FLAG_NC);
  mc_decision_release(&decision);
  stop();
}

static int32_t choice_of(mc_request request) {
  decide(request);
  int32_t out = decision.choice;
  mc_decision_release(&decision);
  return out;
}

static int32_t choice_by_seed(uint64_t seed, const char *const *rows) {
  mc_request request = request_of("a.com", "/", headers, rows);
  request.seed = seed;
  return choice_of(request);
}

/* 90 to cluster 0, 0 to cluster 1, 10 to whom x-cluster names. */
static mc_action_spec split_action(mc_weighted_cluster_spec split[3]) {
  split[0] = (mc_weighted_cluster_spec){.cluster = 0, .weight = 90};
  split[1] = (mc_weighted_cluster_spec){.cluster = 1};
  split[2] = (mc_weighted_cluster_spec){.cluster = -1, .cluster_header = MC_LITERAL("x-cluster"), .weight = 10};
  mc_action_spec action = forward_to(-1);
  action.clusters = split;
  action.cluster_count = 3;
  return action;
}

static void test_split_by_chance(void) {
  mc_weighted_cluster_spec split[3];
  start_one(split_action(split));
  const char *const *two = ROWS("x-cluster: two");
  CHECK_INT(choice_by_seed(0, two), 0);
  CHECK_INT(choice_by_seed(89, two), 0);
  CHECK_INT(choice_by_seed(90, two), 2); /* nothing falls on a weight of 0 */
  CHECK_INT(choice_by_seed(99, two), 2);
  CHECK_INT(choice_by_seed(100, two), 0);
  CHECK_INT(choice_by_seed(UINT64_MAX, two), UINT64_MAX % 100 < 90 ? 0 : 2);
  mc_request request = request_of("a.com", "/", headers, two);
  request.seed = 95;
  decide(request);
  CHECK_INT(decision.cluster, 1);
  mc_decision_release(&decision);
  request = request_of("a.com", "/", headers, NULL);
  request.seed = 95;
  decide(request);
  check_reject(503, MC_DETAILS_CLUSTER_NOT_FOUND, MC_FLAG_NC);
  CHECK_INT(decision.choice, 2);
  mc_decision_release(&decision);
  stop();
}

static void test_split_by_header(void) {
  mc_weighted_cluster_spec split[3];
  mc_action_spec action = split_action(split);
  action.weight_header = MC_LITERAL("x-weight");
  start_one(action);
  CHECK_INT(choice_by_seed(99, ROWS("x-weight: 0")), 0);
  CHECK_INT(choice_by_seed(99, ROWS("x-weight: 89")), 0);
  CHECK_INT(choice_by_seed(0, ROWS("x-weight: 90")), 2);
  CHECK_INT(choice_by_seed(0, ROWS("x-weight: 199")), 2);
  CHECK_INT(choice_by_seed(0, ROWS("x-weight: +95")), 2);
  CHECK_INT(choice_by_seed(0, ROWS("x-weight: 18446744073709551615")), UINT64_MAX % 100 < 90 ? 0 : 2);
  /* what is no number, or not one, leaves it to chance */
  CHECK_INT(choice_by_seed(0, ROWS("x-weight: 18446744073709551616")), 0);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: 18446744073709551616")), 2);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: -1")), 2);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: +")), 2);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: 1x")), 2);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: ")), 2);
  CHECK_INT(choice_by_seed(95, ROWS("x-weight: 1", "x-weight: 1")), 2);
  CHECK_INT(choice_by_seed(95, NULL), 2);
  stop();
}

static void test_split_by_hash(void) {
  const mc_hash_policy_spec policy = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user")};
  mc_weighted_cluster_spec split[3];
  mc_action_spec action = split_action(split);
  action.weight_by_hash = true;
  action.hash_policies = &policy;
  action.hash_policy_count = 1;
  start_one(action);
  bool seen[3] = {false};
  for (int i = 0; i < 100; i++) {
    char row[32];
    snprintf(row, sizeof row, "x-user: u%d", i);
    int32_t choice = choice_by_seed(0, ROWS(row, "x-cluster: two"));
    seen[choice] = true;
    CHECK_INT(choice_by_seed(95, ROWS(row, "x-cluster: two")), choice);
  }
  CHECK(seen[0] && !seen[1] && seen[2]);
  CHECK_INT(choice_by_seed(95, NULL), 2); /* without a user, chance */
  CHECK_INT(choice_by_seed(0, NULL), 0);
  stop();
}

/* The split of split_action by a key; its endpoint's cluster hashes nothing. */
static mc_action_spec sticky_action(mc_weighted_cluster_spec split[3], const mc_sticky_spec *sticky) {
  mc_action_spec action = split_action(split);
  split[0].name = MC_LITERAL("stable");
  split[1].name = MC_LITERAL("none");
  split[2].name = MC_LITERAL("canary");
  action.sticky = sticky;
  return action;
}

static void test_split_by_key(void) {
  const mc_sticky_spec sticky = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user")};
  mc_weighted_cluster_spec split[3];
  start_one(sticky_action(split, &sticky));
  int seen[3] = {0};
  for (int i = 0; i < 1000; i++) {
    char row[32];
    snprintf(row, sizeof row, "x-user: u%d", i);
    int32_t choice = choice_by_seed(0, ROWS(row, "x-cluster: two"));
    seen[choice]++;
    CHECK_INT(choice_by_seed(95, ROWS(row, "x-cluster: two")), choice);
  }
  CHECK(seen[0] > 850 && seen[1] == 0 && seen[2] > 50);
  CHECK_INT(choice_by_seed(95, NULL), 2); /* without a user, chance */
  CHECK_INT(choice_by_seed(0, NULL), 0);
  CHECK_INT(choice_by_seed(95, ROWS("x-user: ")), 2);
  stop();
}

static void check_cookie(uint64_t seed, const char *const *rows, const char *expected, char value[MC_COOKIE_DIGITS + 1]) {
  mc_request request = request_of("a.com", "/", headers, rows);
  request.seed = seed;
  decide(request);
  const mc_response response = {.status = 200};
  const mc_header_line *lines;
  uint32_t count;
  uint16_t status;
  mc_slice body;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body), MC_OK);
  CHECK_INT(count, expected ? 1 : 0);
  if (expected && count == 1) {
    CHECK_SLICE(lines[0].name, "set-cookie");
    CHECK(lines[0].value.size == 5 + MC_COOKIE_DIGITS + strlen(expected));
    CHECK(mc_slice_starts(lines[0].value, MC_LITERAL("who=\"")));
    CHECK(mc_slice_ends(lines[0].value, text_of(expected)));
    memcpy(value, lines[0].value.data + 5, MC_COOKIE_DIGITS);
    value[MC_COOKIE_DIGITS] = 0;
  }
  mc_scratch_reset(&scratch);
}

static void test_split_gives_a_cookie(void) {
  const mc_cookie_spec hour = {.max_age = 3600, .path = MC_LITERAL("/")};
  const mc_sticky_spec sticky = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("who"), .cookie = &hour};
  mc_weighted_cluster_spec split[3];
  start_one(sticky_action(split, &sticky));
  int canaries = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    char value[MC_COOKIE_DIGITS + 1] = "", row[64];
    check_cookie(seed, ROWS("x-cluster: two"), "\"; Max-Age=3600; Path=/; HttpOnly", value);
    int32_t choice = decision.choice;
    canaries += choice == 2;
    mc_decision_release(&decision);
    snprintf(row, sizeof row, "cookie: who=%s", value);
    check_cookie(seed + 1, ROWS(row, "x-cluster: two"), NULL, value);
    CHECK_INT(decision.choice, choice);
    mc_decision_release(&decision);
    snprintf(row, sizeof row, "cookie: who=\"%s\"", value); /* as it was given */
    check_cookie(seed + 1, ROWS(row, "x-cluster: two"), NULL, value);
    CHECK_INT(decision.choice, choice);
    mc_decision_release(&decision);
  }
  CHECK(canaries > 4 && canaries < 45);
  stop();
}

static void allow_any_protocol(small_config *config) {
  static mc_upgrade upgrades[1];
  upgrades[0] = (mc_upgrade){MC_LITERAL("*"), true};
  config->listener.options.upgrades = upgrades;
  config->listener.options.upgrade_count = 1;
}

static void test_any_protocol(void) {
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/"))};
  const mc_action_spec actions[] = {forward_to(0)};
  start(routes, actions, 1, allow_any_protocol);
  get("/", ROWS("connection: upgrade", "upgrade: other"));
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  stop();
}

static void allow_websockets(small_config *config) {
  static mc_upgrade upgrades[1];
  upgrades[0] = (mc_upgrade){MC_LITERAL("websocket"), true};
  config->listener.options.upgrades = upgrades;
  config->listener.options.upgrade_count = 1;
}

static void test_upgrades(void) {
  const mc_upgrade no_websocket = {MC_LITERAL("WebSocket"), false}, connect = {MC_LITERAL("CONNECT"), true};
  const mc_route_spec routes[] = {{.path_kind = MC_PATH_CONNECT}, prefix_route(MC_LITERAL("/no")), prefix_route(MC_LITERAL("/"))};
  mc_action_spec actions[] = {forward_to(0), forward_to(0), forward_to(0)};
  actions[0].upgrades = &connect;
  actions[1].upgrades = &no_websocket;
  actions[0].upgrade_count = actions[1].upgrade_count = 1;
  start(routes, actions, 3, allow_websockets);
  const char *const *websocket = ROWS("Connection: Upgrade", "Upgrade: WebSocket");
  get("/", websocket);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  get("/no", websocket); /* the route's word goes before the listener's */
  check_reject(403, MC_DETAILS_UPGRADE_FAILED, 0);
  mc_decision_release(&decision);
  get("/", ROWS("connection: upgrade", "upgrade: other"));
  check_reject(403, MC_DETAILS_UPGRADE_FAILED, 0);
  mc_decision_release(&decision);
  get("/no", NULL);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  mc_request request = request_of("a.com:443", "a.com:443", headers, NULL);
  request.method = MC_LITERAL("CONNECT");
  decide(request);
  CHECK_INT(decision.outcome, MC_FORWARD);
  CHECK_INT(decision.route, 0);
  mc_decision_release(&decision);
  request = request_of("a.com:443", "a.com:443", headers, ROWS("connection: upgrade", "upgrade: other"));
  request.method = MC_LITERAL("CONNECT"); /* asks for that, and not for CONNECT, for which there is leave */
  decide(request);
  check_reject(403, MC_DETAILS_UPGRADE_FAILED, 0);
  CHECK_INT(decision.cluster, 0);
  mc_decision_release(&decision);
  request = request_of("a.com:443", "a.com:443", headers, NULL);
  request.method = MC_LITERAL("CONNECT");
  stop();
  start_one(forward_to(0));
  decide(request); /* no path, no route: nobody comes to ask for leave */
  check_reject(404, MC_DETAILS_ROUTE_NOT_FOUND, MC_FLAG_NR);
  mc_decision_release(&decision);
  get("/", websocket);
  check_reject(403, MC_DETAILS_UPGRADE_FAILED, 0);
  mc_decision_release(&decision);
  stop();
}

static void tls_for_all(small_config *config) { config->host.require_tls = MC_TLS_ALL; }
static void tls_for_strangers(small_config *config) {
  config->host.require_tls = MC_TLS_EXTERNAL_ONLY;
  config->listener.options.use_remote_address = true;
  config->listener.options.has_internal_cidrs = true;
}

static void test_require_tls(void) {
  const mc_route_spec route = prefix_route(MC_LITERAL("/"));
  const mc_action_spec action = forward_to(0);
  start(&route, &action, 1, tls_for_all);
  get("/x?y", NULL);
  CHECK_INT(decision.outcome, MC_REDIRECT);
  CHECK_INT(decision.status, 301);
  CHECK_SLICE(decision.location, "https://a.com/x?y");
  CHECK_INT(decision.route, -1);
  CHECK_INT(decision.virtual_host, -1);
  mc_decision_release(&decision);
  mc_request request = request_of("a.com", "/", headers, NULL);
  request.scheme = MC_LITERAL("https");
  decide(request);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  stop();
  start(&route, &action, 1, tls_for_strangers);
  get("/", NULL);
  CHECK_INT(decision.outcome, MC_REDIRECT);
  mc_decision_release(&decision);
  request.scheme = MC_LITERAL("http");
  request.source = MC_LITERAL("10.1.1.1");
  decide(request);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  stop();
}

/* Our own answer: value of a header in it, the status and the body that are sent. */
static mc_slice answer(mc_scratch *scratch, const char *name, mc_slice own_body, uint16_t *status, mc_slice *body) {
  const mc_response response = {.body = own_body};
  const mc_header_line *lines;
  uint32_t count;
  mc_scratch_init(scratch);
  CHECK_INT(mc_decision_response_headers(&decision, &response, scratch, &lines, &count, status, body), MC_OK);
  return value_of(lines, count, name);
}

static void test_grpc_replies(void) {
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/direct")), prefix_route(MC_LITERAL("/empty"))};
  const mc_action_spec actions[] = {{.kind = MC_ACTION_RESPOND, .status = 403}, forward_to(2)};
  mc_scratch scratch;
  uint16_t status;
  mc_slice body;
  start(routes, actions, 2, NULL);
  get("/direct", ROWS("content-type: application/grpc"));
  CHECK_INT(decision.outcome, MC_RESPOND);
  CHECK(decision.grpc);
  CHECK_SLICE(answer(&scratch, "grpc-status", MC_LITERAL("50% no\xc3\xa4\n"), &status, &body), "7");
  CHECK_INT(status, 200);
  CHECK_SLICE(body, "");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/direct", ROWS("content-type: application/grpc+json"));
  CHECK_SLICE(answer(&scratch, "grpc-message", MC_LITERAL("50% no\xc3\xa4\n"), &status, &body), "50%25 no%C3%A4%0A");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/empty", ROWS("content-type: application/grpc"));
  CHECK(decision.grpc);
  CHECK_SLICE(answer(&scratch, "grpc-status", MC_ABSENT, &status, &body), "14");
  CHECK_INT(status, 200);
  mc_scratch_reset(&scratch);
  CHECK_SLICE(answer(&scratch, "grpc-message", MC_ABSENT, &status, &body), "no healthy upstream");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/nowhere", ROWS("content-type: application/grpc"));
  CHECK_SLICE(answer(&scratch, "grpc-status", MC_ABSENT, &status, &body), "12");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/direct", ROWS("content-type: application/grpc-web"));
  CHECK(!decision.grpc);
  CHECK_SLICE(answer(&scratch, "content-type", MC_LITERAL("no"), &status, &body), "text/plain");
  CHECK_INT(status, 403);
  CHECK_SLICE(body, "no");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  stop();
}

static void test_own_answers(void) {
  const mc_format_segment segments[] = {TEXT("for "), REQ(":path"), TEXT(" by "), OP(MC_FORMAT_ROUTE_NAME)};
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/say")), prefix_route(MC_LITERAL("/go")), prefix_route(MC_LITERAL("/made"))};
  const mc_action_spec actions[] = {
      {.kind = MC_ACTION_RESPOND, .status = 200, .name = MC_LITERAL("say"), .body = {segments, 4}, .content_type = MC_LITERAL("text/x")},
      {.kind = MC_ACTION_REDIRECT, .redirect = {.status = 308, .port = -1, .host = MC_LITERAL("b.com"), .path = {.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/gone")}}},
      {.kind = MC_ACTION_RESPOND, .status = 201}};
  mc_scratch scratch;
  uint16_t status;
  mc_slice body;
  start(routes, actions, 3, NULL);
  get("/say?x", NULL);
  CHECK_INT(decision.outcome, MC_RESPOND);
  CHECK_SLICE(decision.body, "for /say?x by say");
  CHECK_SLICE(answer(&scratch, "content-type", MC_ABSENT, &status, &body), "text/x");
  CHECK_INT(status, 200);
  CHECK_SLICE(body, "for /say?x by say");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/go/on?x", NULL);
  CHECK_INT(decision.outcome, MC_REDIRECT);
  CHECK_INT(decision.status, 308);
  CHECK_SLICE(decision.location, "http://b.com/gone/on?x");
  CHECK_SLICE(answer(&scratch, "location", MC_ABSENT, &status, &body), "http://b.com/gone/on?x");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  get("/made", NULL);
  CHECK_INT(decision.status, 201);
  CHECK_SLICE(decision.location, "http://a.com/made"); /* as Envoy tells where what was made is */
  mc_decision_release(&decision);
  stop();
}

static void test_rewrites(void) {
  const mc_format_segment segments[] = {TEXT("edited")};
  const mc_header_value_spec add = {.name = MC_LITERAL("x-host"), .value = {segments, 1}, .action = MC_OVERWRITE_IF_EXISTS_OR_ADD};
  mc_action_spec action = forward_to(1);
  action.path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/new/")};
  action.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_HEADER, .text = MC_LITERAL("x-host")};
  start_one(action);
  get("/x?y", ROWS("x-host: b.com"));
  CHECK_SLICE(decision.target, "/new/x?y");
  CHECK_SLICE(decision.authority, "b.com");
  mc_decision_release(&decision);
  stop();
  action.edits = (mc_edits_spec){.request_add = &add, .request_add_count = 1};
  start_one(action);
  get("/x?y", ROWS("x-host: b.com")); /* the header as the edits leave it */
  CHECK_SLICE(decision.target, "/new/x?y");
  CHECK_SLICE(decision.authority, "edited");
  const mc_header_line *lines;
  uint32_t count;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_request_headers(&decision, &scratch, &lines, &count), MC_OK);
  CHECK_SLICE(value_of(lines, count, "x-host"), "edited");
  CHECK_SLICE(value_of(lines, count, "x-envoy-original-path"), "/x?y");
  mc_scratch_reset(&scratch);
  mc_decision_release(&decision);
  action = forward_to(1);
  stop();
  action.host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_AUTO};
  start_one(action);
  get("/", NULL); /* an endpoint without a hostname changes nothing */
  CHECK_SLICE(decision.authority, "a.com");
  mc_decision_release(&decision);
  stop();
}

/* Too many headers: refused without a look at any of them, and the answer can still be made. */
static void test_bounds(void) {
  start_one(forward_to(0));
  for (uint32_t i = 0; i < 128; i++) headers[i] = (mc_header){MC_LITERAL("x"), MC_LITERAL("y")};
  mc_request request = request_of("a.com", "/", NULL, NULL);
  request.headers = headers;
  request.header_count = MC_MAX_HEADER_COUNT;
  decide(request);
  CHECK_INT(decision.outcome, MC_FORWARD);
  mc_decision_release(&decision);
  request.header_count = MC_MAX_HEADER_COUNT + 1;
  decide(request);
  check_reject(431, MC_DETAILS_TOO_MANY_HEADERS, 0);
  mc_decision_release(&decision);
  stop();
}

/* Other headers, the same decision: no turn is taken, no lease, and the host line is not missed. */
static void test_other_headers(void) {
  start_one(forward_to(0));
  mc_decision other;
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t count;
  decide(request_of(NULL, "/x", headers, ROWS("host: a.com", "x: 1")));
  const mc_request request = request_of("a.com", "/x", headers, NULL);
  mc_decision next;
  CHECK_INT(mc_peek(snapshot, &request, &next), MC_OK);
  int32_t turn = next.endpoint;
  mc_decision_release(&next);
  mc_header changed[] = {{MC_LITERAL("y"), MC_LITERAL("2")}, {MC_LITERAL("connection"), MC_LITERAL("close")}};
  mc_scratch_init(&scratch);
  CHECK_INT(mc_decision_with_headers(&decision, changed, 2, &other), MC_OK);
  CHECK_INT(other.endpoint, decision.endpoint);
  CHECK_SLICE(other.authority, "a.com");
  CHECK_INT(mc_decision_request_headers(&other, &scratch, &lines, &count), MC_OK);
  CHECK_SLICE(value_of(lines, count, "y"), "2");
  CHECK(value_of(lines, count, "x").data == NULL);
  CHECK(value_of(lines, count, "connection").data == NULL);
  mc_scratch_reset(&scratch);
  mc_decision_release(&other);
  CHECK_INT(mc_peek(snapshot, &request, &next), MC_OK);
  CHECK_INT(next.endpoint, turn);
  mc_decision_release(&next);
  CHECK_INT(mc_snapshot_active(snapshot, 0, decision.endpoint), 1);
  changed[0].value = MC_LITERAL("a\nb");
  CHECK_INT(mc_decision_with_headers(&decision, changed, 2, &other), MC_INVALID);
  CHECK_INT(other.details, MC_DETAILS_INVALID_CHARACTERS);
  mc_decision_release(&other);
  CHECK_INT(mc_snapshot_active(snapshot, 0, decision.endpoint), 1);
  mc_decision_release(&decision);
  stop();
}

/* A request of 3 KB, so that the scratch within the decision does not do; each failure point in turn, in the
 * decision and in both header lists. */
static void test_out_of_memory(void) {
  static char filler[3000];
  const mc_format_segment segments[] = {REQ("x-long"), TEXT("!")};
  const mc_header_value_spec add = {.name = MC_LITERAL("x-b"), .value = {segments, 2}};
  const mc_hash_policy_spec policy = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-long"), .regex = {MC_LITERAL("a"), MC_LITERAL("bb")}};
  mc_weighted_cluster_spec split[3];
  mc_action_spec actions[] = {split_action(split), {.kind = MC_ACTION_RESPOND, .status = 200, .body = {segments, 2}}};
  actions[0].weight_by_hash = true;
  actions[0].hash_policies = &policy;
  actions[0].hash_policy_count = 1;
  actions[0].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("a"), MC_LITERAL("bb")}};
  actions[0].host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_HEADER, .text = MC_LITERAL("x-b")};
  actions[0].edits = (mc_edits_spec){.request_add = &add, .request_add_count = 1, .response_add = &add, .response_add_count = 1};
  actions[1].edits = actions[0].edits;
  memset(filler, 'a', sizeof filler);
  memcpy(filler, "/go/", 4);
  const mc_route_spec routes[] = {prefix_route(MC_LITERAL("/go")), prefix_route(MC_LITERAL("/"))};
  start(routes, actions, 2, NULL);
  for (int path = 0; path < 2; path++) {
    mc_header lines_in[] = {{MC_LITERAL("x-long"), {filler, sizeof filler}}, {MC_LITERAL("user-agent"), {filler, sizeof filler}},
                            {MC_LITERAL("user-agent"), MC_LITERAL("b")}, {MC_LITERAL("x-cluster"), MC_LITERAL("two")}};
    mc_request request = request_of("a.com", NULL, NULL, NULL);
    request.target = path ? MC_LITERAL("/say") : mc_slice_of(filler, sizeof filler);
    request.headers = lines_in;
    request.header_count = 4;
    int failures = 0;
    for (int n = 0;; n++) {
      int before = check_blocks();
      const mc_response response = {.status = 200, .headers = lines_in, .header_count = 4};
      const mc_header_line *lines;
      uint32_t count;
      uint16_t status;
      mc_slice body;
      mc_scratch scratch;
      mc_scratch_init(&scratch);
      check_memory(n);
      mc_code code = mc_decide(snapshot, &request, &decision);
      if (!code && !path) code = mc_decision_request_headers(&decision, &scratch, &lines, &count);
      if (!code) code = mc_decision_response_headers(&decision, &response, &scratch, &lines, &count, &status, &body);
      check_memory(-1);
      mc_scratch_reset(&scratch);
      mc_decision_release(&decision);
      for (int32_t c = 0; c < 2; c++) {
        for (int32_t e = 0; e < 2 - c; e++) CHECK_INT(mc_snapshot_active(snapshot, c, e), 0);
      }
      CHECK_INT(check_blocks(), before);
      if (code == MC_OK) break;
      CHECK_INT(code, MC_NO_MEMORY);
      failures++;
    }
    CHECK(failures > 0);
  }
  stop();
}

int main(void) {
  test_the_lease_counts_once();
  test_forward();
  test_peeking_changes_nothing();
  test_no_route();
  test_no_listener();
  test_no_host_in_the_cluster();
  test_cluster_header();
  test_split_by_chance();
  test_split_by_header();
  test_split_by_hash();
  test_split_by_key();
  test_split_gives_a_cookie();
  test_upgrades();
  test_any_protocol();
  test_require_tls();
  test_grpc_replies();
  test_own_answers();
  test_rewrites();
  test_bounds();
  test_other_headers();
  test_out_of_memory();
  return check_finish();
}
