/* Sessions that stay at an endpoint: which one a request asks for, and how an answer names the one that served it.
 * As Envoy 1.40 does it (source/extensions/http/stateful_session, source/extensions/filters/http/stateful_session). */
#ifndef MC_POLICY_SESSION_H
#define MC_POLICY_SESSION_H

#include "match/predicates.h"
#include "policy/cookie.h"

struct mc_session {
  mc_session_kind kind;
  bool strict;
  uint16_t missing_status;
  mc_header_source source; /* MC_SESSION_HEADER */
  uint16_t slot;
  mc_slice name;
  mc_slice path;    /* of cookies: size 0: everywhere */
  uint64_t max_age; /* of cookies: seconds; 0: until the client's session ends */
  mc_cookie cookie;
};

/* Compiles into the arena; NULL in *out where there is no spec. MC_LIMIT: too many header names. */
mc_code mc_session_build(mc_session **out, const mc_session_spec *spec, mc_slots *slots, mc_arena *arena,
                         mc_error *error);

/* Whether requests for the target (path and query) have a session. */
bool mc_session_covers(const mc_session *session, mc_slice target);

/* The address that a request asks for; size 0: none, or one that can no longer be had by it. It may lie in the
 * input's scratch. Any bytes may stand in it. */
mc_slice mc_session_asked(const mc_session *session, mc_input *input, uint64_t unix_s);

/* The header line that names an endpoint to the client; in scratch. Cookies last from unix_s on.
 * MC_OK or MC_NO_MEMORY. */
mc_code mc_session_line(const mc_session *session, mc_slice address, uint64_t unix_s, mc_scratch *scratch,
                        mc_header *line);

#endif
