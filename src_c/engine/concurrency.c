#include "engine/concurrency.h"

/* Answers by which an endpoint, or what stands behind it, says that it has too much to do: how fast they come says
 * nothing of how long work takes. */
static bool is_overloaded(uint16_t status) { return status == 429 || status == 503 || status == 504; }

static mc_sample sample_of(const mc_result *result) {
  switch (result->failure) {
    case MC_FAILURE_NONE:
      return is_overloaded(result->status) ? MC_SAMPLE_FAILED : MC_SAMPLE_ANSWERED;
    case MC_FAILURE_TIMEOUT:
    case MC_FAILURE_PER_TRY_TIMEOUT:
    case MC_FAILURE_PER_TRY_IDLE_TIMEOUT:
    case MC_FAILURE_UPSTREAM_MAX_DURATION:
      return MC_SAMPLE_TIMED_OUT;
    case MC_FAILURE_OVERFLOW:     /* nothing was sent */
    case MC_FAILURE_IDLE_TIMEOUT: /* on either side */
    case MC_FAILURE_MAX_DURATION:
      return MC_SAMPLE_NONE;
    default:
      return MC_SAMPLE_FAILED;
  }
}

void mc_cluster_sample(const mc_cluster *cluster, uint64_t start_ns, const mc_result *result) {
  if (!cluster->limiter) return;
  const uint64_t now_ns = result->report.now_ns, latency_ns = result->report.latency_ns;
  if (latency_ns) start_ns = now_ns > latency_ns ? now_ns - latency_ns : 1;
  if (start_ns) mc_concurrency_sample(cluster->limiter, sample_of(result), start_ns, now_ns);
}

/* As Envoy's filter (source/extensions/filters/http/adaptive_concurrency/adaptive_concurrency_filter.cc): a request counts
 * from when it comes to the filter, behind a delay that another one has injected, and its answer may be any. */
bool mc_concurrency_answer(mc_decision *d, uint32_t place, bool peek) {
  const mc_filter *filter = &d->snapshot->listeners[d->listener].filters[place];
  const bool room = peek ? mc_concurrency_has_room(filter->limiter)
                         : mc_concurrency_acquire(filter->limiter, d->request.now_ns);
  if (room) {
    if (peek) return false;
    d->entered = filter->limiter;
    d->entered_ns = d->request.now_ns + d->delay_ns;
    return false;
  }
  d->outcome = MC_REJECT;
  d->status = filter->status;
  d->details = MC_DETAILS_CONCURRENCY_LIMIT;
  d->body = MC_LITERAL("reached concurrency limit");
  return true;
}

void mc_decision_leave(mc_decision *d, bool answered, uint64_t now_ns) {
  if (!d->entered) return;
  if (answered) mc_concurrency_sample(d->entered, MC_SAMPLE_ANSWERED, d->entered_ns, now_ns);
  mc_concurrency_leave(d->entered);
  d->entered = NULL;
}

/* ------------------------------------------------------------------ how they stand */

static bool read(mc_concurrency *limiter, uint64_t now_ns, mc_concurrency_status *status) {
  if (!limiter) return false;
  mc_concurrency_sweep(limiter, now_ns);
  *status = mc_concurrency_read(limiter);
  return true;
}

bool mc_snapshot_concurrency(const mc_snapshot *s, int32_t cluster, uint64_t now_ns, mc_concurrency_status *status) {
  return read(s->clusters[cluster]->limiter, now_ns, status);
}

bool mc_snapshot_listener_concurrency(const mc_snapshot *s, int32_t number, uint64_t now_ns,
                                      mc_concurrency_status *status) {
  const mc_listener *listener = &s->listeners[number];
  for (uint32_t i = 0; i < listener->filter_count; i++) {
    if (listener->filters[i].limiter) return read(listener->filters[i].limiter, now_ns, status);
  }
  return false;
}
