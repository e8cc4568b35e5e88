#include "engine/exchange.h"

#include "base/rng.h"
#include "edit/response.h"
#include "engine/concurrency.h"
#include "engine/forwarding.h"

static const mc_action *action_of(const mc_decision *d) { return &d->snapshot->actions[d->route]; }

static const mc_cluster *own_cluster(const mc_decision *d) { return d->snapshot->clusters[d->cluster]; }

void mc_decision_timeouts(const mc_decision *d, mc_timeouts *out) {
  if (d->exchange) {
    *out = d->exchange->timeouts;
    return;
  }
  *out = (mc_timeouts){.request_ms = 0};
  if (d->route < 0 || action_of(d)->kind != MC_ACTION_FORWARD) return;
  if (d->request.inbound) { /* its caller keeps to the route's, and says what is left of it */
    mc_timeouts_told(out, d->request.headers, d->request.header_count);
    return;
  }
  const mc_action *action = action_of(d);
  mc_timeouts_find(out, action->timeouts, action->hedge.on_per_try_timeout,
                   &d->snapshot->listeners[d->listener].options, &d->view);
}

bool mc_decision_is_timed(const mc_decision *d) {
  const mc_timeout_spec *spec = action_of(d)->timeouts;
  if (d->view.internal || d->snapshot->listeners[d->listener].options.max_stream_ns) return true;
  return spec && (spec->request_ns || spec->grpc_max_ns != MC_UNSET || spec->stream_ns != MC_UNSET ||
                  spec->grpc_header_max_ns != MC_UNSET);
}

/* ------------------------------------------------------------------ attempts */

