#include "balance/subset.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/slice.h"

/* Lists in labels multiply: more groups than this of one host and one selector are refused. */
enum { MAX_GROUPS = 1 << 16 };

/* A subset while its hosts are gathered. */
typedef struct gathered {
  mc_subset subset;
  uint32_t last; /* the host that joined last */
} gathered;

typedef struct member {
  uint32_t subset, host;
} member;

typedef struct builder {
  mc_subsets *subsets;
  const mc_cluster *cluster;
  mc_scratch scratch; /* of one host */
  gathered *found;
  member *members;
  int32_t *index;
  uint32_t count, capacity, member_count, member_capacity, mask;
  mc_error *error;
} builder;

static mc_code fail(mc_error *error, mc_code code, const char *message) {
  *error = (mc_error){.code = code};
  memcpy(error->message, message, strlen(message) + 1);
  return code;
}

static mc_code no_memory(mc_error *error) { return fail(error, MC_NO_MEMORY, "out of memory"); }

/* ------------------------------------------------------------------ labels */

static uint64_t hash_of(mc_labels labels) {
  uint64_t hash = labels.count;
  for (uint32_t i = 0; i < labels.count; i++) {
    hash = mc_xxh64(labels.at[i].key.data, labels.at[i].key.size, hash);
    hash = mc_xxh64(labels.at[i].value.data, labels.at[i].value.size, hash);
  }
  return hash;
}

static bool labels_equal(mc_labels a, mc_labels b) {
  if (a.count != b.count) return false;
  for (uint32_t i = 0; i < a.count; i++) {
    if (!mc_slice_equal(a.at[i].key, b.at[i].key) || !mc_slice_equal(a.at[i].value, b.at[i].value)) return false;
  }
  return true;
}

/* A label that is given more than once has each of its values. */
static bool host_has(const mc_host *host, mc_label label) {
  for (uint32_t i = 0; i < host->label_count; i++) {
    const mc_label *own = &host->labels[i];
    if (own->value.data && mc_slice_equal(own->key, label.key) && mc_slice_equal(own->value, label.value)) return true;
  }
  return false;
}

/* The ways to take one value for each key, side by side, each as long as there are keys so far. */
typedef struct groups {
  mc_label *at;
  uint32_t count, width;
} groups;

/* Every group so far with every value of one more key. A list without values leaves none, and Envoy then begins anew
 * with the next key. */
static mc_code widen(builder *b, groups *g, const mc_host *host, mc_slice key, bool *there) {
  uint32_t values = 0;
  *there = false;
  for (uint32_t i = 0; i < host->label_count; i++) {
    if (!mc_slice_equal(host->labels[i].key, key)) continue;
    *there = true;
    values += host->labels[i].value.data != NULL;
  }
  uint32_t before = g->count ? g->count : 1, width = g->count ? g->width : 0;
  if ((uint64_t)before * values > MAX_GROUPS) {
    return fail(b->error, MC_LIMIT, "an endpoint's lists of labels make more than 65536 subsets of one selector");
  }
  mc_label *made = mc_scratch_alloc(&b->scratch, ((size_t)before * values * (width + 1) + 1) * sizeof *made);
  if (!made) return no_memory(b->error);
  mc_label *to = made;
  for (uint32_t k = 0; k < before; k++) {
    for (uint32_t i = 0; i < host->label_count; i++) {
      if (!host->labels[i].value.data || !mc_slice_equal(host->labels[i].key, key)) continue;
      if (width) memcpy(to, g->at + (size_t)k * width, width * sizeof *to);
      to[width] = host->labels[i];
      to += width + 1;
    }
  }
  *g = (groups){made, before * values, width + 1};
  return MC_OK;
}

/* ------------------------------------------------------------------ gathering */

static int32_t find(const builder *b, mc_labels labels, uint64_t hash) {
  for (uint32_t at = (uint32_t)hash & b->mask; b->index[at] >= 0; at = (at + 1) & b->mask) {
    const mc_subset *subset = &b->found[b->index[at]].subset;
    if (subset->hash == hash && labels_equal(subset->labels, labels)) return b->index[at];
  }
  return -1;
}

static void enter(int32_t *index, uint32_t mask, uint64_t hash, uint32_t number) {
  uint32_t at = (uint32_t)hash & mask;
  while (index[at] >= 0) at = (at + 1) & mask;
  index[at] = (int32_t)number;
}

static mc_code grow(builder *b) {
  uint32_t capacity = b->capacity ? b->capacity * 2 : 16, mask = capacity * 2 - 1;
  gathered *found = realloc(b->found, capacity * sizeof *found);
  if (!found) return no_memory(b->error);
  b->found = found;
  int32_t *index = malloc(((size_t)mask + 1) * sizeof *index);
  if (!index) return no_memory(b->error);
  for (uint32_t i = 0; i <= mask; i++) index[i] = -1;
  for (uint32_t i = MC_SUBSET_FIRST; i < b->count; i++) enter(index, mask, found[i].subset.hash, i);
  free(b->index);
  b->index = index;
  b->capacity = capacity;
  b->mask = mask;
  return MC_OK;
}

