/* Round robin weighted by the load that endpoints report: requests a second by utilisation (gRFC A58; Envoy's
 * client_side_weighted_round_robin). Weights are reckoned anew at most once a period, by the pick that finds it
 * over: a scan of the hosts that the picks of a period share. */
#include <stdlib.h>
#include <string.h>

#include "balance/rotation.h"
#include "balance/schedule.h"
#include "balance/slow_start.h"

extern const mc_policy mc_client_side_weighted_round_robin;

typedef struct reported {
  mc_load_options options;
  atomic_uint_fast64_t due_ns; /* when weights are reckoned anew */
  atomic_bool scheduled;       /* the schedule counts; else all weights are one, and the rotation does */
  mc_rotation rotation;
  mc_schedule schedule; /* its lock guards what follows, too */
  uint32_t *weights;    /* by member */
  uint32_t *sorted;     /* for the median */
} reported;

static double weigh(const void *policy, const mc_group *group, uint32_t member, uint64_t now_ns) {
  const reported *r = policy;
  return r->weights[member] * mc_slow_start_factor(&r->options, mc_group_host(group, member), now_ns);
}

/* What a host's reports say it can bear; 0: they are too few yet, or too old. */
static uint32_t weight_of(const mc_load_options *options, mc_host_state *state, uint64_t now_ns) {
  uint64_t since = atomic_load_explicit(&state->load_since_ns, memory_order_relaxed);
  uint64_t at = atomic_load_explicit(&state->load_at_ns, memory_order_relaxed);
  if (!since || now_ns < since || now_ns - since < options->blackout_ns) return 0;
  if (now_ns > at && now_ns - at > options->expiration_ns) {
    atomic_store_explicit(&state->load_since_ns, 0, memory_order_relaxed); /* the blackout begins anew */
    return 0;
  }
  return (uint32_t)atomic_load_explicit(&state->load_weight, memory_order_relaxed);
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Hosts without a weight of their own get the median. Whether any weight has changed. */
static bool reckon(reported *r, const mc_group *group, uint64_t now_ns) {
  uint32_t valid = 0, count = group->members.count;
  bool changed = false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t weight = weight_of(&r->options, mc_group_host(group, i)->state, now_ns);
    if (weight) r->sorted[valid++] = weight;
  }
  qsort(r->sorted, valid, sizeof *r->sorted, ascending);
  uint32_t median = valid ? r->sorted[valid / 2] : 1;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t weight = weight_of(&r->options, mc_group_host(group, i)->state, now_ns);
    if (!weight) weight = median;
    changed |= weight != r->weights[i];
    r->weights[i] = weight;
  }
  return changed;
}

static bool unequal(const reported *r, const mc_group *group) {
  for (uint32_t i = 1; i < group->members.count; i++) {
    if (r->weights[i] != r->weights[0]) return true;
  }
  return false;
}

static void update(reported *r, const mc_group *group, uint64_t random, uint64_t now_ns) {
  mc_schedule_lock(&r->schedule);
  bool changed = reckon(r, group, now_ns);
  bool scheduled = unequal(r, group) || now_ns < mc_slow_start_end(&r->options, group);
  bool before = atomic_load_explicit(&r->scheduled, memory_order_relaxed);
  if (scheduled && (changed || !before)) mc_schedule_start(&r->schedule, group, random, weigh, r, now_ns);
  atomic_store_explicit(&r->scheduled, scheduled, memory_order_release);
  mc_schedule_unlock(&r->schedule);
}

static mc_code build(mc_group *group, const mc_balance_spec *spec, uint64_t turn, mc_arena *arena, mc_error *error) {
  uint32_t count = group->members.count;
  reported *r = mc_arena_alloc(arena, 1, sizeof *r);
  if (r) {
    r->options = spec->load;
    r->weights = mc_arena_alloc(arena, count, sizeof *r->weights);
    r->sorted = mc_arena_alloc(arena, count, sizeof *r->sorted);
  }
  if (!r || !r->weights || !r->sorted) {
    *error = (mc_error){.code = MC_NO_MEMORY, .message = "out of memory"};
    return MC_NO_MEMORY;
  }
  group->table = r;
  atomic_init(&r->rotation.turn, turn);
  r->rotation.period = count;
  atomic_init(&r->scheduled, false);
  atomic_init(&r->due_ns, spec->now_ns + spec->load.update_ns);
  mc_code code = mc_schedule_build(&r->schedule, group, arena, error);
  if (!code) update(r, group, turn, spec->now_ns);
  return code;
}

static uint32_t pick(const mc_group *group, mc_pick *pick) {
  reported *r = group->table;
  uint64_t due = atomic_load_explicit(&r->due_ns, memory_order_relaxed);
  if (pick->now_ns >= due && !pick->peek &&
      atomic_compare_exchange_strong_explicit(&r->due_ns, &due, pick->now_ns + r->options.update_ns,
                                              memory_order_relaxed, memory_order_relaxed)) {
    update(r, group, mc_pick_draw(pick), pick->now_ns);
  }
  if (!atomic_load_explicit(&r->scheduled, memory_order_acquire)) {
    return mc_rotation_next(&r->rotation, pick->peek);
  }
  return mc_schedule_next(&r->schedule, group, pick, weigh, r);
}

static void report(const mc_load_options *options, mc_host_state *state, const mc_report *report) {
  double rate = report->requests_per_second;
  if (!(rate > 0)) return;
  double utilization = report->utilization + options->error_penalty * report->errors_per_second / rate;
  if (!(utilization > 0)) return;
  double weight = rate / utilization;
  uint32_t bounded = weight < 1 ? 1 : weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
  uint_fast64_t unset = 0;
  atomic_store_explicit(&state->load_weight, bounded, memory_order_relaxed);
  atomic_store_explicit(&state->load_at_ns, report->now_ns, memory_order_relaxed);
  atomic_compare_exchange_strong_explicit(&state->load_since_ns, &unset, report->now_ns, memory_order_relaxed,
                                          memory_order_relaxed);
}

const mc_policy mc_client_side_weighted_round_robin = {.name = "client-side weighted round robin",
                                                       .reads_clock = true,
                                                       .build = build,
                                                       .pick = pick,
                                                       .report = report};