mc_code mc_exchange_begin(mc_decision *d) {
  if (d->exchange) return MC_OK;
  mc_exchange *x = mc_scratch_alloc(&d->scratch, sizeof *x);
  if (!x) return MC_NO_MEMORY;
  const mc_action *action = action_of(d);
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

static void give_back(const mc_decision *d, mc_attempt *attempt) {
  const mc_holder holder = attempt->leased;
  if (!holder) return;
  attempt->leased = 0;
  mc_lease_end(attempt->cluster, attempt->endpoint, action_of(d)->priority, holder);
}

/* The attempt has come to its end: its lease, too. */
static void end(const mc_decision *d, mc_attempt *attempt) {
  attempt->running = false;
  give_back(d, attempt);
}

static mc_attempt *running(mc_exchange *x, uint32_t number) {
  mc_attempt *found = NULL;
  for (mc_attempt *at = &x->first; at; at = at->next) {
    if (at->running && (!number || at->number == number)) found = at;
  }
  return found;
}

static void end_fault(mc_decision *d) {
  if (d->fault) mc_fault_gauge_leave(d->fault);
  d->fault = NULL;
}

void mc_decision_end_delay(mc_decision *d) {
  if (d->fault_of_delay) end_fault(d);
}

/* A retry counts from when it is called for until something comes of an attempt. */
static bool count_retry(mc_decision *d) {
  const mc_thresholds *thresholds = &own_cluster(d)->members->thresholds[action_of(d)->priority];
  d->exchange->counted =
      mc_cluster_state_take(own_cluster(d)->state, action_of(d)->priority, MC_RESOURCE_RETRIES, thresholds);
  return d->exchange->counted;
}

static void count_retry_no_more(const mc_decision *d) {
  if (!d->exchange->counted) return;
  mc_cluster_state_give(own_cluster(d)->state, action_of(d)->priority, MC_RESOURCE_RETRIES, d->exchange->counted);
  d->exchange->counted = 0;
}

MC_SELDOM void close_exchange(mc_decision *d) {
  count_retry_no_more(d);
  for (mc_attempt *at = &d->exchange->first; at; at = at->next) end(d, at);
}

MC_SELDOM void close_shared(mc_decision *d) {
  const mc_holder holder = d->leased;
  d->leased = 0;
  mc_lease_end(d->upstream, d->endpoint, action_of(d)->priority, holder);
}

/* As almost always, one attempt has been made, and what it holds is this process's own. */
void mc_decision_close(mc_decision *d) {
  end_fault(d);
  d->over |= d->outcome == MC_FORWARD;
  if (d->leased == MC_HELD_HERE) {
    d->leased = 0;
    mc_lease_end(d->upstream, d->endpoint, action_of(d)->priority, MC_HELD_HERE);
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

/* ------------------------------------------------------------------ reports */

void mc_exchange_move(mc_decision *d, const mc_attempt *attempt) {
  d->upstream = attempt->cluster;
  d->elsewhere = attempt->elsewhere;
  d->endpoint = attempt->endpoint;
  d->target = attempt->target;
  d->authority = attempt->authority;
}

/* Whether the answer to a websocket's handshake switches no protocols and is no error either: nothing is retried then,
 * and Envoy ends the request at the answer's head. */
static bool refuses_websocket(const mc_decision *d, const mc_result *result) {
  if (!d->view.upgrade.data || result->failure != MC_FAILURE_NONE) return false;
  return result->status >= 200 && result->status < 400 && mc_slice_equal_fold(d->view.upgrade, MC_LITERAL("websocket"));
}

static mc_details details_of(const mc_decision *d, const mc_result *result) {
  return refuses_websocket(d, result) ? MC_DETAILS_WEBSOCKET_REFUSED : MC_DETAILS_VIA_UPSTREAM;
}

/* The answer of the attempt goes to the client; all others are given up. */
static void settle(mc_decision *d, mc_attempt *winner, const mc_result *result) {
  mc_exchange *x = d->exchange;
  for (mc_attempt *at = &x->first; at; at = at->next) {
    if (at != winner) end(d, at);
  }
  winner->running = false;
  d->over = true;
  d->details = details_of(d, result);
  mc_exchange_move(d, winner);
}

/* Whether another attempt is made; result NULL: one takes too long, which goes on; could_not: it would have been, but
 * for a limit. */
static bool retry(mc_decision *d, mc_retry_verdict verdict, const mc_result *result, uint64_t unix_s, bool *could_not) {
  mc_exchange *x = d->exchange;
  count_retry_no_more(d);
  if (verdict == MC_RETRY_NOT) return false;
  *could_not = true;
  if (!x->retry.left) {
    d->flags |= MC_FLAG_URX;
    return false;
  }
  x->retry.left--;
  if (!count_retry(d)) {
    d->flags |= MC_FLAG_UO;
    return false;
  }
  x->wait_ns = verdict == MC_RETRY_AT_ONCE ? 0 : mc_retry_wait(&x->retry, result, unix_s);
  x->pending = true;
  x->timed_out = !result || result->failure == MC_FAILURE_PER_TRY_TIMEOUT || result->failure == MC_FAILURE_PER_TRY_IDLE_TIMEOUT;
  return true;
}

bool mc_exchange_waits(const mc_exchange *x, const mc_attempt *attempt) {
  for (const mc_attempt *at = &x->first; at; at = at->next) {
    if (at != attempt && at->running) return true;
  }
  return x->pending;
}

/* An end of the whole request, whatever its attempts are doing. */
static bool ends_all(mc_failure failure) {
  return failure == MC_FAILURE_TIMEOUT || failure == MC_FAILURE_IDLE_TIMEOUT || failure == MC_FAILURE_MAX_DURATION;
}

static bool takes_too_long(mc_failure failure) {
  return failure == MC_FAILURE_TIMEOUT || failure == MC_FAILURE_PER_TRY_TIMEOUT ||
         failure == MC_FAILURE_PER_TRY_IDLE_TIMEOUT;
}

static void tell(mc_decision *d, const mc_cluster *cluster, int32_t endpoint, uint64_t start_ns,
                 const mc_result *result) {
  mc_decision_detect(d, cluster, endpoint, result);
  mc_cluster_sample(cluster, start_ns, result);
}

/* Outlier detection and the cluster's limiter hear of the attempt; of a timeout of the whole request, of each that waits
 * for its answer. What took too long for a hedge has been told by then. */
static void detect(mc_decision *d, uint32_t number, const mc_result *result) {
  mc_result known = *result;
  const bool late = takes_too_long(result->failure);
  if (late) {
    mc_timeouts timeouts;
    mc_decision_timeouts(d, &timeouts);
    if (timeouts.alternative) known.status = 204;
  }
  if (!d->exchange) {
    if (number <= 1) tell(d, d->upstream, d->endpoint, mc_exchange_start(d), &known);
    return;
  }
  const bool all = result->failure == MC_FAILURE_TIMEOUT;
  const mc_attempt *only = all ? NULL : running(d->exchange, number);
  for (const mc_attempt *at = &d->exchange->first; at; at = at->next) {
    if (all ? !at->running : at != only) continue;
    if (!late || !at->late) tell(d, at->cluster, at->endpoint, at->begins_ns, &known);
  }
}

/* A decision that makes one attempt, come what may. */
static void report_only(mc_decision *d, uint32_t number, const mc_result *result) {
  if (number > 1) return;
  if (result->failure != MC_FAILURE_NONE) {
    mc_timeouts timeouts;
    mc_decision_timeouts(d, &timeouts);
    mc_exchange_fail(d, result->failure, &timeouts, false);
    return;
  }
  d->over = true;
  d->details = details_of(d, result);
  if (d->exchange) d->exchange->first.running = false;
}

/* Whether the first answer is one that no condition wants to retry: as almost always, and then no state is made. What
 * the request itself says could only add conditions where the client is internal. */
static bool first_is_good(const mc_decision *d, uint32_t number, const mc_result *result, bool *no_memory) {
  if (d->exchange || number > 1 || result->failure != MC_FAILURE_NONE || d->view.internal) return false;
  const mc_retry *policy = action_of(d)->retry;
  const mc_retry_state state = {.policy = policy, .on = policy ? policy->on : 0};
  return mc_retry_judge_answer(&state, result, no_memory) == MC_RETRY_NOT;
}

/* Where slow tries are hedged, one goes on that takes too long. */
static void go_on(mc_decision *d, uint32_t number, const mc_result *result, bool replayable, bool *again) {
  mc_exchange *x = d->exchange;
  mc_attempt *attempt = running(x, number);
  if (!attempt || attempt->hedged) return;
  detect(d, attempt->number, result);
  attempt->late = true;
  if (!replayable) x->retry.on = x->retry.asked = 0;
  bool could_not;
  if (x->retry.asked) *again = attempt->hedged = retry(d, MC_RETRY, NULL, 0, &could_not);
}

mc_code mc_decision_report(mc_decision *d, uint32_t number, const mc_result *result, bool replayable,
                           uint64_t unix_s, bool *again) {
  *again = false;
  if (d->detects) d->moved = false;
  if (d->outcome != MC_FORWARD) return MC_OK;
  if (d->over) {
    mc_decision_break_off(d, number, result);
    return MC_OK;
  }
  if (result->failure == MC_FAILURE_PER_TRY_IDLE_TIMEOUT && d->endpoint >= 0) {
    if (mc_exchange_begin(d)) return MC_NO_MEMORY;
    if (d->exchange->timeouts.hedges) {
      go_on(d, number, result, replayable, again);
      return MC_OK;
    }
  }
  if (d->detects) detect(d, number, result);
  bool no_memory = false, could_not = false;
  if (!d->retries || first_is_good(d, number, result, &no_memory)) {
    report_only(d, number, result);
    return no_memory ? MC_NO_MEMORY : MC_OK;
  }
  if (no_memory || mc_exchange_begin(d)) return MC_NO_MEMORY;
  mc_exchange *x = d->exchange;
  const bool failed = result->failure != MC_FAILURE_NONE, retried = x->count > 1;
  mc_attempt *attempt = running(x, number);
  if (failed && ends_all(result->failure)) {
    mc_exchange_fail(d, result->failure, &x->timeouts, retried);
    return MC_OK;
  }
  if (!attempt) return MC_OK;
  if (!replayable || refuses_websocket(d, result)) x->retry.on = x->retry.asked = 0;
  mc_retry_verdict verdict = failed ? mc_retry_judge_failure(&x->retry, result->failure)
                                    : mc_retry_judge_answer(&x->retry, result, &no_memory);
  if (no_memory) return MC_NO_MEMORY;
  if (attempt->hedged) { /* it has been retried already */
    could_not = verdict != MC_RETRY_NOT;
  } else {
    *again = retry(d, verdict, result, unix_s, &could_not);
  }
  /* As in Envoy, an attempt that lasts too long does not wait for those beside it. */
  const bool waits = (failed || could_not) && result->failure != MC_FAILURE_UPSTREAM_MAX_DURATION;
  if (*again || (waits && mc_exchange_waits(x, attempt))) {
    end(d, attempt);
  } else if (failed) {
    mc_exchange_fail(d, result->failure, &x->timeouts, retried);
  } else {
    settle(d, attempt, result);
  }
  return MC_OK;
}

mc_code mc_decision_on_timeout(mc_decision *d, uint32_t number, uint64_t now_ns, bool replayable, bool *again) {
  const mc_result result = {.failure = MC_FAILURE_PER_TRY_TIMEOUT, .grpc_status = -1, .report = {.now_ns = now_ns}};
  *again = false;
  if (d->detects) d->moved = false;
  if (d->outcome != MC_FORWARD || d->over) return MC_OK;
  if (d->endpoint >= 0 && mc_exchange_begin(d)) return MC_NO_MEMORY;
  if (!d->exchange || !d->exchange->timeouts.hedges) return mc_decision_report(d, number, &result, replayable, 0, again);
  go_on(d, number, &result, replayable, again);
  return MC_OK;
}

uint64_t mc_decision_answer_names(const mc_decision *d, uint16_t status) {
  uint64_t sizes = d->detects && mc_view_is_grpc(&d->view) ? mc_size_bit(sizeof "grpc-status" - 1) : 0;
  if (!d->retries || d->over) return sizes;
  return d->view.internal ? UINT64_MAX : sizes | mc_retry_answer_names(action_of(d)->retry, status);
}

/* NULL: the decision has no more than its latest. */
static const mc_attempt *numbered(const mc_decision *d, uint32_t number) {
  const mc_attempt *at = number && d->exchange ? &d->exchange->first : NULL;
  while (at && at->number != number) at = at->next;
  return at;
}

bool mc_decision_learns(const mc_decision *d, uint32_t number) {
  if (d->outcome != MC_FORWARD || d->endpoint < 0) return false;
  const mc_attempt *attempt = numbered(d, number);
  return (attempt ? attempt->cluster : d->upstream)->balancer->policy->report;
}

void mc_decision_learn(const mc_decision *d, uint32_t number, const mc_report *report) {
  const mc_attempt *attempt = numbered(d, number);
  const mc_cluster *cluster = attempt ? attempt->cluster : d->upstream;
  const int32_t endpoint = attempt ? attempt->endpoint : d->endpoint;
  mc_balancer_report(cluster->balancer, cluster->hosts[endpoint].state, report);
}

bool mc_decision_reads_wall_clock(const mc_decision *d) {
  return d->retries && action_of(d)->retry && action_of(d)->retry->reads_wall_clock;
}
