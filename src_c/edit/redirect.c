#include "edit/redirect.h"

mc_code mc_redirect_compile(mc_arena *arena, const mc_redirect_spec *spec, mc_path_kind path_kind,
                            mc_slice path, mc_redirect *out, mc_error *error) {
  bool ok = true;
  *out = (mc_redirect){.status = spec->status, .https = spec->https, .strip_query = spec->strip_query};
  out->scheme = mc_arena_copy(arena, spec->scheme.size ? spec->scheme : MC_ABSENT, &ok);
  out->host = mc_arena_copy(arena, spec->host.size ? spec->host : MC_ABSENT, &ok);
  out->port = MC_ABSENT;
  if (spec->port > 0) {
    char digits[12];
    size_t at = sizeof digits;
    for (uint32_t port = (uint32_t)spec->port; port; port /= 10) digits[--at] = (char)('0' + port % 10);
    digits[--at] = ':';
    out->port = mc_arena_copy(arena, mc_slice_of(digits + at, sizeof digits - at), &ok);
  }
  if (!ok) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  return mc_path_rewrite_compile(arena, &spec->path, path_kind, path, &out->path, error);
}

/* scheme "://" host port target; a target that does not begin with a slash gets one. Of a CONNECT, which has no target,
 * there is none to write. */
static mc_code write_url(const mc_view *view, mc_slice scheme, mc_slice host, mc_slice port, mc_slice target,
                         mc_scratch *scratch, mc_slice *out) {
  *out = MC_ABSENT;
  if (!view->target.size) return MC_OK;
  const mc_slice slash = target.size && target.data[0] == '/' ? MC_LITERAL("") : MC_LITERAL("/");
  const mc_slice parts[] = {scheme, MC_LITERAL("://"), host, port, slash, target};
  enum { PARTS = sizeof parts / sizeof *parts };
  size_t size = 0;
  for (int i = 0; i < PARTS; i++) size += parts[i].size;
  char *text = mc_scratch_alloc(scratch, size);
  if (!text) return MC_NO_MEMORY;
  *out = mc_slice_of(text, size);
  for (int i = 0; i < PARTS; i++) {
    if (parts[i].size) memcpy(text, parts[i].data, parts[i].size);
    text += parts[i].size;
  }
  return MC_OK;
}

/* Where the port's colon is; size where there is no port. */
static size_t port_colon(mc_slice authority) {
  for (size_t i = authority.size; i-- > 0;) {
    if (authority.data[i] != ':') continue;
    /* the last colon of an address in brackets is a port's only right behind the bracket */
    return authority.data[0] != '[' || authority.data[i - 1] == ']' ? i : authority.size;
  }
  return authority.size;
}

/* The request's own host, without its port where the redirect sets one, or where the port is the
 * default of the scheme that the redirect leaves. */
static mc_slice own_host(const mc_view *view, mc_slice scheme, bool new_port) {
  const mc_slice host = view->authority;
  size_t colon = port_colon(host);
  if (colon == host.size) return host;
  mc_slice port = mc_slice_from(host, colon);
  bool drop = new_port;
  if (!mc_slice_equal(scheme, view->forwarded_proto)) {
    drop |= mc_slice_equal_fold(view->forwarded_proto, MC_LITERAL("https")) && mc_slice_equal(port, MC_LITERAL(":443"));
    drop |= mc_slice_equal_fold(view->forwarded_proto, MC_LITERAL("http")) && mc_slice_equal(port, MC_LITERAL(":80"));
  }
  return drop ? mc_slice_head(host, colon) : host;
}

mc_code mc_redirect_location(const mc_redirect *redirect, const mc_view *view, mc_scratch *scratch,
                             mc_slice *out) {
  mc_slice scheme = view->scheme, target = view->target, rewritten;
  if (redirect->https) scheme = MC_LITERAL("https");
  if (redirect->scheme.data) scheme = redirect->scheme;
  mc_slice host = redirect->host.data ? redirect->host : own_host(view, scheme, redirect->port.data != NULL);
  if (redirect->strip_query) target = view->path;
  bool changed;
  mc_code code = mc_path_rewrite_apply(&redirect->path, target, scratch, &rewritten, &changed);
  if (code) return code;
  /* A rewrite may have made a query; one that a path_redirect has stays. */
  if (redirect->strip_query && redirect->path.kind != MC_REWRITE_FULL) rewritten.size = mc_slice_find(rewritten, 0, '?');
  return write_url(view, scheme, host, redirect->port, rewritten, scratch, out);
}

mc_code mc_respond_location(uint16_t status, const mc_view *view, mc_scratch *scratch, mc_slice *out) {
  *out = MC_ABSENT;
  if (status != 201 && status / 100 != 3) return MC_OK;
  return write_url(view, view->scheme, own_host(view, view->scheme, false), MC_ABSENT, view->target, scratch, out);
}

mc_code mc_tls_redirect_location(const mc_view *view, mc_scratch *scratch, mc_slice *out) {
  return write_url(view, MC_LITERAL("https"), view->authority, MC_ABSENT, view->target, scratch, out);
}
