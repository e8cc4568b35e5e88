#include "edit/header_list.h"

#include "edit/header_names.h"
#include "edit/view.h"

mc_code mc_header_list_init(mc_header_list *list, mc_scratch *scratch, uint32_t capacity) {
  *list = (mc_header_list){.capacity = capacity, .scratch = scratch};
  list->lines = mc_scratch_alloc(scratch, capacity * sizeof *list->lines);
  return list->lines ? MC_OK : MC_NO_MEMORY;
}

/* Room for what a route may add without growing. */
enum { SPARE = 12 };

mc_code mc_header_list_from_view(mc_header_list *list, mc_scratch *scratch, const mc_view *view) {
  mc_code code = mc_header_list_init(list, scratch, view->header_count + view->added_count + SPARE);
  if (code) return code;
  const mc_header *line;
  for (size_t at = 0; mc_view_next(view, &at, &line);) {
    size_t i = at - 1;
    int32_t source = i >= view->header_count ? -1 : view->sources ? view->sources[i] : (int32_t)i;
    list->lines[list->count++] = (mc_header_line){line->name, line->value, source};
  }
  return MC_OK;
}

const mc_header_line *mc_header_list_find(const mc_header_list *list, mc_slice name) {
  for (uint32_t i = 0; i < list->count; i++) {
    if (mc_slice_equal_fold(list->lines[i].name, name)) return &list->lines[i];
  }
  return NULL;
}

static mc_code push(mc_header_list *list, mc_header_line line) {
  if (list->count == list->capacity) {
    uint32_t capacity = list->capacity * 2 + SPARE;
    mc_header_line *lines = mc_scratch_alloc(list->scratch, capacity * sizeof *lines);
    if (!lines) return MC_NO_MEMORY;
    if (list->count) memcpy(lines, list->lines, list->count * sizeof *lines);
    list->lines = lines;
    list->capacity = capacity;
  }
  list->lines[list->count++] = line;
  return MC_OK;
}

mc_code mc_header_list_add(mc_header_list *list, mc_slice name, mc_slice value) {
  return push(list, (mc_header_line){name, value, -1});
}

mc_code mc_header_list_append(mc_header_list *list, mc_slice name, mc_slice value) {
  return mc_header_list_take(list, name, value, -1);
}

mc_code mc_header_list_take(mc_header_list *list, mc_slice name, mc_slice value, int32_t source) {
  bool joined = list->response ? mc_response_header_joined(name) : mc_header_id_joined(mc_header_id_of(name));
  mc_header_line *old = joined ? (mc_header_line *)mc_header_list_find(list, name) : NULL;
  if (!old) return push(list, (mc_header_line){name, value, source});
  if (value.size == 0) return MC_OK; /* nothing is joined to a value, not even a comma */
  if (old->value.size) {
    size_t size = old->value.size + 1 + value.size;
    char *text = mc_scratch_alloc(list->scratch, size);
    if (!text) return MC_NO_MEMORY;
    memcpy(text, old->value.data, old->value.size);
    text[old->value.size] = ',';
    memcpy(text + old->value.size + 1, value.data, value.size);
    value = mc_slice_of(text, size);
  }
  old->value = value;
  old->source = -1;
  return MC_OK;
}

void mc_header_list_remove(mc_header_list *list, mc_slice name) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    if (mc_slice_equal_fold(list->lines[i].name, name)) continue;
    if (kept != i) list->lines[kept] = list->lines[i];
    kept++;
  }
  list->count = kept;
}

mc_code mc_header_list_set(mc_header_list *list, mc_slice name, mc_slice value) {
  mc_header_list_remove(list, name);
  return mc_header_list_add(list, name, value);
}

mc_code mc_header_list_replace(mc_header_list *list, mc_slice name, mc_slice value) {
  mc_header_line *old = (mc_header_line *)mc_header_list_find(list, name);
  if (!old) return mc_header_list_add(list, name, value);
  *old = (mc_header_line){name, value, -1};
  return MC_OK;
}
