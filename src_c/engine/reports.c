/* What comes of attempts: whether another one is made, what the decision becomes, and who learns of it. */
#include "edit/response.h"
#include "engine/concurrency.h"
#include "engine/exchange.h"

static mc_attempt *running(mc_exchange *x, uint32_t number) {
  mc_attempt *found = NULL;
  for (mc_attempt *at = &x->first; at; at = at->next) {
    if (at->running && (!number || at->number == number)) found = at;
  }
  return found;
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
    if (at != winner) mc_exchange_end(d, at);
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
  mc_exchange_count_retry_no_more(d);
  if (verdict == MC_RETRY_NOT) return false;
  *could_not = true;
  if (!x->retry.left) {
    d->flags |= MC_FLAG_URX;
    return false;
  }
  x->retry.left--;
  if (!mc_exchange_count_retry(d)) {
    d->flags |= MC_FLAG_UO;
    return false;
  }
  x->wait_ns = verdict == MC_RETRY_AT_ONCE ? 0 : mc_retry_wait(&x->retry, result, unix_s);
  x->pending = true;
  x->timed_out = !result || result->failure == MC_FAILURE_PER_TRY_TIMEOUT || result->failure == MC_FAILURE_PER_TRY_IDLE_TIMEOUT;
  return true;
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
  const mc_retry *policy = mc_decision_action(d)->retry;
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
    mc_exchange_end(d, attempt);
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
  return d->view.internal ? UINT64_MAX : sizes | mc_retry_answer_names(mc_decision_action(d)->retry, status);
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
  return d->retries && mc_decision_action(d)->retry && mc_decision_action(d)->retry->reads_wall_clock;
}
