#include "check.h"

#include "base/arena.h"
#include "base/slice.h"
#include "edit/bytes.h"
#include "edit/header_names.h"
#include "edit_support.h"

static mc_scratch scratch;
static mc_view view;
static mc_refusal refusal;

static mc_slice text(const char *s) { return s ? mc_slice_of(s, strlen(s)) : MC_ABSENT; }

/* Headers as "name: value" lines in one row, NULL-terminated. */
static mc_code make(const char *method, const char *target, const mc_http_options *options, const char **rows) {
  static mc_header headers[200];
  uint32_t count = 0;
  for (; rows && *rows; rows++) {
    const char *colon = strstr(*rows, ": ");
    headers[count].name = mc_slice_of(*rows, (size_t)(colon - *rows));
    headers[count++].value = text(colon + 2);
  }
  mc_request request = {.method = text(method),
                        .authority = MC_LITERAL("example.com"),
                        .target = text(target),
                        .scheme = MC_LITERAL("http"),
                        .protocol = MC_LITERAL("HTTP/1.1"),
                        .source = MC_LITERAL("127.5.5.5"),
                        .local = MC_LITERAL("127.0.0.1"),
                        .port = 10000,
                        .headers = headers,
                        .header_count = count};
  mc_scratch_reset(&scratch);
  return view_make(&request, options, &scratch, &view, &refusal);
}

static mc_slice header(const char *name) { return mc_view_header(&view, text(name)); }

#define HEADERS(...) ((const char *[]){__VA_ARGS__, NULL})

static const mc_http_options plain = {0};

static void check_path(const mc_http_options *options, const char *target, const char *expected, int line) {
  mc_code code = make("GET", target, options, NULL);
  check_int(code, MC_OK, target, __FILE__, line);
  if (code == MC_OK) check_slice(view.target, text(expected), target, __FILE__, line);
}

static void check_refused(const mc_http_options *options, const char *method, const char *target, int status,
                          mc_details details, int line) {
  check_int(make(method, target, options, NULL), MC_INVALID, target, __FILE__, line);
  check_int(refusal.status, status, target, __FILE__, line);
  check_int(refusal.details, details, target, __FILE__, line);
}

#define PATH(options, target, expected) check_path(options, target, expected, __LINE__)
#define REFUSED(method, target, status, details) check_refused(&plain, method, target, status, details, __LINE__)

/* Who has no TLS and nobody before him who might have had it does not ask for https. */
static void test_https_on_plaintext(void) {
  const mc_http_options edge = {.use_remote_address = true};
  const mc_http_options inner = {.use_remote_address = true, .xff_num_trusted_hops = 1};
  check_refused(&edge, "GET", "https://a.com/x", 403, MC_DETAILS_HTTPS_URL_ON_PLAINTEXT, __LINE__);
  CHECK_SLICE(refusal.body, "Forbidden");
  PATH(&edge, "http://a.com/x", "/x");
  PATH(&inner, "https://a.com/x", "/x");
  PATH(&plain, "https://a.com/x", "/x");
}

