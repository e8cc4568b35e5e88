#include "limit/rules.h"

#include "base/hash.h"
#include "base/rng.h"

typedef struct rule {
  const mc_label *entries;
  uint32_t count, open; /* values of size 0 */
  uint32_t shape;
} rule;

struct mc_rules {
  rule *rules;
  uint32_t *shapes; /* a rule of each shape, those that leave least open first */
  uint32_t shape_count;
  int32_t *table; /* open addressing; -1: free */
  uint32_t mask;
};

static bool is_open(const rule *r, uint32_t entry) { return r->entries[entry].value.size == 0; }

static bool same_shape(const rule *a, const rule *b) {
  if (a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    if (is_open(a, i) != is_open(b, i) || !mc_slice_equal(a->entries[i].key, b->entries[i].key)) return false;
  }
  return true;
}

static bool has_keys(const mc_descriptor *descriptor, const rule *r) {
  if (descriptor->count != r->count) return false;
  for (uint32_t i = 0; i < r->count; i++) {
    const mc_slice key = descriptor->entries[i].key;
    if (key.size != r->entries[i].key.size || !mc_slice_same(key.data, r->entries[i].key.data, key.size)) return false;
  }
  return true;
}

/* Of the values that the shape of r fixes. */
static uint32_t place_of(const mc_rules *rules, const rule *r, const mc_label *values) {
  uint64_t hash = r->shape;
  for (uint32_t i = 0; i < r->count; i++) {
    if (!is_open(r, i)) hash = mc_mix64(hash ^ mc_xxh64(values[i].value.data, values[i].value.size, hash));
  }
  return (uint32_t)hash & rules->mask;
}

static bool has_values(const mc_label *values, const rule *r) {
  for (uint32_t i = 0; i < r->count; i++) {
    if (!is_open(r, i) && !mc_slice_equal(values[i].value, r->entries[i].value)) return false;
  }
  return true;
}

static int32_t look_up(const mc_rules *rules, const rule *shape, const mc_label *values) {
  for (uint32_t at = place_of(rules, shape, values); rules->table[at] >= 0; at = (at + 1) & rules->mask) {
    const rule *r = &rules->rules[rules->table[at]];
    if (r->shape == shape->shape && has_values(values, r)) return rules->table[at];
  }
  return -1;
}

int32_t mc_rules_find(const mc_rules *rules, const mc_descriptor *descriptor) {
  for (uint32_t i = 0; i < rules->shape_count; i++) {
    const rule *shape = &rules->rules[rules->shapes[i]];
    if (!has_keys(descriptor, shape)) continue;
    if (shape->open == shape->count) return (int32_t)rules->shapes[i]; /* it fixes nothing: the first is all there is */
    const int32_t found = look_up(rules, shape, descriptor->entries);
    if (found >= 0) return found;
  }
  return -1;
}

int32_t mc_rules_open_for(const mc_rules *rules, mc_slice key) {
  for (uint32_t i = 0; i < rules->shape_count; i++) { /* those with values of their own come first */
    const rule *shape = &rules->rules[rules->shapes[i]];
    if (shape->count == 1 && mc_slice_equal(shape->entries->key, key)) return shape->open ? (int32_t)rules->shapes[i] : -1;
  }
  return -1;
}

/* Of the rules that leave so many values open. How many of them there are. */
static uint32_t find_shapes(mc_rules *rules, uint32_t count, uint32_t open) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < count; i++) {
    rule *r = &rules->rules[i];
    if (r->open != open) continue;
    found++;
    uint32_t shape = 0;
    while (shape < rules->shape_count && !same_shape(&rules->rules[rules->shapes[shape]], r)) shape++;
    if (shape == rules->shape_count) rules->shapes[rules->shape_count++] = i;
    r->shape = shape;
  }
  return found;
}

static bool copy_entries(rule *to, const mc_limit_rule_spec *from, mc_arena *arena) {
  bool ok = true;
  mc_label *entries = mc_arena_alloc(arena, from->entry_count, sizeof *entries);
  if (!entries) return false;
  for (uint32_t i = 0; i < from->entry_count; i++) {
    entries[i] = (mc_label){mc_arena_copy(arena, from->entries[i].key, &ok), mc_arena_copy(arena, from->entries[i].value, &ok)};
    to->open += from->entries[i].value.size == 0;
  }
  to->entries = entries;
  to->count = from->entry_count;
  return ok;
}

mc_rules *mc_rules_build(const mc_limit_rule_spec *specs, uint32_t count, mc_arena *arena) {
  uint32_t size = 4;
  while (size < 2 * (uint64_t)count) size *= 2;
  mc_rules *rules = mc_arena_alloc(arena, 1, sizeof *rules);
  if (!rules) return NULL;
  rules->mask = size - 1;
  rules->rules = mc_arena_alloc(arena, count, sizeof *rules->rules);
  rules->shapes = mc_arena_alloc(arena, count, sizeof *rules->shapes);
  rules->table = mc_arena_alloc(arena, size, sizeof *rules->table);
  if (!rules->rules || !rules->shapes || !rules->table) return NULL;
  for (uint32_t i = 0; i < size; i++) rules->table[i] = -1;
  for (uint32_t i = 0; i < count; i++) {
    if (!copy_entries(&rules->rules[i], &specs[i], arena)) return NULL;
  }
  for (uint32_t open = 0, found = 0; found < count; open++) found += find_shapes(rules, count, open);
  for (uint32_t i = 0; i < count; i++) {
    const rule *r = &rules->rules[i];
    uint32_t at = place_of(rules, r, r->entries);
    while (rules->table[at] >= 0) at = (at + 1) & rules->mask;
    rules->table[at] = (int32_t)i;
  }
  return rules;
}

uint32_t mc_rules_open(const mc_rules *rules, int32_t rule) { return rules->rules[rule].open; }

int32_t mc_rules_open_entry(const mc_rules *rules, int32_t number) {
  const rule *r = &rules->rules[number];
  int32_t at = -1;
  for (uint32_t i = 0; i < r->count && r->open == 1; i++) {
    if (is_open(r, i)) at = (int32_t)i;
  }
  return at;
}

mc_slice mc_rules_key(const mc_rules *rules, int32_t number, const mc_descriptor *descriptor, mc_scratch *scratch) {
  const rule *r = &rules->rules[number];
  size_t size = 0, at = 0;
  for (uint32_t i = 0; i < r->count; i++) {
    if (!is_open(r, i)) continue;
    size += sizeof(uint64_t) + descriptor->entries[i].value.size;
  }
  char *key = mc_scratch_alloc(scratch, size);
  if (!key) return MC_ABSENT;
  for (uint32_t i = 0; i < r->count; i++) {
    if (!is_open(r, i)) continue;
    /* The size before each, so that no two lists of values give one key. */
    const mc_slice value = descriptor->entries[i].value;
    const uint64_t length = value.size;
    memcpy(key + at, &length, sizeof length);
    if (value.size) memcpy(key + at + sizeof length, value.data, value.size);
    at += sizeof length + value.size;
  }
  return mc_slice_of(key, size);
}
