/* Any bytes as a request to a configuration that has a bit of everything: matchers, rewrites, edits, splits,
 * regexes. Whatever comes out may be written to a socket: no NUL, CR or LF, and a target that is a path.
 *
 * Input: three bytes (method and scheme, options, seed), then lines: the target, the authority ("-" for none),
 * and headers ("name: value"). The upstream answers with the same headers. */
#include <stdlib.h>

#include "base/slice.h"
#include "engine/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds) {
  if (!holds) abort();
}

static mc_slice next_line(mc_slice *rest) {
  size_t end = mc_slice_find(*rest, 0, '\n');
  mc_slice line = mc_slice_head(*rest, end);
  *rest = mc_slice_from(*rest, end < rest->size ? end + 1 : end);
  return line;
}

static void check_text(mc_slice text) {
  for (size_t i = 0; i < text.size; i++) demand(text.data[i] != 0 && text.data[i] != '\r' && text.data[i] != '\n');
}

static void check_lines(const mc_header_line *lines, uint32_t count, uint32_t given) {
  for (uint32_t i = 0; i < count; i++) {
    demand(lines[i].name.size > 0);
    check_text(lines[i].name);
    check_text(lines[i].value);
    demand(lines[i].source >= -1 && lines[i].source < (int32_t)given);
  }
}

