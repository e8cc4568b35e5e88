#include "edit_support.h"

#include "edit/rewrite.h"

static mc_arena *arena;
static mc_scratch scratch;
static mc_error error;
static bool changed;

static mc_slice rewrite(mc_path_rewrite_spec spec, mc_path_kind kind, const char *specifier, const char *target) {
  mc_path_rewrite it;
  mc_slice out = MC_ABSENT;
  CHECK_INT(mc_path_rewrite_compile(arena, &spec, kind, text_of(specifier), &it, &error), MC_OK);
  CHECK_INT(mc_path_rewrite_apply(&it, text_of(target), &scratch, &out, &changed), MC_OK);
  /* the output may lie in the regex's or template's input only: free those first */
  mc_path_rewrite_clear(&it);
  return out;
}

static mc_path_rewrite_spec prefix(const char *to) {
  return (mc_path_rewrite_spec){.kind = MC_REWRITE_PREFIX, .text = text_of(to)};
}

static mc_path_rewrite_spec regex(const char *pattern, const char *substitution) {
  return (mc_path_rewrite_spec){.kind = MC_REWRITE_REGEX, .regex = {text_of(pattern), text_of(substitution)}};
}

static void test_prefix(void) {
  CHECK_SLICE(rewrite(prefix("/v2"), MC_PATH_PREFIX, "/api", "/api/x?y=/api"), "/v2/x?y=/api");
  CHECK(changed);
  CHECK_SLICE(rewrite(prefix("/"), MC_PATH_PREFIX, "/strip2", "/strip2/?x"), "//?x");
  CHECK_SLICE(rewrite(prefix("/new?fixed=1"), MC_PATH_PREFIX, "/q", "/q/x?a=b"), "/new?fixed=1/x?a=b");
  CHECK_SLICE(rewrite(prefix("/replaced"), MC_PATH_EXACT, "/exact", "/exact?x=1"), "/replaced?x=1");
  CHECK_SLICE(rewrite(prefix("/whole"), MC_PATH_REGEX, "/re/.*", "/re/12/abc?x=1"), "/whole?x=1");
  CHECK_SLICE(rewrite(prefix("/x"), MC_PATH_SEPARATED_PREFIX, "/sep", "/sep?x"), "/x?x");
  CHECK_SLICE(rewrite(prefix("/same"), MC_PATH_PREFIX, "/same", "/same/x"), "/same/x");
  CHECK(changed);
  CHECK_SLICE(rewrite(prefix(""), MC_PATH_PREFIX, "/api", "/api/x"), "/api/x");
  CHECK(!changed);
}

static void test_regex(void) {
  CHECK_SLICE(rewrite(regex("^/svc/([^/]+)(/.*)$", "\\2/inst/\\1"), MC_PATH_PREFIX, "/svc/", "/svc/foo/x?a=/svc/b/c"), "/x/inst/foo?a=/svc/b/c");
  CHECK_SLICE(rewrite(regex("one", "two"), MC_PATH_PREFIX, "/", "/one/one?one"), "/two/two?one");
  CHECK_SLICE(rewrite(regex("zzz", "y"), MC_PATH_PREFIX, "/", "/re/abc"), "/re/abc");
  CHECK(changed); /* x-envoy-original-path is due all the same */
  CHECK_SLICE(rewrite(regex("/del", ""), MC_PATH_PREFIX, "/del", "/del?x"), "/del?x");
  CHECK(!changed);
  CHECK_SLICE(rewrite(regex("/del", ""), MC_PATH_PREFIX, "/del", "/del/x"), "/x");
}

static void test_full(void) {
  mc_path_rewrite_spec full = {.kind = MC_REWRITE_FULL, .text = MC_LITERAL("/p")};
  CHECK_SLICE(rewrite(full, MC_PATH_PREFIX, "/", "/a/b?c"), "/p?c");
  full.text = MC_LITERAL("/p?q");
  CHECK_SLICE(rewrite(full, MC_PATH_PREFIX, "/", "/a/b?c"), "/p?q");
}

static void test_template(void) {
  mc_path_rewrite_spec spec = {.kind = MC_REWRITE_TEMPLATE, .text = MC_LITERAL("/{lang}/x/{country}")};
  CHECK_SLICE(rewrite(spec, MC_PATH_TEMPLATE, "/bar/{country}/{lang}", "/bar/fr/en?x=1"), "/en/x/fr?x=1");
  CHECK(changed);
  mc_path_rewrite it;
  CHECK_INT(mc_path_rewrite_compile(arena, &spec, MC_PATH_PREFIX, MC_LITERAL("/"), &it, &error), MC_INVALID);
  mc_path_rewrite_clear(&it);
  spec.text = MC_LITERAL("/{nobody}");
  CHECK_INT(mc_path_rewrite_compile(arena, &spec, MC_PATH_TEMPLATE, MC_LITERAL("/{a}"), &it, &error), MC_INVALID);
  mc_path_rewrite_clear(&it);
  mc_path_rewrite_spec bad = regex("(", "x");
  CHECK_INT(mc_path_rewrite_compile(arena, &bad, MC_PATH_PREFIX, MC_LITERAL("/"), &it, &error), MC_INVALID);
  mc_path_rewrite_clear(&it);
}

static mc_slice host(mc_host_rewrite_spec spec, const char *header, const char *hostname, const char *target) {
  mc_host_rewrite it;
  mc_slice out = MC_ABSENT;
  CHECK_INT(mc_host_rewrite_compile(arena, &spec, &it, &error), MC_OK);
  CHECK_INT(mc_host_rewrite_apply(&it, MC_LITERAL("example.com"), text_of(target), text_of(header), text_of(hostname), &scratch, &out, &changed), MC_OK);
  mc_host_rewrite_clear(&it);
  return out;
}

static void test_host(void) {
  mc_host_rewrite_spec spec = {.kind = MC_HOST_LITERAL, .text = MC_LITERAL("new.example.org")};
  CHECK_SLICE(host(spec, NULL, NULL, "/"), "new.example.org");
  CHECK(changed);
  spec.kind = MC_HOST_HEADER;
  CHECK_SLICE(host(spec, "a.b.c:80", NULL, "/"), "a.b.c:80");
  CHECK_SLICE(host(spec, "", NULL, "/"), "example.com");
  CHECK(!changed);
  CHECK_SLICE(host(spec, NULL, NULL, "/"), "example.com");
  spec.kind = MC_HOST_AUTO;
  CHECK_SLICE(host(spec, NULL, "ep1.internal", "/"), "ep1.internal");
  CHECK_SLICE(host(spec, NULL, NULL, "/"), "example.com");
  spec.kind = MC_HOST_PATH_REGEX;
  spec.regex = (mc_substitution_spec){MC_LITERAL("^/re/(.+)/.+$"), MC_LITERAL("\\1")};
  CHECK_SLICE(host(spec, NULL, NULL, "/re/host.com/x?y=1"), "host.com");
  CHECK_SLICE(host(spec, NULL, NULL, "/rex"), "/rex");
  CHECK(changed);
}

int main(void) {
  arena = mc_arena_new();
  mc_scratch_init(&scratch);
  test_prefix();
  test_regex();
  test_full();
  test_template();
  test_host();
  mc_scratch_reset(&scratch);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
  return check_finish();
}
