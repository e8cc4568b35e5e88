#include "check.h"

#include "base/arena.h"
#include "match/line_match.h"

static const mc_header LINES[] = {{{"X-A", 3}, {"1", 1}}, {{"x-b", 3}, {"7", 1}}, {{"x-a", 3}, {"2", 1}}};
static const mc_header PSEUDO = {{":status", 7}, {"503", 3}};
static const mc_line_set SET = {&PSEUDO, 1, LINES, 3};

static bool matches(mc_header_match_spec spec) {
  mc_arena *arena = mc_arena_new();
  mc_line_matches all;
  mc_error error;
  bool no_memory = false;
  CHECK_INT(mc_line_matches_build(&all, &spec, 1, arena, &error), MC_OK);
  bool found = mc_line_matches_any(&all, &SET, &no_memory);
  CHECK(!no_memory);
  mc_line_matches_clear(&all);
  mc_line_matches_clear(&all);
  mc_arena_free(arena);
  return found;
}

static mc_header_match_spec exact(const char *name, const char *value) {
  return (mc_header_match_spec){.name = mc_slice_of(name, strlen(name)), .string = {.value = mc_slice_of(value, strlen(value))}};
}

static void test_values(void) {
  CHECK(matches(exact("x-a", "1")) && matches(exact("x-a", "2"))); /* one of several lines */
  CHECK(!matches(exact("x-a", "1,2")) && !matches(exact("x-c", "")));
  CHECK(matches(exact(":status", "503")) && !matches(exact(":status", "504")));
  mc_header_match_spec inverted = exact("x-a", "1");
  inverted.invert = true;
  CHECK(!matches(inverted));
  inverted.string.value = MC_LITERAL("9");
  CHECK(matches(inverted));
  mc_header_match_spec missing = exact("x-c", "9");
  missing.invert = true;
  CHECK(!matches(missing));
  missing.missing_as_empty = true;
  CHECK(matches(missing));
  CHECK(matches((mc_header_match_spec){.name = MC_LITERAL("x-b"), .test = MC_TEST_RANGE, .start = 7, .end = 8}));
  CHECK(!matches((mc_header_match_spec){.name = MC_LITERAL("x-b"), .test = MC_TEST_RANGE, .start = 8, .end = 9}));
  mc_header_match_spec regex = exact("x-b", "[0-9]");
  regex.string.kind = MC_STRING_REGEX;
  CHECK(matches(regex));
}

static void test_presence(void) {
  mc_header_match_spec spec = {.name = MC_LITERAL("x-a"), .test = MC_TEST_PRESENT, .present = true};
  CHECK(matches(spec));
  spec.present = false;
  CHECK(!matches(spec));
  spec.name = MC_LITERAL("x-c");
  CHECK(matches(spec));
  spec.invert = true;
  CHECK(!matches(spec));
}

static void test_any_of_several(void) {
  mc_arena *arena = mc_arena_new();
  const mc_header_match_spec specs[] = {exact("x-c", "1"), exact("x-b", "7")};
  mc_line_matches all;
  mc_error error;
  bool no_memory = false;
  for (int n = 0;; n++) {
    check_memory(n);
    mc_code code = mc_line_matches_build(&all, specs, 2, arena, &error);
    check_memory(-1);
    if (code == MC_OK) break;
    CHECK_INT(code, MC_NO_MEMORY);
    mc_line_matches_clear(&all);
  }
  CHECK(mc_line_matches_any(&all, &SET, &no_memory));
  mc_line_matches_clear(&all);
  CHECK(!mc_line_matches_any(&all, &SET, &no_memory));
  mc_arena_free(arena);
}

int main(void) {
  test_values();
  test_presence();
  test_any_of_several();
  return check_finish();
}
