/* Adaptive concurrency: a limit on the requests under way that moves with what comes of them.
 *
 * Time and chance are the caller's; now_ns must not go back: where it does, what would have become due waits until
 * it is where it was. Nothing waits, and nothing is allocated after mc_concurrency_new: latencies are counted in
 * bins (concurrency/latencies.h), some 4 KB in all. By many threads at once, but for free: no more than the limit
 * are let in while it stands.
 */
#ifndef MESHCORE_CONCURRENCY_H
#define MESHCORE_CONCURRENCY_H

#include "meshcore/base.h"

/* Envoy's GradientControllerConfig. Its times are whole milliseconds. */
typedef struct mc_gradient_spec {
  double percentile;           /* of the samples of a window: 0 to 1; 0.5 in Envoy, as the next 0.15 and 0.25 */
  double jitter;               /* of the interval: so much later at most the min RTT is measured */
  double buffer;               /* of the min RTT: added to it */
  uint32_t max_limit;          /* 1000 in Envoy */
  uint32_t min_limit;          /* the least that windows set; 0: min_concurrency */
  uint32_t min_concurrency;    /* the limit at most while the min RTT is measured: 1 or more; 3 in Envoy */
  uint32_t request_count;      /* of samples that measure it; 50 in Envoy */
  uint64_t update_interval_ns; /* of a window of samples; 1 ms or more, as the next */
  uint64_t min_rtt_interval_ns; /* between two measurements */
  uint64_t fixed_min_rtt_us;   /* 0: it is measured */
} mc_gradient_spec;

/* Additive increase, multiplicative decrease: concurrency/aimd.h. */
typedef struct mc_aimd_spec {
  uint32_t initial_limit, min_limit, max_limit; /* 1 <= min <= initial <= max */
  double increase;               /* of a round of answers in time; above 0 */
  double backoff_ratio;          /* what is left of the limit; above 0, below 1 */
  uint64_t latency_threshold_ns; /* what takes longer came too late; 0: nothing does */
} mc_aimd_spec;

typedef enum mc_concurrency_kind { MC_CONCURRENCY_GRADIENT, MC_CONCURRENCY_AIMD } mc_concurrency_kind;

typedef struct mc_concurrency_spec {
  mc_concurrency_kind kind;
  mc_gradient_spec gradient; /* or */
  mc_aimd_spec aimd;
} mc_concurrency_spec;

/* How a limiter stands. */
typedef struct mc_concurrency_status {
  uint32_t limit, in_flight;
  uint64_t refused; /* so far */
  /* Of the gradient controller alone. */
  bool measuring;                    /* the min RTT */
  uint64_t min_rtt_us, sample_rtt_us; /* 0: not known yet */
  double gradient, headroom;         /* of the last window */
} mc_concurrency_status;

typedef struct mc_concurrency mc_concurrency;

/* What a request came to. */
typedef enum mc_sample {
  MC_SAMPLE_NONE,      /* nothing that says anything: it was given up */
  MC_SAMPLE_ANSWERED,  /* in the time from start_ns to now_ns */
  MC_SAMPLE_TIMED_OUT, /* not even in that time */
  MC_SAMPLE_FAILED,    /* the gradient controller learns nothing from it */
} mc_sample;

/* NULL: no memory. seed: of the jitter. */
mc_concurrency *mc_concurrency_new(const mc_concurrency_spec *spec, uint64_t now_ns, uint64_t seed);
void mc_concurrency_free(mc_concurrency *limiter);
/* Lets a request in, where there is room. */
bool mc_concurrency_acquire(mc_concurrency *limiter, uint64_t now_ns);
/* Ends one. False: none is under way. */
bool mc_concurrency_release(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns);
/* Says what one came to, which goes on. */
void mc_concurrency_sample(mc_concurrency *limiter, mc_sample sample, uint64_t start_ns, uint64_t now_ns);
/* Ends the windows that have come to their end, as the others do, for who only looks. */
void mc_concurrency_sweep(mc_concurrency *limiter, uint64_t now_ns);
mc_concurrency_status mc_concurrency_read(const mc_concurrency *limiter);

#endif
