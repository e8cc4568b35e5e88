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

static uint32_t priority_of(const mc_cluster *cluster, int32_t endpoint) {
  return cluster->localities[cluster->hosts[endpoint].locality].priority;
}

/* What the first attempt needs to be one of several. */
static mc_code begin(mc_decision *d) {
  if (d->exchange) return MC_OK;
  mc_exchange *x = mc_scratch_alloc(&d->scratch, sizeof *x);
  if (!x) return MC_NO_MEMORY;
  const mc_action *action = action_of(d);
  mc_timeouts timeouts;
  mc_decision_timeouts(d, &timeouts);
  *x = (mc_exchange){.timeouts = timeouts, .count = 1, .last = &x->first};
  x->first = (mc_attempt){.number = 1,
                          .endpoint = d->endpoint,
                          .begins_ns = mc_exchange_start(d),
                          .running = !d->over,
                          .leased = d->leased,
                          .target = d->target,
                          .authority = d->authority};
  if (action->retry && action->retry->priority_frequency) {
    x->priorities.frequency = action->retry->priority_frequency;
    mc_previous_priorities_note(&x->priorities, priority_of(own_cluster(d), d->endpoint));
  }
  if (mc_retry_begin(&x->retry, action->retry, &d->view, d->request.seed, &d->scratch)) return MC_NO_MEMORY;
  d->leased = false;
  d->exchange = x;
  return MC_OK;
}

const mc_attempt *mc_decision_attempts(mc_decision *d) {
  if (d->endpoint < 0 || (!d->exchange && d->outcome != MC_FORWARD) || begin(d)) return NULL;
  return &d->exchange->first;
}

static void give_back(const mc_decision *d, mc_attempt *attempt) {
  if (!attempt->leased) return;
  attempt->leased = false;
  mc_lease_end(own_cluster(d), attempt->endpoint, action_of(d)->priority);
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

static mc_breaker_counts *counts_of(const mc_decision *d) {
  return &own_cluster(d)->state->counts[action_of(d)->priority];
}

/* A retry counts from when it is called for until something comes of an attempt. */
static bool count_retry(mc_decision *d) {
  const mc_thresholds *thresholds = &own_cluster(d)->members->thresholds[action_of(d)->priority];
  return d->exchange->counted = mc_counts_take(counts_of(d), thresholds, MC_RESOURCE_RETRIES);
}

static void count_retry_no_more(const mc_decision *d) {
  if (d->exchange->counted) mc_counts_give(counts_of(d), MC_RESOURCE_RETRIES);
  d->exchange->counted = false;
}

void mc_decision_close(mc_decision *d) {
  end_fault(d);
  d->over |= d->outcome == MC_FORWARD;
  if (d->leased) {
    d->leased = false;
    mc_lease_end(own_cluster(d), d->endpoint, action_of(d)->priority);
  }
  if (!d->exchange) return;
  count_retry_no_more(d);
  for (mc_attempt *at = &d->exchange->first; at; at = at->next) end(d, at);
}

void mc_decision_release(mc_decision *d) {
  mc_decision_leave(d, false, 0);
  mc_decision_close(d);
  mc_scratch_reset(&d->scratch);
}

/* ------------------------------------------------------------------ our own answers */

static void answer(mc_decision *d, uint16_t status, mc_details details, uint32_t flags, mc_slice body) {
  mc_decision_close(d);
  d->outcome = MC_REJECT;
  d->status = status;
  d->details = details;
  d->flags |= flags;
  d->body = body;
  d->grpc = mc_view_is_grpc(&d->view);
}

static void answer_timeout(mc_decision *d, bool alternative, mc_details details) {
  answer(d, alternative ? 204 : 504, details, MC_FLAG_UT, alternative ? MC_LITERAL("") : MC_LITERAL("upstream request timeout"));
}

#define RESET(reason)                                                                          \
  {MC_LITERAL("upstream connect error or disconnect/reset before headers. reset reason: " reason), \
   MC_LITERAL("upstream connect error or disconnect/reset before headers. retried and the latest reset reason: " reason)}

typedef struct reset {
  mc_slice body[2]; /* without, and after a retry */
  mc_details details;
  mc_flag flag;
} reset;

static reset reset_of(mc_failure failure) {
  switch (failure) {
    case MC_FAILURE_CONNECT:
      return (reset){RESET("remote connection failure"), MC_DETAILS_RESET_CONNECT_FAILURE, MC_FLAG_UF};
    case MC_FAILURE_CONNECT_TIMEOUT:
      return (reset){RESET("connection timeout"), MC_DETAILS_RESET_CONNECT_TIMEOUT, MC_FLAG_UF};
    case MC_FAILURE_REMOTE_RESET:
      return (reset){RESET("remote reset"), MC_DETAILS_RESET_REMOTE, MC_FLAG_UR};
    case MC_FAILURE_REFUSED_STREAM:
      return (reset){RESET("remote refused stream reset"), MC_DETAILS_RESET_REFUSED_STREAM, MC_FLAG_UR};
    case MC_FAILURE_PROTOCOL:
      return (reset){RESET("protocol error"), MC_DETAILS_RESET_PROTOCOL, MC_FLAG_UPE};
    case MC_FAILURE_OVERFLOW:
      return (reset){RESET("overflow"), MC_DETAILS_OVERFLOW, MC_FLAG_UO};
    default:
      return (reset){RESET("connection termination"), MC_DETAILS_RESET_TERMINATION, MC_FLAG_UC};
  }
}

static void answer_failure(mc_decision *d, mc_failure failure, const mc_timeouts *timeouts, bool retried) {
  switch (failure) {
    case MC_FAILURE_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_RESPONSE_TIMEOUT);
      return;
    case MC_FAILURE_PER_TRY_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_PER_TRY_TIMEOUT);
      return;
    case MC_FAILURE_PER_TRY_IDLE_TIMEOUT:
      answer_timeout(d, timeouts->alternative, MC_DETAILS_PER_TRY_IDLE_TIMEOUT);
      return;
    case MC_FAILURE_IDLE_TIMEOUT:
      answer(d, 504, MC_DETAILS_STREAM_IDLE_TIMEOUT, MC_FLAG_SI, MC_LITERAL("stream timeout"));
      return;
    case MC_FAILURE_MAX_DURATION:
      answer(d, 504, MC_DETAILS_MAX_DURATION_TIMEOUT, 0, MC_LITERAL("downstream duration timeout"));
      return;
    case MC_FAILURE_UPSTREAM_MAX_DURATION:
      answer(d, 504, MC_DETAILS_UPSTREAM_MAX_DURATION, MC_FLAG_UMSDR, MC_LITERAL("upstream max stream duration reached"));
      return;
    default:
      break;
  }
  const reset found = reset_of(failure);
  answer(d, failure == MC_FAILURE_PROTOCOL ? 502 : 503, found.details, found.flag, found.body[retried]);
}

