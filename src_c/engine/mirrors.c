/* Copies of a forwarded request for other clusters, as Envoy's router makes them: of the request as the
 * upstream gets it, with the edits of the mirror policy on top, and marked as the proxy's own. */
#include "edit/upstream_request.h"
#include "edit/view.h"
#include "engine/snapshot.h"

static const mc_mirrors *mirrors_of(const mc_decision *d) {
  const mc_mirrors *own = &d->snapshot->actions[d->route].mirrors;
  return own->count ? own : &d->snapshot->listeners[d->listener].mirrors;
}

/* The request's lines, for editing on. */
static mc_code request_lines(const mc_decision *d, mc_scratch *scratch, mc_header_list *out) {
  const mc_header_line *lines;
  uint32_t count;
  mc_code code = mc_decision_request_headers(d, scratch, &lines, &count);
  /* They lie in our scratch, so that they may be changed; they are constant to callers alone. */
  *out = (mc_header_list){.lines = (mc_header_line *)lines, .count = count, .capacity = count, .scratch = scratch};
  return code;
}

/* A header of the request as it goes upstream. */
static mc_slice sent_header(const mc_decision *d, const mc_header_list *lines, mc_slice name) {
  if (mc_slice_equal(name, MC_LITERAL(":authority")) || mc_slice_equal(name, MC_LITERAL("host"))) return d->authority;
  if (mc_slice_equal(name, MC_LITERAL(":path"))) return d->target;
  if (name.size && name.data[0] == ':') return mc_view_header(&d->view, name);
  const mc_header_line *line = mc_header_list_find(lines, name);
  return line ? line->value : MC_ABSENT;
}

mc_code mc_decision_mirrors(const mc_decision *d, mc_scratch *scratch, const mc_mirrored **out, uint32_t *count) {
  *out = NULL;
  *count = 0;
  if (d->outcome != MC_FORWARD) return MC_OK;
  const mc_mirrors *mirrors = mirrors_of(d);
  if (!mirrors->count || mc_slice_equal(d->view.method, MC_LITERAL("CONNECT"))) return MC_OK;
  mc_mirrored *made = mc_scratch_alloc(scratch, mirrors->count * sizeof *made);
  mc_header_list lines = {.lines = NULL};
  if (!made) return MC_NO_MEMORY;
  for (uint32_t i = 0; i < mirrors->count; i++) {
    const mc_mirror *mirror = &mirrors->policies[i];
    if (!mc_mirrors_draw(mirrors, i, d->request.seed)) continue;
    int32_t cluster = mirror->cluster;
    if (mirror->cluster_header.data) {
      mc_code code = lines.lines ? MC_OK : request_lines(d, scratch, &lines);
      if (code) return code;
      mc_slice name = sent_header(d, &lines, mirror->cluster_header);
      cluster = name.size ? mc_snapshot_cluster(d->snapshot, name) : -1;
    }
    if (cluster < 0) continue;
    mc_mirrored *to = &made[(*count)++];
    *to = (mc_mirrored){.policy = i, .cluster = cluster};
    mc_code code = mc_mirror_authority(mirror, d->authority, scratch, &to->authority);
    if (code) return code;
  }
  *out = made;
  return MC_OK;
}

mc_code mc_decision_mirror_headers(const mc_decision *d, uint32_t policy, mc_scratch *scratch,
                                   const mc_header_line **lines, uint32_t *count) {
  const mc_mirror *mirror = &mirrors_of(d)->policies[policy];
  mc_header_list list;
  mc_code code = request_lines(d, scratch, &list);
  const mc_format_context context = {.view = &d->view,
                                     .request = &list,
                                     .target = d->target,
                                     .authority = d->authority,
                                     .route_name = d->snapshot->actions[d->route].name,
                                     .cluster = d->snapshot->clusters[d->cluster]->name,
                                     .attempts = 1};
  for (uint32_t i = 0; i < mirror->edit_count && !code; i++) code = mc_edits_apply(&mirror->edits[i], &context, &list);
  /* Envoy sends a copy as a client of its own, by another router, which makes one attempt, and names itself. */
  if (!code) mc_control_headers_remove(&list);
  const mc_http_options *options = &d->snapshot->listeners[d->listener].options;
  if (!code && !options->suppress_envoy_headers && !options->respect_expected_rq_timeout) {
    mc_timeouts timeouts;
    mc_decision_timeouts(d, &timeouts);
    code = mc_expected_timeout_tell(&list, timeouts.request_ms);
  }
  if (!code) code = mc_header_list_replace(&list, MC_LITERAL("x-envoy-internal"), MC_LITERAL("true"));
  if (!code && d->request.local.size) {
    code = mc_header_list_append(&list, MC_LITERAL("x-forwarded-for"), d->request.local);
  }
  *lines = list.lines;
  *count = list.count;
  return code;
}
