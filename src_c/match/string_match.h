/* Envoy's StringMatcher, compiled. */
#ifndef MC_MATCH_STRING_MATCH_H
#define MC_MATCH_STRING_MATCH_H

#include "base/arena.h"
#include "base/slice.h"

typedef struct mc_string_match {
  mc_string_kind kind;
  bool ignore_case;
  mc_slice value;
  mc_regex *regex; /* MC_STRING_REGEX */
} mc_string_match;

/* Copies the spec into the arena; a regex is freed by mc_string_match_clear. */
mc_code mc_string_match_build(mc_string_match *out, const mc_string_spec *spec, mc_arena *arena, mc_error *error);
void mc_string_match_clear(mc_string_match *match);
/* *no_memory becomes true (and the answer is false) where a regex found none. */
bool mc_string_match_test(const mc_string_match *match, mc_slice text, bool *no_memory);

#endif
