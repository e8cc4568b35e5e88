/* A compiled configuration: the one structure that sees routes, edits, clusters and runtime together. */
#ifndef MC_ENGINE_SNAPSHOT_H
#define MC_ENGINE_SNAPSHOT_H

#include "balance/subset.h"
#include "base/numbers.h"
#include "edit/format.h"
#include "edit/headers.h"
#include "edit/redirect.h"
#include "edit/rewrite.h"
#include "engine/level_limits.h"
#include "match/route_table.h"
#include "policy/cors.h"
#include "policy/fault.h"
#include "policy/mirror.h"
#include "policy/retry.h"
#include "policy/session.h"
#include "policy/sticky.h"
#include "policy/timeout.h"
#include "upstream/cluster.h"
#include "upstream/fault_gauge.h"

typedef struct mc_hash_policy {
  mc_hash_kind kind;
  bool terminal;
  mc_header_source source; /* MC_HASH_HEADER */
  uint16_t slot;           /* MC_HASH_HEADER, MC_HASH_COOKIE */
  mc_slice name;
  mc_regex *regex; /* NULL: none */
  mc_substitution *substitution;
  mc_cookie *cookie; /* given where the request has none; NULL: none is given */
} mc_hash_policy;

typedef struct mc_hash_policies {
  mc_hash_policy *at;
  uint32_t count;
  bool one_header; /* they are one, of header lines as they are */
} mc_hash_policies;

/* The header that names a cluster, or a draw. */
typedef struct mc_header_ref {
  bool set;
  mc_header_source source;
  uint16_t slot;
} mc_header_ref;

typedef struct mc_weighted {
  uint64_t end; /* sum of the weights up to and with this one */
  int32_t cluster;
  mc_header_ref cluster_header;
  mc_slice host_rewrite; /* data NULL: none */
  mc_edit_pair edits;
  mc_cors *cors;         /* NULL: none */
  mc_criteria *criteria; /* NULL: none */
  mc_fault *fault;       /* NULL: none */
  mc_level_limits limits;
  mc_session *session;   /* NULL: that of the next level */
} mc_weighted;

typedef struct mc_action {
  mc_action_kind kind;
  mc_routing_priority priority;
  bool weight_by_hash;
  uint16_t status; /* of a direct response, or where the cluster is not found */
  int32_t cluster;
  mc_header_ref cluster_header, weight_header;
  mc_weighted *weighted;
  uint32_t weighted_count;
  mc_divisor sum; /* of their weights; by 0 where there are none, and 1 is no divisor */
  mc_sticky *sticky; /* NULL: the split is not sticky */
  bool rewrites; /* something changes target or authority */
  bool may_edit; /* it does, or some level up to the virtual host may edit requests */
  bool filtered; /* some level up to the virtual host has a policy of a filter */
  bool faulted;  /* it, or a weighted cluster of it, has a fault policy */
  bool has_session; /* some level up to the virtual host has sessions */
  bool retries;  /* more than one attempt may be made */
  bool count_attempts, tell_attempts, tell_timeouts;
  mc_hash_policies hash_policies;
  const mc_upgrade *upgrades;
  uint32_t upgrade_count;
  const mc_timeout_spec *timeouts; /* NULL: none */
  mc_retry *retry;                 /* NULL: none */
  mc_hedge_spec hedge;
  mc_slice name;
  mc_edit_pair edits;
  mc_path_rewrite path;
  mc_host_rewrite host;
  mc_redirect redirect;
  mc_format body; /* count 0: none */
  mc_slice content_type;
  mc_cors *cors, *cors_field; /* NULL: none */
  mc_criteria *criteria;      /* NULL: none */
  mc_fault *fault;            /* NULL: none */
  mc_level_limits limits;
  mc_descriptor_makers descriptors;
  mc_labels labels; /* of MC_ENTRY_LABEL */
  bool include_outer_limits;
  mc_mirrors mirrors;         /* the virtual host's where the route has none */
  mc_session *session;        /* likewise */
  const mc_sampling_shares *sampling; /* NULL: the listener's */
  mc_slice operation;         /* told to the other side; data NULL: none is */
  bool names_spans;           /* by a format */
} mc_action;

typedef struct mc_virtual_host {
  mc_require_tls require_tls;
  mc_edit_pair edits;
  mc_cors *cors, *cors_field; /* NULL: none */
  mc_fault *fault;            /* NULL: none */
  mc_level_limits limits;
  mc_descriptor_makers descriptors;
} mc_virtual_host;

/* One of a listener's filters. */
typedef struct mc_filter {
  mc_filter_kind kind;
  uint32_t name;
  bool off;                /* unless a level speaks to it */
  mc_local_limit *local;   /* NULL: none of its own */
  mc_global_limit *global; /* of MC_FILTER_GLOBAL_LIMIT */
  mc_concurrency *limiter; /* of MC_FILTER_CONCURRENCY, as is the next */
  uint16_t status;
} mc_filter;

