#include "edit/upstream_request.h"

#include "base/decimal.h"
#include "edit/grpc_timeout.h"
#include "edit/header_names.h"
#include "edit/view.h"

static bool rewrites_host(const mc_forwarding *f) { return f->host && f->host->kind != MC_HOST_KEEP; }

/* The endpoint's own name comes last: it is known once that is picked. */
static bool is_late(const mc_forwarding *f) { return f->host && f->host->kind == MC_HOST_AUTO; }

static bool edits_requests(const mc_forwarding *f) {
  return f->filter_edits || !mc_edits_empty(f->weighted_edits) || (f->chain && f->chain->count);
}

bool mc_forwarding_needs_edits(const mc_forwarding *forwarding) {
  const mc_host_rewrite_kind host = rewrites_host(forwarding) ? forwarding->host->kind : MC_HOST_KEEP;
  const bool by_format = forwarding->path && forwarding->path->kind == MC_REWRITE_FORMAT;
  if (by_format && host != MC_HOST_KEEP) return true; /* it sees what the host's rewrite notes */
  return (by_format || host == MC_HOST_FORMAT || host == MC_HOST_HEADER) && edits_requests(forwarding);
}

/* What a format gives in the middle of the rewrites. lines NULL: headers as in the view. */
static mc_code write_format(const mc_forwarding *f, const mc_format *format, mc_slice target, mc_slice authority,
                            const mc_header_list *lines, bool dashes, mc_scratch *scratch, mc_slice *out) {
  const mc_format_context context = {.view = f->view,
                                     .request = lines,
                                     .target = target,
                                     .authority = authority,
                                     .route_name = f->route_name,
                                     .cluster = f->cluster,
                                     .attempts = 1,
                                     .dashes = dashes};
  return mc_format_write(format, &context, scratch, out);
}

/* The target after the route's path rewrite. lines NULL: headers as in the view. */
static mc_code rewrite_path(const mc_forwarding *f, mc_slice authority, const mc_header_list *lines,
                            mc_scratch *scratch, mc_slice *target, bool *changed) {
  const mc_slice path = *target;
  if (f->path->kind != MC_REWRITE_FORMAT) return mc_path_rewrite_apply(f->path, path, scratch, target, changed);
  mc_slice text;
  mc_code code = write_format(f, &f->path->format, path, authority, lines, false, scratch, &text);
  return code ? code : mc_path_replace(text, path, scratch, target, changed);
}

/* The authority after the route's host rewrite. lines NULL: headers as in the view. */
static mc_code rewrite_host(const mc_forwarding *f, mc_slice authority, const mc_header_list *lines,
                            mc_scratch *scratch, mc_slice *out, bool *changed) {
  mc_slice header = MC_ABSENT;
  if (f->host->kind == MC_HOST_FORMAT) {
    mc_code code = write_format(f, &f->host->format, f->view->target, authority, lines, true, scratch, &header);
    if (code) return code;
  }
  if (f->host->kind == MC_HOST_HEADER) {
    mc_slice name = f->host->text;
    const mc_header_line *line = lines ? mc_header_list_find(lines, name) : NULL;
    bool authority_itself = mc_slice_equal(name, MC_LITERAL("host")) || mc_slice_equal(name, MC_LITERAL(":authority"));
    if (authority_itself) {
      header = authority;
    } else if (lines && name.size && name.data[0] != ':') {
      header = line ? line->value : MC_ABSENT;
    } else {
      header = mc_view_header(f->view, name);
    }
  }
  return mc_host_rewrite_apply(f->host, authority, f->view->target, header, f->endpoint_hostname, scratch, out, changed);
}

/* A CONNECT goes on with the port that was stripped of its authority. */
static mc_code with_port(const mc_view *view, mc_scratch *scratch, mc_slice *authority) {
  const size_t port = view->port_aside, size = authority->size;
  if (!port) return MC_OK;
  if (authority->data == view->authority.data) {
    *authority = mc_authority_whole(view);
    return MC_OK;
  }
  char *text = mc_scratch_alloc(scratch, size + port);
  if (!text) return MC_NO_MEMORY;
  memcpy(text, authority->data, size);
  memcpy(text + size, view->authority.data + view->authority.size, port);
  *authority = mc_slice_of(text, size + port);
  return MC_OK;
}

mc_code mc_upstream_target_make(const mc_forwarding *forwarding, mc_scratch *scratch, mc_slice *target,
                                mc_slice *authority) {
  bool changed;
  mc_code code = MC_OK;
  *target = forwarding->view->target;
  *authority = forwarding->weighted_host.size ? forwarding->weighted_host : forwarding->view->authority;
  if (forwarding->view->port_aside) code = with_port(forwarding->view, scratch, authority);
  const mc_slice before = *authority;
  if (!code && rewrites_host(forwarding)) code = rewrite_host(forwarding, before, NULL, scratch, authority, &changed);
  if (code || !forwarding->path) return code;
  return rewrite_path(forwarding, is_late(forwarding) ? before : *authority, NULL, scratch, target, &changed);
}

static mc_code tell(mc_header_list *lines, mc_slice name, mc_slice value) {
  char *text = mc_scratch_alloc(lines->scratch, value.size);
  if (!text) return MC_NO_MEMORY;
  memcpy(text, value.data, value.size);
  return mc_header_list_replace(lines, name, mc_slice_of(text, value.size));
}

static mc_code tell_number(mc_header_list *lines, mc_slice name, uint64_t number) {
  char digits[MC_DECIMAL_DIGITS];
  return number ? tell(lines, name, mc_decimal_write(number, digits)) : MC_OK;
}

