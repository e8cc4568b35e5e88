/* Envoy's HeaderMatcher over lines that nobody has looked up yet, by their names: for what is asked once in a
 * while. Matchers of routes ask by slots (match/predicates.h). */
#ifndef MC_MATCH_LINE_MATCH_H
#define MC_MATCH_LINE_MATCH_H

#include "match/predicates.h"

typedef struct mc_line_match {
  mc_slice name; /* lower-case; pseudo headers such as ":status", too */
  mc_header_match test; /* but for its source and slot */
} mc_line_match;

typedef struct mc_line_matches {
  mc_line_match *at;
  uint32_t count;
} mc_line_matches;

/* The lines, and before them what is no line: pseudo headers. */
typedef struct mc_line_set {
  const mc_header *pseudo;
  uint32_t pseudo_count;
  const mc_header *lines;
  uint32_t count;
} mc_line_set;

/* Compiles into the arena. Clear it even after a failed build. */
mc_code mc_line_matches_build(mc_line_matches *out, const mc_header_match_spec *specs, uint32_t count, mc_arena *arena,
                              mc_error *error);
void mc_line_matches_clear(mc_line_matches *matches);
/* Whether one of the matchers matches; of lines of one name, one has to. *no_memory becomes true, and the answer
 * means nothing, where a regex found none. */
bool mc_line_matches_any(const mc_line_matches *matches, const mc_line_set *lines, bool *no_memory);

#endif
