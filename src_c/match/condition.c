#include "match/condition.h"

/* An array of one value, or none where it is absent. */
static uint32_t one(mc_slice value, mc_input *input, const mc_slice **values) {
  if (!value.data) return 0;
  mc_slice *only = mc_scratch_alloc(input->scratch, sizeof *only);
  if (!only) {
    input->no_memory = true;
    return 0;
  }
  *only = value;
  *values = only;
  return 1;
}

static uint32_t header_values(mc_header_source source, uint16_t slot, mc_input *input, const mc_slice **values) {
  if (source != MC_SOURCE_LINES || mc_slots_joined(input->slots, slot)) {
    return one(mc_input_value(input, source, slot), input, values);
  }
  uint32_t count = 0;
  uint16_t first = mc_found_first(&input->found, slot);
  for (uint16_t line = first; line; line = input->found.next[line - 1]) count++;
  mc_slice *all = mc_scratch_alloc(input->scratch, count * sizeof *all);
  if (!all) {
    input->no_memory = true;
    return 0;
  }
  uint32_t at = 0;
  for (uint16_t line = first; line; line = input->found.next[line - 1]) {
    all[at++] = mc_view_line(input->view, line - 1u)->value;
  }
  *values = all;
  return count;
}

uint32_t mc_condition_values(const mc_route_table *table, int32_t route, mc_condition condition, mc_input *input,
                             const mc_slice **values) {
  const mc_predicate_slots *fixed;
  const mc_predicates *all = mc_route_table_predicates(table, route, &fixed);
  mc_slice value = MC_ABSENT;
  *values = NULL;
  switch (condition.kind) {
    case MC_CONDITION_NONE:
    case MC_CONDITION_FRACTION:
      break;
    case MC_CONDITION_PATH:
      value = input->view->path;
      break;
    case MC_CONDITION_GRPC:
      value = mc_input_value(input, MC_SOURCE_LINES, fixed->content_type);
      break;
    case MC_CONDITION_HEADER:
      return header_values(all->headers[condition.index].source, all->headers[condition.index].slot, input, values);
    case MC_CONDITION_QUERY:
      if (!mc_query_find(input->view->query, all->queries[condition.index].name, &value)) value = MC_ABSENT;
      break;
    case MC_CONDITION_COOKIE:
      if (!mc_cookie_find(input, fixed->cookie, all->cookies[condition.index].name, &value)) value = MC_ABSENT;
      break;
  }
  return one(value, input, values);
}
