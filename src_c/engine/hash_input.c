#include "engine/hash_input.h"

#include "engine/forwarding.h"

static bool edits_name(const mc_edits *edits, mc_slice name) {
  for (uint32_t i = 0; edits && i < edits->add_count; i++) {
    if (mc_slice_equal_fold(edits->add[i].name, name)) return true;
  }
  for (uint32_t i = 0; edits && i < edits->remove_count; i++) {
    if (mc_slice_equal_fold(edits->remove[i], name)) return true;
  }
  return false;
}

static bool any_edits_name(const mc_forwarding *f, mc_slice name) {
  if (edits_name(f->weighted_edits, name)) return true;
  for (uint32_t i = 0; i < f->chain->count; i++) {
    if (edits_name(f->chain->levels[i], name)) return true;
  }
  for (const mc_filter_edit *at = f->filter_edits; at; at = at->next) {
    if (edits_name(at->edits, name) || at->line_count) return true;
  }
  return false;
}

static bool changes(const mc_forwarding *f, const mc_hash_policy *policy) {
  switch (policy->kind) {
    case MC_HASH_HEADER:
      if (mc_slice_equal(policy->name, MC_LITERAL(":path"))) return f->path->kind != MC_REWRITE_NONE;
      if (mc_slice_equal(policy->name, MC_LITERAL(":authority")) || mc_slice_equal(policy->name, MC_LITERAL("host"))) {
        return f->host->kind != MC_HOST_KEEP || f->weighted_host.size;
      }
      return any_edits_name(f, policy->name);
    case MC_HASH_COOKIE:
      return any_edits_name(f, MC_LITERAL("cookie"));
    case MC_HASH_QUERY:
      return f->path->kind != MC_REWRITE_NONE;
    case MC_HASH_SOURCE_IP:
      return false;
  }
  return false;
}

/* The lines, as a view has them; false where they are more than one can hide. */
static bool show(const mc_header_list *list, mc_header *headers, mc_view *view) {
  if (list->count > 64 * (sizeof view->hidden / sizeof *view->hidden)) return false;
  for (uint32_t i = 0; i < list->count; i++) headers[i] = (mc_header){list->lines[i].name, list->lines[i].value};
  view->headers = headers;
  view->sources = NULL;
  view->header_count = list->count;
  view->added_count = 0;
  memset(view->hidden, 0, sizeof view->hidden);
  return true;
}

mc_code mc_hash_input_edited(mc_decision *d, const mc_hash_policies *policies, mc_view *view, mc_input *edited,
                             mc_input **out) {
  mc_edits_in_force edits;
  mc_forwarding forwarding;
  mc_header_list list;
  mc_forwarding_gather(d, &edits);
  mc_forwarding_fill(d, &edits, NULL, &forwarding);
  uint32_t at = 0;
  while (at < policies->count && !changes(&forwarding, &policies->at[at])) at++;
  if (at == policies->count) return MC_OK;
  *view = d->view;
  mc_code code = mc_upstream_request_make(&forwarding, &d->scratch, &view->target, &view->authority, &list);
  if (code) return code;
  mc_header *headers = mc_scratch_alloc(&d->scratch, list.count * sizeof *headers);
  if (!headers) return MC_NO_MEMORY;
  if (!show(&list, headers, view)) return MC_OK;
  mc_view_split(view);
  *out = edited;
  return mc_route_table_input(d->snapshot->routes, view, d->request.seed, &d->scratch, edited);
}
