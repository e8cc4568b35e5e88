#include "match/predicates.h"

#include "base/inlined.h"

mc_code mc_header_source_of(mc_slice name, mc_slots *slots, mc_header_source *source, uint16_t *slot) {
  *slot = MC_SLOT_NONE;
  *source = MC_SOURCE_LINES;
  if (mc_slice_equal(name, MC_LITERAL(":method"))) *source = MC_SOURCE_METHOD;
  if (mc_slice_equal(name, MC_LITERAL(":path"))) *source = MC_SOURCE_PATH;
  if (mc_slice_equal(name, MC_LITERAL(":scheme"))) *source = MC_SOURCE_SCHEME;
  if (mc_slice_equal(name, MC_LITERAL(":authority"))) *source = MC_SOURCE_AUTHORITY;
  if (mc_slice_equal(name, MC_LITERAL("host"))) *source = MC_SOURCE_AUTHORITY;
  return *source == MC_SOURCE_LINES ? mc_slots_add(slots, name, slot) : MC_OK;
}

mc_slice mc_input_pseudo(const mc_view *view, mc_header_source source) {
  switch (source) {
    case MC_SOURCE_METHOD:
      return view->method;
    case MC_SOURCE_PATH:
      return view->target;
    case MC_SOURCE_AUTHORITY:
      return view->authority;
    case MC_SOURCE_SCHEME:
      return view->scheme;
    case MC_SOURCE_LINES:
      break;
  }
  return MC_ABSENT;
}

mc_slice mc_input_lines(mc_input *input, uint16_t slot, uint16_t line) {
  if (!mc_slots_joined(input->slots, slot)) return mc_view_line(input->view, line - 1u)->value;
  mc_slice joined;
  if (mc_slots_join(&input->found, slot, input->view, input->scratch, &joined)) input->no_memory = true;
  return joined;
}

bool mc_query_find(mc_slice query, mc_slice name, mc_slice *value) {
  for (size_t at = 0; at < query.size;) {
    size_t end = mc_slice_find(query, at, '&');
    mc_slice item = {query.data + at, end - at};
    size_t equals = mc_slice_find(item, 0, '=');
    if (mc_slice_equal(mc_slice_head(item, equals), name)) {
      *value = equals < item.size ? mc_slice_from(item, equals + 1) : MC_LITERAL("");
      return true;
    }
    at = end + 1;
  }
  return false;
}

static bool cookie_in_line(mc_slice line, mc_slice name, mc_slice *value) {
  for (size_t at = 0; at < line.size;) {
    size_t end = mc_slice_find(line, at, ';');
    while (at < end && line.data[at] == ' ') at++;
    mc_slice item = {line.data + at, end - at};
    size_t equals = mc_slice_find(item, 0, '=');
    if (equals < item.size && mc_slice_equal(mc_slice_head(item, equals), name)) {
      mc_slice text = mc_slice_from(item, equals + 1);
      if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"') {
        text = mc_slice_of(text.data + 1, text.size - 2);
      }
      *value = text;
      return true;
    }
    at = end + 1;
  }
  return false;
}

bool mc_cookie_find(const mc_input *input, uint16_t cookie_slot, mc_slice name, mc_slice *value) {
  for (uint16_t line = mc_found_first(&input->found, cookie_slot); line; line = input->found.next[line - 1]) {
    if (cookie_in_line(mc_view_line(input->view, line - 1u)->value, name, value)) return true;
  }
  return false;
}

