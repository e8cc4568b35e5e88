#include "edit/headers.h"

#include "edit/bytes.h"

static bool reads_request(const mc_format_spec *format) {
  for (uint32_t i = 0; i < format->count; i++) {
    if (format->segments[i].op == MC_FORMAT_REQ) return true;
  }
  return false;
}

static bool names_id(mc_slice name) {
  return mc_slice_equal_fold(name, MC_LITERAL("x-request-id")) || mc_slice_equal_fold(name, MC_LITERAL("x-envoy-force-trace"));
}

static mc_code compile_edits(mc_arena *arena, const mc_header_value_spec *add, uint32_t add_count,
                             const mc_slice *remove, uint32_t remove_count, mc_edits *out) {
  bool ok = true;
  mc_header_value *values = mc_arena_alloc(arena, add_count, sizeof *values);
  mc_slice *names = mc_arena_alloc(arena, remove_count, sizeof *names);
  if (!values || !names) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < add_count; i++) {
    values[i].name = mc_arena_copy(arena, add[i].name, &ok);
    values[i].action = add[i].action;
    values[i].keep_empty = add[i].keep_empty;
    mc_code code = mc_format_compile(arena, &add[i].value, &values[i].value);
    if (code) return code;
  }
  for (uint32_t i = 0; i < remove_count; i++) names[i] = mc_arena_copy(arena, remove[i], &ok);
  *out = (mc_edits){.add = values, .remove = names, .add_count = add_count, .remove_count = remove_count};
  for (uint32_t i = 0; i < add_count; i++) out->reads_request |= reads_request(&add[i].value);
  for (uint32_t i = 0; i < add_count; i++) out->names_id |= names_id(add[i].name);
  for (uint32_t i = 0; i < remove_count; i++) out->names_id |= names_id(remove[i]);
  return ok ? MC_OK : MC_NO_MEMORY;
}

mc_code mc_edit_pair_compile(mc_arena *arena, const mc_edits_spec *spec, mc_edit_pair *out) {
  mc_code code = compile_edits(arena, spec->request_add, spec->request_add_count, spec->request_remove,
                               spec->request_remove_count, &out->request);
  if (code) return code;
  return compile_edits(arena, spec->response_add, spec->response_add_count, spec->response_remove,
                       spec->response_remove_count, &out->response);
}

static void chain_add(mc_edit_chain *chain, const mc_edits *edits) {
  if (!mc_edits_empty(edits)) chain->levels[chain->count++] = edits;
}

void mc_edit_chain_make(const mc_edit_pair *route, const mc_edit_pair *virtual_host,
                        const mc_edit_pair *route_configuration, bool most_specific_wins,
                        mc_edit_chain *request, mc_edit_chain *response) {
  const mc_edit_pair *levels[MC_EDIT_LEVELS] = {route, virtual_host, route_configuration};
  if (most_specific_wins) {
    levels[0] = route_configuration;
    levels[2] = route;
  }
  request->count = response->count = 0;
  for (int i = 0; i < MC_EDIT_LEVELS; i++) {
    if (!levels[i]) continue;
    chain_add(request, &levels[i]->request);
    chain_add(response, &levels[i]->response);
  }
}

/* What one edit writes; data NULL: nothing. */
static mc_code evaluate(const mc_header_value *edit, const mc_format_context *context, mc_header_list *list,
                        mc_slice *out) {
  mc_slice value;
  *out = MC_ABSENT;
  bool exists_matters = edit->action == MC_ADD_IF_ABSENT || edit->action == MC_OVERWRITE_IF_EXISTS;
  if (exists_matters) {
    bool exists = mc_header_list_find(list, edit->name) != NULL;
    if (exists == (edit->action == MC_ADD_IF_ABSENT)) return MC_OK;
  }
  mc_code code = mc_format_write(&edit->value, context, list->scratch, &value);
  if (code) return code;
  if (value.size == 0 && !edit->keep_empty) return MC_OK;
  if (mc_bytes_value_ok(value)) *out = value;
  return MC_OK;
}

static bool overwrites(const mc_header_value *edit) {
  return edit->action == MC_OVERWRITE_IF_EXISTS_OR_ADD || edit->action == MC_OVERWRITE_IF_EXISTS;
}

mc_code mc_edits_apply(const mc_edits *edits, const mc_format_context *context, mc_header_list *list) {
  for (uint32_t i = 0; i < edits->remove_count; i++) mc_header_list_remove(list, edits->remove[i]);
  if (!edits->add_count) return MC_OK;
  mc_slice *values = mc_scratch_alloc(list->scratch, edits->add_count * sizeof *values);
  if (!values) return MC_NO_MEMORY;
  mc_code code = MC_OK;
  for (uint32_t i = 0; i < edits->add_count && !code; i++) {
    code = evaluate(&edits->add[i], context, list, &values[i]);
  }
  for (uint32_t i = 0; i < edits->add_count && !code; i++) {
    const mc_header_value *edit = &edits->add[i];
    if (values[i].data && overwrites(edit)) code = mc_header_list_set(list, edit->name, values[i]);
  }
  for (uint32_t i = 0; i < edits->add_count && !code; i++) {
    const mc_header_value *edit = &edits->add[i];
    if (values[i].data && !overwrites(edit)) code = mc_header_list_append(list, edit->name, values[i]);
  }
  return code;
}

mc_code mc_edit_chain_apply(const mc_edit_chain *chain, const mc_format_context *context,
                            mc_header_list *list) {
  mc_code code = MC_OK;
  for (uint32_t i = 0; i < chain->count && !code; i++) code = mc_edits_apply(chain->levels[i], context, list);
  return code;
}

mc_code mc_filter_edits_apply(const mc_filter_edit *edits, const mc_format_context *context, mc_header_list *list) {
  mc_code code = MC_OK;
  for (; edits && !code; edits = edits->next) {
    if (!mc_edits_empty(edits->edits)) code = mc_edits_apply(edits->edits, context, list);
    for (uint32_t i = 0; i < edits->line_count && !code; i++) {
      const mc_header *line = &edits->lines[i];
      if (mc_bytes_value_ok(line->value)) code = mc_header_list_append(list, line->name, line->value);
    }
  }
  return code;
}
