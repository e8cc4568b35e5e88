/* What a route asks beyond its path: headers, query parameters, cookies, gRPC, a fraction.
 * Semantics: Envoy v3 HeaderMatcher, QueryParameterMatcher, CookieMatcher, RouteMatch. */
#ifndef MC_MATCH_PREDICATES_H
#define MC_MATCH_PREDICATES_H

#include "match/header_slots.h"
#include "match/string_match.h"

/* A request as the predicates see it. Lines are looked up once, by mc_slots_find. */
typedef struct mc_input {
  const mc_view *view;
  const mc_slots *slots;
  mc_found found;
  uint64_t random;
  mc_scratch *scratch;
  bool no_memory; /* set where a test could not be made */
} mc_input;

typedef enum mc_header_source {
  MC_SOURCE_LINES,
  MC_SOURCE_METHOD,
  MC_SOURCE_PATH,
  MC_SOURCE_AUTHORITY,
  MC_SOURCE_SCHEME,
} mc_header_source;

typedef struct mc_header_match {
  mc_header_source source;
  uint16_t slot;
  mc_value_test test;
  bool present, invert, missing_as_empty;
  mc_string_match string;
  int64_t start, end;
} mc_header_match;

typedef struct mc_query_match {
  mc_slice name;
  mc_value_test test;
  bool present;
  mc_string_match string;
} mc_query_match;

typedef struct mc_cookie_match {
  mc_slice name;
  bool invert;
  mc_string_match string;
} mc_cookie_match;

typedef struct mc_predicates {
  mc_header_match *headers;
  mc_query_match *queries;
  mc_cookie_match *cookies;
  uint32_t header_count, query_count, cookie_count;
  uint32_t numerator, denominator; /* denominator 0: always */
  bool grpc;
} mc_predicates;

/* Fixed slots that the predicates themselves need. */
typedef struct mc_predicate_slots {
  uint16_t cookie, content_type;
} mc_predicate_slots;

/* NULL in *out where the route asks nothing beyond its path. */
mc_code mc_predicates_build(mc_predicates **out, const mc_route_spec *spec, mc_slots *slots,
                            mc_predicate_slots *fixed, mc_arena *arena, mc_error *error);
void mc_predicates_clear(mc_predicates *predicates);
bool mc_predicates_test(const mc_predicates *predicates, const mc_predicate_slots *fixed, mc_input *input);
/* The same conditions, all of them: those that fail are added to failures. */
void mc_predicates_failures(const mc_predicates *predicates, const mc_predicate_slots *fixed, mc_input *input,
                            mc_failures *failures);

static inline void mc_failures_add(mc_failures *failures, mc_condition_kind kind, uint32_t index) {
  if (failures->count++ == 0) failures->first = (mc_condition){kind, index};
}

/* Whether a value is what a matcher of values (not of presence) wants, before it is inverted. */
bool mc_header_value_test(const mc_header_match *match, mc_slice value, bool *no_memory);

/* Where a header's value comes from: a pseudo header, or lines (then *slot is made). */
mc_code mc_header_source_of(mc_slice name, mc_slots *slots, mc_header_source *source, uint16_t *slot);
mc_slice mc_input_pseudo(const mc_view *view, mc_header_source source); /* what is no line */
mc_slice mc_input_lines(mc_input *input, uint16_t slot, uint16_t line); /* of several */
/* The value of a header as Envoy takes it where it wants one: a pseudo header, the first line, or all
 * lines of an inline header joined. Absent where it is missing. Inline for the one line that there is most often. */
static inline mc_slice mc_input_value(mc_input *input, mc_header_source source, uint16_t slot) {
  if (source != MC_SOURCE_LINES) return mc_input_pseudo(input->view, source);
  const uint16_t line = mc_found_first(&input->found, slot);
  if (!line) return MC_ABSENT;
  if (input->found.next[line - 1]) return mc_input_lines(input, slot, line);
  return mc_view_line(input->view, line - 1u)->value;
}
/* The first parameter of that name, undecoded. False where there is none. */
bool mc_query_find(mc_slice query, mc_slice name, mc_slice *value);
/* The first cookie of that name over all cookie lines, quotes stripped. False where there is none. */
bool mc_cookie_find(const mc_input *input, uint16_t cookie_slot, mc_slice name, mc_slice *value);

#endif
