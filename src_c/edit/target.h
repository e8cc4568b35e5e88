/* The request target: origin form ("/path?query"), absolute form ("http://host/path"), authority form
 * (of CONNECT) and "*". */
#ifndef MC_EDIT_TARGET_H
#define MC_EDIT_TARGET_H

#include "edit/bytes.h"

typedef struct mc_target {
  mc_slice target;    /* "/path?query", or "*", or absent for CONNECT */
  size_t path_size;   /* of the part before "?" */
  mc_slice authority; /* of an absolute or authority form; otherwise absent */
  mc_slice scheme;    /* of an absolute form, "http" or "https"; otherwise absent */
} mc_target;

/* MC_DETAILS_NONE, or why the target is refused. */
mc_details mc_target_parse(mc_slice method, mc_slice raw, mc_target *out);

/* Whether the bytes may stand in an authority. */
static inline bool mc_authority_ok(mc_slice authority) {
  return mc_bytes_plain(authority) || mc_bytes_all(authority, MC_BYTE_AUTHORITY);
}

/* The authority without what the options strip: a trailing dot, a port, which lies *port_size bytes long behind it. *ok
 * becomes false where memory is out. */
mc_slice mc_authority_stripped(mc_slice authority, const mc_http_options *options, uint16_t local_port,
                               mc_scratch *scratch, uint16_t *port_size, bool *ok);
/* The same; most options strip nothing. */
static inline mc_slice mc_authority_strip(mc_slice authority, const mc_http_options *options, uint16_t local_port,
                                          mc_scratch *scratch, uint16_t *port_size, bool *ok) {
  const bool strips =
      options->strip_trailing_host_dot || options->strip_any_host_port || options->strip_matching_host_port;
  *port_size = 0;
  return strips ? mc_authority_stripped(authority, options, local_port, scratch, port_size, ok) : authority;
}

#endif
