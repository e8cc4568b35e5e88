/* The header lines of an answer: the upstream's, edited, or those of our own. */
#ifndef MC_EDIT_RESPONSE_H
#define MC_EDIT_RESPONSE_H

#include "edit/headers.h"
#include "edit/redirect.h"
#include "edit/upstream_request.h"

typedef struct mc_answer {
  uint16_t status;
  const mc_header *headers; /* the upstream's; none for our own answer */
  uint32_t header_count;
  bool own;         /* ours: a direct response, a redirect or a refusal */
  mc_slice location; /* own answer: data NULL: none */
  mc_slice body;     /* own answer */
  mc_slice content_type; /* own answer with a body: what its config says; data NULL: text/plain */
  const mc_edits *weighted_edits;
  const mc_edit_chain *chain; /* NULL: no route, so no edits */
  const mc_http_options *options;   /* NULL: no listener */
  const mc_redirect *redirect;     /* of a redirect: formats see its rewrite as done */
  const mc_forwarding *forwarding; /* of a routed request: formats see it as the upstream does. NULL: it is none */
  const mc_filter_edit *request_edits; /* where there is none: what filters have done to the request */
  const mc_slice *cookies; /* Set-Cookie lines, added before the edits to the upstream's */
  uint32_t cookie_count;
  const mc_slice *late_cookies; /* Set-Cookie lines, added after the edits */
  uint32_t late_cookie_count;
  const mc_edits *filter_edits; /* own answer: of the filter that makes it, after the others; NULL: none */
  mc_slice overload; /* the line that says that there is too much to do; data NULL: none */
  const mc_header *beside; /* what filters add after the edits, beside what there is of the name */
  uint32_t beside_count;
  const mc_header *set; /* what a filter sets after the edits, over what there is of the name */
  uint32_t set_count;
  mc_slice request_id; /* x-request-id, over what there is of it; data NULL: as it is */
  bool request_id_edited; /* the edits of the request have a say in that, instead */
  const mc_header *session; /* tells the client of its endpoint, after the edits; NULL: nothing to tell */
  bool session_beside;      /* it stands beside others of its name; else instead of them */
  bool of_filter; /* own answer: a filter made it, so that it is sent as it stands, to gRPC clients too */
  mc_slice grpc_status; /* own answer to a gRPC client; data NULL: the one that status stands for */
} mc_answer;

/* Whether the request's content-type says that it is gRPC. */
bool mc_view_is_grpc(const mc_view *view);

/* context tells the formats what happened; its response member is set here.
 * *status and *body are what to send: an own answer to a gRPC request becomes 200 with grpc-status
 * and grpc-message and an empty body. Lines of the upstream's that hold NUL, CR, LF or another
 * control character, in their names or values, are left out. content-length, date and server are left to the sender. */
mc_code mc_answer_make(const mc_answer *answer, mc_format_context *context, mc_scratch *scratch,
                       mc_header_list *headers, uint16_t *status, mc_slice *body);

/* Whether these lines of an upstream's go on as they are, where there is nothing to edit. False also where it takes
 * more than a look. */
bool mc_answer_lines_stay(const mc_header *headers, uint32_t count);

#endif