static void test_targets(void) {
  PATH(&plain, "/a?b=c?d", "/a?b=c?d");
  CHECK_SLICE(view.path, "/a");
  CHECK_SLICE(view.query, "b=c?d");
  CHECK_SLICE(view.authority, "example.com");
  CHECK_SLICE(view.scheme, "http");
  PATH(&plain, "/a", "/a");
  CHECK(!view.query.data);
  PATH(&plain, "/a?", "/a?");
  CHECK(view.query.data && view.query.size == 0);
  PATH(&plain, "http://other.com/pre/x?y", "/pre/x?y");
  CHECK_SLICE(view.authority, "other.com");
  REFUSED("GET", "http://a_b.com/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a.com:99999/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a.com:/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://[::1/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a@b@c.com/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a<b.com/x", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "http://a.com#f", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "http:/a.com/x", 400, MC_DETAILS_CODEC_ERROR);
  PATH(&plain, "HTTPS://u:p@[::1]:80", "/");
  CHECK_SLICE(view.authority, "[::1]:80");
  CHECK_SLICE(view.scheme, "https");
  CHECK_SLICE(view.forwarded_proto, "http");
  PATH(&plain, "//a//b", "//a//b");
  PATH(&plain, "/\\x<>\"{}|^`%zz", "/\\x<>\"{}|^`%zz");
  REFUSED("GET", "*", 400, MC_DETAILS_INVALID_URL);
  REFUSED("OPTIONS", "*", 404, MC_DETAILS_ABSOLUTE_PATH_REJECTED);
  REFUSED("GET", "a", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "?x", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "e.com:443", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "http://a.com?x", 404, MC_DETAILS_ABSOLUTE_PATH_REJECTED);
  REFUSED("GET", "ftp://a.com/x", 400, MC_DETAILS_INVALID_SCHEME);
  REFUSED("GET", "http:///x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "ftp://a_b/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a%41/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a:8x/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a:/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a:65536/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a@b@c/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a@@c/", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "http://[::1%25eth0]/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://[]/", 400, MC_DETAILS_INVALID_URL);
  REFUSED("GET", "http://a^b/", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "http://a#b", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "*x", 400, MC_DETAILS_INVALID_URL);
  PATH(&plain, "http://@a.com:65535", "/");
  CHECK_SLICE(view.authority, "a.com:65535");
  REFUSED("GET", "/a#b", 400, MC_DETAILS_PATH_NORMALIZATION_FAILED);
  REFUSED("GET", "/a?b#c", 400, MC_DETAILS_PATH_NORMALIZATION_FAILED);
  REFUSED("GET", "/a b", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "/a\tb", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "/aaaaaaaa\r\nb", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "/\xc3\xa9", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("GET", "/a\x7f" "b", 400, MC_DETAILS_INVALID_CHARACTERS);
  REFUSED("GET", "/a\x01" "b", 400, MC_DETAILS_INVALID_CHARACTERS);
  REFUSED("GE T", "/", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("", "/", 400, MC_DETAILS_CODEC_ERROR);
  REFUSED("CONNECT", "/x", 400, MC_DETAILS_INVALID_URL);
  REFUSED("CONNECT", "e.com", 400, MC_DETAILS_INVALID_URL);
  REFUSED("CONNECT", "u@e.com:443", 400, MC_DETAILS_INVALID_URL);
  REFUSED("CONNECT", "e.com:443/x", 400, MC_DETAILS_INVALID_URL);
  CHECK_INT(make("CONNECT", "e.com:443", &plain, NULL), MC_OK);
  CHECK_SLICE(view.authority, "e.com:443");
  CHECK_SLICE(view.path, "");
}

static void test_normalise(void) {
  const mc_http_options n = {.normalize_path = true};
  static const char *const cases[][2] = {
      {"/a/./b", "/a/b"},         {"/a/c/../b", "/a/b"},       {"/a/%2e/b", "/a/b"},
      {"/a/%2E%2e/a/b", "/a/b"},  {"/a//b", "/a//b"},          {"//a/b", "//a/b"},
      {"/a/b/.", "/a/b/"},        {"/a/b/..", "/a/"},          {"/a%2Fb", "/a%2Fb"},
      {"/a%5Cb", "/a%5Cb"},       {"/a\\b", "/a/b"},           {"/x?y=/../z", "/x?y=/../z"},
      {"/%61/b", "/a/b"},         {"/..", "/"},                {"/../..", "/"},
      {"/%zz", "/%zz"},           {"/%", "/%"},                {"/%c3%a9", "/%c3%a9"},
      {"/%7e", "/~"},             {"/%2525", "/%2525"},        {"/a/./b?q=./x", "/a/b?q=./x"},
      {"/a\"<>^`{|}b", "/a%22%3C%3E%5E%60%7B%7C%7Db"},         {"/a[b]", "/a[b]"},
      {"/public/..;/s", "/s"},    {"/a/..;x=1;y/b", "/b"},     {"/a/.;/b", "/a/b"},
      {"/a/;/b", "/a/;/b"},       {"/a/%2e%2e;/b", "/a/..;/b"}, {"/a/...;/b", "/a/...;/b"},
      {"/a/..;", "/"},            {"/a//..", "/a/"},           {"//..", "/"},
      {"///..", "//"},            {"/a/.b", "/a/.b"},          {"/a/..b", "/a/..b"},
      {"/a/.%2e", "/"},           {"/a/%2", "/a/%2"},          {"/a/%2ee", "/a/.e"},
      {"/a\\..\\b", "/b"},        {"/\\", "//"},               {"/a/%5c..", "/a/%5c.."},
      {"/a%2e%2e/b", "/a../b"},   {"/a/..?x", "/?x"},          {"/a/..;x?y", "/?y"},
      {"/a/b/c/..;z\\..;q/d", "/a/b/d"},                       {"/a/b/..;../c", "/a/c"},
      {"/%2%61b", "/%252ab"},      {"/%%36%31x", "/%2561x"},  {"/%%361", "/%2561"},
      {"/%%36x", "/%6x"},         {"/%%%36%31", "/%%2561"},  {"/%2%41%2%41", "/%252A%252A"},
      {"/a/%/../%61bc", "/a/abc"}, {"/%2%2e", "/%2."},       {"/%%41%42", "/%25AB"},
      {"/a\\..;x/b", "/a/..;x/b"}, {"/a/..;\\b", "/"},         {"/a/b/..%3b;/c", "/a/b/..%3b;/c"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) PATH(&n, cases[i][0], cases[i][1]);
  check_refused(&n, "GET", "/a%00b", 400, MC_DETAILS_PATH_NORMALIZATION_FAILED, __LINE__);
  PATH(&plain, "/a%00b", "/a%00b");
  /* nothing to do: nothing is copied */
  const char *clean = "/static/app.v2/site.css?x=%2e";
  PATH(&n, clean, clean);
  CHECK(view.target.data == clean);
}

static void test_slashes(void) {
  const mc_http_options m = {.merge_slashes = true};
  PATH(&m, "/a//b", "/a/b");
  PATH(&m, "///a///b", "/a/b");
  PATH(&m, "//a//", "/a/");
  PATH(&m, "/a//b?x=//y", "/a/b?x=//y");
  PATH(&m, "//", "//");
  PATH(&m, "///", "//");
  PATH(&m, "//?x", "//?x");
  PATH(&m, "/a/./b", "/a/./b");
  const mc_http_options both = {.merge_slashes = true, .normalize_path = true};
  PATH(&both, "/a//../b", "/a/b");
  PATH(&both, "/public//../secret", "/public/secret");
  PATH(&both, "//..//secret", "/secret");
  const mc_http_options forward = {.merge_slashes = true, .normalize_path = true, .escaped_slashes = MC_SLASHES_FORWARD};
  PATH(&forward, "/x/..%2fsecret", "/secret");
  PATH(&forward, "/%2f%2fsecret", "/secret");
  PATH(&forward, "/a%2Fb?x=%2F%2F", "/a/b?x=%2F%2F");
  PATH(&forward, "/a%252fb", "/a%252fb");
  const mc_http_options raw = {.escaped_slashes = MC_SLASHES_FORWARD};
  PATH(&raw, "/a%2fb%5Cc?x=%2f", "/a/b\\c?x=%2f");
  PATH(&raw, "/a%00%2f", "/a%00/");
  const mc_http_options reject = {.escaped_slashes = MC_SLASHES_REJECT};
  check_refused(&reject, "GET", "/a%5cb", 400, MC_DETAILS_PATH_NORMALIZATION_FAILED, __LINE__);
  PATH(&reject, "/x?y=a%2Fb", "/x?y=a%2Fb");
  const mc_http_options redirect = {.normalize_path = true, .escaped_slashes = MC_SLASHES_REDIRECT};
  check_refused(&redirect, "GET", "/x/..%2Fa/b?c", 307, MC_DETAILS_PATH_NORMALIZATION_FAILED, __LINE__);
  CHECK_SLICE(refusal.location, "/a/b?c");
  check_refused(&redirect, "GET", "/a%2F%2Fb", 307, MC_DETAILS_PATH_NORMALIZATION_FAILED, __LINE__);
  CHECK_SLICE(refusal.location, "/a//b");
}

static mc_slice host(const char *authority, const mc_http_options *options) {
  mc_request request = {.method = MC_LITERAL("GET"), .authority = text(authority), .target = MC_LITERAL("/"), .port = 80};
  mc_scratch_reset(&scratch);
  mc_code code = view_make(&request, options, &scratch, &view, &refusal);
  return code == MC_OK ? view.authority : MC_ABSENT;
}

/* A CONNECT keeps the port that is stripped at hand, and what Connection names; it has no body. */
static void test_connect(void) {
  const mc_http_options any = {.strip_any_host_port = true, .strip_trailing_host_dot = true};
  CHECK_INT(make("CONNECT", "a.com.:443", &any, HEADERS("connection: x-b", "x-b: 1")), MC_OK);
  CHECK_SLICE(view.authority, "a.com");
  CHECK_INT(view.port_aside, 4);
  CHECK_SLICE(mc_authority_whole(&view), "a.com:443");
  CHECK_SLICE(header("x-b"), "1");
  CHECK(!header("connection").data);
  CHECK_INT(make("CONNECT", "a.com:443", &plain, HEADERS("connection: upgrade, :x", "upgrade: foo")), MC_OK);
  CHECK_SLICE(view.upgrade, "foo");
  CHECK_SLICE(mc_authority_whole(&view), "a.com:443");
  CHECK_INT(make("GET", "http://a.com:443/", &any, NULL), MC_OK);
  CHECK_SLICE(mc_authority_whole(&view), "a.com");
  CHECK_INT(make("CONNECT", "a.com:443", &plain, HEADERS("content-length: 0")), MC_OK);
  CHECK_INT(make("CONNECT", "a.com:443", &plain, HEADERS("content-length: 00")), MC_INVALID);
  CHECK_INT(refusal.status, 400);
  CHECK_INT(refusal.details, MC_DETAILS_BODY_DISALLOWED);
  CHECK_INT(make("CONNECT", "a.com:443", &plain, HEADERS("transfer-encoding: chunked")), MC_INVALID);
  CHECK_INT(refusal.status, 501);
  CHECK_INT(refusal.details, MC_DETAILS_INVALID_TRANSFER_ENCODING);
}

static void test_authority(void) {
  const mc_http_options any = {.strip_any_host_port = true};
  CHECK_SLICE(host("ONE.com:1", &any), "ONE.com");
  CHECK_SLICE(host("[::1]:80", &any), "[::1]");
  CHECK_SLICE(host("[::1]", &any), "[::1]");
  CHECK_SLICE(host("one.com:x", &any), "one.com:x");
  CHECK_SLICE(host("one.com:", &any), "one.com:");
  const mc_http_options same = {.strip_matching_host_port = true};
  CHECK_SLICE(host("one.com:80", &same), "one.com");
  CHECK_SLICE(host("one.com:81", &same), "one.com:81");
  const mc_http_options dot = {.strip_trailing_host_dot = true, .strip_any_host_port = true};
  CHECK_SLICE(host("one.com.:80", &dot), "one.com");
  CHECK_SLICE(host("one.com.", &dot), "one.com");
  CHECK_SLICE(host("", &any), "");
  CHECK(!host("a b", &plain).data);
  CHECK_INT(refusal.details, MC_DETAILS_INVALID_AUTHORITY);
  CHECK(!host("a/b", &plain).data);
  CHECK(!host(NULL, &plain).data);
  CHECK_INT(refusal.details, MC_DETAILS_MISSING_HOST_HEADER);
  mc_header lines[] = {{MC_LITERAL("Host"), MC_LITERAL("a")}, {MC_LITERAL("host"), MC_LITERAL("b")}};
  mc_request request = {.method = MC_LITERAL("GET"), .target = MC_LITERAL("/"), .headers = lines, .header_count = 2};
  CHECK_INT(view_make(&request, &plain, &scratch, &view, &refusal), MC_OK);
  CHECK_SLICE(view.authority, "a,b");
  CHECK_SLICE(header("host"), "a,b");
  const mc_header *line;
  int shown = 0;
  for (size_t at = 0; mc_view_next(&view, &at, &line);) shown++;
  CHECK_INT(shown, 1); /* x-forwarded-proto alone */
}

/* The slots of the lines that somebody asks for, as mc_slots_find reads them; whatever else is hidden or joined. */
static void test_slots(void) {
  mc_slots *names = mc_slots_new();
  uint16_t user, host, odd;
  CHECK_INT(mc_slots_add(names, MC_LITERAL("x-user"), &user), MC_OK);
  CHECK_INT(mc_header_names_mark(names), MC_OK);
  CHECK_INT(mc_slots_add(names, MC_LITERAL("host"), &host), MC_OK);
  CHECK_INT(mc_slots_add(names, MC_LITERAL("x.odd"), &odd), MC_OK);
  mc_header lines[] = {{MC_LITERAL("host"), MC_LITERAL("a")},   {MC_LITERAL("x-user"), MC_LITERAL("1")},
                       {MC_LITERAL("accept"), MC_LITERAL("*")}, {MC_LITERAL("X-User"), MC_LITERAL("2")},
                       {MC_LITERAL("x.odd"), MC_LITERAL("3")},  {MC_LITERAL("x-other"), MC_LITERAL("4")}};
  mc_request request = {.method = MC_LITERAL("GET"), .target = MC_LITERAL("/"), .headers = lines, .header_count = 6};
  CHECK_INT(mc_view_make(&request, &plain, names, &scratch, &view, &refusal), MC_OK);
  CHECK_INT(view.unasked[0], ~UINT64_C(0x1b));
  CHECK_INT(view.unasked[1], UINT64_MAX);
  CHECK_INT(view.line_slots[1], user);
  CHECK_INT(view.line_slots[3], user);
  CHECK_INT(view.line_slots[4], odd);
  mc_found found;
  CHECK_INT(mc_slots_find(names, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, host), 0); /* it is hidden */
  CHECK_INT(mc_found_first(&found, user), 2);
  CHECK_INT(found.next[1], 4);
  lines[2].name = MC_LITERAL("x-forwarded-for"); /* Joined, lines get other numbers. */
  lines[4].name = MC_LITERAL("X-Forwarded-For");
  CHECK_INT(mc_view_make(&request, &plain, names, &scratch, &view, &refusal), MC_OK);
  CHECK_INT(view.header_count, 5);
  CHECK_SLICE(view.headers[2].value, "*,3");
  CHECK_INT(mc_slots_find(names, &view, &scratch, &found), MC_OK);
  CHECK_INT(mc_found_first(&found, user), 2);
  CHECK_INT(found.next[1], 4);
  lines[4].name = MC_LITERAL("two words"); /* Asked for or not, it is no name. */
  CHECK_INT(mc_slots_add(names, MC_LITERAL("two words"), &odd), MC_OK);
  CHECK_INT(mc_view_make(&request, &plain, names, &scratch, &view, &refusal), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_CODEC_ERROR);
  mc_slots_free(names);
}

static void test_headers(void) {
  CHECK_INT(make("GET", "/", &plain, HEADERS("Accept: a", "X-A: 1", "X-A: 2", "ACCEPT: b", "te: gzip, trailers")), MC_OK);
  CHECK_SLICE(header("accept"), "a,b");
  CHECK_SLICE(header("x-a"), "1");
  CHECK_SLICE(header("te"), "trailers");
  CHECK_SLICE(header("x-forwarded-proto"), "http");
  CHECK(!header("x-b").data);
  CHECK_INT(make("GET", "/", &plain, HEADERS("a:  x \t", "b: y")), MC_OK);
  CHECK_SLICE(header("a"), "x");
  CHECK(view.sources && view.sources[0] == -1 && view.sources[1] == 1);
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: x-hop, keep-alive", "x-hop: 1", "te: gzip", "keep-alive: 1")), MC_OK);
  CHECK(!header("x-hop").data && !header("connection").data && !header("te").data && !header("keep-alive").data);
  CHECK(!view.upgrade.data);
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: Upgrade", "upgrade: ")), MC_OK);
  CHECK(view.upgrade.data && !view.upgrade.size); /* asks for one, and has no name for it */
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: upgrade", "upgrade: x", "te: gzip")), MC_OK);
  CHECK_SLICE(header("te"), "gzip");
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: upgrade, te", "upgrade: x", "te: gzip")), MC_OK);
  CHECK_SLICE(header("te"), "gzip");
  CHECK_INT(make("GET", "/", &plain, HEADERS("te: TRAILERS")), MC_OK);
  CHECK(!header("te").data);
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: te", "te: TRAILERS")), MC_OK);
  CHECK_SLICE(header("te"), "trailers");
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: TE", "te: ")), MC_OK);
  CHECK(!header("te").data);
  CHECK_INT(make("GET", "/", &plain, HEADERS("expect: 100-Continue")), MC_OK);
  CHECK(!header("expect").data);
  CHECK_INT(make("GET", "/", &plain, HEADERS("expect: 100-continue-not")), MC_OK);
  CHECK_SLICE(header("expect"), "100-continue-not");
  CHECK_INT(make("GET", "/", &plain, HEADERS("Connection: Upgrade", "Upgrade: websocket")), MC_OK);
  CHECK_SLICE(view.upgrade, "websocket");
  CHECK_SLICE(header("connection"), "Upgrade");
  CHECK_INT(make("GET", "/", &plain, HEADERS("connection: x-forwarded-for")), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_CONNECTION_HEADER_REJECTED);
  CHECK_INT(make("GET", "/", &plain, HEADERS("transfer-encoding: identity")), MC_INVALID);
  CHECK_INT(refusal.status, 501);
  CHECK_INT(make("GET", "/", &plain, HEADERS("transfer-encoding: chunked", "content-length: 1")), MC_INVALID);
  CHECK_INT(make("GET", "/", &plain, HEADERS("content-length: 18446744073709551615")), MC_OK);
  CHECK_INT(make("GET", "/", &plain, HEADERS("content-length: 18446744073709551616")), MC_INVALID);
  CHECK_INT(make("GET", "/", &plain, HEADERS("content-length: 1, 1")), MC_INVALID);
  CHECK_INT(make("GET", "/", &plain, HEADERS("content-length: ")), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_CODEC_ERROR);
  CHECK_INT(make("GET", "/", &plain, HEADERS("x y: 1")), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_CODEC_ERROR);
  CHECK_INT(make("GET", "/", &plain, HEADERS("user\ragent: 1")), MC_INVALID);
  CHECK_INT(make("GET", "/", &plain, HEADERS("x: a\r\nb: c")), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_INVALID_CHARACTERS);
  CHECK_INT(make("GET", "/", &plain, HEADERS("x: abcdefghijk\x01lmnopqrst")), MC_INVALID);
  CHECK_INT(make("GET", "/", &plain, HEADERS("x: a\tb\xff")), MC_OK);
}

static void test_bounds(void) {
  const char *rows[102] = {0};
  for (int i = 0; i < 100; i++) rows[i] = "x: y";
  CHECK_INT(make("GET", "/", &plain, rows), MC_OK);
  rows[100] = "x: y";
  CHECK_INT(make("GET", "/", &plain, rows), MC_INVALID);
  CHECK_INT(refusal.status, 431);
  CHECK_INT(refusal.details, MC_DETAILS_TOO_MANY_HEADERS);
  static char big[MC_MAX_HEADER_BYTES + 1];
  memset(big, 'a', sizeof big - 1);
  big[0] = '/';
  CHECK_INT(make("GET", big, &plain, NULL), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_HEADERS_TOO_LARGE);
  /* a line beyond the first mask word can be hidden too */
  rows[100] = NULL;
  rows[70] = "x-envoy-internal: true";
  CHECK_INT(make("GET", "/", &plain, rows), MC_OK);
  CHECK(!header("x-envoy-internal").data);
}

static void test_scheme(void) {
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-proto: HTTPS")), MC_OK);
  CHECK_SLICE(view.scheme, "https");
  CHECK_SLICE(view.forwarded_proto, "HTTPS");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-proto: ftp")), MC_OK);
  CHECK_SLICE(view.scheme, "http");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-proto: http", "x-forwarded-proto: https")), MC_OK);
  CHECK_SLICE(header("x-forwarded-proto"), "http,https");
  CHECK_SLICE(view.scheme, "http");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-proto: ")), MC_INVALID);
  CHECK_INT(refusal.status, 404);
  const mc_http_options over = {.scheme_to_overwrite = MC_LITERAL("https")};
  CHECK_INT(make("GET", "/", &over, HEADERS("x-forwarded-proto: http")), MC_OK);
  CHECK_SLICE(view.scheme, "https");
  CHECK_SLICE(header("x-forwarded-proto"), "https");
  const mc_http_options remote = {.use_remote_address = true};
  CHECK_INT(make("GET", "/", &remote, HEADERS("x-forwarded-proto: https")), MC_OK);
  CHECK_SLICE(view.scheme, "http");
}

static void test_client(void) {
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 1.2.3.4, 5.6.7.8")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "5.6.7.8");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 1.2.3.4, bogus")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "127.5.5.5");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 1.2.3.4:80")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "127.5.5.5");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 2001:DB8:0:0:0::1")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "2001:db8::1");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: ::FFFF:1.2.3.4")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "::ffff:1.2.3.4");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 0:0:1:0:0:0:2:3")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "0:0:1::2:3");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: ::")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "::");
  CHECK_INT(make("GET", "/", &plain, HEADERS("x-forwarded-for: 1.1.1.1", "x-forwarded-for: 2.2.2.2")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "2.2.2.2");
  CHECK_SLICE(header("x-forwarded-for"), "1.1.1.1,2.2.2.2");

  const mc_http_options remote = {.use_remote_address = true};
  CHECK_INT(make("GET", "/", &remote, HEADERS("x-forwarded-for: 1.2.3.4", "x-envoy-external-address: 9.9.9.9", "x-envoy-original-path: /z")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "127.5.5.5");
  CHECK_SLICE(header("x-forwarded-for"), "1.2.3.4,127.5.5.5");
  CHECK_SLICE(header("x-envoy-external-address"), "127.5.5.5");
  CHECK(!header("x-envoy-original-path").data);
  const mc_http_options hop = {.use_remote_address = true, .xff_num_trusted_hops = 1};
  CHECK_INT(make("GET", "/", &hop, HEADERS("x-forwarded-for: 1.2.3.4, 5.6.7.8", "x-forwarded-proto: https")), MC_OK);
  CHECK_SLICE(mc_view_client(&view), "5.6.7.8");
  CHECK_SLICE(header("x-forwarded-for"), "1.2.3.4, 5.6.7.8,127.5.5.5");
  CHECK_SLICE(view.scheme, "https");
  const mc_http_options skip = {.use_remote_address = true, .skip_xff_append = true, .append_x_forwarded_port = true,
                                .via = MC_LITERAL("envoy-via")};
  CHECK_INT(make("GET", "/", &skip, HEADERS("via: 1.1 other")), MC_OK);
  CHECK(!header("x-forwarded-for").data);
  CHECK_SLICE(header("x-forwarded-port"), "10000");
  CHECK_SLICE(header("via"), "1.1 other, envoy-via");
}

static void test_internal(void) {
  const mc_cidr ranges[] = {{.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 5, 0, 0}, .bits = 112}};
  const mc_http_options edge = {.use_remote_address = true, .has_internal_cidrs = true, .internal_cidrs = ranges, .internal_cidr_count = 1};
  CHECK_INT(make("GET", "/", &edge, HEADERS("x-envoy-max-retries: 3", "x-envoy-internal: false")), MC_OK);
  CHECK(view.internal);
  CHECK_SLICE(header("x-envoy-internal"), "true");
  CHECK_SLICE(header("x-envoy-max-retries"), "3");
  CHECK(!header("x-envoy-external-address").data);
  CHECK_INT(make("GET", "/", &edge, HEADERS("x-forwarded-for: 127.5.1.1", "x-envoy-max-retries: 3")), MC_OK);
  CHECK(!view.internal);
  CHECK(!header("x-envoy-max-retries").data);
  const mc_http_options inside = {.has_internal_cidrs = true};
  CHECK_INT(make("GET", "/", &inside, HEADERS("x-forwarded-for: 10.1.1.1")), MC_OK);
  CHECK(view.internal);
  CHECK_INT(make("GET", "/", &inside, HEADERS("x-forwarded-for: 10.1.1.1,10.1.1.2")), MC_OK);
  CHECK(!view.internal);
  static const char *const outside[] = {"8.8.8.8", "127.0.0.2", "172.32.0.0", "fc00::1", "fe80::1", "::ffff:10.0.0.1"};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    char row[64] = "x-forwarded-for: ";
    strcat(row, outside[i]);
    CHECK_INT(make("GET", "/", &inside, HEADERS(row)), MC_OK);
    CHECK(!view.internal);
  }
  CHECK_INT(make("GET", "/", &inside, HEADERS("x-forwarded-for: fd00::1")), MC_OK);
  CHECK(view.internal);
  CHECK_INT(make("GET", "/", &inside, NULL), MC_OK);
  CHECK(!view.internal);
}