/* A decimal integer as absl::SimpleAtoi reads it: blanks around, a sign, leading zeros. */
static bool parse_integer(mc_slice text, int64_t *out) {
  size_t at = 0, end = text.size;
  while (at < end && (text.data[at] == ' ' || (text.data[at] >= '\t' && text.data[at] <= '\r'))) at++;
  while (end > at && (text.data[end - 1] == ' ' || (text.data[end - 1] >= '\t' && text.data[end - 1] <= '\r'))) end--;
  bool negative = at < end && text.data[at] == '-';
  if (at < end && (text.data[at] == '-' || text.data[at] == '+')) at++;
  if (at == end) return false;
  uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
  for (; at < end; at++) {
    unsigned digit = (unsigned)(unsigned char)text.data[at] - '0';
    if (digit > 9 || value > (most - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - value) : (int64_t)value;
  return true;
}

bool mc_header_value_test(const mc_header_match *match, mc_slice value, bool *no_memory) {
  if (match->test == MC_TEST_STRING) return mc_string_match_test(&match->string, value, no_memory);
  int64_t number;
  return parse_integer(value, &number) && number >= match->start && number < match->end;
}

static bool value_matches(const mc_header_match *match, mc_slice value, mc_input *input) {
  return mc_header_value_test(match, value, &input->no_memory);
}

MC_INLINED bool header_matches(const mc_header_match *match, mc_input *input) {
  bool lines = match->source == MC_SOURCE_LINES;
  uint16_t line = lines ? mc_found_first(&input->found, match->slot) : 0;
  bool there = lines ? line != 0 : true;
  if (match->test == MC_TEST_PRESENT) {
    return ((there || match->missing_as_empty) == match->present) != match->invert;
  }
  if (!there) {
    return match->missing_as_empty && value_matches(match, MC_LITERAL(""), input) != match->invert;
  }
  if (!lines || mc_slots_joined(input->slots, match->slot)) {
    return value_matches(match, mc_input_value(input, match->source, match->slot), input) != match->invert;
  }
  bool any = false;
  for (; line && !any; line = input->found.next[line - 1]) {
    any = value_matches(match, mc_view_line(input->view, line - 1u)->value, input);
  }
  return any != match->invert;
}

MC_INLINED bool query_matches(const mc_query_match *match, mc_input *input) {
  mc_slice value;
  bool there = mc_query_find(input->view->query, match->name, &value);
  if (match->test == MC_TEST_PRESENT) return there == match->present;
  return there && mc_string_match_test(&match->string, value, &input->no_memory);
}

MC_INLINED bool cookie_matches(const mc_cookie_match *match, uint16_t slot, mc_input *input) {
  mc_slice value;
  if (!mc_cookie_find(input, slot, match->name, &value)) return match->invert;
  return mc_string_match_test(&match->string, value, &input->no_memory) != match->invert;
}

static bool is_grpc(mc_slice content_type) {
  const mc_slice grpc = MC_LITERAL("application/grpc");
  return content_type.data && mc_slice_starts(content_type, grpc) &&
         (content_type.size == grpc.size || content_type.data[grpc.size] == '+');
}

/* Notes a failed condition. Whether that is all there is to know: it is, unless failures are collected. */
MC_INLINED bool ends_at(mc_failures *failures, mc_condition_kind kind, uint32_t index) {
  if (!failures) return true;
  mc_failures_add(failures, kind, index);
  return false;
}

/* The conditions in the order in which they are tested, until one fails (failures NULL) or all of them. */
MC_INLINED bool test(const mc_predicates *all, const mc_predicate_slots *fixed, mc_input *input,
                     mc_failures *failures) {
  if (all->denominator && input->random % all->denominator >= all->numerator &&
      ends_at(failures, MC_CONDITION_FRACTION, 0)) {
    return false;
  }
  if (all->grpc && !is_grpc(mc_input_value(input, MC_SOURCE_LINES, fixed->content_type)) &&
      ends_at(failures, MC_CONDITION_GRPC, 0)) {
    return false;
  }
  for (uint32_t i = 0; i < all->header_count; i++) {
    if (!header_matches(&all->headers[i], input) && ends_at(failures, MC_CONDITION_HEADER, i)) return false;
  }
  for (uint32_t i = 0; i < all->query_count; i++) {
    if (!query_matches(&all->queries[i], input) && ends_at(failures, MC_CONDITION_QUERY, i)) return false;
  }
  for (uint32_t i = 0; i < all->cookie_count; i++) {
    if (!cookie_matches(&all->cookies[i], fixed->cookie, input) && ends_at(failures, MC_CONDITION_COOKIE, i)) {
      return false;
    }
  }
  return !input->no_memory;
}

bool mc_predicates_test(const mc_predicates *all, const mc_predicate_slots *fixed, mc_input *input) {
  return test(all, fixed, input, NULL);
}

void mc_predicates_failures(const mc_predicates *all, const mc_predicate_slots *fixed, mc_input *input,
                            mc_failures *failures) {
  test(all, fixed, input, failures);
}

/* ------------------------------------------------------------------ building */

static mc_code fail(mc_error *error, mc_code code, const char *message) {
  error->code = code;
  size_t size = strlen(message);
  memcpy(error->message, message, size + 1);
  return code;
}

static mc_code build_header(mc_header_match *out, const mc_header_match_spec *spec, mc_slots *slots,
                            mc_arena *arena, mc_error *error) {
  *out = (mc_header_match){.test = spec->test,
                           .present = spec->present,
                           .invert = spec->invert,
                           .missing_as_empty = spec->missing_as_empty,
                           .start = spec->start,
                           .end = spec->end};
  mc_code code = mc_header_source_of(spec->name, slots, &out->source, &out->slot);
  if (code == MC_LIMIT) return fail(error, code, "more than 4096 different header names are matched");
  if (code) return fail(error, code, "out of memory");
  return spec->test == MC_TEST_STRING ? mc_string_match_build(&out->string, &spec->string, arena, error) : MC_OK;
}

static mc_code build_query(mc_query_match *out, const mc_query_match_spec *spec, mc_arena *arena, mc_error *error) {
  bool ok = true;
  *out = (mc_query_match){.name = mc_arena_copy(arena, spec->name, &ok), .test = spec->test, .present = spec->present};
  if (!ok) return fail(error, MC_NO_MEMORY, "out of memory");
  return spec->test == MC_TEST_STRING ? mc_string_match_build(&out->string, &spec->string, arena, error) : MC_OK;
}

static mc_code build_cookie(mc_cookie_match *out, const mc_cookie_match_spec *spec, mc_arena *arena,
                            mc_error *error) {
  bool ok = true;
  *out = (mc_cookie_match){.name = mc_arena_copy(arena, spec->name, &ok), .invert = spec->invert};
  if (!ok) return fail(error, MC_NO_MEMORY, "out of memory");
  return mc_string_match_build(&out->string, &spec->string, arena, error);
}

mc_code mc_predicates_build(mc_predicates **out, const mc_route_spec *spec, mc_slots *slots,
                            mc_predicate_slots *fixed, mc_arena *arena, mc_error *error) {
  *out = NULL;
  if (!spec->header_count && !spec->query_count && !spec->cookie_count && !spec->denominator && !spec->grpc) {
    return MC_OK;
  }
  mc_predicates *all = mc_arena_alloc(arena, 1, sizeof *all);
  if (!all) return fail(error, MC_NO_MEMORY, "out of memory");
  all->headers = mc_arena_alloc(arena, spec->header_count, sizeof *all->headers);
  all->queries = mc_arena_alloc(arena, spec->query_count, sizeof *all->queries);
  all->cookies = mc_arena_alloc(arena, spec->cookie_count, sizeof *all->cookies);
  if (!all->headers || !all->queries || !all->cookies) return fail(error, MC_NO_MEMORY, "out of memory");
  all->numerator = spec->numerator;
  all->denominator = spec->denominator;
  all->grpc = spec->grpc;
  *out = all; /* the counts grow as the parts are made, so that clear frees just these */
  mc_code code = MC_OK;
  if (spec->grpc) code = mc_slots_add(slots, MC_LITERAL("content-type"), &fixed->content_type);
  if (!code && spec->cookie_count) code = mc_slots_add(slots, MC_LITERAL("cookie"), &fixed->cookie);
  if (code) return fail(error, code, "more than 4096 different header names are matched");
  for (uint32_t i = 0; i < spec->header_count && !code; i++) {
    code = build_header(&all->headers[all->header_count++], &spec->headers[i], slots, arena, error);
  }
  for (uint32_t i = 0; i < spec->query_count && !code; i++) {
    code = build_query(&all->queries[all->query_count++], &spec->queries[i], arena, error);
  }
  for (uint32_t i = 0; i < spec->cookie_count && !code; i++) {
    code = build_cookie(&all->cookies[all->cookie_count++], &spec->cookies[i], arena, error);
  }
  return code;
}

void mc_predicates_clear(mc_predicates *all) {
  if (!all) return;
  for (uint32_t i = 0; i < all->header_count; i++) mc_string_match_clear(&all->headers[i].string);
  for (uint32_t i = 0; i < all->query_count; i++) mc_string_match_clear(&all->queries[i].string);
  for (uint32_t i = 0; i < all->cookie_count; i++) mc_string_match_clear(&all->cookies[i].string);
}
