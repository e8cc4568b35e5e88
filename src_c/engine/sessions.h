/* Sessions in a decision: the endpoint that a request asks for comes before all that a cluster would choose itself. */
#ifndef MC_ENGINE_SESSIONS_H
#define MC_ENGINE_SESSIONS_H

#include "engine/snapshot.h"

/* Some level that a request on the route finds has sessions. */
static inline bool mc_sessions_needed(const mc_listener *listener, const mc_action *action) {
  return action->has_session || listener->session;
}

/* Whether some session of the snapshot hangs on the time of day: cookies have an end. */
bool mc_sessions_read_time(const mc_snapshot *snapshot);

/* Looks for the endpoint of the request's session, which the decision then knows of. False: there is none, and
 * the cluster is to choose one; unless input->no_memory is set. */
bool mc_sessions_decide(mc_decision *decision, mc_input *input);

/* A session asks for an endpoint that cannot be had, and will have no other. */
static inline bool mc_sessions_refuse(const mc_decision *decision) {
  return decision->session && decision->session->strict && decision->session_reason > MC_SESSION_KEPT;
}

/* The line of the answer that tells the client of another endpoint than it asked for. False: there is none.
 * MC_NO_MEMORY goes to *code. */
bool mc_sessions_line(const mc_decision *decision, mc_scratch *scratch, mc_header *line, mc_code *code);

#endif
