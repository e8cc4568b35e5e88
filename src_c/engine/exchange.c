#include "engine/exchange.h"

void mc_decision_timeouts(const mc_decision *d, mc_timeouts *out) {
  if (d->exchange) {
    *out = d->exchange->timeouts;
    return;
  }
  *out = (mc_timeouts){.request_ms = 0};
  if (d->route < 0 || mc_decision_action(d)->kind != MC_ACTION_FORWARD) return;
  if (d->request.inbound) { /* its caller keeps to the route's, and says what is left of it */
    mc_timeouts_told(out, d->request.headers, d->request.header_count);
    return;
  }
  const mc_action *action = mc_decision_action(d);
  mc_timeouts_find(out, action->timeouts, action->hedge.on_per_try_timeout,
                   &d->snapshot->listeners[d->listener].options, &d->view);
}

bool mc_decision_is_timed(const mc_decision *d) {
  const mc_timeout_spec *spec = mc_decision_action(d)->timeouts;
  if (d->view.internal || d->snapshot->listeners[d->listener].options.max_stream_ns) return true;
  return spec && (spec->request_ns || spec->grpc_max_ns != MC_UNSET || spec->stream_ns != MC_UNSET ||
                  spec->grpc_header_max_ns != MC_UNSET);
}

mc_code mc_exchange_begin(mc_decision *d) {
  if (d->exchange) return MC_OK;
  mc_exchange *x = mc_scratch_alloc(&d->scratch, sizeof *x);
  if (!x) return MC_NO_MEMORY;
  const mc_action *action = mc_decision_action(d);
  mc_timeouts timeouts;
  mc_decision_timeouts(d, &timeouts);
  *x = (mc_exchange){.timeouts = timeouts, .count = 1, .last = &x->first};
  x->first = (mc_attempt){.number = 1,
                          .endpoint = d->endpoint,
                          .cluster = d->upstream,
                          .begins_ns = mc_exchange_start(d),
                          .running = !d->over,
                          .leased = d->leased,
                          .target = d->target,
                          .authority = d->authority};
  if (action->retry && action->retry->priority_frequency) {
    x->priorities.frequency = action->retry->priority_frequency;
    mc_previous_priorities_note(&x->priorities, mc_exchange_priority(d->upstream, d->endpoint));
  }
  if (mc_retry_begin(&x->retry, action->retry, &d->view, d->request.seed, &d->scratch)) return MC_NO_MEMORY;
  d->leased = 0;
  d->exchange = x;
  return MC_OK;
}

const mc_attempt *mc_decision_attempts(mc_decision *d) {
  if (d->endpoint < 0 || (!d->exchange && d->outcome != MC_FORWARD) || mc_exchange_begin(d)) return NULL;
  return &d->exchange->first;
}

void mc_exchange_move(mc_decision *d, const mc_attempt *attempt) {
  d->upstream = attempt->cluster;
  d->elsewhere = attempt->elsewhere;
  d->endpoint = attempt->endpoint;
  d->target = attempt->target;
  d->authority = attempt->authority;
}

bool mc_exchange_waits(const mc_exchange *x, const mc_attempt *attempt) {
  for (const mc_attempt *at = &x->first; at; at = at->next) {
    if (at != attempt && at->running) return true;
  }
  return x->pending;
}

void mc_exchange_end(const mc_decision *d, mc_attempt *attempt) {
  const mc_holder holder = attempt->leased;
  attempt->running = false;
  if (!holder) return;
  attempt->leased = 0;
  mc_lease_end(attempt->cluster, attempt->endpoint, mc_decision_action(d)->priority, holder);
}

static const mc_cluster *own_cluster(const mc_decision *d) { return d->snapshot->clusters[d->cluster]; }

bool mc_exchange_count_retry(mc_decision *d) {
  const mc_thresholds *thresholds = &own_cluster(d)->members->thresholds[mc_decision_action(d)->priority];
  d->exchange->counted =
      mc_cluster_state_take(own_cluster(d)->state, mc_decision_action(d)->priority, MC_RESOURCE_RETRIES, thresholds);
  return d->exchange->counted;
}

void mc_exchange_count_retry_no_more(const mc_decision *d) {
  if (!d->exchange->counted) return;
  mc_cluster_state_give(own_cluster(d)->state, mc_decision_action(d)->priority, MC_RESOURCE_RETRIES, d->exchange->counted);
  d->exchange->counted = 0;
}

static void end_fault(mc_decision *d) {
  if (d->fault) mc_fault_gauge_leave(d->fault);
  d->fault = NULL;
}

void mc_decision_end_delay(mc_decision *d) {
  if (d->fault_of_delay) end_fault(d);
}

MC_SELDOM void close_exchange(mc_decision *d) {
  mc_exchange_count_retry_no_more(d);
  for (mc_attempt *at = &d->exchange->first; at; at = at->next) mc_exchange_end(d, at);
}

MC_SELDOM void close_shared(mc_decision *d) {
  const mc_holder holder = d->leased;
  d->leased = 0;
  mc_lease_end(d->upstream, d->endpoint, mc_decision_action(d)->priority, holder);
}

/* As almost always, one attempt has been made, and what it holds is this process's own. */
void mc_decision_close(mc_decision *d) {
  end_fault(d);
  d->over |= d->outcome == MC_FORWARD;
  if (d->leased == MC_HELD_HERE) {
    d->leased = 0;
    mc_lease_end(d->upstream, d->endpoint, mc_decision_action(d)->priority, MC_HELD_HERE);
  } else if (d->leased) { /* it has no exchange, which would have taken the lease over */
    close_shared(d);
    return;
  }
  if (d->exchange) close_exchange(d);
}

void mc_decision_release(mc_decision *d) {
  mc_decision_leave(d, false, 0);
  mc_decision_close(d);
  for (mc_attempt *at = d->exchange ? &d->exchange->first : NULL; at; at = at->next) {
    if (at->elsewhere) mc_cluster_release(at->cluster, d->snapshot->runtime);
  }
  mc_scratch_reset(&d->scratch);
}