static void test_lines_for_who_is_internal(void) {
  const mc_slice names[] = {MC_LITERAL("x-secret")};
  const mc_http_options inside = {.has_internal_cidrs = true, .internal_only = names, .internal_only_count = 1};
  CHECK_INT(make("GET", "/", &inside, HEADERS("x-forwarded-for: 10.1.1.1", "x-secret: 1")), MC_OK);
  CHECK_SLICE(header("x-secret"), "1");
  CHECK_INT(make("GET", "/", &inside, HEADERS("x-forwarded-for: 8.8.8.8", "X-Secret: 1", "x-secrets: 2", "x-secret: 3")), MC_OK);
  CHECK(!header("x-secret").data);
  CHECK_SLICE(header("x-secrets"), "2");
}

static void test_underscores(void) {
  const mc_http_options drop = {.underscores = MC_UNDERSCORES_DROP}, reject = {.underscores = MC_UNDERSCORES_REJECT};
  CHECK_INT(make("GET", "/a_b", &drop, HEADERS("x_a: 1", "x-a: a_b", "_: 2")), MC_OK);
  CHECK(!header("x_a").data && !header("_").data);
  CHECK_SLICE(header("x-a"), "a_b");
  CHECK_INT(make("GET", "/a_b", &reject, HEADERS("x-a: a_b")), MC_OK);
  CHECK_INT(make("GET", "/", &reject, HEADERS("x-a: 1", "x_a: 1")), MC_INVALID);
  CHECK_INT(refusal.details, MC_DETAILS_UNEXPECTED_UNDERSCORE);
  CHECK_INT(refusal.status, 400);
}

