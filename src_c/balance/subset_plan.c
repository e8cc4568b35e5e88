/* Which subsets a metadata_match means, and what takes their place where there is none. */
#include "balance/subset.h"
#include "base/slice.h"

static const mc_label *label_of(mc_labels labels, mc_slice key) {
  for (uint32_t i = 0; i < labels.count; i++) {
    if (mc_slice_equal(labels.at[i].key, key)) return &labels.at[i];
  }
  return NULL;
}

/* Of the labels, those with the keys; both are sorted, and so is the result, which gets as long as the labels. */
static mc_labels with_keys(mc_labels labels, mc_names keys, mc_label *out) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < keys.count; i++) {
    const mc_label *found = label_of(labels, keys.at[i]);
    if (found) out[count++] = *found;
  }
  return (mc_labels){out, count};
}

static bool has_keys(mc_labels labels, mc_names keys) {
  if (labels.count != keys.count) return false;
  for (uint32_t i = 0; i < keys.count; i++) {
    if (!mc_slice_equal(labels.at[i].key, keys.at[i])) return false;
  }
  return true;
}

/* Leaves out what no selector asks for: the first selector that has all its keys decides. */
static mc_labels without_redundant(const mc_subsets_spec *spec, mc_labels labels, mc_label *out) {
  for (uint32_t i = 0; i < spec->selector_count; i++) {
    mc_labels found = with_keys(labels, spec->selectors[i].keys, out);
    if (found.count == spec->selectors[i].keys.count) return found;
  }
  return labels;
}

static const mc_subset_selector *selector_of(const mc_subsets_spec *spec, mc_labels labels) {
  for (uint32_t i = 0; i < spec->selector_count; i++) {
    const mc_subset_selector *selector = &spec->selectors[i];
    if (selector->fallback != MC_FALLBACK_UNDEFINED && has_keys(labels, selector->keys)) return selector;
  }
  return NULL;
}

static void add_step(mc_subset_plan *plan, mc_subset_step *steps, uint32_t subset, mc_subset_reason reason) {
  steps[plan->count++] = (mc_subset_step){subset, reason};
}

/* Two steps at most. room takes two times the labels. */
static void add_steps(const mc_subsets *subsets, mc_labels labels, mc_label *room, mc_subset_plan *plan,
                      mc_subset_step *steps) {
  const mc_subsets_spec *spec = &subsets->spec;
  mc_label *other = room + labels.count;
  mc_subset_reason reason = MC_SUBSET_MATCHED;
  while (labels.count) { /* it gets fewer keys in every round */
    mc_labels asked = spec->allow_redundant_keys ? without_redundant(spec, labels, other) : labels;
    int32_t found = mc_subsets_find(subsets, asked);
    if (found >= 0) {
      add_step(plan, steps, (uint32_t)found, reason);
      return;
    }
    const mc_subset_selector *selector = selector_of(spec, asked);
    if (!selector) break;
    switch (selector->fallback) {
      case MC_FALLBACK_ANY:
        add_step(plan, steps, MC_SUBSET_ALL, MC_SUBSET_SELECTOR_FALLBACK);
        return;
      case MC_FALLBACK_DEFAULT:
        add_step(plan, steps, MC_SUBSET_DEFAULT, MC_SUBSET_SELECTOR_FALLBACK);
        return;
      case MC_FALLBACK_KEYS:
        labels = with_keys(asked, selector->fallback_keys, room);
        reason = MC_SUBSET_FEWER_KEYS;
        continue;
      case MC_FALLBACK_NONE:
      case MC_FALLBACK_UNDEFINED:
        return;
    }
  }
  if (spec->fallback == MC_FALLBACK_NONE) return;
  add_step(plan, steps, spec->fallback == MC_FALLBACK_ANY ? MC_SUBSET_ALL : MC_SUBSET_DEFAULT, MC_SUBSET_FALLBACK);
  if (spec->panic_mode_any) add_step(plan, steps, MC_SUBSET_ALL, MC_SUBSET_PANIC);
}

mc_code mc_subsets_plan(const mc_subsets *subsets, const mc_criteria_spec *match, mc_scratch *scratch,
                        mc_subset_plan *out) {
  const mc_labels *alternatives = &match->labels;
  uint32_t count = 1;
  if (subsets->spec.fallback_list && match->alternative_count) {
    alternatives = match->alternatives;
    count = match->alternative_count;
  }
  uint32_t longest = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (alternatives[i].count > longest) longest = alternatives[i].count;
  }
  mc_subset_step *steps = mc_scratch_alloc(scratch, 2 * (size_t)count * sizeof *steps);
  mc_label *room = mc_scratch_alloc(scratch, (2 * (size_t)longest + 1) * sizeof *room);
  if (!steps || !room) return MC_NO_MEMORY;
  *out = (mc_subset_plan){steps, 0};
  for (uint32_t i = 0; i < count; i++) add_steps(subsets, alternatives[i], room, out, steps);
  return MC_OK;
}

int32_t mc_subsets_pick(const mc_subsets *subsets, const mc_subset_plan *plan, mc_pick *pick, mc_subset_step *step) {
  for (uint32_t i = 0; i < plan->count; i++) {
    const mc_subset *subset = &subsets->at[plan->steps[i].subset];
    int32_t host = subset->single ? (int32_t)subset->members.at[0] : mc_balancer_pick(subset->balancer, pick);
    *step = plan->steps[i];
    if (subset->single) pick->candidates = 1;
    if (host >= 0) return host;
  }
  return -1;
}

/* ------------------------------------------------------------------ copies */

mc_criteria *mc_criteria_copy(const mc_criteria_spec *spec, mc_arena *arena) {
  mc_criteria *copy = mc_arena_alloc(arena, 1, sizeof *copy);
  mc_labels *alternatives = mc_arena_alloc(arena, spec->alternative_count, sizeof *alternatives);
  if (!copy || !alternatives) return NULL;
  copy->match = *spec;
  copy->match.alternatives = alternatives;
  bool ok = mc_labels_copy(&copy->match.labels, arena);
  for (uint32_t i = 0; i < spec->alternative_count && ok; i++) {
    alternatives[i] = spec->alternatives[i];
    ok = mc_labels_copy(&alternatives[i], arena);
  }
  return ok ? copy : NULL;
}

bool mc_subset_plan_copy(mc_subset_plan *plan, mc_arena *arena) {
  mc_subset_step *steps = mc_arena_alloc(arena, plan->count, sizeof *steps);
  if (!steps) return false;
  if (plan->count) memcpy(steps, plan->steps, plan->count * sizeof *steps);
  plan->steps = steps;
  return true;
}