static mc_code add_member(builder *b, uint32_t subset, uint32_t host) {
  gathered *to = &b->found[subset];
  if (to->subset.members.count && to->last == host) return MC_OK; /* of two selectors, or of two equal values */
  to->last = host;
  to->subset.members.count++;
  if (b->member_count == b->member_capacity) {
    uint32_t capacity = b->member_capacity ? b->member_capacity * 2 : 64;
    member *members = realloc(b->members, capacity * sizeof *members);
    if (!members) return no_memory(b->error);
    b->members = members;
    b->member_capacity = capacity;
  }
  b->members[b->member_count++] = (member){subset, host};
  return MC_OK;
}

static mc_code join(builder *b, mc_labels labels, bool single, uint32_t host) {
  uint64_t hash = hash_of(labels);
  int32_t number = find(b, labels, hash);
  if (number < 0) {
    mc_code code = b->count == b->capacity ? grow(b) : MC_OK;
    if (code) return code;
    if (!mc_labels_copy(&labels, b->cluster->arena)) return no_memory(b->error);
    number = (int32_t)b->count++;
    b->found[number] = (gathered){.subset = {.labels = labels, .hash = hash, .single = single}};
    enter(b->index, b->mask, hash, (uint32_t)number);
  }
  return add_member(b, (uint32_t)number, host);
}

static mc_code gather_host(builder *b, uint32_t number) {
  const mc_host *host = &b->cluster->hosts[number];
  const mc_subsets_spec *spec = &b->subsets->spec;
  bool there = true;
  for (uint32_t i = 0; i < spec->default_labels.count && there; i++) there = host_has(host, spec->default_labels.at[i]);
  mc_code code = there ? add_member(b, MC_SUBSET_DEFAULT, number) : MC_OK;
  for (uint32_t i = 0; i < spec->selector_count && !code; i++) {
    const mc_subset_selector *selector = &spec->selectors[i];
    groups g = {NULL, 0, 0};
    there = true;
    for (uint32_t k = 0; k < selector->keys.count && there && !code; k++) {
      code = widen(b, &g, host, selector->keys.at[k], &there);
    }
    for (uint32_t k = 0; k < g.count && there && !code; k++) {
      code = join(b, (mc_labels){g.at + (size_t)k * g.width, g.width}, selector->single_host, number);
    }
  }
  return code;
}

static mc_code gather(builder *b) {
  mc_code code = grow(b);
  if (code) return code;
  b->count = MC_SUBSET_FIRST;
  for (uint32_t i = 0; i < MC_SUBSET_FIRST; i++) b->found[i] = (gathered){.last = 0};
  for (uint32_t i = 0; i < b->cluster->host_count && !code; i++) {
    mc_scratch_init(&b->scratch);
    code = gather_host(b, i);
    mc_scratch_reset(&b->scratch);
  }
  return code;
}

/* ------------------------------------------------------------------ from what was gathered */

/* The members of each subset, in the order of the cluster. */
static mc_code settle(builder *b) {
  mc_subsets *s = b->subsets;
  mc_arena *arena = b->cluster->arena;
  s->at = mc_arena_alloc(arena, b->count, sizeof *s->at);
  s->index = mc_arena_alloc(arena, (size_t)b->mask + 1, sizeof *s->index);
  uint32_t *members = mc_arena_alloc(arena, b->member_count, sizeof *members);
  if (!s->at || !s->index || !members) return no_memory(b->error);
  memcpy(s->index, b->index, ((size_t)b->mask + 1) * sizeof *s->index);
  s->mask = b->mask;
  uint32_t start = 0;
  for (uint32_t i = 0; i < b->count; i++) {
    s->at[i] = b->found[i].subset;
    s->at[i].members.at = members + start;
    b->found[i].last = start; /* where its next member goes */
    start += s->at[i].members.count;
  }
  s->count = b->count;
  for (uint32_t i = 0; i < b->member_count; i++) members[b->found[b->members[i].subset].last++] = b->members[i].host;
  return MC_OK;
}

/* The first host of the first priority that has one comes first. */
static void put_single_first(const mc_cluster *cluster, mc_subset *subset, uint32_t *members) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < subset->members.count; i++) {
    uint32_t priority = cluster->localities[cluster->hosts[members[i]].locality].priority;
    if (priority < cluster->localities[cluster->hosts[members[best]].locality].priority) best = i;
  }
  members[0] = members[best];
  subset->members.count = 1;
}

/* Localities weigh as much as the part of their hosts that is in the subset. */
static mc_locality *scaled(const mc_cluster *cluster, mc_hosts members, mc_arena *arena) {
  mc_locality *localities = mc_arena_alloc(arena, cluster->locality_count, sizeof *localities);
  uint32_t *some = mc_arena_alloc(arena, cluster->locality_count, sizeof *some);
  if (!localities || !some) return NULL;
  for (uint32_t i = 0; i < members.count; i++) some[cluster->hosts[members.at[i]].locality]++;
  for (uint32_t i = 0; i < cluster->locality_count; i++) {
    localities[i] = cluster->localities[i];
    if (!localities[i].host_count) continue;
    float part = (float)((uint64_t)localities[i].weight * some[i]); /* in Envoy's precision */
    float share = part / (float)localities[i].host_count;
    localities[i].weight = (uint32_t)((double)share + 0.5);
  }
  return localities;
}

