/* Outlier detection of a snapshot's clusters. */
#include "base/decimal.h"
#include "edit/response.h"
#include "engine/exchange.h"
#include "outlier/detector.h"

bool mc_snapshot_detects(const mc_snapshot *s, int32_t cluster) { return s->clusters[cluster]->members->outlier; }

mc_outlier_status mc_snapshot_outlier(const mc_snapshot *s, int32_t cluster, int32_t endpoint, uint64_t now_ns) {
  const mc_cluster *at = s->clusters[cluster];
  return mc_outlier_status_of(at->members, at->hosts[endpoint].state, now_ns);
}

mc_outlier_counts mc_snapshot_outliers(const mc_snapshot *s, int32_t cluster) {
  return mc_outlier_counts_of(s->clusters[cluster]->members);
}

void mc_snapshot_sweep(const mc_snapshot *s, int32_t cluster, uint64_t now_ns) {
  mc_concurrency *limiter = s->clusters[cluster]->limiter;
  mc_outlier_sweep(s->clusters[cluster]->state, now_ns);
  if (limiter) mc_concurrency_sweep(limiter, now_ns);
}

void mc_snapshot_check_passed(const mc_snapshot *s, int32_t cluster, int32_t endpoint, uint64_t now_ns) {
  mc_outlier_health_check_passed(s->clusters[cluster]->hosts[endpoint].state, now_ns);
}

/* Of an answer that is but its headers: what comes behind the body is not waited for. -1: none. What is no number
 * counts as a status that nobody knows. */
static int32_t grpc_status_of(const mc_result *result) {
  for (uint32_t i = 0; i < result->header_count; i++) {
    const mc_header *line = &result->headers[i];
    if (!mc_slice_equal_fold(line->name, MC_LITERAL("grpc-status")) || !line->value.size) continue;
    uint64_t status = 0;
    return mc_decimal_parse(line->value, &status) && status < INT32_MAX ? (int32_t)status : INT32_MAX;
  }
  return -1;
}

void mc_decision_detect(mc_decision *d, const mc_cluster *cluster, int32_t endpoint, const mc_result *result) {
  if (endpoint < 0 || !cluster->members->outlier) return;
  mc_result known = *result;
  if (known.grpc_status < 0 && known.header_count && mc_view_is_grpc(&d->view)) known.grpc_status = grpc_status_of(result);
  d->moved |= mc_outlier_report(cluster->members, cluster->hosts[endpoint].state, &known);
}

/* ------------------------------------------------------------------ answers that end before their end */

/* The attempt whose answer goes to the client; false: there is no such attempt, or nothing is held of it any more. */
static bool is_winner(const mc_decision *d, uint32_t number) {
  if (!d->exchange) return d->leased && number <= 1;
  for (const mc_attempt *at = &d->exchange->first; at; at = at->next) {
    if (at->leased) return !number || at->number == number;
  }
  return false;
}

/* Of what an answer can break off by; 0: it cannot by that. */
static uint32_t flag_of(mc_failure failure) {
  switch (failure) {
    case MC_FAILURE_RESET:
      return MC_FLAG_UC;
    case MC_FAILURE_REMOTE_RESET:
    case MC_FAILURE_REFUSED_STREAM:
      return MC_FLAG_UR;
    case MC_FAILURE_PROTOCOL:
      return MC_FLAG_UPE;
    case MC_FAILURE_PER_TRY_IDLE_TIMEOUT:
    case MC_FAILURE_TIMEOUT:
      return MC_FLAG_UT;
    default:
      return 0;
  }
}

/* That the endpoint was reached has been told with the head: therefore it is now as if no connection had been made. */
void mc_decision_break_off(mc_decision *d, uint32_t number, const mc_result *result) {
  const uint32_t told = MC_FLAG_UC | MC_FLAG_UR | MC_FLAG_UPE | MC_FLAG_UT, flag = flag_of(result->failure);
  if (!flag || d->details != MC_DETAILS_VIA_UPSTREAM || d->flags & told || !is_winner(d, number)) return;
  d->flags |= flag;
  if (result->failure == MC_FAILURE_TIMEOUT) return; /* Envoy tells of the endpoint only before the head */
  mc_result known = *result;
  mc_timeouts timeouts;
  mc_decision_timeouts(d, &timeouts);
  if (flag == MC_FLAG_UT && timeouts.alternative) {
    known.status = 204;
  } else {
    known.failure = MC_FAILURE_CONNECT;
  }
  mc_decision_detect(d, d->upstream, d->endpoint, &known);
}
