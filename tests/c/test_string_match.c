#include "check.h"
#include "match/string_match.h"

static bool matches(mc_string_kind kind, bool ignore_case, mc_slice value, mc_slice text) {
  mc_arena *arena = mc_arena_new();
  mc_string_spec spec = {kind, ignore_case, value};
  mc_string_match match;
  mc_error error;
  bool no_memory = false;
  CHECK_INT(mc_string_match_build(&match, &spec, arena, &error), MC_OK);
  bool out = mc_string_match_test(&match, text, &no_memory);
  CHECK(!no_memory);
  mc_string_match_clear(&match);
  mc_arena_free(arena);
  return out;
}

#define MATCHES(kind, value, text) matches(kind, false, MC_LITERAL(value), MC_LITERAL(text))
#define FOLDED(kind, value, text) matches(kind, true, MC_LITERAL(value), MC_LITERAL(text))

static void test_kinds(void) {
  CHECK(MATCHES(MC_STRING_EXACT, "abc", "abc"));
  CHECK(!MATCHES(MC_STRING_EXACT, "abc", "Abc"));
  CHECK(!MATCHES(MC_STRING_EXACT, "abc", "abcd"));
  CHECK(!MATCHES(MC_STRING_EXACT, "abc", ""));
  CHECK(MATCHES(MC_STRING_PREFIX, "ab", "abc"));
  CHECK(!MATCHES(MC_STRING_PREFIX, "ab", "a"));
  CHECK(!MATCHES(MC_STRING_PREFIX, "ab", "xab"));
  CHECK(MATCHES(MC_STRING_SUFFIX, "bc", "abc"));
  CHECK(!MATCHES(MC_STRING_SUFFIX, "bc", "bcd"));
  CHECK(MATCHES(MC_STRING_CONTAINS, "bc", "abcd"));
  CHECK(!MATCHES(MC_STRING_CONTAINS, "bd", "abcd"));
  CHECK(MATCHES(MC_STRING_REGEX, "a.*d", "abcd"));
  CHECK(!MATCHES(MC_STRING_REGEX, "b.*", "abcd")); /* the whole text must match */
}

static void test_ignore_case_is_for_ascii_only(void) {
  CHECK(FOLDED(MC_STRING_EXACT, "aBc", "AbC"));
  CHECK(FOLDED(MC_STRING_PREFIX, "AB", "abc"));
  CHECK(FOLDED(MC_STRING_SUFFIX, "BC", "abc"));
  CHECK(FOLDED(MC_STRING_CONTAINS, "Bc", "aBCd"));
  CHECK(!FOLDED(MC_STRING_EXACT, "@", "`"));
  CHECK(!FOLDED(MC_STRING_EXACT, "\xc3\x84", "\xc3\xa4"));
}

static void test_empty_values(void) {
  CHECK(MATCHES(MC_STRING_EXACT, "", ""));
  CHECK(!MATCHES(MC_STRING_EXACT, "", "a"));
  CHECK(MATCHES(MC_STRING_PREFIX, "", "a"));
  CHECK(MATCHES(MC_STRING_SUFFIX, "", ""));
  CHECK(MATCHES(MC_STRING_CONTAINS, "", ""));
  CHECK(matches(MC_STRING_CONTAINS, true, MC_LITERAL(""), MC_LITERAL("a")));
}

static void test_a_bad_regex_is_refused(void) {
  mc_arena *arena = mc_arena_new();
  mc_string_spec spec = {MC_STRING_REGEX, false, MC_LITERAL("a(b")};
  mc_string_match match;
  mc_error error = {.code = MC_OK};
  CHECK_INT(mc_string_match_build(&match, &spec, arena, &error), MC_INVALID);
  CHECK_INT(error.code, MC_INVALID);
  CHECK(error.message[0] != '\0');
  mc_string_match_clear(&match);
  mc_arena_free(arena);
  CHECK_INT(check_blocks(), 0);
}

static void test_out_of_memory(void) {
  for (int n = 0;; n++) {
    mc_arena *arena = mc_arena_new();
    mc_string_spec spec = {MC_STRING_REGEX, false, MC_LITERAL("a(b|c)+")};
    mc_string_match match;
    mc_error error = {.message = "untouched"};
    check_memory(n);
    mc_code code = mc_string_match_build(&match, &spec, arena, &error);
    check_memory(-1);
    if (code) CHECK(strstr(error.message, "memory") != NULL);
    mc_string_match_clear(&match);
    mc_arena_free(arena);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
  }
  CHECK_INT(check_blocks(), 0);
}

int main(void) {
  test_kinds();
  test_ignore_case_is_for_ascii_only();
  test_empty_values();
  test_a_bad_regex_is_refused();
  test_out_of_memory();
  return check_finish();
}
