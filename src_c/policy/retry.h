/* Whether an attempt that failed is made again: Envoy's retry policy and the request headers that change it
 * (source/common/router/retry_state_impl.cc; documentation: "Router", "x-envoy-retry-on" and what follows it). */
#ifndef MC_POLICY_RETRY_H
#define MC_POLICY_RETRY_H

#include "match/line_match.h"
#include "policy/backoff.h"

/* A policy, compiled. */
typedef struct mc_retry {
  uint32_t on, retries;
  uint64_t base_ns, max_ns;
  const uint32_t *status_codes;
  uint32_t status_code_count;
  mc_line_matches headers, request_headers;
  const mc_reset_header *reset_headers;
  uint32_t reset_header_count;
  uint64_t reset_max_ns;
  bool avoid_previous_hosts;
  const mc_labels *omit;
  uint32_t omit_count;
  uint32_t host_attempts, priority_frequency;
  bool reads_wall_clock; /* some reset header is a timestamp */
  uint64_t names;        /* sizes of the names that it looks for in answers */
} mc_retry;

/* What of a policy and a request's headers holds for one request. */
typedef struct mc_retry_state {
  const mc_retry *policy;
  uint32_t on; /* 0: nothing is retried, but for what takes too long for a hedge */
  bool asked;  /* retries are wanted, whether this request may be retried or not */
  uint64_t left;
  mc_backoff backoff;
  mc_slice status_codes, header_names; /* of the request's own: lists; data NULL: none */
} mc_retry_state;

typedef enum mc_retry_verdict {
  MC_RETRY_NOT,
  MC_RETRY,
  MC_RETRY_AT_ONCE, /* 425 Too Early: without a wait */
} mc_retry_verdict;

/* Compiles into the arena; NULL in *out where there is no spec. What lies beyond the arena is given back by clear, also
 * after a failed build. */
mc_code mc_retry_build(mc_retry **out, const mc_retry_spec *spec, mc_arena *arena, mc_error *error);
void mc_retry_clear(mc_retry *retry);

/* The policy that holds for a request; NULL: its route has none, so that the request alone can ask for retries. seed
 * decides the waits. MC_OK or MC_NO_MEMORY. */
mc_code mc_retry_begin(mc_retry_state *state, const mc_retry *policy, const mc_view *view, uint64_t seed,
                       mc_scratch *scratch);

/* Of an answer (by its status, headers and gRPC status), and of any other failure. */
mc_retry_verdict mc_retry_judge_answer(const mc_retry_state *state, const mc_result *result, bool *no_memory);
mc_retry_verdict mc_retry_judge_failure(const mc_retry_state *state, mc_failure failure);

/* Which header lines of an answer of that status can matter, by the sizes of their names. */
uint64_t mc_retry_answer_names(const mc_retry *policy, uint16_t status);

/* How long to wait before the next attempt. unix_s: the time since 1970, of which reset headers speak. */
uint64_t mc_retry_wait(mc_retry_state *state, const mc_result *result, uint64_t unix_s);

#endif
