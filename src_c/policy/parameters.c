#include "policy/parameters.h"

static int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = mc_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte of a text after decoding. What is no escape stands for itself. */
static char next_byte(mc_slice text, size_t *at) {
  const char c = text.data[*at];
  if (c == '%' && text.size - *at > 2) {
    const int high = hex(text.data[*at + 1]), low = hex(text.data[*at + 2]);
    if (high >= 0 && low >= 0) {
      *at += 3;
      return (char)(high << 4 | low);
    }
  }
  ++*at;
  return c;
}

static bool decodes_to(mc_slice text, mc_slice name) {
  size_t at = 0, found = 0;
  while (at < text.size) {
    const char c = next_byte(text, &at);
    if (found == name.size || c != name.data[found++]) return false;
  }
  return found == name.size;
}

static mc_slice decoded(mc_slice text, mc_input *input) {
  if (mc_slice_find(text, 0, '%') == text.size) return text;
  char *out = mc_scratch_alloc(input->scratch, text.size);
  if (!out) {
    input->no_memory = true;
    return MC_ABSENT;
  }
  size_t size = 0;
  for (size_t at = 0; at < text.size;) out[size++] = next_byte(text, &at);
  return mc_slice_of(out, size);
}

mc_slice mc_parameter_find(mc_slice name, mc_input *input) {
  const mc_slice query = input->view->query;
  for (size_t at = 0; at < query.size;) {
    const size_t end = mc_slice_find(query, at, '&');
    const mc_slice item = {query.data + at, end - at};
    const size_t equals = mc_slice_find(item, 0, '=');
    if (decodes_to(mc_slice_head(item, equals), name)) {
      return equals < item.size ? decoded(mc_slice_from(item, equals + 1), input) : MC_LITERAL("");
    }
    at = end + 1;
  }
  return MC_ABSENT;
}

bool mc_parameters_match(const mc_predicates *matchers, mc_input *input) {
  for (uint32_t i = 0; i < matchers->query_count; i++) {
    const mc_query_match *match = &matchers->queries[i];
    const mc_slice value = mc_parameter_find(match->name, input);
    const bool holds = match->test == MC_TEST_PRESENT
                           ? (value.data != NULL) == match->present
                           : value.data && mc_string_match_test(&match->string, value, &input->no_memory);
    if (!holds || input->no_memory) return false;
  }
  return true;
}
