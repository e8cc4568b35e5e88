/* From a raw request to the one view that matching, limits, edits and the upstream see.
 *
 * What Envoy's HTTP/1 codec and connection manager do before a route is looked up: the request
 * target is parsed (origin, absolute, asterisk and authority form), the path normalised, the scheme
 * and the trusted client address are settled, hop-by-hop headers and, for clients that are not
 * trusted, Envoy's own control headers are taken away, x-forwarded-* are added.
 *
 * Two things differ from Envoy on purpose: methods that its HTTP/1 parser does not know are served (any
 * token is a method), and a CR within a value is refused, where Envoy's parser drops it.
 *
 * A clean request costs one pass over its target and headers and copies nothing: the view then
 * points into the request, which must outlive it. */
#ifndef MC_EDIT_VIEW_H
#define MC_EDIT_VIEW_H

#include "match/header_slots.h"

/* Why a request is not served, and the answer to it. */
typedef struct mc_refusal {
  uint16_t status;
  mc_details details;
  mc_slice location; /* data NULL unless the status is 307: escaped slashes that were redirected */
  mc_slice body;
  bool parsed; /* the lines of the request are well-formed: a gRPC client is answered as such */
} mc_refusal;

/* MC_OK: the view is filled. MC_INVALID: refused, refusal is filled and the view is not to be used.
 * MC_NO_MEMORY. The scratch holds what had to be built; options must outlive the view. names: those that
 * mc_slots_find will look for, with mc_header_names_mark. */
mc_code mc_view_make(const mc_request *request, const mc_http_options *options, const mc_slots *names,
                     mc_scratch *scratch, mc_view *view, mc_refusal *refusal);

/* Visits the lines that are there:
 *   const mc_header *line; for (size_t at = 0; mc_view_next(view, &at, &line);) ... */
static inline bool mc_view_next(const mc_view *view, size_t *at, const mc_header **line) {
  size_t i = *at;
  while (i < view->header_count && (view->hidden[i >> 6] >> (i & 63) & 1)) i++;
  if (i >= (size_t)view->header_count + view->added_count) return false;
  *line = i < view->header_count ? &view->headers[i] : &view->added[i - view->header_count];
  *at = i + 1;
  return true;
}

/* The first value of a header (lower-case name); also ":method", ":path", ":scheme", ":authority"
 * and "host". Absent: data NULL. */
mc_slice mc_view_header(const mc_view *view, mc_slice name);

/* The authority as a request goes on with it that nobody rewrites. */
static inline mc_slice mc_authority_whole(const mc_view *view) {
  return mc_slice_of(view->authority.data, view->authority.size + view->port_aside);
}

/* The client that is believed; data NULL: unknown. What x-forwarded-for says of it is read once somebody asks, which is
 * whoever the view is for: it is no other thread's meanwhile. */
mc_slice mc_view_client_told(mc_view *view);
static inline mc_slice mc_view_client(const mc_view *view) {
  return view->told.data ? mc_view_client_told((mc_view *)view) : view->client;
}

/* The text of view->request_id, which there has to be, for the caller to change. NULL: no memory. */
char *mc_view_own_request_id(mc_view *view, mc_scratch *scratch);

#endif
