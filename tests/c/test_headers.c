#include "edit_support.h"

#include "edit/headers.h"
#include "edit/response.h"
#include "edit/upstream_request.h"

static mc_arena *arena;
static mc_scratch scratch;
static mc_header headers[16];
static mc_view view;
static char row[2000];

#define ADD(name, action, ...) {MC_LITERAL(name), FORMAT(__VA_ARGS__), action, false}
#define APPEND MC_APPEND_IF_EXISTS_OR_ADD
#define OVERWRITE MC_OVERWRITE_IF_EXISTS_OR_ADD

static mc_edit_pair requests(const mc_header_value_spec *add, uint32_t add_count, const mc_slice *remove,
                             uint32_t remove_count) {
  mc_edits_spec spec = {.request_add = add, .request_add_count = add_count, .request_remove = remove,
                        .request_remove_count = remove_count};
  mc_edit_pair pair;
  CHECK_INT(mc_edit_pair_compile(arena, &spec, &pair), MC_OK);
  return pair;
}

/* Applies one level to a view with these lines. */
static mc_slice apply(const mc_edit_pair *pair, const char *const *rows) {
  mc_header_list list;
  view_of(&view, &scratch, "a", "/", headers, rows);
  CHECK_INT(mc_header_list_from_view(&list, &scratch, &view), MC_OK);
  mc_header_list_remove(&list, MC_LITERAL("x-forwarded-proto"));
  mc_format_context context = {.view = &view, .request = &list};
  CHECK_INT(mc_edits_apply(&pair->request, &context, &list), MC_OK);
  return list_text(&list, row);
}

static void test_actions(void) {
  const mc_header_value_spec add[] = {
      ADD("x-t", APPEND, TEXT("added")),
      ADD("x-f", OVERWRITE, TEXT("added")),
      ADD("x-abs", MC_ADD_IF_ABSENT, TEXT("added")),
      ADD("x-owe", MC_OVERWRITE_IF_EXISTS, TEXT("added")),
  };
  mc_edit_pair pair = requests(add, 4, NULL, 0);
  CHECK_SLICE(apply(&pair, NULL), "x-f: added|x-t: added|x-abs: added");
  CHECK_SLICE(apply(&pair, ROWS("x-t: c", "x-f: c")), "x-t: c|x-f: added|x-t: added|x-abs: added");
  CHECK_SLICE(apply(&pair, ROWS("X-F: 1", "x-f: 2", "X-Abs: ", "x-owe: c")), "X-Abs: |x-f: added|x-owe: added|x-t: added");
}

static void test_joined(void) {
  const mc_header_value_spec add[] = {
      ADD("user-agent", OVERWRITE, TEXT("eng/1")),
      ADD("cookie", APPEND, TEXT("a=1")),
      ADD("x-forwarded-for", APPEND, TEXT("9.9.9.9")),
  };
  mc_edit_pair pair = requests(add, 3, NULL, 0);
  CHECK_SLICE(apply(&pair, ROWS("user-agent: curl", "cookie: z=9", "x-forwarded-for: 1.2.3.4")),
              "cookie: z=9|x-forwarded-for: 1.2.3.4,9.9.9.9|user-agent: eng/1|cookie: a=1");
}

static void test_values(void) {
  const mc_slice gone[] = {MC_LITERAL("x-gone")};
  const mc_header_value_spec add[] = {
      ADD("f-none", APPEND, REQ("x-none")),
      {MC_LITERAL("f-keep"), FORMAT(REQ("x-none")), APPEND, true},
      ADD("f-prev", APPEND, REQ("f-keep")),
      ADD("f-gone", APPEND, TEXT("["), REQ("x-gone"), TEXT("]")),
      ADD("f-bad", APPEND, TEXT("a\r\nb: c")),
      ADD("f-nul", APPEND, TEXT("a\0b")),
  };
  mc_edit_pair pair = requests(add, 6, gone, 1);
  CHECK_SLICE(apply(&pair, ROWS("x-gone: 1", "X-GONE: 2", "x-b: 3")), "x-b: 3|f-keep: |f-gone: []");
}

