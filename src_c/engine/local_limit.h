/* One local limit, compiled: its buckets, and what they make of a request's descriptors. As Envoy's LocalRateLimiterImpl
 * (source/extensions/filters/common/local_ratelimit) has it: of the rules that the descriptors fall under the one that
 * fills slowest comes first; the first that has not the tokens refuses, and what was taken before stays taken. What is
 * told is of the bucket that refuses, or else of the first that would but for its shadow mode, or else of the first.
 * Not Envoy's is tells_least: or else of the one with the least left, of one in shadow only where there is no other. */
#ifndef MC_ENGINE_LOCAL_LIMIT_H
#define MC_ENGINE_LOCAL_LIMIT_H

#include "edit/headers.h"
#include "limit/limit.h"
#include "limit/rules.h"
#include "limit/table.h"
#include "policy/descriptors.h"
#include "upstream/limit_store.h"

/* The tokens of one rule. */
typedef struct mc_limit_rule {
  mc_slice label;
  mc_limit limit;     /* in units of 2^shift ns, so that what takes centuries to fill can be reckoned, too */
  uint8_t shift;
  bool none;          /* there never are any */
  bool keyed;         /* a limiter, not a bucket */
  bool shadow;
  uint16_t status;    /* of refusals */
  bool plain;         /* it has tokens, and what its key is takes no more than a look */
  int32_t key_entry;  /* the entry of a descriptor whose value alone is the key; -1: there is more to it */
  double rate;        /* tokens in a nanosecond */
  uint64_t max_tokens, token_ns, window_ns;
  mc_limit_store *store; /* NULL: none */
  mc_limiter limiter;    /* of what is in it, where it is keyed */
} mc_limit_rule;

/* How many requests it let through, and so on, in memory that the runtime keeps; the first two are all for whom it was
 * enabled. */
typedef struct mc_limit_counters {
  atomic_uint_fast64_t ok, rate_limited, enforced;
} mc_limit_counters;

typedef struct mc_local_limit {
  mc_slice name, scope;
  mc_limit_store *counts; /* of mc_limit_counters */
  struct mc_local_limit *next; /* of the snapshot's */
  mc_rules *rules;
  mc_limit_rule *at; /* by rule; the last is that of all requests */
  uint32_t rule_count;
  int32_t header_rule; /* of a limit whose own and only descriptor is the value of one header: the rule that it falls under,
                          whatever that is; -1: rules are looked up */
  bool has_whole;
  bool own_descriptors;
  bool alone; /* no other thread or process has to do with it meanwhile: see mc_runtime_set_alone */
  mc_descriptor_makers descriptors;
  mc_fraction enabled, enforced;
  uint32_t stage;
  mc_outer_limits outer;
  uint8_t tells;
  bool per_connection, always_whole, resource_exhausted, free_zero, tells_least;
  int32_t divided_among; /* the cluster whose hosts have their share of it; -1: none */
  mc_edit_pair edits;
} mc_local_limit;

/* What limits are built with. */
typedef struct mc_limit_builder {
  mc_slots *slots;
  mc_runtime *runtime;
  mc_arena *arena;
  mc_local_limit *first; /* of those that are built */
  bool levels;           /* some level says something to a rate limit filter */
  bool switches;         /* some filter is off, or some level says that one is */
} mc_limit_builder;

/* Compiles into the arena; NULL in *out where there is no spec. What lies beyond the arena is given back by
 * mc_local_limit_clear, also after a failed build. Both take mc_runtime_lock. */
mc_code mc_local_limit_build(mc_local_limit **out, const mc_local_limit_spec *spec, mc_limit_builder *builder,
                             mc_error *error);
void mc_local_limit_clear(mc_local_limit *limit, mc_runtime *runtime);

/* Takes the tokens for a request with these descriptors, in out, whose limit is set; shares times as many as it costs. peek:
 * takes none. *status: of the refusal, where it is one. MC_OK or MC_NO_MEMORY. */
mc_code mc_local_limit_judge(const mc_request *request, const mc_descriptor *descriptors, uint32_t count,
                             uint64_t shares, bool peek, mc_scratch *scratch, mc_limited *out, uint16_t *status);

static inline mc_limit_counters *mc_local_limit_counters(const mc_local_limit *limit) { return limit->counts->memory; }

static inline void mc_limit_count(atomic_uint_fast64_t *counter, bool alone, bool peek) {
  if (peek) return;
  if (alone) {
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
  } else {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
  }
}

#endif
