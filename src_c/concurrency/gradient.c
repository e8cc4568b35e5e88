#include "concurrency/gradient.h"

#include <math.h>

#include "base/rng.h"

/* Windows in a row at the least limit, after which the min RTT is taken to be wrong and measured anew. */
enum { TOO_LONG_AT_MINIMUM = 5 };

#define MS UINT64_C(1000000)

static bool measures(const mc_gradient_spec *spec) { return !spec->fixed_min_rtt_us; }

/* Without a least limit of its own, that of measuring is the least. */
static uint32_t least(const mc_gradient_spec *spec) { return spec->min_limit ? spec->min_limit : spec->min_concurrency; }

static uint32_t load(const atomic_uint *value) { return atomic_load_explicit(value, memory_order_relaxed); }

static bool enter(mc_gradient *g) { return !atomic_flag_test_and_set_explicit(&g->busy, memory_order_acquire); }

static uint64_t next_due(const mc_gradient *g) { return g->update_ns < g->measure_ns ? g->update_ns : g->measure_ns; }

static void leave(mc_gradient *g) {
  atomic_store_explicit(&g->due_ns, next_due(g), memory_order_relaxed);
  atomic_flag_clear_explicit(&g->busy, memory_order_release);
}

static void set_limit(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint32_t to, uint64_t at_ns) {
  const uint32_t from = load(limit), minimum = least(spec);
  atomic_store_explicit(limit, to, memory_order_relaxed);
  const bool stays = !load(&g->measuring) && from == minimum && to == minimum;
  g->at_minimum = stays ? g->at_minimum + 1 : 0;
  if (g->at_minimum >= TOO_LONG_AT_MINIMUM && measures(spec)) g->measure_ns = at_ns;
}

/* ------------------------------------------------------------------ windows of samples */

static double clamped(double raw) {
  const double most = raw < 2.0 ? raw : 2.0; /* as for what is no number */
  return most > 0.5 ? most : 0.5;
}

static uint32_t new_limit(mc_gradient *g, const mc_gradient_spec *spec, uint32_t limit, uint64_t sample_us) {
  const double min_rtt = (double)atomic_load_explicit(&g->min_rtt_us, memory_order_relaxed);
  const double gradient = clamped((min_rtt + min_rtt * spec->buffer) / (double)sample_us);
  const double base = limit * gradient, headroom = sqrt(base), wanted = base + headroom;
  atomic_store_explicit(&g->gradient, gradient, memory_order_relaxed);
  atomic_store_explicit(&g->headroom, headroom, memory_order_relaxed);
  const uint32_t to = wanted < spec->max_limit ? (uint32_t)wanted : spec->max_limit;
  return to > least(spec) ? to : least(spec);
}

static void end_window(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns) {
  const uint64_t at = g->update_ns;
  if (load(&g->measuring)) { /* which starts the next window when it ends */
    g->update_ns = UINT64_MAX;
    return;
  }
  g->update_ns += (1 + (now_ns - at) / spec->update_interval_ns) * spec->update_interval_ns;
  uint64_t us;
  if (!mc_latencies_take(&g->samples, spec->percentile, &us)) return;
  atomic_store_explicit(&g->sample_rtt_us, us, memory_order_relaxed);
  set_limit(g, spec, limit, new_limit(g, spec, load(limit), us), at);
}

/* ------------------------------------------------------------------ the min RTT */

static void begin_measuring(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t at_ns) {
  uint64_t dropped;
  g->measure_ns = UINT64_MAX;
  if (load(&g->measuring)) return;
  atomic_store_explicit(&g->epoch_ns, at_ns, memory_order_relaxed);
  atomic_store_explicit(&g->measuring, load(limit), memory_order_relaxed);
  const uint32_t now = load(limit);
  set_limit(g, spec, limit, now < spec->min_concurrency ? now : spec->min_concurrency, at_ns);
  mc_latencies_take(&g->samples, spec->percentile, &dropped);
}

/* The interval, and up to so much of it more; in whole milliseconds, as in Envoy. */
static uint64_t jittered(mc_gradient *g, const mc_gradient_spec *spec) {
  const uint64_t interval_ms = spec->min_rtt_interval_ns / MS;
  const uint64_t range = (uint64_t)ceil((double)interval_ms * spec->jitter);
  return (interval_ms + (range ? mc_splitmix64(&g->random) % range : 0)) * MS;
}

static bool measured(const mc_gradient *g, const mc_gradient_spec *spec) {
  return load(&g->measuring) && mc_latencies_count(&g->samples) >= spec->request_count;
}

static void end_measuring(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns) {
  uint64_t us;
  if (!measured(g, spec) || !mc_latencies_take(&g->samples, spec->percentile, &us)) return;
  atomic_store_explicit(&g->min_rtt_us, us, memory_order_relaxed);
  set_limit(g, spec, limit, load(&g->measuring), now_ns);
  atomic_store_explicit(&g->measuring, 0, memory_order_relaxed);
  g->measure_ns = now_ns + jittered(g, spec);
  g->update_ns = now_ns + spec->update_interval_ns;
}

/* ------------------------------------------------------------------ the whole */

void mc_gradient_start(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns,
                       uint64_t seed) {
  atomic_flag_clear(&g->busy);
  g->random = seed;
  g->update_ns = now_ns + spec->update_interval_ns;
  g->measure_ns = UINT64_MAX;
  atomic_store(limit, measures(spec) ? spec->min_concurrency : least(spec));
  atomic_store(&g->min_rtt_us, spec->fixed_min_rtt_us);
  atomic_store(&g->gradient, 1.0);
  if (measures(spec)) begin_measuring(g, spec, limit, now_ns);
  leave(g);
}

void mc_gradient_sweep(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t now_ns) {
  if (!enter(g)) return;
  for (uint64_t next; (next = next_due(g)) <= now_ns && next < UINT64_MAX;) {
    if (next == g->update_ns) {
      end_window(g, spec, limit, now_ns);
    } else {
      begin_measuring(g, spec, limit, next);
    }
  }
  leave(g);
}

void mc_gradient_sample(mc_gradient *g, const mc_gradient_spec *spec, atomic_uint *limit, uint64_t start_ns,
                        uint64_t now_ns) {
  mc_gradient_advance(g, spec, limit, now_ns);
  if (start_ns < atomic_load_explicit(&g->epoch_ns, memory_order_relaxed)) return;
  mc_latencies_add(&g->samples, now_ns > start_ns ? (now_ns - start_ns) / 1000 : 0);
  if (!measured(g, spec) || !enter(g)) return;
  end_measuring(g, spec, limit, now_ns);
  leave(g);
}
