/* The attempts of a decision: what they hold, what comes of each (reports.c), and where another one goes (attempt.c).
 * As Envoy's router (source/common/router/router.cc) does it, without its timers: whoever sends the attempts keeps the
 * time. */
#ifndef MC_ENGINE_EXCHANGE_H
#define MC_ENGINE_EXCHANGE_H

#include "balance/previous_priorities.h"
#include "engine/lease.h"
#include "engine/snapshot.h"

struct mc_exchange {
  mc_timeouts timeouts;
  mc_retry_state retry;
  mc_attempt first, *last;
  uint32_t count;
  bool pending;      /* another attempt is called for */
  bool timed_out;    /* because the latest took too long */
  uint64_t wait_ns;  /* before it */
  mc_holder counted; /* of the retry that the cluster counts as under way; 0: none */
  mc_previous_priorities priorities;
};

/* The decision's route has one where something is forwarded. */
static inline const mc_action *mc_decision_action(const mc_decision *d) { return &d->snapshot->actions[d->route]; }

/* When the request came to the router, behind an injected delay; 0: unknown. */
static inline uint64_t mc_exchange_start(const mc_decision *d) {
  return d->request.now_ns ? d->request.now_ns + d->delay_ns : 0;
}

/* The attempt that was made last; NULL: the first, or none. */
static inline const mc_attempt *mc_exchange_latest(const mc_decision *d) { return d->exchange ? d->exchange->last : NULL; }

/* Whether the request came as far as Envoy's router, which edits it and only then looks for an endpoint. */
static inline bool mc_decision_is_routed(const mc_decision *d) {
  return d->outcome == MC_FORWARD || d->details == MC_DETAILS_NO_HEALTHY_UPSTREAM || d->details == MC_DETAILS_OVERFLOW ||
         d->details >= MC_DETAILS_RESPONSE_TIMEOUT;
}

/* Attempts so far, those that found no endpoint included. */
static inline uint32_t mc_decision_attempt_count(const mc_decision *d) {
  return d->exchange ? d->exchange->count : mc_decision_is_routed(d) && !d->request.inbound;
}

/* A report once the decision is over: the answer on its way to the client may end before its end. Nothing can be tried
 * again, but the endpoint failed, which outlier detection is told once, whatever it was told of the answer's head.
 * Source: Filter::onUpstreamReset and onPerTryTimeoutCommon of Envoy's router, which do not ask whether the answer had
 * begun. In outliers.c. */
void mc_decision_break_off(mc_decision *d, uint32_t number, const mc_result *result);

/* What the first attempt needs to be one of several. MC_OK or MC_NO_MEMORY. */
mc_code mc_exchange_begin(mc_decision *d);
/* Whether there is another attempt to wait for. */
bool mc_exchange_waits(const mc_exchange *x, const mc_attempt *attempt);
/* The attempt is the one that the decision speaks of. */
void mc_exchange_move(mc_decision *d, const mc_attempt *attempt);
/* The attempt has come to its end: its lease, too. */
void mc_exchange_end(const mc_decision *d, mc_attempt *attempt);
/* A retry counts from when it is called for until something comes of an attempt. False: there is no room for one. */
bool mc_exchange_count_retry(mc_decision *d);
void mc_exchange_count_retry_no_more(const mc_decision *d);
/* The decision becomes the answer to a failure, all its attempts ended; retried: it was not the first attempt's. Or that
 * there was no room for a retry, or no endpoint. In failure.c. */
void mc_exchange_fail(mc_decision *d, mc_failure failure, const mc_timeouts *timeouts, bool retried);
void mc_exchange_overflow(mc_decision *d);
void mc_exchange_nowhere(mc_decision *d);

static inline uint32_t mc_exchange_priority(const mc_cluster *cluster, int32_t endpoint) {
  return cluster->localities[cluster->hosts[endpoint].locality].priority;
}

/* Tells outlier detection how an attempt at an endpoint ended; result->report.now_ns says when. Does nothing where the
 * cluster does not want to know, or there is no endpoint. mc_decision_report does it. By many threads at once. It may make
 * the cluster stale; d->moved says whether it has. */
void mc_decision_detect(mc_decision *d, const mc_cluster *cluster, int32_t endpoint, const mc_result *result);

#endif
