/* Redirects: the Location of a redirect action, of require_tls and of direct responses. */
#ifndef MC_EDIT_REDIRECT_H
#define MC_EDIT_REDIRECT_H

#include "edit/rewrite.h"

typedef struct mc_redirect {
  uint16_t status;
  bool https, strip_query;
  mc_slice scheme; /* data NULL: none */
  mc_slice host;   /* likewise */
  mc_slice port;   /* ":8443"; data NULL: none */
  mc_path_rewrite path;
} mc_redirect;

mc_code mc_redirect_compile(mc_arena *arena, const mc_redirect_spec *spec, mc_path_kind path_kind,
                            mc_slice path, mc_redirect *out, mc_error *error);

/* The absolute Location. MC_OK or MC_NO_MEMORY. */
mc_code mc_redirect_location(const mc_redirect *redirect, const mc_view *view, mc_scratch *scratch,
                             mc_slice *out);

/* The Location that a direct response of status 201 or 3xx gets by itself: the request's own URL.
 * *out is absent for any other status. */
mc_code mc_respond_location(uint16_t status, const mc_view *view, mc_scratch *scratch, mc_slice *out);

/* The require_tls redirect (301): the same URL with https. It has no route and no header edits. */
mc_code mc_tls_redirect_location(const mc_view *view, mc_scratch *scratch, mc_slice *out);

/* Whether require_tls asks for that redirect. external_only: internal clients may stay on http. */
static inline bool mc_tls_redirect_needed(const mc_view *view, bool external_only) {
  const mc_slice proto = view->forwarded_proto;
  return !(proto.size == 5 && mc_slice_equal(proto, MC_LITERAL("https"))) && !(external_only && view->internal);
}

#endif
