#include "concurrency/latencies.h"

/* Bin 0 is that of 0 us; then come 1.0 to 9.9 us, 10 to 99 us and so on. */
static uint32_t bin_of(uint64_t us) {
  if (!us) return 0;
  uint32_t decade = us >= 10;
  if (!decade) us *= 10;
  for (; us >= 100; us /= 10) decade++;
  return decade < MC_LATENCY_DECADES ? 1 + decade * 90 + (uint32_t)us - 10 : MC_LATENCY_BINS - 1;
}

/* The count first, so that whoever takes the bins never takes more than were counted. */
void mc_latencies_add(mc_latencies *latencies, uint64_t us) {
  atomic_fetch_add_explicit(&latencies->count, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&latencies->bins[bin_of(us)], 1, memory_order_release);
}

typedef struct bin {
  double left, width;
} bin;

/* Computed as libcircllhist does, rounding included. */
static bin bin_at(uint32_t number) {
  if (!number) return (bin){0, 0};
  double power = 1;
  for (uint32_t decade = (number - 1) / 90; decade > 0; decade--) power *= 10;
  return (bin){(double)((number - 1) % 90 + 10) / 10.0 * power, power / 10.0};
}

static double quantile_of(const uint32_t taken[MC_LATENCY_BINS], uint32_t total, double quantile) {
  const double wanted = total * quantile;
  double lower = 0, upper = 0;
  uint32_t at = 0, left = total;
  for (uint32_t i = 0; i < MC_LATENCY_BINS; i++) {
    if (!taken[i]) continue;
    at = i;
    left -= taken[i];
    lower = upper;
    upper = lower + taken[i];
    if (upper >= wanted || !left) break;
  }
  const bin found = bin_at(at);
  if (lower == wanted) return found.left;
  if (upper == wanted) return found.left + found.width;
  return found.left + (wanted - lower) / (upper - lower) * found.width;
}

bool mc_latencies_take(mc_latencies *latencies, double quantile, uint64_t *us) {
  uint32_t taken[MC_LATENCY_BINS], total = 0;
  for (uint32_t i = 0; i < MC_LATENCY_BINS; i++) {
    atomic_uint *bin = &latencies->bins[i];
    taken[i] = atomic_load_explicit(bin, memory_order_relaxed) ? atomic_exchange_explicit(bin, 0, memory_order_acquire) : 0;
    total += taken[i];
  }
  if (!total) return false;
  atomic_fetch_sub_explicit(&latencies->count, total, memory_order_relaxed);
  *us = (uint64_t)quantile_of(taken, total, quantile);
  return true;
}