static mc_code build_balancer(builder *b, mc_subset *subset, const mc_balance_spec *balance, uint64_t turn) {
  const mc_cluster *cluster = b->cluster;
  const mc_locality *localities = cluster->localities;
  if (b->subsets->spec.scale_locality_weight) localities = scaled(cluster, subset->members, cluster->arena);
  mc_balancer *balancer = mc_arena_alloc(cluster->arena, 1, sizeof *balancer);
  if (!localities || !balancer) return no_memory(b->error);
  subset->balancer = balancer;
  return mc_balancer_build(balancer, balance, cluster->hosts, subset->members.at, subset->members.count, localities,
                           cluster->locality_count, turn, cluster->arena, b->error);
}

static mc_code build_balancers(builder *b, const mc_balance_spec *balance, uint64_t seed) {
  mc_subsets *s = b->subsets;
  s->at[MC_SUBSET_ALL].balancer = b->cluster->balancer;
  for (uint32_t i = MC_SUBSET_DEFAULT; i < s->count; i++) {
    if (s->at[i].single) {
      put_single_first(b->cluster, &s->at[i], (uint32_t *)s->at[i].members.at); /* our own array */
      continue;
    }
    mc_code code = build_balancer(b, &s->at[i], balance, mc_splitmix64(&seed));
    if (code) return code;
  }
  return MC_OK;
}

/* ------------------------------------------------------------------ the whole */

static bool begins_with(mc_names longer, mc_names keys) {
  if (longer.count < keys.count) return false;
  for (uint32_t i = 0; i < keys.count; i++) {
    if (!mc_slice_equal(longer.at[i], keys.at[i])) return false;
  }
  return true;
}

static bool copy_names(mc_names *names, mc_arena *arena) {
  bool ok = true;
  mc_slice *copy = mc_arena_alloc(arena, names->count, sizeof *copy);
  for (uint32_t i = 0; copy && i < names->count; i++) copy[i] = mc_arena_copy(arena, names->at[i], &ok);
  names->at = copy;
  return copy && ok;
}

/* Envoy takes a selector's fallback only where no selector before it begins with the same keys. */
static bool copy_spec(mc_subsets_spec *spec, mc_arena *arena) {
  mc_subset_selector *selectors = mc_arena_alloc(arena, spec->selector_count, sizeof *selectors);
  bool ok = selectors && mc_labels_copy(&spec->default_labels, arena);
  for (uint32_t i = 0; i < spec->selector_count && ok; i++) {
    selectors[i] = spec->selectors[i];
    ok = copy_names(&selectors[i].keys, arena) && copy_names(&selectors[i].fallback_keys, arena);
    for (uint32_t k = 0; k < i && ok; k++) {
      if (begins_with(selectors[k].keys, selectors[i].keys)) selectors[i].fallback = MC_FALLBACK_UNDEFINED;
    }
  }
  spec->selectors = selectors;
  return ok;
}

mc_code mc_subsets_build(mc_subsets *subsets, const mc_subsets_spec *spec, const mc_balance_spec *balance,
                         const mc_cluster *cluster, uint64_t seed, mc_error *error) {
  *subsets = (mc_subsets){.spec = *spec};
  if (!copy_spec(&subsets->spec, cluster->arena)) return no_memory(error);
  builder b = {.subsets = subsets, .cluster = cluster, .error = error};
  mc_code code = gather(&b);
  if (!code) code = settle(&b);
  if (!code) code = build_balancers(&b, balance, seed);
  free(b.found);
  free(b.members);
  free(b.index);
  if (code) return code;
  const mc_criteria_spec none = {.alternative_count = 0};
  mc_scratch scratch;
  mc_scratch_init(&scratch);
  code = mc_subsets_plan(subsets, &none, &scratch, &subsets->unmatched);
  if (code || !mc_subset_plan_copy(&subsets->unmatched, cluster->arena)) code = no_memory(error);
  mc_scratch_reset(&scratch);
  return code;
}

void mc_subsets_clear(mc_subsets *subsets) {
  for (uint32_t i = MC_SUBSET_DEFAULT; i < subsets->count; i++) {
    if (subsets->at[i].balancer) mc_balancer_clear(subsets->at[i].balancer);
  }
  subsets->count = 0;
}

int32_t mc_subsets_find(const mc_subsets *subsets, mc_labels labels) {
  uint64_t hash = hash_of(labels);
  for (uint32_t at = (uint32_t)hash & subsets->mask; subsets->index[at] >= 0; at = (at + 1) & subsets->mask) {
    const mc_subset *subset = &subsets->at[subsets->index[at]];
    if (subset->hash == hash && labels_equal(subset->labels, labels)) return subsets->index[at];
  }
  return -1;
}
