#include "engine/snapshot.h"

#include "base/labels.h"

static mc_code fail(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  size_t size = strlen(message);
  if (size >= sizeof error->message) size = sizeof error->message - 1;
  memcpy(error->message, message, size);
  return code;
}

mc_code mc_slot_failed(mc_error *error, mc_code code) {
  return fail(error, code, code == MC_LIMIT ? "more than 4096 different header names are asked for" : "out of memory");
}

static mc_code build_ref(mc_header_ref *ref, mc_slice name, mc_slots *slots, mc_error *error) {
  ref->set = name.data != NULL;
  if (!ref->set) return MC_OK;
  mc_code code = mc_header_source_of(name, slots, &ref->source, &ref->slot);
  return code ? mc_slot_failed(error, code) : MC_OK;
}

static mc_code build_weighted(mc_action *action, const mc_action_spec *spec, mc_limit_builder *limits,
                              mc_error *error) {
  mc_slots *slots = limits->slots;
  mc_arena *arena = limits->arena;
  action->weighted = mc_arena_alloc(arena, spec->cluster_count, sizeof *action->weighted);
  if (!action->weighted) return fail(error, MC_NO_MEMORY, "out of memory");
  uint64_t sum = 0;
  for (uint32_t i = 0; i < spec->cluster_count; i++) {
    const mc_weighted_cluster_spec *from = &spec->clusters[i];
    mc_weighted *to = &action->weighted[i];
    bool ok = true;
    sum += from->weight;
    to->end = sum;
    to->cluster = from->cluster;
    to->host_rewrite = mc_arena_copy(arena, from->host_rewrite, &ok);
    if (!ok) return fail(error, MC_NO_MEMORY, "out of memory");
    action->weighted_count = i + 1;
    mc_code code = build_ref(&to->cluster_header, from->cluster_header, slots, error);
    if (!code) code = mc_cors_build(&to->cors, from->cors, arena, error);
    if (!code) code = mc_fault_build(&to->fault, from->fault, slots, arena, error);
    if (!code) code = mc_level_limits_build(&to->limits, &from->limits, limits, error);
    if (code) return code;
    if (from->criteria && !(to->criteria = mc_criteria_copy(from->criteria, arena))) {
      return fail(error, MC_NO_MEMORY, "out of memory");
    }
    action->filtered |= to->cors || to->fault;
    action->faulted |= to->fault != NULL;
    code = mc_session_build(&to->session, from->session, slots, arena, error);
    if (code) return code;
    action->has_session |= to->session != NULL;
    if (mc_edit_pair_compile(arena, &from->edits, &to->edits)) return fail(error, MC_NO_MEMORY, "out of memory");
    action->rewrites |= from->host_rewrite.data != NULL;
  }
  if (sum == 0) return fail(error, MC_INVALID, "the weights of a split add up to 0");
  if (sum > UINT32_MAX) return fail(error, MC_INVALID, "the weights of a split add up to more than 4294967295");
  if (sum > 1) action->sum = mc_divisor_of(sum);
  mc_code code = mc_sticky_build(&action->sticky, spec->sticky, spec->clusters, spec->cluster_count, slots, arena);
  return code ? mc_slot_failed(error, code) : MC_OK;
}

const mc_upgrade *mc_upgrades_copy(const mc_upgrade *upgrades, uint32_t count, mc_arena *arena) {
  bool ok = true;
  mc_upgrade *copy = mc_arena_alloc(arena, count, sizeof *copy);
  for (uint32_t i = 0; copy && i < count; i++) {
    copy[i] = (mc_upgrade){mc_arena_copy(arena, upgrades[i].protocol, &ok), upgrades[i].enabled};
  }
  return ok ? copy : NULL;
}