/* Where the request is said to go on as it is, its lines are those of the view and what is told. */
static void check_stay(const mc_decision *d, const mc_header_line *lines, uint32_t count) {
  const mc_view *view = &d->view;
  mc_timeouts timeouts;
  mc_router_told told;
  uint32_t at = 0;
  mc_decision_timeouts(d, &timeouts);
  if (!mc_decision_request_stays(d, &timeouts, &told)) return;
  for (uint32_t i = 0; i < view->header_count; i++) {
    if (!(view->hidden[i >> 6] >> (i & 63) & 1)) demand(at < count && lines[at++].source == (int32_t)i);
  }
  demand(at + view->added_count + told.count == count);
  for (uint32_t i = 0; i < view->added_count; i++) demand(mc_slice_equal(lines[at++].value, view->added[i].value));
  for (uint32_t i = 0; i < told.count; i++) demand(mc_slice_equal(lines[at++].value, told.lines[i].value));
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SEGMENT(op, text) {op, text, {NULL, 0}, -1}
#define EXACT(text) {.kind = MC_STRING_EXACT, .value = MC_LITERAL(text)}

/* Every way that what a client sent can get into what is written. */
static mc_snapshot *build(uint8_t options, mc_runtime *runtime) {
  const mc_header_match_spec headers[] = {
      {.name = MC_LITERAL("x-re"), .string = {.kind = MC_STRING_REGEX, .value = MC_LITERAL("(a|b)+[^c]*")}},
      {.name = MC_LITERAL("x-num"), .test = MC_TEST_RANGE, .start = -10, .end = 10, .invert = true, .missing_as_empty = true},
      {.name = MC_LITERAL("user-agent"), .string = {.kind = MC_STRING_CONTAINS, .ignore_case = true, .value = MC_LITERAL("Bot")}, .invert = true, .missing_as_empty = true},
  };
  const mc_query_match_spec query = {.name = MC_LITERAL("q"), .test = MC_TEST_PRESENT, .present = true};
  const mc_cookie_match_spec cookie = {.name = MC_LITERAL("c"), .string = EXACT("1")};
  const mc_route_spec routes[] = {
      {.path_kind = MC_PATH_CONNECT},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/h"), .headers = headers, .header_count = 3},
      {.path_kind = MC_PATH_EXACT, .path = MC_LITERAL("/Q"), .queries = &query, .query_count = 1},
      {.path_kind = MC_PATH_SEPARATED_PREFIX, .path = MC_LITERAL("/c"), .cookies = &cookie, .cookie_count = 1},
      {.path_kind = MC_PATH_REGEX, .case_sensitive = true, .path = MC_LITERAL("/r/(.*)/x")},
      {.path_kind = MC_PATH_TEMPLATE, .case_sensitive = true, .path = MC_LITERAL("/t/{a}/{b=**}")},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/g"), .grpc = true},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/m")},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/w")},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/s")},
      {.path_kind = MC_PATH_PREFIX, .path = MC_LITERAL("/"), .numerator = 9, .denominator = 10},
  };
  const mc_format_segment all[] = {
      SEGMENT(MC_FORMAT_REQ, MC_LITERAL("x-a")),      SEGMENT(MC_FORMAT_REQ, MC_LITERAL(":path")),
      SEGMENT(MC_FORMAT_REQ, MC_LITERAL(":authority")), SEGMENT(MC_FORMAT_REQ, MC_LITERAL(":method")),
      SEGMENT(MC_FORMAT_RESP, MC_LITERAL("x-a")),     SEGMENT(MC_FORMAT_REMOTE_ADDRESS, MC_ABSENT),
      SEGMENT(MC_FORMAT_PROTOCOL, MC_ABSENT),         SEGMENT(MC_FORMAT_UPSTREAM_HOST, MC_ABSENT),
      SEGMENT(MC_FORMAT_RESPONSE_CODE, MC_ABSENT),
  };
  const mc_header_value_spec adds[] = {
      {.name = MC_LITERAL("x-all"), .value = {all, COUNT(all)}},
      {.name = MC_LITERAL("x-b"), .value = {all, 1}, .action = MC_OVERWRITE_IF_EXISTS_OR_ADD},
      {.name = MC_LITERAL("x-c"), .value = {all + 1, 1}, .action = MC_ADD_IF_ABSENT, .keep_empty = true},
      {.name = MC_LITERAL("host"), .value = {all, 1}, .action = MC_OVERWRITE_IF_EXISTS},
      {.name = MC_LITERAL("x-forwarded-for"), .value = {all, 2}},
  };
  const mc_slice removes[] = {MC_LITERAL("x-gone"), MC_LITERAL("cookie")};
  const mc_edits_spec edits = {.request_add = adds, .request_add_count = COUNT(adds), .request_remove = removes, .request_remove_count = 2,
                               .response_add = adds, .response_add_count = 3, .response_remove = removes, .response_remove_count = 1};
  const mc_weighted_cluster_spec split[] = {{.cluster = 0, .name = MC_LITERAL("a"), .weight = 3, .edits = edits}, {.cluster = -1, .name = MC_LITERAL("b"), .cluster_header = MC_LITERAL("x-cluster"), .weight = 2},
                                            {.cluster = 1, .name = MC_LITERAL("c"), .weight = 1, .host_rewrite = MC_LITERAL("split.host")}};
  const mc_cookie_spec given = {.max_age = 60, .path = MC_LITERAL("/")};
  const mc_sticky_spec sticky = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c"), .cookie = options & 8 ? &given : NULL};
  const mc_hash_policy_spec hashes[] = {{.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user"), .regex = {MC_LITERAL("[0-9]+"), MC_LITERAL("<\\0>")}},
                                        {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("c"), .cookie = &given},
                                        {.kind = MC_HASH_QUERY, .name = MC_LITERAL("q"), .terminal = true},
                                        {.kind = MC_HASH_SOURCE_IP}};
  const mc_upgrade upgrades[] = {{MC_LITERAL("CONNECT"), true}, {MC_LITERAL("websocket"), true}, {MC_LITERAL("h2c"), false}};
  const mc_string_spec origins[] = {EXACT("http://ok"), {.kind = MC_STRING_REGEX, .value = MC_LITERAL("https?://[a-z.]*")}};
  const mc_cors_spec cors = {.origins = origins, .origin_count = 2, .allow_headers = MC_LITERAL("*"), .expose_headers = MC_LITERAL("x-e"),
                             .allow_private_network_access = MC_SAID_YES, .forward_not_matching_preflights = options & 1 ? MC_SAID_NO : MC_UNSAID};
  const mc_cors_spec outer = {.allow_methods = MC_LITERAL("*"), .allow_credentials = MC_SAID_YES, .max_age = MC_LITERAL("60")};
  const mc_mirror_spec mirrors[] = {{.cluster = 0, .append_shadow_suffix = true, .numerator = 50, .denominator = 100},
                                    {.cluster = -1, .cluster_header = MC_LITERAL("x-cluster"), .edits = &edits, .edit_count = 1},
                                    {.cluster = 1, .host_rewrite = MC_LITERAL("m.com")}};
  const mc_label labels[] = {{MC_LITERAL("v"), MC_LITERAL("1")}, {MC_LITERAL("v"), MC_LITERAL("2")}, {MC_LITERAL("v"), MC_LITERAL("3")}};
  const mc_labels alternatives[] = {{labels + 2, 1}, {labels + 1, 1}};
  const mc_criteria_spec criteria = {.labels = {labels + (options & 1), 1}, .alternatives = alternatives, .alternative_count = 2};
  const mc_slice key = MC_LITERAL("v");
  const mc_subset_selector selector = {.keys = {&key, 1}, .fallback = MC_FALLBACK_DEFAULT};
  const mc_subsets_spec subsets = {.selectors = &selector, .selector_count = 1, .fallback = options & 4 ? MC_FALLBACK_ANY : MC_FALLBACK_NONE,
                                   .default_labels = {labels, 1}, .fallback_list = options & 8};
  const mc_fault_part_spec by_header = {.given = true, .by_header = true, .share = {100, 100}};
  const mc_slice node = MC_LITERAL("n");
  const mc_fault_downstream downstream = {MC_LITERAL("d"), {.abort = {1, 2}, .delay_ms = {true, 1}}};
  const mc_fault_spec fault = {.delay = by_header, .abort = by_header, .rate = by_header, .headers = headers + 1, .header_count = 2,
                               .downstream_nodes = {&node, options & 16 ? 1 : 0}, .downstreams = &downstream, .downstream_count = 1};
  const mc_timeout_spec short_timeout = {.request_ns = 1000000, .per_try_ns = 500000, .idle_ns = MC_UNSET, .stream_ns = MC_UNSET,
                                         .grpc_header_max_ns = MC_UNSET, .grpc_max_ns = options & 2 ? 0 : MC_UNSET};
  const mc_entry_spec entries[] = {{.source = MC_ENTRY_HEADER, .key = MC_LITERAL("a"), .name = MC_LITERAL("x-a"), .optional = true},
                                   {.source = MC_ENTRY_QUERY, .key = MC_LITERAL("q"), .name = MC_LITERAL("q"), .optional = true},
                                   {.source = MC_ENTRY_COOKIE, .key = MC_LITERAL("c"), .name = MC_LITERAL("c"), .optional = true},
                                   {.source = MC_ENTRY_CLIENT, .key = MC_LITERAL("n"), .v4_bits = 24, .v6_bits = 65, .optional = true},
                                   {.source = MC_ENTRY_QUERIES_MATCH, .key = MC_LITERAL("m"), .queries = &query, .query_count = 1, .expect_match = options & 1},
                                   {.source = MC_ENTRY_HEADERS_MATCH, .key = MC_LITERAL("h"), .headers = headers, .header_count = 3, .optional = true}};
  const mc_format_segment cost = SEGMENT(MC_FORMAT_REQ, MC_LITERAL("x-cost"));
  const mc_descriptor_spec described[] = {{.entries = entries, .count = 2}, {.entries = entries, .count = 6, .hits_format = {&cost, 1}},
                                          {.entries = entries + 1, .count = 1, .hits_format = {&cost, 1}, .gives_back = true}};
  const mc_label open[] = {{MC_LITERAL("a"), MC_LITERAL("")}, {MC_LITERAL("q"), MC_LITERAL("")}};
  const mc_limit_rule_spec limit_rules[] = {{.name = MC_LITERAL("2"), .label = MC_LITERAL("2"), .entries = open, .entry_count = 2, .bucket = {2, 1, 1000000000}},
                                            {.name = MC_LITERAL("1"), .label = MC_LITERAL("1"), .entries = open + 1, .entry_count = 1, .bucket = {options & 3, 1, 1000000000}}};
  const mc_local_limit_spec limit = {.rules = limit_rules, .rule_count = 2, .enabled = {1, 1}, .enforced = {options >> 3 & 1, 2}, .status = 429, .capacity = 30,
                                     .tells = 7, .edits = edits, .per_connection = options & 4};
  const mc_global_limit_spec global = {.domain = MC_LITERAL("d"), .status = 429, .error_status = 500, .tells = true};
  const mc_filter_spec filters[] = {{.kind = MC_FILTER_CORS}, {.kind = MC_FILTER_LOCAL_LIMIT, .local = &limit}, {.kind = MC_FILTER_GLOBAL_LIMIT, .global = &global}, {.kind = MC_FILTER_FAULT}};
  mc_action_spec actions[COUNT(routes)];
  for (size_t i = 0; i < COUNT(routes); i++) {
    actions[i] = (mc_action_spec){.kind = MC_ACTION_FORWARD, .cluster = (int32_t)(i % 2), .cluster_not_found_status = 503, .timeouts = &short_timeout};
    if (i % 2) actions[i].cors = &cors;
    if (i % 4 < 2) actions[i].fault = &fault;
    if (i % 2) actions[i].descriptors = (mc_descriptors_spec){described, 3};
    if (i % 3) actions[i].criteria = &criteria;
    if (i % 3 == 0) actions[i].mirrors = mirrors, actions[i].mirror_count = COUNT(mirrors);
  }
  actions[1].edits = edits;
  actions[1].host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_HEADER, .text = MC_LITERAL("x-b"), .append_x_forwarded_host = true};
  actions[2].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_FULL, .text = MC_LITERAL("/full?only")};
  actions[2].host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_AUTO};
  actions[3].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/cookie/")};
  actions[4].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("/r(/.*)/x"), MC_LITERAL("\\1")}};
  actions[4].host_rewrite = (mc_host_rewrite_spec){.kind = MC_HOST_PATH_REGEX, .regex = {MC_LITERAL("/r/(.*)/x.*"), MC_LITERAL("\\1")}};
  actions[5].path_rewrite = (mc_path_rewrite_spec){.kind = MC_REWRITE_TEMPLATE, .text = MC_LITERAL("/{b}/{a}")};
  actions[6].cluster = -1;
  actions[6].cluster_header = MC_LITERAL("x-cluster");
  actions[7] = (mc_action_spec){.kind = MC_ACTION_REDIRECT, .edits = edits,
                                .redirect = {.status = 302, .port = -1, .https = true, .path = {.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("m(.)"), MC_LITERAL("\\1\\1")}}}};
  actions[8].cluster = -1;
  actions[8].clusters = split;
  actions[8].cluster_count = 3;
  actions[8].weight_by_hash = true;
  actions[8].sticky = options & 4 ? &sticky : NULL;
  actions[8].hash_policies = hashes;
  actions[8].hash_policy_count = COUNT(hashes);
  actions[9] = (mc_action_spec){.kind = MC_ACTION_RESPOND, .status = 201, .body = {all, COUNT(all)}, .edits = edits};
  const mc_endpoint_spec endpoints[] = {{.address = MC_LITERAL("10.0.0.1:80"), .hostname = MC_LITERAL("h.one"), .labels = labels, .label_count = 1},
                                        {.address = MC_LITERAL("[::1]:80"), .labels = labels, .label_count = 2}};
  const mc_balance_spec hashing = {.policy = MC_POLICY_MAGLEV, .overprovisioning_percent = 140, .hashing = {.table_size = 7}};
  const mc_cluster_spec clusters[] = {{.name = MC_LITERAL("one"), .endpoints = endpoints, .endpoint_count = 2, .subsets = options & 2 ? &subsets : NULL},
                                      {.name = MC_LITERAL("two"), .endpoints = endpoints, .endpoint_count = 2, .balance = hashing}, {.name = MC_LITERAL("empty"), .balance = hashing}};
  const mc_virtual_host_spec hosts[] = {{.routes = routes, .actions = actions, .route_count = COUNT(routes), .edits = edits, .cors_field = &outer},
                                        {.routes = routes + 7, .actions = actions + 7, .route_count = 4, .require_tls = MC_TLS_ALL, .cors = &outer}};
  const mc_domain_spec domains[] = {{MC_LITERAL("tls.com"), 1}, {MC_LITERAL("*.tls.com"), 1}, {MC_LITERAL("*"), 0}};
  const mc_listener_spec listener = {
      .domains = {.domains = domains, .domain_count = 3, .ignore_port = options & 1},
      .most_specific_header_mutations_wins = options >> 1 & 1,
      .edits = edits,
      .cors = options & 2 ? &outer : NULL,
      .mirrors = mirrors,
      .mirror_count = 1,
      .filters = filters,
      .filter_count = COUNT(filters),
      .options = {.normalize_path = options >> 2 & 1, .merge_slashes = options >> 3 & 1, .escaped_slashes = (mc_escaped_slashes)(options >> 4 & 3),
                  .use_remote_address = options >> 6 & 1, .strip_any_host_port = options >> 7, .append_x_forwarded_port = true,
                  .has_internal_cidrs = options & 1, .via = MC_LITERAL("v"), .upgrades = upgrades, .upgrade_count = 3}};
  mc_snapshot_spec spec = {.listeners = &listener, .listener_count = 1, .virtual_hosts = hosts, .virtual_host_count = 2,
                           .clusters = clusters, .cluster_count = 3, .seed = options};
  const mc_hash_policies_spec own[] = {{hashes, options >> 5 & 3}, {.count = 0}, {hashes, 1}};
  if (options & 16) spec.hash_policies = own;
  mc_error error;
  mc_snapshot *snapshot = mc_snapshot_build(&spec, runtime, &error);
  demand(snapshot != NULL);
  return snapshot;
}

