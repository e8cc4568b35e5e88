#include "engine/sessions.h"

#include "engine/filters.h"

/* The innermost level that says anything has the say, be it that there are none. */
static const mc_session *in_force(const mc_decision *d) {
  const mc_action *action = &d->snapshot->actions[d->route];
  const mc_session *own = d->choice >= 0 ? action->weighted[d->choice].session : NULL;
  if (!own) own = action->session;
  return own ? own : d->snapshot->listeners[d->listener].session;
}

static bool by_cookie(const mc_session *session) { return session && session->kind == MC_SESSION_COOKIE; }

bool mc_sessions_read_time(const mc_snapshot *s) {
  bool found = false;
  for (uint32_t i = 0; i < s->listener_count; i++) found |= by_cookie(s->listeners[i].session);
  for (uint32_t i = 0; i < s->action_count && !found; i++) {
    const mc_action *action = &s->actions[i];
    found = by_cookie(action->session);
    for (uint32_t k = 0; k < action->weighted_count; k++) found |= by_cookie(action->weighted[k].session);
  }
  return found;
}

/* Envoy looks whatever the subset, the priority and the load of the host are. */
static mc_session_reason find(const mc_cluster *cluster, mc_slice address, int32_t *endpoint) {
  const int32_t found = mc_addresses_find(&cluster->members->addresses, cluster->hosts, address);
  if (found < 0) return MC_SESSION_UNKNOWN;
  if (!(mc_host_status(&cluster->hosts[found]) & cluster->members->session_statuses)) return MC_SESSION_UNFIT;
  *endpoint = found;
  return MC_SESSION_KEPT;
}

static uint64_t unix_s(const mc_decision *d) { return d->request.unix_ns / 1000000000; }

bool mc_sessions_decide(mc_decision *d, mc_input *input) {
  const mc_session *session = in_force(d);
  const mc_listener *listener = &d->snapshot->listeners[d->listener];
  if (d->snapshot->limits.switches && !mc_filter_is_on(d, listener->session_filter, listener->session_off)) return false;
  if (!session || !mc_session_covers(session, d->view.target)) return false;
  d->session = session;
  d->session_reason = MC_SESSION_NEW;
  d->session_address = mc_session_asked(session, input, unix_s(d));
  if (!d->session_address.size) return false;
  d->session_reason = find(d->snapshot->clusters[d->cluster], d->session_address, &d->endpoint);
  return d->session_reason == MC_SESSION_KEPT;
}

bool mc_sessions_line(const mc_decision *d, mc_scratch *scratch, mc_header *line, mc_code *code) {
  if (!d->session || d->endpoint < 0 || d->details == MC_DETAILS_OVERFLOW) return false;
  const mc_slice address = d->upstream->hosts[d->endpoint].address;
  if (mc_slice_equal(address, d->session_address)) return false;
  *code = mc_session_line(d->session, address, unix_s(d), scratch, line);
  return !*code;
}
