/* Rate limits: token buckets as Envoy's (TokenBucket, refilled evenly), by GCRA.
 *
 * A bucket is one 64-bit number, the time at which it will be full again. Taking is lock-free. Buckets and limiters
 * hold no pointer, so that they may lie in memory that processes share; all zero is a bucket that is full. What is
 * admitted in any stretch of time t is never more than max_tokens + t * tokens_per_fill / fill_interval, whichever
 * threads read the clock first. A clock that goes back gives no tokens; it refuses until it is where it was. No
 * bucket may lie idle for as long as two years between two calls, nor may the clock jump as far.
 *
 * Costs are tokens. One of 0 takes nothing. One above max_tokens is never allowed, and takes nothing.
 */
#ifndef MESHCORE_LIMIT_H
#define MESHCORE_LIMIT_H

#include "meshcore/base.h"

#define MC_MAX_TOKENS 9007199254740992 /* 2^53: what a double, and so JSON, can tell from its neighbours */

typedef struct mc_token_bucket {
  uint64_t max_tokens;       /* 1 to MC_MAX_TOKENS, as the next */
  uint64_t tokens_per_fill;
  uint64_t fill_interval_ns; /* at least 1 */
} mc_token_bucket;

/* A token bucket's parameters, made ready. */
typedef struct mc_limit {
  uint64_t max_tokens;
  uint64_t token; /* how long one token takes to come, in units */
  uint64_t burst; /* and all of them */
  uint64_t scale; /* units of a nanosecond: twice its parts */
} mc_limit;

/* Exact where, after reducing tokens_per_fill and fill_interval_ns by their greatest common divisor, the first is at
 * most 64; otherwise a token takes up to 1/64 ns longer than asked for, never shorter. MC_INVALID: out of range, or an
 * empty bucket would take more than 73 years to fill. */
mc_code mc_limit_make(const mc_token_bucket *bucket, mc_limit *out, mc_error *error);

/* Of a wait: never. */
#define MC_NEVER UINT64_MAX

typedef struct mc_limit_answer {
  bool allowed;
  uint64_t remaining;      /* whole tokens that are left */
  uint64_t retry_after_ns; /* 0: allowed. The least time after which the same would be allowed, if nobody else comes;
                              MC_NEVER where it costs more than max_tokens */
  uint64_t reset_ns;       /* until the bucket is full again */
} mc_limit_answer;

typedef struct mc_bucket mc_bucket; /* MC_BUCKET_BYTES, aligned to as much */
#define MC_BUCKET_BYTES 8

/* A bucket by itself; NULL: no memory. */
mc_bucket *mc_bucket_new(void);
void mc_bucket_free(mc_bucket *bucket);
/* Takes, where so many tokens are there; all or nothing. */
bool mc_bucket_allow(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* The same, and says what is left. */
mc_limit_answer mc_bucket_check(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* What mc_bucket_check would say of `allowed` and `retry_after_ns`; takes nothing, so the rest is as it is now. */
mc_limit_answer mc_bucket_peek(const mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);
/* Takes now what will be there after the returned wait (0: is there already), ahead of those who come later. MC_NEVER:
 * it would be longer than max_wait_ns (or than 73 years), and nothing is taken. */
uint64_t mc_bucket_reserve(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t max_wait_ns,
                           uint64_t now_ns);
/* Gives back, at most until it is full. */
void mc_bucket_refund(mc_bucket *bucket, const mc_limit *limit, uint64_t cost, uint64_t now_ns);

/* A bucket for each key, in memory of a fixed size. See limit/table.h for how keys are forgotten. */
typedef struct mc_limiter mc_limiter;

/* How much memory takes `capacity` keys; 0: more than there can be. */
size_t mc_limiter_bytes(uint64_t capacity);
#define MC_LIMITER_ALIGNMENT 128
/* The secret (16 bytes) decides which keys meet in a set: nobody should be able to guess it. NULL: there is no memory. */
mc_limiter *mc_limiter_new(uint64_t capacity, const mc_limit *limit, const uint8_t *secret);
/* No two threads ever come at once, because its owner sees to that (an interpreter's lock), and its memory is this
 * process's own: a call then takes no locked instructions. */
void mc_limiter_set_alone(mc_limiter *limiter);
void mc_limiter_free(mc_limiter *limiter);
bool mc_limiter_allow(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
mc_limit_answer mc_limiter_check(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
mc_limit_answer mc_limiter_peek(const mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
uint64_t mc_limiter_reserve(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t max_wait_ns, uint64_t now_ns);
void mc_limiter_refund(mc_limiter *limiter, mc_slice key, uint64_t cost, uint64_t now_ns);
/* How often a key was forgotten before its bucket was full again, or was new and refused for what others there owe. */
uint64_t mc_limiter_forgotten(const mc_limiter *limiter);

#endif