static void check_decision(const mc_decision *d, const mc_header *headers, uint32_t count) {
  check_text(d->location);
  check_text(d->view.authority.data && d->outcome != MC_REJECT ? d->authority : MC_ABSENT);
  demand(d->outcome == MC_FORWARD || (d->status >= 200 && d->status < 600 && d->details != MC_DETAILS_NONE));
  demand((d->leased != 0) == (d->outcome == MC_FORWARD && !d->request.inbound) && (d->endpoint >= 0 || !d->leased || d->request.served));
  mc_scratch scratch;
  const mc_header_line *lines;
  uint32_t line_count;
  mc_scratch_init(&scratch);
  if (d->outcome == MC_FORWARD) {
    bool connect = mc_slice_equal(d->request.method, MC_LITERAL("CONNECT"));
    check_text(d->target);
    demand(d->target.size ? d->target.data[0] == '/' || mc_slice_equal(d->target, MC_LITERAL("*")) : connect);
    demand(mc_decision_request_headers(d, &scratch, &lines, &line_count) == MC_OK);
    check_lines(lines, line_count, count);
    check_stay(d, lines, line_count);
    const mc_mirrored *mirrors;
    uint32_t mirror_count;
    demand(mc_decision_mirrors(d, &scratch, &mirrors, &mirror_count) == MC_OK);
    for (uint32_t i = 0; i < mirror_count; i++) {
      demand(mirrors[i].cluster >= 0 && mirrors[i].cluster < 3);
      check_text(mirrors[i].authority);
      demand(mc_decision_mirror_headers(d, mirrors[i].policy, &scratch, &lines, &line_count) == MC_OK);
      check_lines(lines, line_count, count);
    }
  }
  const mc_response response = {.status = 200, .headers = headers, .header_count = count, .body = MC_LITERAL("own")};
  uint16_t status;
  mc_slice body;
  demand(mc_decision_response_headers(d, &response, &scratch, &lines, &line_count, &status, &body) == MC_OK);
  demand(status >= 200 && status < 600);
  check_lines(lines, line_count, count);
  if (mc_decision_answer_stays(d, headers, count)) {
    demand(line_count == count);
    for (uint32_t i = 0; i < count; i++) demand(lines[i].source == (int32_t)i);
  }
  mc_scratch_reset(&scratch);
}

