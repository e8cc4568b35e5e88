/* What a route does: forward, redirect or answer. */
#ifndef MESHCORE_ACTION_H
#define MESHCORE_ACTION_H

#include "meshcore/circuit.h"
#include "meshcore/cors.h"
#include "meshcore/edit.h"
#include "meshcore/fault.h"
#include "meshcore/http.h"
#include "meshcore/mirror.h"
#include "meshcore/rate_limit.h"
#include "meshcore/retry.h"
#include "meshcore/rewrite.h"
#include "meshcore/session.h"
#include "meshcore/subset.h"

typedef struct mc_weighted_cluster_spec {
  int32_t cluster;         /* index in the snapshot, or -1: by cluster_header, or unknown */
  mc_slice name;           /* by which sticky splits know it, wherever it stands */
  mc_slice cluster_header; /* data NULL: none */
  uint32_t weight;
  mc_slice host_rewrite; /* data NULL: none */
  mc_edits_spec edits;
  const mc_cors_spec *cors; /* NULL: none */
  const mc_criteria_spec *criteria; /* its own over the route's; NULL: none */
  const mc_session_spec *session;   /* as in mc_action_spec */
  const mc_fault_spec *fault; /* NULL: none */
  mc_level_limits_spec limits;
} mc_weighted_cluster_spec;

typedef enum mc_action_kind { MC_ACTION_FORWARD, MC_ACTION_REDIRECT, MC_ACTION_RESPOND } mc_action_kind;

typedef struct mc_action_spec {
  mc_action_kind kind;
  mc_slice name; /* of the route */
  mc_edits_spec edits;
  const mc_fault_spec *fault; /* over that of the virtual host; NULL: none */
  mc_level_limits_spec limits;
  mc_descriptors_spec descriptors; /* for limits that have none of their own */
  mc_labels labels;                /* that MC_ENTRY_LABEL is about */
  bool include_outer_limits;       /* the virtual host's descriptors count beside these, whatever a limit says */
  /* MC_ACTION_FORWARD: cluster, or cluster_header, or clusters */
  int32_t cluster;         /* -1: none, or unknown */
  mc_slice cluster_header; /* data NULL: none */
  const mc_weighted_cluster_spec *clusters;
  uint32_t cluster_count;
  mc_slice weight_header; /* data NULL: none */
  bool weight_by_hash;
  const mc_sticky_spec *sticky; /* NULL: the choice is not sticky */
  uint16_t cluster_not_found_status;
  mc_routing_priority priority;
  const mc_timeout_spec *timeouts; /* NULL: none */
  const mc_retry_spec *retry;      /* NULL: none */
  mc_hedge_spec hedge;
  bool count_attempts; /* x-envoy-attempt-count goes upstream */
  bool tell_attempts;  /* and into the answer */
  bool tell_timeouts;  /* x-envoy-is-timeout-retry goes upstream with retries */
  mc_path_rewrite_spec path_rewrite;
  mc_host_rewrite_spec host_rewrite;
  const mc_hash_policy_spec *hash_policies;
  uint32_t hash_policy_count;
  const mc_criteria_spec *criteria; /* NULL: none; not of weighted clusters */
  const mc_upgrade *upgrades; /* over those of the listener */
  uint32_t upgrade_count;
  const mc_cors_spec *cors;        /* the CORS filter's policy for the route; NULL: none */
  const mc_cors_spec *cors_field;  /* the older way: counts where the filter has no policy at any level */
  const mc_mirror_spec *mirrors;   /* none: those of the virtual host, then those of the listener */
  uint32_t mirror_count;
  const mc_session_spec *session;  /* NULL: that of the next level */
  const mc_sampling_shares *sampling; /* over those of the listener; NULL: none. Of every kind of action */
  mc_slice operation; /* what the other side is told that it is called, where the listener traces; data NULL: nothing */
  bool names_spans;   /* a format names its spans: what the two sides call them counts for nothing */
  /* MC_ACTION_REDIRECT */
  mc_redirect_spec redirect;
  /* MC_ACTION_RESPOND; the body itself stays with the caller, unless it is a format */
  uint16_t status;
  mc_format_spec body;
  mc_slice content_type; /* of the answer; data NULL: none */
} mc_action_spec;

#endif
