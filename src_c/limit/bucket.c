#include "limit/bucket.h"

#include <stdlib.h>

_Static_assert(sizeof(mc_bucket) == MC_BUCKET_BYTES, "of a fixed layout");

mc_bucket *mc_bucket_new(void) { return calloc(1, sizeof(mc_bucket)); }

void mc_bucket_free(mc_bucket *bucket) { free(bucket); }

bool mc_bucket_allow(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns) {
  uint64_t debt;
  return cost <= limit->max_tokens && mc_bucket_charge(bucket, mc_limit_units(limit, cost), limit->burst,
                                                       mc_limit_time(limit, now_ns), false, &debt);
}

mc_limit_answer mc_bucket_check(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns) {
  uint64_t debt;
  const bool taken = mc_bucket_take(bucket, limit, cost, now_ns, false, &debt);
  return mc_limit_answer_of(limit, debt, cost, taken, taken);
}

bool mc_bucket_would(const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns, uint64_t *debt) {
  *debt = mc_debt_of(atomic_load_explicit(&bucket->full_at, memory_order_relaxed), mc_limit_time(limit, now_ns));
  return !mc_limit_pays_after(limit, *debt, cost);
}

mc_limit_answer mc_bucket_peek(const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns) {
  uint64_t debt;
  const bool enough = mc_bucket_would(bucket, limit, cost, now_ns, &debt);
  return mc_limit_answer_of(limit, debt, cost, enough, false);
}

uint64_t mc_bucket_reserve(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t max_wait_ns,
                           uint64_t now_ns) {
  uint64_t debt;
  if (cost > limit->max_tokens) return MC_NEVER;
  if (!mc_bucket_charge(bucket, mc_limit_units(limit, cost), mc_limit_most(limit, max_wait_ns),
                        mc_limit_time(limit, now_ns), false, &debt))
    return MC_NEVER;
  return mc_limit_pays_after(limit, debt, cost);
}

void mc_bucket_refund(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns) {
  uint64_t now = mc_limit_time(limit, now_ns), debt;
  uint64_t full_at = atomic_load_explicit(&bucket->full_at, memory_order_relaxed);
  do {
    debt = mc_debt_of(full_at, now);
    if (!debt) return;
  } while (!atomic_compare_exchange_weak_explicit(&bucket->full_at, &full_at,
                                                  mc_full_at(now, mc_limit_debt_less(limit, debt, cost)),
                                                  memory_order_relaxed, memory_order_relaxed));
}