/* An explanation finds what the decision found, and a peek decides the same. */
static void check_explanation(const mc_snapshot *snapshot, const mc_request *request, const mc_decision *d) {
  mc_explanation explanation;
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  demand(mc_explain(snapshot, request, &scratch, &explanation) == MC_OK);
  bool tls = explanation.virtual_host >= 0 && d->virtual_host < 0; /* sent to https before any route was asked */
  demand(tls ? d->outcome == MC_REDIRECT : explanation.virtual_host == d->virtual_host);
  demand(tls || explanation.route == d->route);
  demand(d->choice < 0 || explanation.choice == d->choice);
  for (uint32_t i = 0; i < explanation.route_count; i++) {
    const mc_slice *values;
    uint32_t count;
    int32_t route = explanation.first_route + (int32_t)i;
    demand((explanation.failures[i].count == 0) == (explanation.failures[i].first.kind == MC_CONDITION_NONE));
    demand(explanation.failures[i].count > 0 || route >= explanation.route);
    demand(mc_explanation_values(&explanation, route, explanation.failures[i].first, &values, &count) == MC_OK);
    for (uint32_t v = 0; v < count; v++) demand(values[v].size <= MC_MAX_HEADER_BYTES);
  }
  mc_scratch_reset(&scratch);
  mc_decision seen;
  demand(mc_peek(snapshot, request, &seen) == MC_OK);
  demand(!seen.leased && seen.outcome == d->outcome && seen.route == d->route && seen.cluster == d->cluster);
  mc_decision_release(&seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 3) return 0;
  static const char *const methods[] = {"GET", "POST", "CONNECT", "OPTIONS"};
  const char *method = methods[data[0] & 3];
  mc_slice rest = mc_slice_of((const char *)data + 3, size - 3);
  mc_slice target = next_line(&rest), authority = next_line(&rest);
  static mc_header headers[128];
  uint32_t count = 0;
  while (rest.size && count < 128) {
    mc_slice line = next_line(&rest);
    size_t colon = mc_slice_find(line, 0, ':');
    headers[count].name = mc_slice_head(line, colon);
    headers[count++].value = colon < line.size ? mc_slice_from(line, colon + 1) : MC_ABSENT;
  }
  const mc_request request = {.method = mc_slice_of(method, strlen(method)),
                              .authority = mc_slice_equal(authority, MC_LITERAL("-")) ? MC_ABSENT : authority,
                              .target = target,
                              .scheme = data[0] & 4 ? MC_LITERAL("https") : MC_LITERAL("http"),
                              .protocol = MC_LITERAL("HTTP/1.1"),
                              .source = data[0] & 8 ? MC_ABSENT : MC_LITERAL("127.0.0.1"),
                              .port = 80,
                              .headers = headers,
                              .header_count = count,
                              .inbound = data[0] & 16,
                              .served = data[0] & 32 ? (const unsigned char *)"\1\0\1" : NULL,
                              .seed = data[2]};
  mc_runtime *runtime = mc_runtime_new();
  demand(runtime != NULL);
  mc_snapshot *snapshot = build(data[1], runtime);
  mc_decision decision;
  demand(mc_decide(snapshot, &request, &decision) == MC_OK);
  check_decision(&decision, headers, count);
  check_explanation(snapshot, &request, &decision);
  mc_decision_release(&decision);
  mc_fault_counts faults;
  demand(mc_snapshot_faults(snapshot, 0, &faults) && faults.active == 0);
  for (int32_t c = 0; c < 2; c++) demand(mc_snapshot_active(snapshot, c, 0) == 0);
  mc_snapshot_free(snapshot);
  mc_runtime_free(runtime);
  return 0;
}
