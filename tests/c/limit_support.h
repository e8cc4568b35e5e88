/* What the tests of rate limits share: limits, and the judge of what was admitted. */
#ifndef MC_LIMIT_SUPPORT_H
#define MC_LIMIT_SUPPORT_H

#include <stdlib.h>

#include "check.h"

#define SECOND UINT64_C(1000000000)

static inline mc_limit limit_of(uint64_t max_tokens, uint64_t tokens_per_fill, uint64_t fill_interval_ns) {
  const mc_token_bucket bucket = {max_tokens, tokens_per_fill, fill_interval_ns};
  mc_limit limit = {0};
  mc_error error;
  CHECK_INT(mc_limit_make(&bucket, &limit, &error), MC_OK);
  return limit;
}

typedef struct admission {
  uint64_t at;
  uint32_t key;
  uint32_t cost;
} admission;

static inline int by_key_and_time(const void *a, const void *b) {
  const admission *one = a, *two = b;
  if (one->key != two->key) return one->key < two->key ? -1 : 1;
  return (one->at > two->at) - (one->at < two->at);
}

/* Whether in every window of every key no more was admitted than max_tokens and what came meanwhile. It sorts them.
 * The units are those in which a token is `interval` and a nanosecond `tokens`. */
static inline bool windows_hold(admission *all, size_t count, const mc_token_bucket *bucket) {
  const int64_t token = (int64_t)bucket->fill_interval_ns, tick = (int64_t)bucket->tokens_per_fill;
  int64_t taken = 0, least = 0; /* of the windows that begin at each admission, the one that has the most */
  if (count) qsort(all, count, sizeof *all, by_key_and_time);
  for (size_t i = 0; i < count; i++) {
    if (!i || all[i].key != all[i - 1].key) taken = least = 0;
    int64_t start = taken - (int64_t)(all[i].at * (uint64_t)tick);
    if (!taken || start < least) least = start;
    taken += token * all[i].cost;
    if (taken - (int64_t)(all[i].at * (uint64_t)tick) - least > token * (int64_t)bucket->max_tokens) return false;
  }
  return true;
}

#endif
