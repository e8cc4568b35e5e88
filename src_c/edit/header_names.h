/* The request headers that Envoy treats apart: which are joined when repeated, which never pass, and
 * which only trusted clients may send. */
#ifndef MC_EDIT_HEADER_NAMES_H
#define MC_EDIT_HEADER_NAMES_H

#include "match/header_slots.h"

typedef enum mc_header_id {
  MC_HEADER_OTHER, /* nothing special */
  MC_HEADER_JOINED, /* joined with "," when repeated, otherwise nothing special */
  MC_HEADER_HOST,
  MC_HEADER_CONNECTION,
  MC_HEADER_KEEP_ALIVE,
  MC_HEADER_PROXY_CONNECTION,
  MC_HEADER_TE,
  MC_HEADER_TRANSFER_ENCODING,
  MC_HEADER_CONTENT_LENGTH,
  MC_HEADER_UPGRADE,
  MC_HEADER_EXPECT,
  MC_HEADER_HTTP2_SETTINGS,
  MC_HEADER_VIA,
  MC_HEADER_FORWARDED_FOR,
  MC_HEADER_FORWARDED_PROTO,
  MC_HEADER_FORWARDED_PORT,
  MC_HEADER_FORWARDED_CLIENT_CERT,
  MC_HEADER_REQUEST_ID,
  MC_HEADER_ENVOY_INTERNAL,
  MC_HEADER_ENVOY_EXTERNAL_ADDRESS,
  MC_HEADER_ENVOY_EXPECTED_TIMEOUT,
  MC_HEADER_CLIENT_TRACE_ID,
  MC_HEADER_ENVOY_TRUSTED, /* let through from internal clients only */
  MC_HEADER_ENVOY_CONTROL, /* likewise, and consumed by the router: the upstream never sees it */
  MC_HEADER_ENVOY_EDGE,    /* taken away at the edge: from external clients, with use_remote_address */
} mc_header_id;

/* The name may be in any case. */
mc_header_id mc_header_id_of(mc_slice name);

/* Marks of names in a table: of a name that is alone with its mc_header_id, this; names that share an id have others,
 * which a few of them may share, too. Names without an id have none. */
enum { MC_HEADER_MARKS = 64 };
/* Has the table know all of these names, and what is to be done about lines of each. MC_OK or MC_NO_MEMORY. */
mc_code mc_header_names_mark(mc_slots *names);

/* Whether Envoy keeps one line of this request header, so that adding to it joins with ",". */
bool mc_header_id_joined(mc_header_id id);

/* The same for a response header, by its name in any case. */
bool mc_response_header_joined(mc_slice name);

#endif