static void test_byte_classes(void) {
  for (int c = 0; c < 256; c++) {
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    bool in[7] = {alnum || (c && strchr("-._~", c)),
                  c && strchr("\"<>^`{|}", c),
                  c == '%',
                  c == '\\',
                  c > 32 && c < 127 && !strchr("\"#/<>?\\^`{|}", c),
                  alnum || (c && strchr("!#$%&'*+-.^_`|~", c)),
                  alnum || (c && strchr("+-.", c))};
    unsigned expected = 0;
    for (int bit = 0; bit < 7; bit++) expected |= (unsigned)in[bit] << bit;
    CHECK_INT(mc_byte_class((unsigned char)c), expected);
  }
}

static void test_memory(void) {
  const mc_http_options all = {.use_remote_address = true, .normalize_path = true, .append_x_forwarded_port = true,
                               .via = MC_LITERAL("v"), .strip_trailing_host_dot = true};
  char target[600];
  memset(target, 'a', sizeof target - 1);
  memcpy(target, "/../%61/", 8);
  target[sizeof target - 1] = 0;
  for (int n = 0;; n++) {
    check_memory(n);
    mc_code code = make("GET", target, &all, HEADERS("x-forwarded-for: 1", "x-forwarded-for: 2", "via: a"));
    check_memory(-1);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  mc_scratch_reset(&scratch);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  mc_scratch_init(&scratch);
  test_targets();
  test_https_on_plaintext();
  test_normalise();
  test_slashes();
  test_connect();
  test_authority();
  test_slots();
  test_headers();
  test_bounds();
  test_scheme();
  test_client();
  test_internal();
  test_lines_for_who_is_internal();
  test_underscores();
  test_byte_classes();
  test_memory();
  return check_finish();
}
