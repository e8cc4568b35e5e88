/* Faults that are injected on purpose, as Envoy's fault filter does it (source/extensions/filters/http/fault and
 * filters/common/fault): a delay, an abort, a limit on the rate of the answer, each for a share of the requests.
 *
 * A policy says what it wants to do to a request. Whether it may, under max_active_faults, is up to the caller. */
#ifndef MC_POLICY_FAULT_H
#define MC_POLICY_FAULT_H

#include "match/predicates.h"

typedef struct mc_fault_part {
  bool given, by_header;
  mc_fraction share;
  uint64_t value;
  uint16_t value_slot, share_slot; /* by_header */
} mc_fault_part;

typedef struct mc_fault {
  mc_fault_part delay, abort, rate;
  bool abort_is_grpc;
  uint16_t grpc_slot; /* of an abort by header */
  uint16_t node_slot, downstream_slot;
  uint64_t max_active;
  mc_slice upstream_cluster; /* size 0: any */
  mc_slice grpc_status;      /* of an abort that says one: as a text */
  mc_predicates *headers;    /* NULL: any */
  mc_predicate_slots fixed;
  const mc_slice *nodes;
  uint32_t node_count;
  mc_fault_override runtime;
  const mc_fault_downstream *downstreams; /* sorted by cluster */
  uint32_t downstream_count;
} mc_fault;

/* What a policy wants for one request. */
typedef struct mc_fault_wish {
  uint64_t delay_ms;         /* 0: no delay */
  uint64_t bytes_per_second; /* 0: no limit */
  bool aborts;
  uint16_t status;
  mc_slice grpc_status; /* data NULL: the one that status stands for */
} mc_fault_wish;

/* Compiles into the arena; NULL in *out where there is no spec. What lies beyond the arena is given back by
 * mc_fault_clear, also after a failed build. */
mc_code mc_fault_build(mc_fault **out, const mc_fault_spec *spec, mc_slots *slots, mc_arena *arena, mc_error *error);
void mc_fault_clear(mc_fault *fault);

/* cluster: the name of the one that the request goes to; data NULL: it goes to none. The three shares are drawn from
 * the seed, independently of each other and of whatever else is drawn from it. input->no_memory is set, and the wish
 * means nothing, where memory is out. */
mc_fault_wish mc_fault_judge(const mc_fault *fault, mc_input *input, mc_slice cluster, uint64_t seed);

#endif
