/* The one interface of all load balancing policies. To add one: a C file that fills a mc_policy, a line in
 * policies.def, a test. */
#ifndef MC_BALANCE_POLICY_H
#define MC_BALANCE_POLICY_H

#include "balance/previous_priorities.h"
#include "base/rng.h"

/* What one pick may use. */
typedef struct mc_pick {
  uint64_t draws;  /* the state of mc_pick_draw */
  uint64_t hash;   /* of the request; a draw where it has none */
  uint64_t now_ns;
  uint32_t candidates; /* tells among how many hosts the policy chose */
  bool peek;       /* tell what a pick would give now; move nothing on */
  uint32_t refused; /* picks of a retry that were passed over so far: policies that hash turn to another host */
  mc_previous_priorities *previous; /* of a retry that heeds the priorities which were tried; NULL: none does */
} mc_pick;

/* The next random number of this pick. */
static inline uint64_t mc_pick_draw(mc_pick *pick) { return mc_splitmix64(&pick->draws); }

/* A random number below count, which is not 0: by multiplication, since a division is slow. */
static inline uint32_t mc_pick_below(mc_pick *pick, uint32_t count) {
  return (uint32_t)(((mc_pick_draw(pick) >> 32) * count) >> 32);
}

/* The hosts among which a policy chooses. */
typedef struct mc_group {
  const mc_host *hosts; /* of the cluster */
  mc_hosts members;     /* numbers of hosts */
  const double *shares; /* of policies that hash: what each member should get; together 1. NULL otherwise */
  void *table;          /* what the policy built */
  bool in_order;        /* the members' numbers are a run from the first: no look at them is needed */
} mc_group;

/* None of the members can be used, e.g. because a ring has no entries. */
#define MC_NO_MEMBER UINT32_MAX

/* The number of a member in the cluster. */
static inline uint32_t mc_group_number(const mc_group *group, uint32_t member) {
  return group->in_order ? group->members.at[0] + member : group->members.at[member];
}

static inline const mc_host *mc_group_host(const mc_group *group, uint32_t member) {
  return &group->hosts[mc_group_number(group, member)];
}

typedef struct mc_policy {
  const char *name; /* as explanations say it: "round robin" */
  /* The host hangs on the request's hash: localities and degraded hosts are not chosen among. */
  bool hashes;
  bool reads_clock; /* picks hang on now_ns, also without slow start */
  /* Fills group->table; in the arena, or freed by free. NULL: nothing to build. The group has members.
   * turn is where a rotation may begin. MC_OK, MC_NO_MEMORY, or MC_INVALID with the error told. */
  mc_code (*build)(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error);
  /* The number of a member, or MC_NO_MEMBER. The group has members. May be called by many threads at once. */
  uint32_t (*pick)(const mc_group *group, mc_pick *pick);
  void (*free)(mc_group *group); /* NULL: the arena has it all */
  /* Learns from how an attempt went, into the host's state. By many threads at once. NULL: learns nothing. */
  void (*report)(const mc_load_options *options, mc_host_state *state, const mc_report *report);
} mc_policy;

const mc_policy *mc_policy_of(mc_policy_kind kind);

#endif
