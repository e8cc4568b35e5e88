#include "match/line_match.h"

static mc_code fail(mc_error *error, mc_code code) {
  *error = (mc_error){.code = code, .message = "out of memory"};
  return code;
}

static mc_code build(mc_line_match *out, const mc_header_match_spec *spec, mc_arena *arena, mc_error *error) {
  bool ok = true;
  *out = (mc_line_match){.name = mc_arena_copy(arena, spec->name, &ok),
                         .test = {.test = spec->test,
                                  .present = spec->present,
                                  .invert = spec->invert,
                                  .missing_as_empty = spec->missing_as_empty,
                                  .start = spec->start,
                                  .end = spec->end}};
  if (!ok) return fail(error, MC_NO_MEMORY);
  return spec->test == MC_TEST_STRING ? mc_string_match_build(&out->test.string, &spec->string, arena, error) : MC_OK;
}

mc_code mc_line_matches_build(mc_line_matches *out, const mc_header_match_spec *specs, uint32_t count, mc_arena *arena,
                              mc_error *error) {
  *out = (mc_line_matches){.at = mc_arena_alloc(arena, count, sizeof *out->at)};
  if (!out->at) return fail(error, MC_NO_MEMORY);
  mc_code code = MC_OK;
  for (uint32_t i = 0; i < count && !code; i++) code = build(&out->at[out->count++], &specs[i], arena, error);
  return code;
}

void mc_line_matches_clear(mc_line_matches *matches) {
  for (uint32_t i = 0; i < matches->count; i++) mc_string_match_clear(&matches->at[i].test.string);
  matches->count = 0;
}

/* Whether some line of the name has a value that matches; *there: whether there is one of the name. */
static bool some_value(const mc_line_match *match, const mc_header *lines, uint32_t count, bool *there, bool *no_memory) {
  for (uint32_t i = 0; i < count; i++) {
    if (!mc_slice_equal_fold(lines[i].name, match->name)) continue;
    *there = true;
    if (match->test.test == MC_TEST_PRESENT || mc_header_value_test(&match->test, lines[i].value, no_memory)) return true;
  }
  return false;
}

static bool matches(const mc_line_match *match, const mc_line_set *lines, bool *no_memory) {
  const mc_header_match *test = &match->test;
  bool there = false;
  bool some = some_value(match, lines->pseudo, lines->pseudo_count, &there, no_memory) ||
              some_value(match, lines->lines, lines->count, &there, no_memory);
  if (test->test == MC_TEST_PRESENT) return ((there || test->missing_as_empty) == test->present) != test->invert;
  if (there) return some != test->invert;
  return test->missing_as_empty && mc_header_value_test(test, MC_LITERAL(""), no_memory) != test->invert;
}

bool mc_line_matches_any(const mc_line_matches *all, const mc_line_set *lines, bool *no_memory) {
  for (uint32_t i = 0; i < all->count; i++) {
    if (matches(&all->at[i], lines, no_memory)) return true;
  }
  return false;
}
