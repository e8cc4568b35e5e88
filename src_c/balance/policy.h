/* The one interface of all load balancing policies. To add one: a C file that fills a mc_policy, a line
 * in policies.def, a test. */
#ifndef MC_BALANCE_POLICY_H
#define MC_BALANCE_POLICY_H

#include "upstream/cluster.h"

/* What one pick may use. */
typedef struct mc_pick {
  uint64_t random;
  uint64_t now_ns;
} mc_pick;

typedef struct mc_policy {
  const char *name; /* as explanations say it: "round robin" */
  /* Fills cluster->balancer from its hosts; in the arena, or freed by free. */
  mc_code (*build)(mc_cluster *cluster, mc_arena *arena);
  /* The index of a host, or -1 where there is none. May be called by many threads at once. */
  int32_t (*pick)(const mc_cluster *cluster, const mc_pick *pick);
  /* What pick would return now, with nothing moved on; pick itself where it changes nothing. */
  int32_t (*peek)(const mc_cluster *cluster, const mc_pick *pick);
  void (*free)(mc_cluster *cluster); /* NULL: the arena has it all */
} mc_policy;

const mc_policy *mc_policy_of(mc_policy_kind kind);

#endif
