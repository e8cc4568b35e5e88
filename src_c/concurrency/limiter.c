#include "concurrency/limiter.h"

#include <stdlib.h>

static bool gradients_equal(const mc_gradient_spec *a, const mc_gradient_spec *b) {
  return a->percentile == b->percentile && a->max_limit == b->max_limit && a->min_limit == b->min_limit &&
         a->update_interval_ns == b->update_interval_ns && a->min_rtt_interval_ns == b->min_rtt_interval_ns &&
         a->fixed_min_rtt_us == b->fixed_min_rtt_us && a->request_count == b->request_count &&
         a->min_concurrency == b->min_concurrency && a->jitter == b->jitter && a->buffer == b->buffer;
}

static bool aimds_equal(const mc_aimd_spec *a, const mc_aimd_spec *b) {
  return a->initial_limit == b->initial_limit && a->min_limit == b->min_limit && a->max_limit == b->max_limit &&
         a->increase == b->increase && a->backoff_ratio == b->backoff_ratio &&
         a->latency_threshold_ns == b->latency_threshold_ns;
}

bool mc_concurrency_spec_equal(const mc_concurrency_spec *a, const mc_concurrency_spec *b) {
  if (a->kind != b->kind) return false;
  return a->kind == MC_CONCURRENCY_GRADIENT ? gradients_equal(&a->gradient, &b->gradient) : aimds_equal(&a->aimd, &b->aimd);
}

mc_concurrency *mc_concurrency_new(const mc_concurrency_spec *spec, uint64_t now_ns, uint64_t seed) {
  mc_concurrency *limiter = calloc(1, sizeof *limiter);
  if (!limiter) return NULL;
  limiter->spec = *spec;
  if (spec->kind == MC_CONCURRENCY_GRADIENT) {
    mc_gradient_start(&limiter->of.gradient, &limiter->spec.gradient, &limiter->limit, now_ns, seed);
  } else {
    mc_aimd_start(&limiter->of.aimd, &limiter->spec.aimd, &limiter->limit);
  }
  return limiter;
}

void mc_concurrency_free(mc_concurrency *limiter) { free(limiter); }

void mc_concurrency_sweep(mc_concurrency *limiter, uint64_t now_ns) {
  if (limiter->spec.kind != MC_CONCURRENCY_GRADIENT) return;
  mc_gradient_advance(&limiter->of.gradient, &limiter->spec.gradient, &limiter->limit, now_ns);
}

bool mc_concurrency_acquire(mc_concurrency *limiter, uint64_t now_ns) {
  mc_concurrency_sweep(limiter, now_ns);
  const unsigned limit = atomic_load_explicit(&limiter->limit, memory_order_relaxed);
  unsigned now = atomic_load_explicit(&limiter->in_flight, memory_order_relaxed);
  do {
    if (now >= limit) {
      atomic_fetch_add_explicit(&limiter->refused, 1, memory_order_relaxed);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&limiter->in_flight, &now, now + 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

void mc_concurrency_sample(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns) {
  const mc_concurrency_spec *spec = &limiter->spec;
  if (sample == MC_SAMPLE_NONE) return;
  if (spec->kind == MC_CONCURRENCY_AIMD) {
    const unsigned in_flight = atomic_load_explicit(&limiter->in_flight, memory_order_relaxed);
    const bool failed = sample != MC_SAMPLE_ANSWERED;
    mc_aimd_sample(&limiter->of.aimd, &spec->aimd, &limiter->limit, in_flight, start_ns, now_ns, failed);
  } else if (sample != MC_SAMPLE_FAILED) {
    mc_gradient_sample(&limiter->of.gradient, &spec->gradient, &limiter->limit, start_ns, now_ns);
  }
}

/* Counts down to 0 and no further, since callers of a component make mistakes. */
bool mc_concurrency_release(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns) {
  unsigned now = atomic_load_explicit(&limiter->in_flight, memory_order_relaxed);
  if (!now) return false;
  mc_concurrency_sample(limiter, sample, start_ns, now_ns);
  do {
    if (!now) return false;
  } while (!atomic_compare_exchange_weak_explicit(&limiter->in_flight, &now, now - 1, memory_order_relaxed,
                                                  memory_order_relaxed));
  return true;
}

mc_concurrency_status mc_concurrency_read(const mc_concurrency *limiter) {
  mc_concurrency_status out = {
      .limit = atomic_load_explicit(&limiter->limit, memory_order_relaxed),
      .in_flight = atomic_load_explicit(&limiter->in_flight, memory_order_relaxed),
      .refused = atomic_load_explicit(&limiter->refused, memory_order_relaxed),
  };
  if (limiter->spec.kind != MC_CONCURRENCY_GRADIENT) return out;
  const mc_gradient *gradient = &limiter->of.gradient;
  out.measuring = atomic_load_explicit(&gradient->measuring, memory_order_relaxed);
  out.min_rtt_us = atomic_load_explicit(&gradient->min_rtt_us, memory_order_relaxed);
  out.sample_rtt_us = atomic_load_explicit(&gradient->sample_rtt_us, memory_order_relaxed);
  out.gradient = atomic_load_explicit(&gradient->gradient, memory_order_relaxed);
  out.headroom = atomic_load_explicit(&gradient->headroom, memory_order_relaxed);
  return out;
}
