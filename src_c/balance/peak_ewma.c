/* Peak EWMA: of two random hosts the one with the lower cost, which is what its latency is expected to be, times the
 * requests that it would then have. The expected latency rises to a peak at once and decays with time (Finagle,
 * "Peak EWMA"; Envoy's contrib policy peak_ewma has the cost, the defaults and the penalty). Weights do not count. */
#include <math.h>
#include <string.h>

#include "balance/policy.h"

extern const mc_policy mc_peak_ewma;

static const double MILLISECOND = 1e6;

static double latency_of(const mc_host_state *state) {
  uint64_t bits = atomic_load_explicit(&state->latency, memory_order_relaxed);
  double latency;
  memcpy(&latency, &bits, sizeof latency);
  return latency;
}

/* How much of what was measured then still counts. */
static double decayed(const mc_load_options *options, const mc_host_state *state, uint64_t now_ns) {
  uint64_t at = atomic_load_explicit(&state->latency_at_ns, memory_order_relaxed);
  if (now_ns <= at) return 1;
  return options->decay_ns ? exp(-(double)(now_ns - at) / (double)options->decay_ns) : 0;
}

static double cost(const mc_load_options *options, const mc_host_state *state, uint64_t now_ns) {
  double active = (double)atomic_load_explicit(state->active, memory_order_relaxed);
  double latency = latency_of(state);
  if (latency > 0) return latency / MILLISECOND * decayed(options, state, now_ns) * (active + 1);
  /* One that has requests and never answered is likely to fail. */
  if (active > 0) return options->penalty + active;
  return (double)options->default_latency_ns / MILLISECOND;
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  (void)turn;
  mc_load_options *options = mc_arena_alloc(arena, 1, sizeof *options);
  if (!options) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  *options = spec->load;
  group->table = options;
  return MC_OK;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  uint32_t count = group->members.count;
  if (count == 1) return 0;
  uint32_t first = mc_pick_below(pick, count), second = mc_pick_below(pick, count - 1);
  if (second >= first) second++; /* two different ones, all pairs alike; so which is first is chance as well */
  double one = cost(group->table, mc_group_host(group, first)->state, pick->now_ns);
  double other = cost(group->table, mc_group_host(group, second)->state, pick->now_ns);
  return other < one ? second : first;
}

/* Two reports at once may take each other's time of decay: an estimate bears it. */
static void report(const mc_load_options *options, mc_host_state *state, const mc_report *report) {
  if (!report->latency_ns) return;
  double measured = (double)report->latency_ns, kept = decayed(options, state, report->now_ns);
  uint64_t before = atomic_load_explicit(&state->latency, memory_order_relaxed), after;
  do {
    double latency;
    memcpy(&latency, &before, sizeof latency);
    latency = measured >= latency ? measured : kept * latency + (1 - kept) * measured;
    memcpy(&after, &latency, sizeof after);
  } while (!atomic_compare_exchange_weak_explicit(&state->latency, &before, after, memory_order_relaxed,
                                                  memory_order_relaxed));
  atomic_store_explicit(&state->latency_at_ns, report->now_ns, memory_order_relaxed);
}

const mc_policy mc_peak_ewma = {
    .name = "peak EWMA", .reads_clock = true, .build = build, .pick = pick, .report = report};