static void test_levels(void) {
  const mc_header_value_spec rt[] = {ADD("x-req", APPEND, TEXT("rt")), ADD("x-ow", OVERWRITE, TEXT("rt")), ADD("x-rm", APPEND, TEXT("rt"))};
  const mc_header_value_spec vh[] = {ADD("x-req", APPEND, TEXT("vh")), ADD("x-ow", OVERWRITE, TEXT("vh"))};
  const mc_header_value_spec rc[] = {ADD("x-req", APPEND, TEXT("rc")), ADD("x-sees", APPEND, REQ("x-ow"))};
  const mc_slice removed[] = {MC_LITERAL("x-rm")};
  mc_edit_pair route = requests(rt, 3, NULL, 0), host = requests(vh, 2, removed, 1), config = requests(rc, 2, NULL, 0);
  mc_edit_pair empty = requests(NULL, 0, NULL, 0);
  mc_edit_chain chain, responses;
  mc_header_list list;
  view_of(&view, &scratch, "a", "/", headers, NULL);
  for (int wins = 0; wins < 2; wins++) {
    mc_edit_chain_make(&route, &host, &config, wins, &chain, &responses);
    CHECK_INT(chain.count, 3);
    CHECK_INT(responses.count, 0);
    CHECK_INT(mc_header_list_init(&list, &scratch, 2), MC_OK);
    mc_format_context context = {.view = &view, .request = &list};
    CHECK_INT(mc_edit_chain_apply(&chain, &context, &list), MC_OK);
    mc_slice got = list_text(&list, row);
    if (wins) {
      CHECK_SLICE(got, "x-req: rc|x-req: vh|x-ow: rt|x-req: rt|x-rm: rt");
    } else {
      CHECK_SLICE(got, "x-req: rt|x-ow: vh|x-req: vh|x-req: rc|x-sees: vh");
    }
  }
  mc_edit_chain_make(NULL, &empty, &config, false, &chain, &responses);
  CHECK_INT(chain.count, 1);
}