static mc_code router_lines(const mc_forwarding *f, const mc_router_lines *router, mc_header_list *lines) {
  mc_code code = MC_OK;
  if (router->hides_grpc) mc_header_list_remove(lines, MC_LITERAL("grpc-timeout"));
  if (router->tells_grpc) {
    char text[MC_GRPC_TIMEOUT_TEXT];
    code = tell(lines, MC_LITERAL("grpc-timeout"), mc_grpc_timeout_write(router->grpc_ms, text));
  }
  if (!code && !f->options->suppress_envoy_headers) {
    code = mc_expected_timeout_tell(lines, router->expected_ms);
  }
  if (!code) code = tell_number(lines, MC_LITERAL("x-envoy-attempt-count"), router->attempt);
  if (code || !router->timeout_retry.data) return code;
  return mc_header_list_replace(lines, MC_LITERAL("x-envoy-is-timeout-retry"), router->timeout_retry);
}

void mc_control_headers_remove(mc_header_list *lines) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < lines->count; i++) {
    if (mc_header_id_of(lines->lines[i].name) == MC_HEADER_ENVOY_CONTROL) continue;
    lines->lines[kept++] = lines->lines[i];
  }
  lines->count = kept;
}

mc_code mc_expected_timeout_tell(mc_header_list *lines, uint64_t ms) {
  return tell_number(lines, MC_LITERAL("x-envoy-expected-rq-timeout-ms"), ms);
}

/* What the router does before the edits: its own control headers go, the timeout is told. */
static mc_code router_headers(const mc_forwarding *f, mc_header_list *lines) {
  if (f->view->internal) mc_control_headers_remove(lines); /* of others the view has hidden them already */
  return router_lines(f, &f->router, lines);
}

/* The host joins x-forwarded-host, unless it is the last one there already. */
static mc_code append_forwarded_host(mc_header_list *lines, mc_slice host) {
  const mc_slice name = MC_LITERAL("x-forwarded-host");
  const mc_header_line *old = mc_header_list_find(lines, name);
  if (host.size == 0) return MC_OK;
  if (old) {
    mc_slice list = old->value;
    while (list.size && list.data[list.size - 1] == ',') list.size--;
    if (old->value.size && list.size == 0) return MC_OK; /* nothing but commas: left alone */
    size_t start = list.size;
    while (start > 0 && list.data[start - 1] != ',') start--;
    if (mc_slice_equal(mc_slice_from(list, start), host)) return MC_OK;
  }
  return mc_header_list_append(lines, name, host);
}

static mc_code note_host(const mc_forwarding *f, mc_scratch *scratch, mc_slice *authority, mc_header_list *lines) {
  const mc_slice host = *authority;
  bool changed = false;
  if (!rewrites_host(f)) return MC_OK;
  mc_code code = rewrite_host(f, host, lines, scratch, authority, &changed);
  if (!code && changed && !f->options->suppress_envoy_headers && host.size) {
    code = mc_header_list_replace(lines, MC_LITERAL("x-envoy-original-host"), host);
  }
  return !code && changed && f->host->append_x_forwarded_host ? append_forwarded_host(lines, host) : code;
}

static mc_code note_path(const mc_forwarding *f, mc_scratch *scratch, mc_slice authority, mc_slice *target,
                         mc_header_list *lines) {
  const mc_slice path = *target;
  bool changed = false;
  if (!f->path) return MC_OK;
  mc_code code = rewrite_path(f, authority, lines, scratch, target, &changed);
  if (code || !changed || f->options->suppress_envoy_headers) return code;
  return mc_header_list_replace(lines, MC_LITERAL("x-envoy-original-path"), path);
}

static mc_code rewrite(const mc_forwarding *f, mc_scratch *scratch, mc_slice *target, mc_slice *authority,
                       mc_header_list *lines) {
  const bool late = is_late(f);
  mc_code code = late ? note_path(f, scratch, *authority, target, lines) : note_host(f, scratch, authority, lines);
  if (code) return code;
  return late ? note_host(f, scratch, authority, lines) : note_path(f, scratch, *authority, target, lines);
}

mc_code mc_upstream_request_make(const mc_forwarding *forwarding, mc_scratch *scratch, mc_slice *target,
                                 mc_slice *authority, mc_header_list *headers) {
  const mc_forwarding *f = forwarding;
  *target = f->view->target;
  *authority = f->view->authority;
  /* The endpoint is not known yet to Envoy's formats at this point, and the first attempt is. */
  mc_format_context context = {.view = f->view,
                               .request = headers,
                               .route_name = f->route_name,
                               .cluster = f->cluster,
                               .attempts = 1};
  mc_code code = mc_header_list_from_view(headers, scratch, f->view);
  if (!code && f->filter_edits) code = mc_filter_edits_apply(f->filter_edits, &context, headers);
  if (!code) code = router_headers(f, headers);
  if (code) return code;
  if (!mc_edits_empty(f->weighted_edits)) code = mc_edits_apply(f->weighted_edits, &context, headers);
  if (f->weighted_host.size) *authority = f->weighted_host;
  context.authority = *authority;
  if (!code && f->chain) code = mc_edit_chain_apply(f->chain, &context, headers);
  if (!code) code = with_port(f->view, scratch, authority);
  if (!code) code = rewrite(f, scratch, target, authority, headers);
  return code || !f->again ? code : router_lines(f, f->again, headers);
}
