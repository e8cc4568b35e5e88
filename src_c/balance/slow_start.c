#include "balance/slow_start.h"

#include <math.h>

/* Below this a host would be due so late that it never came. */
static const double LEAST = 1e-9;

static uint64_t since(const mc_host *host) {
  return atomic_load_explicit(&host->state->healthy_since_ns, memory_order_relaxed);
}

double mc_slow_start_factor(const mc_load_options *options, const mc_host *host, uint64_t now_ns) {
  uint64_t begun = since(host);
  if (!options->slow_start_ns || !begun || mc_host_health(host) != MC_HEALTHY) return 1;
  uint64_t window = options->slow_start_ns / 1000000; /* Envoy reckons in milliseconds */
  uint64_t passed = now_ns > begun ? (now_ns - begun) / 1000000 : 0;
  if (passed >= window) return 1;
  double factor = (double)(passed ? passed : 1) / (double)window;
  if (options->slow_start_aggression != 1) factor = pow(factor, 1 / options->slow_start_aggression);
  if (factor < options->slow_start_least) factor = options->slow_start_least;
  return factor > LEAST ? factor : LEAST;
}

uint64_t mc_slow_start_end(const mc_load_options *options, const mc_group *group) {
  uint64_t end = 0;
  for (uint32_t i = 0; options->slow_start_ns && i < group->members.count; i++) {
    uint64_t begun = since(mc_group_host(group, i));
    if (begun && begun + options->slow_start_ns > end) end = begun + options->slow_start_ns;
  }
  return end;
}
