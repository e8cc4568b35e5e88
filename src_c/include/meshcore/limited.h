/* What rate limits make of a request: its descriptors, what local limits say of it, and what services are to be
 * asked and answer. */
#ifndef MESHCORE_LIMITED_H
#define MESHCORE_LIMITED_H

#include "meshcore/base.h"

/* A descriptor of a request. */
typedef struct mc_descriptor {
  const mc_label *entries;
  uint32_t count;
  bool gives_back;
  mc_said tells;
  mc_number hits;
} mc_descriptor;

/* Of mc_limited: no rule's, but the bucket of all requests. */
enum { MC_RULE_WHOLE = -1 };

/* What a local limit made of a request. */
typedef struct mc_limited mc_limited;
struct mc_limited {
  const struct mc_local_limit *limit;
  uint32_t filter;         /* its place among the listener's */
  bool allowed, enforced;  /* neither: what would have been refused is not */
  bool shadowed;           /* by tells_least: a rule in shadow would have refused it */
  bool silent;             /* clients are told nothing of the bucket */
  bool has_bucket;         /* the rest is of a bucket: the one that refused, or the strictest that did not */
  int32_t rule;            /* its number, or MC_RULE_WHOLE */
  const mc_descriptor *descriptor; /* that it is for; NULL: MC_RULE_WHOLE */
  const struct mc_limit_rule *bucket;
  uint64_t debt, cost;     /* what it owed before, and what was asked for */
  bool taken;              /* it had the cost */
  bool back;               /* tokens were given back, which is always allowed */
  bool free;               /* it costs nothing, which is refused for ever */
  /* What follows is there after mc_limited_reckon. Most requests are never told of it. */
  bool reckoned;
  bool told;               /* x-ratelimit-* tell of the bucket */
  uint64_t max_tokens, remaining;
  uint64_t window_ns;      /* in which it fills from empty */
  uint64_t retry_after_ns; /* until the same request would pass; 0: it does, MC_NEVER */
  uint64_t next_ns;        /* until there is a token; 0: there is one */
  uint64_t reset_ns;       /* until it is full */
  mc_limited *next;        /* of the filter before */
};

void mc_limited_reckon(mc_limited *limited);

/* What an answer tells of a service's limit. */
typedef struct mc_service_limit {
  bool given;
  uint64_t limit, window_s; /* window_s 0: none */
  uint64_t remaining, reset_s;
  mc_slice name; /* size 0: none */
} mc_service_limit;

typedef enum mc_service_verdict { MC_SERVICE_OK, MC_SERVICE_OVER_LIMIT, MC_SERVICE_ERROR } mc_service_verdict;

/* What a rate limit service says. Copied. */
typedef struct mc_service_answer {
  mc_service_verdict verdict;
  const mc_header *request_lines, *response_lines; /* to add */
  uint32_t request_count, response_count;
  const mc_service_limit *limits; /* by descriptor */
  uint32_t limit_count;
  mc_slice body; /* of a refusal */
} mc_service_answer;

/* What a rate limit service is to be asked before anything else is done, in the order of the filters. */
typedef struct mc_asked mc_asked;
struct mc_asked {
  const struct mc_global_limit *limit;
  uint32_t filter; /* its place among the listener's */
  mc_slice domain;
  const mc_descriptor *descriptors;
  uint32_t count;
  bool answered;
  const mc_header *response_lines; /* that the answer adds to the client's */
  uint32_t response_count;
  mc_asked *next;
};

#endif
