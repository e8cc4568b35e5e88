/* As Envoy's DetectorImpl::processSuccessRateEjections (source/common/upstream/outlier_detection_impl.cc), but that
 * a host which both ways find is ejected once. */
#include "outlier/success_rate.h"

#include <math.h>
#include <string.h>

static const mc_ejection by_rate[MC_ORIGINS] = {MC_EJECTION_SUCCESS_RATE, MC_EJECTION_SUCCESS_RATE_LOCAL_ORIGIN};
static const mc_ejection by_percentage[MC_ORIGINS] = {MC_EJECTION_FAILURE_PERCENTAGE,
                                                      MC_EJECTION_FAILURE_PERCENTAGE_LOCAL_ORIGIN};

/* The interval that has ended, as one origin saw it. */
typedef struct interval {
  const mc_members *members;
  mc_origin origin;
  unsigned turn;
} interval;

/* The host's success rate in percent; false where it is ejected, or had fewer requests. */
static bool rate_of(const interval *of, uint32_t host, uint64_t requests, double *percent) {
  const mc_host_state *state = of->members->hosts[host].state;
  if (mc_is_ejected(state)) return false;
  uint64_t both = atomic_load_explicit(&state->outlier->requests[of->origin][of->turn], memory_order_relaxed);
  uint64_t all = both & UINT32_MAX, well = both >> 32;
  if (!all || all < requests) return false;
  *percent = (double)well * 100.0 / (double)all;
  return true;
}

/* The average of the rates that count, and that less so many thousandths of their standard deviation: below this a
 * host is an outlier. The number of rates. */
static uint32_t threshold_of(const interval *of, const mc_outlier_spec *spec, double *average, double *threshold) {
  uint32_t count = 0;
  double sum = 0, variance = 0, percent;
  for (uint32_t i = 0; i < of->members->host_count; i++) {
    if (!rate_of(of, i, spec->success_rate_request_volume, &percent)) continue;
    sum += percent;
    count++;
  }
  if (!count) return 0;
  *average = sum / count;
  for (uint32_t i = 0; i < of->members->host_count; i++) {
    if (!rate_of(of, i, spec->success_rate_request_volume, &percent)) continue;
    variance += (percent - *average) * (percent - *average);
  }
  *threshold = *average - spec->success_rate_stdev_factor / 1000.0 * sqrt(variance / count);
  return count;
}

static void detect_by_rate(const interval *of, const mc_outlier_spec *spec, uint64_t now_ns) {
  double average, threshold, percent;
  uint32_t count = threshold_of(of, spec, &average, &threshold);
  if (!count || count < spec->success_rate_minimum_hosts) return;
  mc_outlier_counts *counts = &of->members->state->outlier->counts;
  counts->average[of->origin] = average;
  counts->threshold[of->origin] = threshold;
  for (uint32_t i = 0; i < of->members->host_count; i++) {
    if (!rate_of(of, i, spec->success_rate_request_volume, &percent) || percent >= threshold) continue;
    mc_eject(of->members, of->members->hosts[i].state, by_rate[of->origin], now_ns);
  }
}

static void detect_by_percentage(const interval *of, const mc_outlier_spec *spec, uint64_t now_ns) {
  for (uint32_t i = 0; i < of->members->host_count; i++) {
    double percent;
    if (!rate_of(of, i, spec->failure_percentage_request_volume, &percent)) continue;
    if (100.0 - percent < spec->failure_percentage_threshold) continue;
    mc_eject(of->members, of->members->hosts[i].state, by_percentage[of->origin], now_ns);
  }
}

/* Shows the rates of the hosts that had enough requests for either. The number of those that had enough for the
 * failure percentage. */
static uint32_t show_rates(const interval *of, const mc_outlier_spec *spec) {
  uint32_t rate_volume = spec->success_rate_request_volume, volume = spec->failure_percentage_request_volume;
  uint32_t count = 0;
  for (uint32_t i = 0; i < of->members->host_count; i++) {
    double percent;
    if (rate_of(of, i, rate_volume < volume ? rate_volume : volume, &percent)) {
      mc_success_rate_show(of->members->hosts[i].state->outlier, of->origin, percent);
    }
    count += rate_of(of, i, volume, &percent);
  }
  return count;
}

void mc_success_rate_detect(const mc_members *members, mc_origin origin, unsigned turn, uint64_t now_ns) {
  const mc_outlier_spec *spec = members->outlier;
  const interval of = {members, origin, turn};
  uint32_t hosts = members->host_count;
  if (hosts < spec->success_rate_minimum_hosts && hosts < spec->failure_percentage_minimum_hosts) return;
  /* Who is ejected by its rate was there to be counted all the same. */
  uint32_t measured = show_rates(&of, spec);
  detect_by_rate(&of, spec, now_ns);
  if (measured && measured >= spec->failure_percentage_minimum_hosts) detect_by_percentage(&of, spec, now_ns);
}

double mc_success_rate_shown(const mc_outlier_host *host, mc_origin origin) {
  uint64_t bits = atomic_load_explicit(&host->success_rate[origin], memory_order_relaxed);
  double percent;
  memcpy(&percent, &bits, sizeof percent);
  return percent;
}

void mc_success_rate_show(mc_outlier_host *host, mc_origin origin, double percent) {
  uint64_t bits;
  memcpy(&bits, &percent, sizeof bits);
  atomic_store_explicit(&host->success_rate[origin], bits, memory_order_relaxed);
}
