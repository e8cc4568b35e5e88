#include "check.h"

#include "policy/cookie.h"

static mc_cookie built(mc_arena *arena, const mc_cookie_spec *spec) {
  mc_cookie cookie;
  CHECK_INT(mc_cookie_build(&cookie, MC_LITERAL("sid"), spec, arena), MC_OK);
  return cookie;
}

static void test_attributes_are_written_as_envoy_does(void) {
  mc_arena *arena = mc_arena_new();
  const mc_cookie_spec session = {.max_age = 0}, hour = {.max_age = 3600};
  CHECK_SLICE(built(arena, &session).attributes, "; HttpOnly");
  CHECK_SLICE(built(arena, &hour).attributes, "; Max-Age=3600; HttpOnly");
  const mc_cookie_attribute attributes[] = {{MC_LITERAL("SameSite"), MC_LITERAL("Lax")}, {MC_LITERAL("Secure"), MC_LITERAL("")}};
  const mc_cookie_spec all = {.max_age = UINT64_MAX, .path = MC_LITERAL("/p"), .attributes = attributes, .attribute_count = 2};
  CHECK_SLICE(built(arena, &all).attributes, "; Max-Age=18446744073709551615; Path=/p; SameSite=Lax; Secure; HttpOnly");
  mc_arena_free(arena);
}

static void test_value_has_sixteen_digits(void) {
  char digits[MC_COOKIE_DIGITS];
  CHECK_SLICE(mc_cookie_value(0, digits), "0000000000000000");
  CHECK_SLICE(mc_cookie_value(UINT64_C(0xd18f51c0b9bc6558), digits), "d18f51c0b9bc6558");
}

static void test_lines_keep_the_order(void) {
  mc_arena *arena = mc_arena_new();
  const mc_cookie_spec session = {.max_age = 0}, hour = {.max_age = 3600};
  const mc_cookie first = built(arena, &session), second = built(arena, &hour);
  for (int n = 0;; n++) {
    mc_scratch scratch;
    mc_scratch_init(&scratch);
    scratch.at = scratch.end; /* so that each asks for memory */
    mc_new_cookie *list = NULL;
    const mc_slice *lines;
    uint32_t count;
    check_memory(n);
    mc_code code = mc_cookies_add(&list, &first, 1, &scratch);
    if (!code) code = mc_cookies_add(&list, &second, UINT64_MAX, &scratch);
    const mc_cookie same = first;
    if (!code) code = mc_cookies_add(&list, &same, 1, &scratch);
    if (!code) code = mc_cookies_lines(list, &scratch, &lines, &count);
    check_memory(-1);
    if (!code) {
      CHECK_INT(count, 2);
      CHECK_SLICE(lines[0], "sid=\"0000000000000001\"; HttpOnly");
      CHECK_SLICE(lines[1], "sid=\"ffffffffffffffff\"; Max-Age=3600; HttpOnly");
    }
    mc_scratch_reset(&scratch);
    if (!code) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_attributes_are_written_as_envoy_does();
  test_value_has_sixteen_digits();
  test_lines_keep_the_order();
  return check_finish();
}
