#include "edit_support.h"

#include "edit/redirect.h"

static mc_arena *arena;
static mc_scratch scratch;
static mc_header headers[4];
static mc_view view;

static mc_slice redirect(mc_redirect_spec spec, const char *specifier) {
  mc_redirect it;
  mc_error error;
  mc_slice out = MC_ABSENT;
  CHECK_INT(mc_redirect_compile(arena, &spec, MC_PATH_PREFIX, text_of(specifier), &it, &error), MC_OK);
  CHECK_INT(mc_redirect_location(&it, &view, &scratch, &out), MC_OK);
  mc_path_rewrite_clear(&it.path);
  return out;
}

static void request(const char *authority, const char *target, const char *proto) {
  view_of(&view, &scratch, authority, target, headers, ROWS(proto));
}

#define HTTP "x-forwarded-proto: http"
#define HTTPS "x-forwarded-proto: https"

static void test_host_and_port(void) {
  const mc_redirect_spec host = {.status = 301, .port = -1, .host = MC_LITERAL("new.example")};
  request("old.example:8080", "/host?x=1", HTTP);
  CHECK_SLICE(redirect(host, "/host"), "http://new.example/host?x=1");
  const mc_redirect_spec port = {.status = 301, .port = 8443};
  CHECK_SLICE(redirect(port, "/"), "http://old.example:8443/host?x=1");
  request("[::1]", "/port", HTTPS);
  CHECK_SLICE(redirect(port, "/"), "https://[::1]:8443/port");
  request("[::1]:80", "/port", HTTP);
  CHECK_SLICE(redirect(port, "/"), "http://[::1]:8443/port");
  const mc_redirect_spec nothing = {.status = 301, .port = -1};
  request("example.com:80", "/empty?x", HTTP);
  CHECK_SLICE(redirect(nothing, "/"), "http://example.com:80/empty?x");
  request("", "/", HTTP);
  CHECK_SLICE(redirect(nothing, "/"), "http:///");
}

static void test_scheme(void) {
  const mc_redirect_spec https = {.status = 301, .port = -1, .https = true};
  request("example.com:80", "/https", HTTP);
  CHECK_SLICE(redirect(https, "/"), "https://example.com/https");
  request("example.com:443", "/https", HTTP);
  CHECK_SLICE(redirect(https, "/"), "https://example.com:443/https");
  request("example.com:443", "/https", HTTPS);
  CHECK_SLICE(redirect(https, "/"), "https://example.com:443/https");
  const mc_redirect_spec ftp = {.status = 301, .port = -1, .scheme = MC_LITERAL("ftp")};
  request("example.com:443", "/", HTTPS);
  CHECK_SLICE(redirect(ftp, "/"), "ftp://example.com/");
  const mc_redirect_spec http = {.status = 301, .port = 80, .scheme = MC_LITERAL("http")};
  CHECK_SLICE(redirect(http, "/"), "http://example.com:80/");
}

static void test_path(void) {
  mc_redirect_spec spec = {.status = 301, .port = -1, .path = {.kind = MC_REWRITE_FULL, .text = MC_LITERAL("/newpath")}};
  request("e.com", "/path/x?y=1", HTTP);
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/newpath?y=1");
  spec.strip_query = true;
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/newpath");
  spec.path.text = MC_LITERAL("/newpath?fixed=1");
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/newpath?fixed=1");
  spec.path = (mc_path_rewrite_spec){.kind = MC_REWRITE_PREFIX, .text = MC_LITERAL("/post")};
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/post/x");
  spec.path.text = MC_LITERAL("/post?z=");
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/post");
  spec.path.text = MC_LITERAL("post");
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/post/x");
  spec.path.text = MC_LITERAL("/post");
  spec.strip_query = false;
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/post/x?y=1");
  spec.path = (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {MC_LITERAL("^/(\\w+)/(.*)$"), MC_LITERAL("/\\2/\\1")}};
  CHECK_SLICE(redirect(spec, "/path"), "http://e.com/x/path?y=1");
}

static void test_own_locations(void) {
  mc_slice out;
  request("e.com", "/r301?a", HTTP);
  CHECK_INT(mc_respond_location(301, &view, &scratch, &out), MC_OK);
  CHECK_SLICE(out, "http://e.com/r301?a");
  CHECK_INT(mc_respond_location(201, &view, &scratch, &out), MC_OK);
  CHECK(out.data != NULL);
  CHECK_INT(mc_respond_location(200, &view, &scratch, &out), MC_OK);
  CHECK(!out.data);
  CHECK(mc_tls_redirect_needed(&view, false));
  CHECK_INT(mc_tls_redirect_location(&view, &scratch, &out), MC_OK);
  CHECK_SLICE(out, "https://e.com/r301?a");
  view.internal = true;
  CHECK(!mc_tls_redirect_needed(&view, true));
  request("e.com", "/", HTTPS);
  CHECK(!mc_tls_redirect_needed(&view, false));
  view.target = MC_LITERAL(""); /* a CONNECT */
  CHECK_INT(mc_respond_location(301, &view, &scratch, &out), MC_OK);
  CHECK(!out.data);
  CHECK(!redirect((mc_redirect_spec){.status = 301, .port = -1, .https = true}, "").data);
}

int main(void) {
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  test_host_and_port();
  test_scheme();
  test_path();
  test_own_locations();
  mc_scratch_reset(&scratch);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
