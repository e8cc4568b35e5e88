#include "match/string_match.h"

mc_code mc_string_match_build(mc_string_match *out, const mc_string_spec *spec, mc_arena *arena,
                              mc_error *error) {
  bool ok = true;
  *out = (mc_string_match){spec->kind, spec->ignore_case, mc_arena_copy(arena, spec->value, &ok), NULL};
  if (!ok) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  if (spec->kind != MC_STRING_REGEX) return MC_OK;
  out->regex = mc_regex_compile(spec->value, error);
  return out->regex ? MC_OK : error->code;
}

void mc_string_match_clear(mc_string_match *match) {
  mc_regex_free(match->regex);
  match->regex = NULL;
}

bool mc_string_match_test(const mc_string_match *match, mc_slice text, bool *no_memory) {
  bool fold = match->ignore_case;
  mc_slice value = match->value;
  switch (match->kind) {
    case MC_STRING_EXACT:
      return fold ? mc_slice_equal_fold(text, value) : mc_slice_equal(text, value);
    case MC_STRING_PREFIX:
      return fold ? mc_slice_starts_fold(text, value) : mc_slice_starts(text, value);
    case MC_STRING_SUFFIX:
      return fold ? mc_slice_ends_fold(text, value) : mc_slice_ends(text, value);
    case MC_STRING_CONTAINS:
      return fold ? mc_slice_contains_fold(text, value) : mc_slice_contains(text, value);
    case MC_STRING_REGEX:
      return mc_regex_full_match(match->regex, text, no_memory);
  }
  return false;
}