/* The whole of what the upstream sees. */
static void test_upstream(void) {
  const mc_http_options options = {0};
  const mc_header_value_spec wc[] = {ADD("x-auth-wc", APPEND, REQ(":authority"))};
  const mc_header_value_spec rt[] = {ADD("x-auth", APPEND, REQ(":authority")), ADD("x-path", APPEND, REQ(":path")), ADD("x-host", OVERWRITE, TEXT("new.host"))};
  mc_edit_pair cluster = requests(wc, 1, NULL, 0), route = requests(rt, 3, NULL, 0);
  mc_edit_chain chain, responses;
  mc_edit_chain_make(&route, NULL, NULL, false, &chain, &responses);
  mc_path_rewrite path;
  mc_host_rewrite host;
  mc_error error;
  const mc_path_rewrite_spec path_spec = {.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/b")};
  const mc_host_rewrite_spec host_spec = {.kind = MC_HOST_HEADER, .text = MC_LITERAL("x-host"), .append_x_forwarded_host = true};
  CHECK_INT(mc_path_rewrite_compile(arena, &path_spec, MC_PATH_PREFIX, MC_LITERAL("/both"), &path, &error), MC_OK);
  CHECK_INT(mc_host_rewrite_compile(arena, &host_spec, &host, &error), MC_OK);
  view_of(&view, &scratch, "example.com", "/both/q?z", headers, ROWS("x-envoy-original-path: /spoof", "x-forwarded-host: p1", "A: b"));
  mc_forwarding f = {.view = &view, .options = &options, .chain = &chain, .path = &path, .host = &host, .router = {.expected_ms = 15000},
                     .weighted_edits = &cluster.request, .weighted_host = MC_LITERAL("wc.example")};
  CHECK(mc_forwarding_needs_edits(&f));
  mc_slice target, authority;
  mc_header_list list;
  CHECK_INT(mc_upstream_request_make(&f, &scratch, &target, &authority, &list), MC_OK);
  CHECK_SLICE(target, "/b/q?z");
  CHECK_SLICE(authority, "new.host");
  CHECK_SLICE(list_text(&list, row),
              "x-envoy-original-path: /both/q?z|x-forwarded-host: p1,wc.example|A: b|x-forwarded-proto: http|x-envoy-expected-rq-timeout-ms: 15000|"
              "x-auth-wc: example.com|x-host: new.host|x-auth: wc.example|x-path: /both/q?z|"
              "x-envoy-original-host: wc.example");
  CHECK_INT(list.lines[2].source, 2);
  CHECK_INT(mc_upstream_target_make(&f, &scratch, &target, &authority), MC_OK);
  CHECK_SLICE(target, "/b/q?z");
  CHECK_SLICE(authority, "wc.example");
  mc_path_rewrite_clear(&path);
  mc_host_rewrite_clear(&host);
}

static void check_rewrites(const mc_host_rewrite_spec *host_spec, const mc_path_rewrite_spec *path_spec, const mc_edit_chain *chain,
                           const char *authority_wanted, const char *target_wanted, const char *hostname) {
  const mc_http_options options = {0};
  mc_path_rewrite path;
  mc_host_rewrite host;
  mc_error error;
  CHECK_INT(mc_path_rewrite_compile(arena, path_spec, MC_PATH_PREFIX, MC_LITERAL("/"), &path, &error), MC_OK);
  CHECK_INT(mc_host_rewrite_compile(arena, host_spec, &host, &error), MC_OK);
  const mc_forwarding f = {.view = &view, .options = &options, .chain = chain, .path = &path, .host = &host,
                           .endpoint_hostname = text_of(hostname)};
  mc_slice target, authority;
  mc_header_list list;
  CHECK_INT(mc_upstream_request_make(&f, &scratch, &target, &authority, &list), MC_OK);
  CHECK(mc_slice_equal(target, text_of(target_wanted)));
  CHECK(mc_slice_equal(authority, text_of(authority_wanted)));
  if (mc_forwarding_needs_edits(&f)) return;
  CHECK_INT(mc_upstream_target_make(&f, &scratch, &target, &authority), MC_OK);
  CHECK(mc_slice_equal(target, text_of(target_wanted)));
  CHECK(mc_slice_equal(authority, text_of(authority_wanted)));
}

/* Host before path, but for the endpoint's own name; what is absent is "-" in a host and nothing in a path. */
static void test_rewrites_by_format(void) {
  view_of(&view, &scratch, "a.com", "/p?q", headers, ROWS("x-a: 1"));
  const mc_host_rewrite_spec host = {.kind = MC_HOST_FORMAT, .format = FORMAT(TEXT("h-"), REQ("x-a"), TEXT("."), REQ("x-none"))};
  const mc_host_rewrite_spec automatic = {.kind = MC_HOST_AUTO}, dash = {.kind = MC_HOST_FORMAT, .format = FORMAT(REQ("x-none"))};
  const mc_path_rewrite_spec path = {.kind = MC_REWRITE_FORMAT, .format = FORMAT(TEXT("/"), REQ(":authority"), REQ("x-none"), REQ(":path"))};
  const mc_path_rewrite_spec nothing = {.kind = MC_REWRITE_FORMAT, .format = FORMAT(REQ("x-none"))};
  check_rewrites(&host, &path, NULL, "h-1.-", "/h-1.-/p?q?q", "");
  check_rewrites(&automatic, &path, NULL, "up", "/a.com/p?q?q", "up");
  check_rewrites(&dash, &nothing, NULL, "-", "/p?q", "");
  const mc_header_value_spec add[] = {ADD("x-a", OVERWRITE, TEXT("edited"))};
  mc_edit_pair pair = requests(add, 1, NULL, 0);
  mc_edit_chain chain, others;
  mc_edit_chain_make(&pair, NULL, NULL, false, &chain, &others);
  check_rewrites(&host, &nothing, &chain, "h-edited.-", "/p?q", "");
  mc_path_rewrite by_format = {.kind = MC_REWRITE_FORMAT};
  mc_host_rewrite literal = {.kind = MC_HOST_LITERAL};
  mc_forwarding f = {.path = &by_format};
  CHECK(!mc_forwarding_needs_edits(&f));
  f.host = &literal;
  CHECK(mc_forwarding_needs_edits(&f));
}

static mc_edit_pair responses(const mc_header_value_spec *add, uint32_t count) {
  mc_edits_spec spec = {.response_add = add, .response_add_count = count};
  mc_edit_pair pair;
  CHECK_INT(mc_edit_pair_compile(arena, &spec, &pair), MC_OK);
  return pair;
}

static mc_slice answer(mc_answer *it, uint16_t *status, mc_slice *body) {
  mc_format_context context = {.view = &view, .status = it->status};
  mc_header_list list;
  CHECK_INT(mc_answer_make(it, &context, &scratch, &list, status, body), MC_OK);
  return list_text(&list, row);
}

/* Some cookies are added before the edits, others after them. */
static void test_cookies(void) {
  const mc_slice early = MC_LITERAL("a=1"), late = MC_LITERAL("b=2"), gone = MC_LITERAL("set-cookie");
  mc_edits_spec spec = {.response_remove = &gone, .response_remove_count = 1};
  mc_edit_pair pair;
  mc_edit_chain request, chain;
  mc_slice body;
  uint16_t status;
  view_of(&view, &scratch, "a", "/", headers, NULL);
  mc_answer it = {.status = 503, .own = true, .cookies = &early, .cookie_count = 1, .late_cookies = &late, .late_cookie_count = 1};
  CHECK_SLICE(answer(&it, &status, &body), "set-cookie: a=1|set-cookie: b=2");
  CHECK_INT(mc_edit_pair_compile(arena, &spec, &pair), MC_OK);
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  it.chain = &chain;
  CHECK_SLICE(answer(&it, &status, &body), "set-cookie: b=2");
}

static void test_own_answers(void) {
  const mc_header_value_spec add[] = {ADD("x-echo", APPEND, REQ("x-a")), ADD("x-code", APPEND, OP(MC_FORMAT_RESPONSE_CODE)),
                                      ADD("location", APPEND, TEXT("/there"))};
  mc_edit_pair pair = responses(add, 3);
  mc_edit_chain request, chain;
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  mc_slice body;
  uint16_t status;
  view_of(&view, &scratch, "a", "/", headers, ROWS("x-a: sent"));
  mc_answer it = {.status = 403, .own = true, .body = MC_LITERAL("no\n"), .chain = &chain};
  CHECK_SLICE(answer(&it, &status, &body), "x-echo: sent|x-code: 0|location: /there|content-type: text/plain");
  CHECK_INT(status, 403);
  CHECK_SLICE(body, "no\n");
  it = (mc_answer){.status = 301, .own = true, .location = MC_LITERAL("http://a/"), .chain = &chain};
  CHECK_SLICE(answer(&it, &status, &body), "location: http://a/,/there|x-echo: sent|x-code: 0");
  const mc_header_value_spec type[] = {ADD("content-type", OVERWRITE, TEXT("a/b"))};
  pair = responses(type, 1);
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  it = (mc_answer){.status = 200, .own = true, .body = MC_LITERAL("x"), .chain = &chain};
  CHECK_SLICE(answer(&it, &status, &body), "content-type: a/b");
  it.content_type = MC_LITERAL("c/d");
  CHECK_SLICE(answer(&it, &status, &body), "content-type: c/d");
  it.body = MC_ABSENT;
  CHECK_SLICE(answer(&it, &status, &body), "");
  it = (mc_answer){.status = 404, .own = true};
  CHECK_SLICE(answer(&it, &status, &body), "");
  CHECK_SLICE(body, "");
}

/* Formats of a redirect see the path as its Location has it. */
static void test_redirects(void) {
  const mc_header_value_spec add[] = {ADD("x-path", APPEND, REQ(":path")), ADD("x-was", APPEND, REQ("x-envoy-original-path"))};
  mc_edit_pair pair = responses(add, 2);
  mc_edit_chain request, chain;
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  mc_redirect redirect;
  mc_error error;
  const mc_redirect_spec spec = {.status = 301, .port = -1, .path = {.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/new")}};
  CHECK_INT(mc_redirect_compile(arena, &spec, MC_PATH_PREFIX, MC_LITERAL("/old"), &redirect, &error), MC_OK);
  view_of(&view, &scratch, "a", "/old/x", headers, ROWS("x-envoy-original-path: /spoof"));
  mc_slice body;
  uint16_t status;
  mc_answer it = {.status = 301, .own = true, .location = MC_LITERAL("http://a/new/x"), .chain = &chain, .redirect = &redirect};
  CHECK_SLICE(answer(&it, &status, &body), "location: http://a/new/x|x-path: /new/x|x-was: /old/x");
}

static void test_grpc(void) {
  mc_slice body;
  uint16_t status;
  view_of(&view, &scratch, "a", "/", headers, ROWS("content-type: application/grpc+proto"));
  mc_answer it = {.status = 403, .own = true, .body = MC_LITERAL("no%~\n")};
  CHECK_SLICE(answer(&it, &status, &body), "content-type: application/grpc|grpc-status: 7|grpc-message: no%25%7E%0A");
  CHECK_INT(status, 200);
  CHECK_SLICE(body, "");
  it = (mc_answer){.status = 404, .own = true};
  CHECK_SLICE(answer(&it, &status, &body), "content-type: application/grpc|grpc-status: 12");
  view_of(&view, &scratch, "a", "/", headers, ROWS("content-type: application/grpc-web"));
  CHECK(!mc_view_is_grpc(&view));
}

/* An answer says so once more where the edits have said it; of a status they have said it for good. */
static void test_what_edits_have_said(void) {
  const mc_header_value_spec add[] = {ADD("x-envoy-overloaded", APPEND, TEXT("edited")), ADD("grpc-status", APPEND, REQ("x-status"))};
  mc_edit_pair pair = responses(add, 2);
  mc_edit_chain request, chain;
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  mc_slice body;
  uint16_t status;
  mc_answer it = {.status = 503, .own = true, .overload = MC_LITERAL("x-envoy-overloaded"), .chain = &chain};
  view_of(&view, &scratch, "a", "/", headers, ROWS("content-type: application/grpc", "x-status: 5"));
  CHECK_SLICE(answer(&it, &status, &body),
              "x-envoy-overloaded: edited|grpc-status: 5|content-type: application/grpc|x-envoy-overloaded: true");
  view_of(&view, &scratch, "a", "/", headers, ROWS("content-type: application/grpc"));
  CHECK_SLICE(answer(&it, &status, &body),
              "x-envoy-overloaded: edited|content-type: application/grpc|grpc-status: 14|x-envoy-overloaded: true");
}

/* A filter's edits of its own answer see nothing of it, and all that is set sees no edits. */
static void test_edits_of_filters(void) {
  const mc_header_value_spec first[] = {ADD("x-r", APPEND, TEXT("route")), ADD("x-count", APPEND, TEXT("edited"))};
  const mc_header_value_spec then[] = {ADD("x-lim", APPEND, TEXT("<"), {MC_FORMAT_RESP, MC_LITERAL("x-r"), {NULL, 0}, -1},
                                           {MC_FORMAT_RESP, MC_LITERAL(":status"), {NULL, 0}, -1}, TEXT(">"))};
  mc_edit_pair route = responses(first, 2), filter = responses(then, 1);
  mc_edit_chain request, chain;
  mc_edit_chain_make(&route, NULL, NULL, false, &request, &chain);
  const mc_header set = {MC_LITERAL("x-count"), MC_LITERAL("2")};
  mc_slice body;
  uint16_t status;
  view_of(&view, &scratch, "a", "/", headers, NULL);
  mc_answer it = {.status = 429, .own = true, .chain = &chain, .filter_edits = &filter.response, .set = &set, .set_count = 1};
  CHECK_SLICE(answer(&it, &status, &body), "x-r: route|x-count: 2|x-lim: <>");
}

/* The id that an answer tells is that of the request as its edits leave it, where they have a say in it. */
static void test_request_ids(void) {
  const mc_http_options always = {.always_set_request_id_in_response = true}, seldom = {0};
  const mc_header_value_spec more[] = {ADD("x-request-id", APPEND, TEXT("own")), ADD("x-envoy-force-trace", APPEND, TEXT("1"))};
  mc_edit_pair pair = requests(more, 1, NULL, 0);
  CHECK(pair.request.names_id && !pair.response.names_id);
  mc_edit_chain chain, none;
  mc_edit_chain_make(&pair, NULL, NULL, false, &chain, &none);
  view_of(&view, &scratch, "a", "/", headers, ROWS("x-request-id: 1"));
  mc_forwarding forwarding = {.view = &view, .options = &always, .chain = &chain};
  mc_answer it = {.status = 503, .own = true, .options = &always, .forwarding = &forwarding, .request_id_edited = true, .request_id = MC_LITERAL("1")};
  mc_slice body;
  uint16_t status;
  CHECK_SLICE(answer(&it, &status, &body), "x-request-id: 1,own");
  it.options = forwarding.options = &seldom;
  CHECK_SLICE(answer(&it, &status, &body), "");
  pair = requests(more, 2, NULL, 0);
  CHECK_SLICE(answer(&it, &status, &body), "x-request-id: 1,own");
  const mc_slice gone[] = {MC_LITERAL("X-Request-Id")};
  pair = requests(NULL, 0, gone, 1);
  CHECK(pair.request.names_id);
  it.options = forwarding.options = &always;
  CHECK_SLICE(answer(&it, &status, &body), "");
  const mc_header line = {MC_LITERAL("x-request-id"), MC_LITERAL("filter")};
  const mc_filter_edit filter = {.lines = &line, .line_count = 1};
  it.forwarding = NULL;
  it.request_edits = &filter;
  CHECK_SLICE(answer(&it, &status, &body), "x-request-id: 1,filter");
}

/* Who asked for an upgrade is told which one there is, or would be; nobody else, and of nothing else of a connection. */
static void test_answers_to_upgrades(void) {
  const mc_http_options options = {0};
  mc_header lines[] = {{MC_LITERAL("Connection"), MC_LITERAL("x-a , Upgrade")}, {MC_LITERAL("upgrade"), MC_LITERAL("foo")},
                       {MC_LITERAL("keep-alive"), MC_LITERAL("5")}, {MC_LITERAL("proxy-connection"), MC_LITERAL("x")}};
  mc_answer it = {.status = 426, .headers = lines, .header_count = 4, .options = &options};
  mc_slice body;
  uint16_t status;
  view_of(&view, &scratch, "a", "/", headers, ROWS("connection: upgrade", "upgrade: foo"));
  CHECK_SLICE(answer(&it, &status, &body), "Connection: x-a , Upgrade|upgrade: foo");
  lines[0].value = MC_LITERAL("upgraded");
  CHECK_SLICE(answer(&it, &status, &body), "");
  lines[0].value = MC_LITERAL("upgrade");
  it.header_count = 1;
  CHECK_SLICE(answer(&it, &status, &body), "");
  it.header_count = 4;
  view_of(&view, &scratch, "a", "/", headers, NULL);
  CHECK_SLICE(answer(&it, &status, &body), "");
}

static void test_upstream_answers(void) {
  const mc_http_options options = {.via = MC_LITERAL("v")};
  mc_header lines[] = {{MC_LITERAL("X-Up"), MC_LITERAL("1")},     {MC_LITERAL("Connection"), MC_LITERAL("close")},
                       {MC_LITERAL("x-bad"), MC_LITERAL("a\nb")}, {MC_LITERAL("vary"), MC_LITERAL("a")},
                       {MC_LITERAL("vary"), MC_LITERAL(" b")},    {MC_LITERAL("set-cookie"), MC_LITERAL("c")},
                       {MC_LITERAL("set-cookie"), MC_LITERAL("d")}};
  const mc_header_value_spec rt[] = {ADD("x-path", APPEND, REQ(":path")), ADD("x-code", APPEND, OP(MC_FORMAT_RESPONSE_CODE))};
  mc_edit_pair pair = responses(rt, 2);
  mc_edit_chain request, chain;
  mc_edit_chain_make(&pair, NULL, NULL, false, &request, &chain);
  mc_path_rewrite path;
  mc_error error;
  const mc_path_rewrite_spec path_spec = {.kind = MC_REWRITE_FULL, .text = MC_LITERAL("/new")};
  CHECK_INT(mc_path_rewrite_compile(arena, &path_spec, MC_PATH_PREFIX, MC_LITERAL("/"), &path, &error), MC_OK);
  view_of(&view, &scratch, "a", "/old?q", headers, NULL);
  mc_forwarding forwarding = {.view = &view, .options = &options, .chain = &request, .path = &path};
  mc_answer it = {.status = 503, .headers = lines, .header_count = 7, .chain = &chain, .options = &options, .forwarding = &forwarding};
  mc_slice body;
  uint16_t status;
  CHECK_SLICE(answer(&it, &status, &body), "X-Up: 1|vary: a,b|set-cookie: c|set-cookie: d|x-path: /new?q|x-code: 503|via: v");
  CHECK_INT(status, 503);
}

static void test_memory(void) {
  const mc_http_options options = {.via = MC_LITERAL("v")};
  const mc_header_value_spec add[] = {ADD("x-long", APPEND, REQ("x-a"), REQ("x-a"))};
  mc_edit_pair pair = requests(add, 1, NULL, 0);
  mc_edit_chain chain, out;
  mc_edit_chain_make(&pair, NULL, NULL, false, &chain, &out);
  static char big[3000];
  memset(big, 'a', sizeof big - 1);
  memcpy(big, "x-a: ", 5);
  view_of(&view, &scratch, "a", "/", headers, ROWS(big));
  mc_forwarding f = {.view = &view, .options = &options, .chain = &chain, .router = {.expected_ms = 1}};
  for (int n = 0;; n++) {
    mc_slice target, authority;
    mc_header_list list;
    mc_scratch own;
    mc_scratch_init(&own);
    check_memory(n);
    mc_code code = mc_upstream_request_make(&f, &own, &target, &authority, &list);
    check_memory(-1);
    mc_scratch_reset(&own);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

int main(void) {
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  test_actions();
  test_joined();
  test_values();
  test_levels();
  test_upstream();
  test_rewrites_by_format();
  test_own_answers();
  test_cookies();
  test_redirects();
  test_grpc();
  test_what_edits_have_said();
  test_edits_of_filters();
  test_request_ids();
  test_answers_to_upgrades();
  test_upstream_answers();
  test_memory();
  mc_scratch_reset(&scratch);
  mc_arena_free(arena);
  return check_finish();
}