static mc_code build_forward(mc_action *action, const mc_action_spec *spec, const mc_route_spec *route,
                             mc_limit_builder *limits, mc_error *error) {
  mc_slots *slots = limits->slots;
  mc_arena *arena = limits->arena;
  action->cluster = spec->cluster;
  action->status = spec->cluster_not_found_status;
  action->priority = spec->priority;
  action->hedge = spec->hedge;
  action->count_attempts = spec->count_attempts;
  action->tell_attempts = spec->tell_attempts;
  action->tell_timeouts = spec->tell_timeouts;
  action->weight_by_hash = spec->weight_by_hash;
  action->upgrades = mc_upgrades_copy(spec->upgrades, spec->upgrade_count, arena);
  action->upgrade_count = spec->upgrade_count;
  if (!action->upgrades) return fail(error, MC_NO_MEMORY, "out of memory");
  action->rewrites =
      spec->path_rewrite.kind != MC_REWRITE_NONE || spec->host_rewrite.kind != MC_HOST_KEEP;
  if (spec->criteria && !(action->criteria = mc_criteria_copy(spec->criteria, arena))) {
    return fail(error, MC_NO_MEMORY, "out of memory");
  }
  if (spec->timeouts) {
    mc_timeout_spec *timeouts = mc_arena_alloc(arena, 1, sizeof *timeouts);
    if (!timeouts) return fail(error, MC_NO_MEMORY, "out of memory");
    *timeouts = *spec->timeouts;
    action->timeouts = timeouts;
  }
  mc_code code = mc_retry_build(&action->retry, spec->retry, arena, error);
  const mc_hedge_spec *hedge = &action->hedge;
  action->retries = (action->retry && action->retry->on) || hedge->initial_requests > 1 || hedge->numerator;
  if (!code) code = build_ref(&action->cluster_header, spec->cluster_header, slots, error);
  if (!code) code = build_ref(&action->weight_header, spec->weight_header, slots, error);
  if (!code && spec->cluster_count) code = build_weighted(action, spec, limits, error);
  action->may_edit = action->rewrites || !mc_edits_empty(&action->edits.request);
  for (uint32_t i = 0; i < action->weighted_count; i++) {
    action->may_edit |= !mc_edits_empty(&action->weighted[i].edits.request);
  }
  if (!code) {
    code = mc_path_rewrite_compile(arena, &spec->path_rewrite, route->path_kind, route->path, &action->path, error);
  }
  if (!code) code = mc_host_rewrite_compile(arena, &spec->host_rewrite, &action->host, error);
  if (!code) code = mc_cors_build(&action->cors, spec->cors, arena, error);
  if (!code) code = mc_cors_build(&action->cors_field, spec->cors_field, arena, error);
  action->filtered |= action->cors || action->cors_field;
  if (!code) code = mc_session_build(&action->session, spec->session, slots, arena, error);
  action->has_session |= action->session != NULL;
  if (!code && mc_mirrors_build(&action->mirrors, spec->mirrors, spec->mirror_count, arena)) {
    return fail(error, MC_NO_MEMORY, "out of memory");
  }
  if (code) return code;
  return mc_hash_policies_build(&action->hash_policies, spec->hash_policies, spec->hash_policy_count, slots, arena,
                                error);
}

mc_code mc_action_build(mc_action *action, const mc_action_spec *spec, const mc_route_spec *route,
                        mc_limit_builder *limits, mc_error *error) {
  mc_slots *slots = limits->slots;
  mc_arena *arena = limits->arena;
  bool ok = true;
  action->kind = spec->kind;
  action->cluster = -1;
  action->name = mc_arena_copy(arena, spec->name, &ok);
  action->content_type = mc_arena_copy(arena, spec->content_type, &ok);
  action->operation = mc_arena_copy(arena, spec->operation, &ok);
  action->names_spans = spec->names_spans;
  if (!ok || mc_edit_pair_compile(arena, &spec->edits, &action->edits)) {
    return fail(error, MC_NO_MEMORY, "out of memory");
  }
  action->include_outer_limits = spec->include_outer_limits;
  action->labels = spec->labels;
  if (action->labels.count && !mc_labels_copy(&action->labels, arena)) return fail(error, MC_NO_MEMORY, "out of memory");
  if (spec->sampling) {
    mc_sampling_shares *shares = mc_arena_alloc(arena, 1, sizeof *shares);
    if (!shares) return fail(error, MC_NO_MEMORY, "out of memory");
    *shares = *spec->sampling;
    action->sampling = shares;
  }
  mc_code code = mc_fault_build(&action->fault, spec->fault, slots, arena, error);
  if (!code) code = mc_level_limits_build(&action->limits, &spec->limits, limits, error);
  if (!code) code = mc_descriptors_build(&action->descriptors, &spec->descriptors, slots, arena, error);
  if (code) return code;
  action->filtered = action->faulted = action->fault != NULL;
  switch (spec->kind) {
    case MC_ACTION_FORWARD:
      return build_forward(action, spec, route, limits, error);
    case MC_ACTION_REDIRECT:
      return mc_redirect_compile(arena, &spec->redirect, route->path_kind, route->path, &action->redirect, error);
    case MC_ACTION_RESPOND:
      action->status = spec->status;
      if (spec->body.count && mc_format_compile(arena, &spec->body, &action->body)) {
        return fail(error, MC_NO_MEMORY, "out of memory");
      }
      return MC_OK;
  }
  return fail(error, MC_INVALID, "unknown action");
}

void mc_action_clear(mc_action *action, mc_runtime *runtime) {
  mc_hash_policies_clear(&action->hash_policies);
  for (uint32_t i = 0; i < action->weighted_count; i++) {
    mc_cors_clear(action->weighted[i].cors);
    mc_fault_clear(action->weighted[i].fault);
    mc_level_limits_clear(&action->weighted[i].limits, runtime);
  }
  mc_level_limits_clear(&action->limits, runtime);
  mc_descriptors_clear(&action->descriptors);
  mc_fault_clear(action->fault);
  mc_cors_clear(action->cors);
  mc_cors_clear(action->cors_field);
  mc_retry_clear(action->retry);
  mc_path_rewrite_clear(&action->path);
  mc_path_rewrite_clear(&action->redirect.path);
  mc_host_rewrite_clear(&action->host);
}
