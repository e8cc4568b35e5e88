/* Subsets of a cluster: groups of hosts whose labels have the same values, each with a balancer of its own, and
 * which of them a route's metadata_match means. As Envoy does it (source/extensions/load_balancing_policies/
 * subset/subset_lb.cc; documentation: "Load Balancer Subsets"). Immutable but for what policies count. */
#ifndef MC_BALANCE_SUBSET_H
#define MC_BALANCE_SUBSET_H

#include "balance/balancer.h"
#include "base/labels.h"
#include "upstream/cluster.h"

/* The first two subsets are no selector's. */
enum { MC_SUBSET_ALL, MC_SUBSET_DEFAULT, MC_SUBSET_FIRST };

typedef struct mc_subset {
  mc_labels labels; /* what its hosts have in common; of all hosts and of the default: none */
  uint64_t hash;    /* of the labels */
  mc_hosts members;
  bool single;      /* one host alone is used, whatever its health: the first */
  mc_balancer *balancer;
} mc_subset;

/* Where to look for a host, one step after another until there is one. */
typedef struct mc_subset_step {
  uint32_t subset;
  mc_subset_reason reason;
} mc_subset_step;

typedef struct mc_subset_plan {
  const mc_subset_step *steps;
  uint32_t count;
} mc_subset_plan;

/* A route's metadata_match. */
typedef struct mc_criteria {
  mc_criteria_spec match;
  mc_subset_plan plan; /* for the cluster that the route names */
  uint64_t serial;     /* of that cluster; 0: none, or one without subsets */
} mc_criteria;

typedef struct mc_subsets {
  mc_subsets_spec spec;
  mc_subset *at;
  uint32_t count;
  int32_t *index; /* hash table of subset numbers, -1: free */
  uint32_t mask;
  mc_subset_plan unmatched; /* of requests without metadata_match */
} mc_subsets;

/* Splits a cluster that is filled and whose balancer is built. Clear the subsets even after a failed build.
 * MC_OK, MC_NO_MEMORY, MC_LIMIT or what the policy says. */
mc_code mc_subsets_build(mc_subsets *subsets, const mc_subsets_spec *spec, const mc_balance_spec *balance,
                         const mc_cluster *cluster, uint64_t seed, mc_error *error);
void mc_subsets_clear(mc_subsets *subsets);

/* The subset of exactly these labels, which are sorted by key; -1: none. */
int32_t mc_subsets_find(const mc_subsets *subsets, mc_labels labels);

/* The steps for a metadata_match, in the scratch. MC_OK or MC_NO_MEMORY. */
mc_code mc_subsets_plan(const mc_subsets *subsets, const mc_criteria_spec *match, mc_scratch *scratch,
                        mc_subset_plan *out);

/* The number of a host in the cluster, or -1; step says where it was found. */
int32_t mc_subsets_pick(const mc_subsets *subsets, const mc_subset_plan *plan, mc_pick *pick, mc_subset_step *step);

/* Copies, into the arena. NULL where memory is out. */
mc_criteria *mc_criteria_copy(const mc_criteria_spec *spec, mc_arena *arena);
bool mc_subset_plan_copy(mc_subset_plan *plan, mc_arena *arena);

#endif
