/* The parameters of token buckets, and the arithmetic of time that buckets and tables share.
 *
 * Times are counted in units of 1/scale ns, so that a token takes a whole number of them, and modulo 2^64: what counts is
 * how far two times are apart, which is less than half of the range. That takes all of a clock's numbers, and the
 * fraction of a nanosecond as well. They are even; the odd numbers are left for limit/table.c to mark things with.
 * 0 is no time: a bucket that was never used.
 */
#ifndef MC_LIMIT_LIMIT_H
#define MC_LIMIT_LIMIT_H

#include "meshcore.h"

/* The most that a bucket may owe, reservations included. */
#define MC_MOST_DEBT (UINT64_C(1) << 62)

static inline uint64_t mc_limit_time(const mc_limit *limit, uint64_t now_ns) { return now_ns * limit->scale; }

/* How much is missing of a full bucket. */
static inline uint64_t mc_debt_of(uint64_t full_at, uint64_t now) {
  int64_t debt = (int64_t)(full_at - now);
  return full_at && debt > 0 ? (uint64_t)debt : 0;
}

static inline uint64_t mc_full_at(uint64_t now, uint64_t debt) {
  uint64_t at = now + debt;
  return at ? at : 2;
}

/* Units of a cost that is at most max_tokens, or known to be owed. */
static inline uint64_t mc_limit_units(const mc_limit *limit, uint64_t cost) { return cost * limit->token; }

/* What is still owed once so many tokens came back, reserved ones included. A cost may be anything. */
static inline uint64_t mc_limit_debt_less(const mc_limit *limit, uint64_t debt, uint64_t cost) {
  return cost > debt / limit->token ? 0 : debt - mc_limit_units(limit, cost);
}

/* What a bucket may owe for someone who waits as long; never more than MC_MOST_DEBT. */
uint64_t mc_limit_most(const mc_limit *limit, uint64_t wait_ns);

/* What a caller hears of a bucket that owed `debt` before it came, with a cost that was taken or not. */
mc_limit_answer mc_limit_answer_of(const mc_limit *limit, uint64_t debt, uint64_t cost, bool allowed, bool taken);

/* How long after `debt`, with the cost on top of it, the bucket will have paid for it. */
uint64_t mc_limit_pays_after(const mc_limit *limit, uint64_t debt, uint64_t cost);

#endif