/* The answer of the attempt goes to the client; all others are given up. */
static void settle(mc_decision *d, mc_attempt *winner) {
  mc_exchange *x = d->exchange;
  for (mc_attempt *at = &x->first; at; at = at->next) {
    if (at != winner) end(d, at);
  }
  winner->running = false;
  d->over = true;
  d->details = MC_DETAILS_VIA_UPSTREAM;
  d->endpoint = winner->endpoint;
  d->target = winner->target;
  d->authority = winner->authority;
}

/* ------------------------------------------------------------------ reports */

/* Whether another attempt is made; could_not: it would have been, but for a limit. */
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
  return true;
}

static bool others_wait(mc_exchange *x, const mc_attempt *attempt) {
  for (mc_attempt *at = &x->first; at; at = at->next) {
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

static void tell(const mc_decision *d, int32_t endpoint, uint64_t start_ns, const mc_result *result) {
  mc_decision_detect(d, endpoint, result);
  mc_cluster_sample(own_cluster(d), start_ns, result);
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
    if (number <= 1) tell(d, d->endpoint, mc_exchange_start(d), &known);
    return;
  }
  const bool all = result->failure == MC_FAILURE_TIMEOUT;
  const mc_attempt *only = all ? NULL : running(d->exchange, number);
  for (const mc_attempt *at = &d->exchange->first; at; at = at->next) {
    if (all ? !at->running : at != only) continue;
    if (!late || !at->late) tell(d, at->endpoint, at->begins_ns, &known);
  }
}

/* A decision that makes one attempt, come what may. */
static void report_only(mc_decision *d, uint32_t number, const mc_result *result) {
  if (number > 1) return;
  if (result->failure != MC_FAILURE_NONE) {
    mc_timeouts timeouts;
    mc_decision_timeouts(d, &timeouts);
    answer_failure(d, result->failure, &timeouts, false);
    return;
  }
  d->over = true;
  d->details = MC_DETAILS_VIA_UPSTREAM;
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

mc_code mc_decision_report(mc_decision *d, uint32_t number, const mc_result *result, bool replayable,
                           uint64_t unix_s, bool *again) {
  *again = false;
  if (d->outcome != MC_FORWARD) return MC_OK;
  if (d->over) {
    mc_decision_break_off(d, number, result);
    return MC_OK;
  }
  if (d->detects) detect(d, number, result);
  bool no_memory = false, could_not = false;
  if (!d->retries || first_is_good(d, number, result, &no_memory)) {
    report_only(d, number, result);
    return no_memory ? MC_NO_MEMORY : MC_OK;
  }
  if (no_memory || begin(d)) return MC_NO_MEMORY;
  mc_exchange *x = d->exchange;
  const bool failed = result->failure != MC_FAILURE_NONE, retried = x->count > 1;
  mc_attempt *attempt = running(x, number);
  if (failed && ends_all(result->failure)) {
    answer_failure(d, result->failure, &x->timeouts, retried);
    return MC_OK;
  }
  if (!attempt) return MC_OK;
  if (!replayable) x->retry.on = 0;
  mc_retry_verdict verdict = failed ? mc_retry_judge_failure(&x->retry, result->failure)
                                    : mc_retry_judge_answer(&x->retry, result, &no_memory);
  if (no_memory) return MC_NO_MEMORY;
  if (attempt->hedged) { /* it has been retried already */
    could_not = verdict != MC_RETRY_NOT;
  } else {
    *again = retry(d, verdict, result, unix_s, &could_not);
  }
  if (*again || ((failed || could_not) && others_wait(x, attempt))) {
    end(d, attempt);
  } else if (failed) {
    answer_failure(d, result->failure, &x->timeouts, retried);
  } else {
    settle(d, attempt);
  }
  return MC_OK;
}

mc_code mc_decision_on_timeout(mc_decision *d, uint32_t number, uint64_t now_ns, bool replayable, bool *again) {
  const mc_result result = {.failure = MC_FAILURE_PER_TRY_TIMEOUT, .grpc_status = -1, .report = {.now_ns = now_ns}};
  *again = false;
  if (d->outcome != MC_FORWARD || d->over) return MC_OK;
  if (begin(d)) return MC_NO_MEMORY;
  mc_exchange *x = d->exchange;
  if (!x->timeouts.hedges) return mc_decision_report(d, number, &result, replayable, 0, again);
  mc_attempt *attempt = running(x, number);
  if (!attempt || attempt->hedged) return MC_OK;
  detect(d, attempt->number, &result);
  attempt->late = true;
  if (!replayable) x->retry.on = 0;
  bool could_not;
  if (x->retry.on) *again = attempt->hedged = retry(d, MC_RETRY, NULL, 0, &could_not);
  return MC_OK;
}

uint64_t mc_decision_answer_names(const mc_decision *d, uint16_t status) {
  uint64_t sizes = d->detects && mc_view_is_grpc(&d->view) ? mc_size_bit(sizeof "grpc-status" - 1) : 0;
  if (!d->retries || d->over) return sizes;
  return d->view.internal ? UINT64_MAX : sizes | mc_retry_answer_names(action_of(d)->retry, status);
}

bool mc_decision_reads_wall_clock(const mc_decision *d) {
  return d->retries && action_of(d)->retry && action_of(d)->retry->reads_wall_clock;
}

/* ------------------------------------------------------------------ further attempts */

/* Any constants will do that no other draw from the seed uses. */
#define PICKS UINT64_C(0x616e6f7468657221)
#define HEDGES UINT64_C(0x6865646765732121)

uint32_t mc_decision_further(const mc_decision *d) {
  if (d->outcome != MC_FORWARD || !d->retries) return 0;
  const mc_hedge_spec *hedge = &action_of(d)->hedge;
  uint32_t further = hedge->initial_requests > 1 ? hedge->initial_requests - 1 : 0;
  if (hedge->denominator && mc_mix64(d->request.seed ^ HEDGES) % hedge->denominator < hedge->numerator) further++;
  return further;
}

/* The decision's cluster as the snapshot in force has it, unless its members have changed since. */
static const mc_cluster *cluster_in(const mc_decision *d, const mc_snapshot *current) {
  const mc_cluster *own = own_cluster(d);
  if ((uint32_t)d->cluster >= current->cluster_count) return own;
  const mc_cluster *now = current->clusters[d->cluster];
  return now->members == own->members ? now : own;
}

static bool has_labels(const mc_host *host, const mc_labels *wanted) {
  for (uint32_t i = 0; i < wanted->count; i++) {
    bool found = false;
    for (uint32_t k = 0; k < host->label_count && !found; k++) {
      found = mc_slice_equal(host->labels[k].key, wanted->at[i].key) &&
              mc_slice_equal(host->labels[k].value, wanted->at[i].value);
    }
    if (!found) return false;
  }
  return true;
}

/* Whether the policy passes a host over. */
static bool refuses(const mc_exchange *x, const mc_retry *policy, const mc_cluster *cluster, int32_t endpoint) {
  for (const mc_attempt *at = &x->first; at && policy->avoid_previous_hosts; at = at->next) {
    if (at->endpoint == endpoint) return true;
  }
  for (uint32_t i = 0; i < policy->omit_count; i++) {
    if (has_labels(&cluster->hosts[endpoint], &policy->omit[i])) return true;
  }
  return false;
}

/* A host, and another one as often as the policy allows where it passes that over; the last one is taken. */
static mc_code pick(mc_decision *d, const mc_cluster *cluster, uint64_t now_ns, int32_t *endpoint) {
  mc_exchange *x = d->exchange;
  const mc_retry *policy = action_of(d)->retry;
  mc_pick pick = {.draws = mc_mix64(d->request.seed ^ PICKS) + x->count * MC_SPLITMIX64_STEP,
                  .now_ns = now_ns,
                  .hash = d->hash,
                  .previous = x->priorities.frequency ? &x->priorities : NULL};
  if (!d->hashed) pick.hash = mc_pick_draw(&pick);
  for (;; pick.refused++) {
    bool no_memory = false;
    *endpoint = cluster->subsets ? mc_subsets_decide(cluster, d, &pick, &no_memory)
                                 : mc_balancer_pick(cluster->balancer, &pick);
    if (no_memory) return MC_NO_MEMORY;
    if (*endpoint < 0 || !policy || pick.refused == policy->host_attempts || !refuses(x, policy, cluster, *endpoint)) {
      d->candidates = pick.candidates;
      return MC_OK;
    }
  }
}

/* Where the host is rewritten to the endpoint's, each attempt has its own. */
static mc_code rewrite(mc_decision *d, mc_attempt *attempt) {
  attempt->target = d->exchange->first.target;
  attempt->authority = d->exchange->first.authority;
  if (action_of(d)->host.kind != MC_HOST_AUTO) return MC_OK;
  mc_edits_in_force edits;
  mc_forwarding forwarding;
  mc_forwarding_gather(d, &edits);
  mc_forwarding_fill(d, &edits, NULL, &forwarding);
  return mc_upstream_target_make(&forwarding, &d->scratch, &attempt->target, &attempt->authority);
}

mc_code mc_decision_attempt(mc_decision *d, const mc_snapshot *current, uint64_t now_ns, const mc_attempt **out) {
  *out = NULL;
  if (d->outcome != MC_FORWARD || d->over) return MC_OK;
  if (begin(d)) return MC_NO_MEMORY;
  mc_exchange *x = d->exchange;
  const mc_cluster *cluster = cluster_in(d, current);
  if (mc_cluster_is_stale(cluster, now_ns) && !d->request.stale && cluster == current->clusters[d->cluster]) return MC_STALE;
  mc_attempt *attempt = mc_scratch_alloc(&d->scratch, sizeof *attempt);
  int32_t endpoint;
  if (!attempt || pick(d, cluster, now_ns, &endpoint)) return MC_NO_MEMORY;
  const uint64_t wait_ns = x->pending ? x->wait_ns : 0;
  x->pending = false;
  x->count++;
  if (endpoint < 0) {
    answer(d, 503, MC_DETAILS_NO_HEALTHY_UPSTREAM, MC_FLAG_UH, MC_LITERAL("no healthy upstream"));
    return MC_OK;
  }
  if (!mc_lease_begin(cluster, endpoint, action_of(d)->priority, now_ns)) {
    if (!others_wait(x, NULL)) answer_failure(d, MC_FAILURE_OVERFLOW, &x->timeouts, true);
    return MC_OK;
  }
  *attempt = (mc_attempt){.number = x->count, .endpoint = endpoint, .backoff_ns = wait_ns, .begins_ns = now_ns + wait_ns, .running = true, .leased = true};
  x->last = x->last->next = attempt; /* so that its lease ends, come what may */
  d->endpoint = endpoint;
  if (rewrite(d, attempt)) return MC_NO_MEMORY;
  d->target = attempt->target;
  d->authority = attempt->authority;
  if (x->priorities.frequency) mc_previous_priorities_note(&x->priorities, priority_of(cluster, endpoint));
  *out = attempt;
  return MC_OK;
}
