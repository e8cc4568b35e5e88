#include "limit/limit.h"

#include <stdio.h>

/* The finest parts of a nanosecond. With them half of the range of times is still more than two years. */
enum { FINEST = 64 };

static mc_code invalid(mc_error *error, const char *message) {
  error->code = MC_INVALID;
  error->position = 0;
  snprintf(error->message, sizeof error->message, "%s", message);
  return MC_INVALID;
}

static uint64_t common_divisor(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b, b = rest;
  }
  return a;
}

mc_code mc_limit_make(const mc_token_bucket *bucket, mc_limit *out, mc_error *error) {
  if (!bucket->max_tokens || bucket->max_tokens > MC_MAX_TOKENS)
    return invalid(error, "max_tokens must be 1 to 2^53");
  if (!bucket->tokens_per_fill || bucket->tokens_per_fill > MC_MAX_TOKENS)
    return invalid(error, "tokens_per_fill must be 1 to 2^53");
  if (!bucket->fill_interval_ns) return invalid(error, "fill_interval must be at least a nanosecond");
  uint64_t divisor = common_divisor(bucket->tokens_per_fill, bucket->fill_interval_ns);
  uint64_t tokens = bucket->tokens_per_fill / divisor, interval = bucket->fill_interval_ns / divisor;
  /* The finest parts with which a full bucket is not too long. With `tokens` of them a token takes a whole number of
   * parts; with fewer the number is rounded up. */
  for (uint64_t parts = tokens < FINEST ? tokens : FINEST; parts; parts--) {
    uint64_t whole = interval / tokens, rest = interval % tokens;
    if (whole > MC_MOST_DEBT / 2 / parts - 1) continue;
    uint64_t token = whole * parts + (rest * parts + tokens - 1) / tokens;
    if (token > MC_MOST_DEBT / 2 / bucket->max_tokens) continue;
    *out = (mc_limit){.max_tokens = bucket->max_tokens,
                      .token = 2 * token,
                      .burst = 2 * token * bucket->max_tokens,
                      .scale = 2 * parts};
    return MC_OK;
  }
  return invalid(error, "max_tokens would take more than 73 years to come");
}

/* Rounded up: after it, the time has come. */
static uint64_t nanoseconds(const mc_limit *limit, uint64_t units) {
  return units / limit->scale + (units % limit->scale != 0);
}

uint64_t mc_limit_most(const mc_limit *limit, uint64_t wait_ns) {
  uint64_t room = MC_MOST_DEBT - limit->burst;
  return limit->burst + (wait_ns > room / limit->scale ? room : wait_ns * limit->scale);
}

uint64_t mc_limit_pays_after(const mc_limit *limit, uint64_t debt, uint64_t cost) {
  if (cost > limit->max_tokens) return MC_NEVER;
  uint64_t owed = debt + mc_limit_units(limit, cost);
  return owed > limit->burst ? nanoseconds(limit, owed - limit->burst) : 0;
}

mc_limit_answer mc_limit_answer_of(const mc_limit *limit, uint64_t debt, uint64_t cost, bool allowed, bool taken) {
  uint64_t owed = taken ? debt + mc_limit_units(limit, cost) : debt;
  return (mc_limit_answer){.allowed = allowed,
                           .remaining = owed < limit->burst ? (limit->burst - owed) / limit->token : 0,
                           .retry_after_ns = allowed ? 0 : mc_limit_pays_after(limit, debt, cost),
                           .reset_ns = nanoseconds(limit, owed)};
}
