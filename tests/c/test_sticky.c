#include "slots_support.h"

#include "policy/sticky.h"


static mc_code build(mc_sticky **out, const mc_sticky_spec *spec) {
  const mc_weighted_cluster_spec clusters[] = {{.name = MC_LITERAL("a"), .weight = 1}, {.name = MC_LITERAL("b"), .weight = 2}};
  return mc_sticky_build(out, spec, clusters, 2, slots, arena);
}

/* What a key of this kind finds in a request; expected NULL: nothing. */
static void check_value(mc_sticky_spec spec, const char *const *rows, const char *expected) {
  mc_sticky *sticky;
  mc_scratch scratch;
  mc_view view;
  mc_header headers[16];
  start();
  CHECK_INT(build(&sticky, &spec), MC_OK);
  mc_scratch_init(&scratch);
  view_of(&view, &scratch, "a.com", "/?q=1", headers, rows);
  mc_input input = {.view = &view, .slots = slots, .scratch = &scratch};
  CHECK_INT(mc_slots_find(slots, &view, &scratch, &input.found), MC_OK);
  mc_slice value = mc_sticky_value(sticky, &input);
  CHECK((value.size != 0) == (expected != NULL));
  if (expected) CHECK(mc_slice_equal(value, text_of(expected)));
  mc_scratch_reset(&scratch);
  stop();
}

static void test_values(void) {
  const mc_sticky_spec header = {.kind = MC_HASH_HEADER, .name = MC_LITERAL("x-user")};
  check_value(header, ROWS("X-User: me"), "me");
  check_value(header, ROWS("x-user: "), NULL);
  check_value(header, NULL, NULL);
  const mc_sticky_spec authority = {.kind = MC_HASH_HEADER, .name = MC_LITERAL(":authority")};
  check_value(authority, NULL, "a.com");
  const mc_sticky_spec cookie = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("who")};
  check_value(cookie, ROWS("cookie: a=1; who=\"me\""), "me");
  check_value(cookie, ROWS("cookie: who="), NULL);
  check_value(cookie, NULL, NULL);
  const mc_sticky_spec source = {.kind = MC_HASH_SOURCE_IP};
  check_value(source, NULL, "127.0.0.1");
  const mc_sticky_spec query = {.kind = MC_HASH_QUERY, .name = MC_LITERAL("q")};
  check_value(query, NULL, "1");
}

static void test_no_spec_is_no_key(void) {
  mc_sticky *sticky;
  start();
  CHECK_INT(build(&sticky, NULL), MC_OK);
  CHECK(sticky == NULL);
  stop();
}

static void test_out_of_memory(void) {
  const mc_cookie_spec hour = {.max_age = 3600, .path = MC_LITERAL("/")};
  const mc_sticky_spec spec = {.kind = MC_HASH_COOKIE, .name = MC_LITERAL("who"), .cookie = &hour};
  for (int n = 0;; n++) {
    mc_sticky *sticky;
    start();
    check_memory(n);
    mc_code code = build(&sticky, &spec);
    check_memory(-1);
    if (!code) {
      CHECK_INT(sticky->count, 2);
      CHECK_SLICE(sticky->cookie->attributes, "; Max-Age=3600; Path=/; HttpOnly");
    }
    stop();
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
}

static void test_numbers_of_cookies_differ(void) {
  CHECK(mc_sticky_cookie_number(1) != mc_sticky_cookie_number(2));
  CHECK(mc_sticky_cookie_number(1) != 1);
}

int main(void) {
  test_values();
  test_no_spec_is_no_key();
  test_out_of_memory();
  test_numbers_of_cookies_differ();
  return check_finish();
}
