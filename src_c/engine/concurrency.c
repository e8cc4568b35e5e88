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

bool mc_snapshot_concurrency(const mc_snapshot *s, int32_t cluster, uint64_t now_ns, mc_concurrency_status *status) {
  mc_concurrency *limiter = s->clusters[cluster]->limiter;
  if (!limiter) return false;
  mc_concurrency_sweep(limiter, now_ns);
  *status = mc_concurrency_read(limiter);
  return true;
}
