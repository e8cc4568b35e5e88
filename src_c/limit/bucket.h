/* Token buckets by GCRA: the generic cell rate algorithm of ITU-T I.371, as virtual scheduling. The state is the
 * theoretical arrival time of a cell that comes when the bucket is full: `full_at`. */
#ifndef MC_LIMIT_BUCKET_H
#define MC_LIMIT_BUCKET_H

#include <stdatomic.h>

#include "limit/limit.h"

struct mc_bucket {
  _Atomic(uint64_t) full_at;
};

/* Takes so many units where the bucket then owes no more than `most` (at least as many); `debt` is what it owed
 * before. No order of anything else hangs on it. Since `full_at` never goes back by it, and is never later than
 * now + most, the units of all who came between two times add up to no more than `most` and the time between, even
 * where they read the clock in another order than they come here. alone: no other thread takes any meanwhile. */
static inline bool mc_bucket_charge(mc_bucket *bucket, uint64_t units, uint64_t most, uint64_t now, bool alone,
                                    uint64_t *debt) {
  uint64_t full_at = atomic_load_explicit(&bucket->full_at, memory_order_relaxed);
  do {
    *debt = mc_debt_of(full_at, now);
    if (*debt > most - units) return false;
    if (!units) return true;
    if (alone) {
      atomic_store_explicit(&bucket->full_at, mc_full_at(now, *debt + units), memory_order_relaxed);
      return true;
    }
  } while (!atomic_compare_exchange_weak_explicit(&bucket->full_at, &full_at, mc_full_at(now, *debt + units),
                                                  memory_order_relaxed, memory_order_relaxed));
  return true;
}

/* mc_bucket_check and mc_bucket_peek, for whom it is enough whether there were the tokens. *debt: what was owed before, of
 * which mc_limit_answer_of makes the rest. */
bool mc_bucket_would(const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns, uint64_t *debt);
static inline bool mc_bucket_take(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns, bool alone,
                                  uint64_t *debt) {
  const uint64_t now = mc_limit_time(limit, now_ns);
  if (cost > limit->max_tokens) {
    *debt = mc_debt_of(atomic_load_explicit(&bucket->full_at, memory_order_relaxed), now);
    return false;
  }
  return mc_bucket_charge(bucket, mc_limit_units(limit, cost), limit->burst, now, alone, debt);
}

#endif