typedef struct mc_listener {
  uint16_t port;
  bool most_specific_wins;
  int32_t domains; /* in the route table */
  mc_http_options options;
  mc_edit_pair edits;
  mc_cors *cors; /* NULL: none */
  mc_fault *table_fault, *fault; /* of the route configuration, of the filter; NULL: none */
  mc_fault_gauge *faults;        /* NULL: there are none */
  mc_level_limits limits;
  mc_filter *filters; /* in their order */
  uint32_t filter_count;
  bool filtered; /* some filter acts, whatever routes say */
  mc_mirrors mirrors;
  mc_session *session; /* NULL: none */
  uint32_t session_filter;
  bool session_off;
} mc_listener;

struct mc_snapshot {
  atomic_uint *sharers; /* snapshots that differ in their clusters alone: what follows is one for all of them */
  mc_arena *arena;
  mc_runtime *runtime;
  mc_route_table *routes;
  const mc_slots *names; /* the routes', with the names that are treated apart */
  mc_listener *listeners;
  mc_virtual_host *hosts;
  mc_action *actions; /* by route */
  mc_hash_policies *hash_policies; /* by cluster, since header slots are the snapshot's; at NULL: the route's count */
  mc_cluster **clusters; /* its own */
  uint32_t listener_count, host_count, action_count, cluster_count;
  mc_limit_builder limits; /* what its limits were built with, and the first of them */
  bool has_faults;      /* some level has a fault policy */
  bool reads_unix_time; /* some session is kept by a cookie */
  uint8_t makes_ids;    /* random numbers that ids take: of requests, of traces, too */
  bool reads_clock;     /* some cluster's picks, or its health, hang on now_ns */
  int32_t any_listener; /* the one with port 0; -1: none */
  int32_t *by_name;     /* hash table of cluster numbers, -1: free */
  uint32_t by_name_mask;
};

/* A cluster that nobody shares yet; NULL: error says why. */
mc_cluster *mc_cluster_new(const mc_cluster_spec *spec, mc_runtime *runtime, uint64_t seed, mc_error *error);
/* Another balancer over the members of a cluster, for their health as it is now. */
mc_cluster *mc_cluster_anew(const mc_cluster *old, mc_runtime *runtime, uint64_t now_ns, uint64_t seed,
                            mc_error *error);
/* Whether what becomes of a request in it hangs on the time. */
bool mc_cluster_reads_clock(const mc_cluster *cluster);
void mc_cluster_share(mc_cluster *cluster);
/* Gives a share back; the last one frees the cluster. */
void mc_cluster_release(mc_cluster *cluster, mc_runtime *runtime);

/* Looks up the subsets that the action's criteria mean in the clusters that it names. MC_OK or MC_NO_MEMORY. */
mc_code mc_action_find_subsets(mc_action *action, const mc_snapshot *snapshot);

/* The host for a request in a cluster with subsets, or -1. */
int32_t mc_subsets_decide(const mc_cluster *cluster, mc_decision *decision, mc_pick *pick, bool *no_memory);

/* The number of a cluster, or -1. */
int32_t mc_snapshot_cluster(const mc_snapshot *snapshot, mc_slice name);

/* The listener that serves a request, or -1. */
int32_t mc_snapshot_listener_among(const mc_snapshot *snapshot, const mc_request *request);
/* The same; most snapshots have one listener. */
static inline int32_t mc_snapshot_listener(const mc_snapshot *snapshot, const mc_request *request) {
  const bool alone = snapshot->listener_count == 1 && (snapshot->any_listener == 0 || request->port == 0);
  return alone ? 0 : mc_snapshot_listener_among(snapshot, request);
}

/* NULL where memory is out. */
const mc_upgrade *mc_upgrades_copy(const mc_upgrade *upgrades, uint32_t count, mc_arena *arena);

/* Says why a header slot could not be had. */
mc_code mc_slot_failed(mc_error *error, mc_code code);

/* Compiles a route's action into the arena; what it owns beyond is given back by clear. */
mc_code mc_action_build(mc_action *action, const mc_action_spec *spec, const mc_route_spec *route,
                        mc_limit_builder *limits, mc_error *error);
void mc_action_clear(mc_action *action, mc_runtime *runtime);

/* Compiles into the arena; clear it even after a failed build. */
mc_code mc_hash_policies_build(mc_hash_policies *policies, const mc_hash_policy_spec *specs, uint32_t count,
                               mc_slots *slots, mc_arena *arena, mc_error *error);
void mc_hash_policies_clear(mc_hash_policies *policies);

/* The hash that the route's policies make of the request. False where none of them finds a value. A cookie that the
 * client has to be given is added to the list; NULL: none may be given. */
bool mc_action_hash(const mc_action *action, mc_input *input, mc_new_cookie **cookies, uint64_t *hash);
/* The same of a cluster's own policies. given: cookies of the split before it; *cookie: the one that the client has to
 * be given, of several the last, as Envoy has it; NULL: none. */
bool mc_cluster_hash(const mc_hash_policies *policies, const mc_action *action, mc_input *input,
                     const mc_new_cookie *given, mc_new_cookie **cookie, uint64_t *hash);

#endif
