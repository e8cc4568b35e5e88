/* Hash policies: what of a request picks its endpoint, or its weighted cluster. As Envoy 1.40 does it
 * (source/common/http/hash_policy): values are hashed by XXH64, the hashes of several policies combine by
 * rotation and exclusive or, a terminal policy ends the list once there is a hash, be it its own or not. */
#include <stdlib.h>

#include "base/hash.h"
#include "engine/snapshot.h"

static uint64_t hash_of(mc_slice text, uint64_t seed) { return mc_xxh64(text.data, text.size, seed); }

static int compare(const void *left, const void *right) {
  const mc_slice *a = left, *b = right;
  size_t size = a->size < b->size ? a->size : b->size;
  int order = size ? memcmp(a->data, b->data, size) : 0;
  return order ? order : (a->size > b->size) - (a->size < b->size);
}

static mc_slice rewritten(const mc_hash_policy *policy, mc_slice value, mc_input *input) {
  if (!policy->regex) return value;
  mc_slice out;
  if (mc_regex_replace_all(policy->regex, value, policy->substitution, input->scratch, &out)) {
    input->no_memory = true;
    return value;
  }
  return out;
}

/* The lines of a repeated header are sorted, and the hash of each is the seed of the next. */
static bool hash_lines(const mc_hash_policy *policy, mc_input *input, uint64_t *hash) {
  uint32_t count = 0;
  uint16_t first = mc_found_first(&input->found, policy->slot);
  for (uint16_t line = first; line; line = input->found.next[line - 1]) count++;
  if (count == 0) return false;
  mc_slice *values = mc_scratch_alloc(input->scratch, count * sizeof *values);
  if (!values) {
    input->no_memory = true;
    return false;
  }
  uint32_t at = 0;
  for (uint16_t line = first; line; line = input->found.next[line - 1]) {
    values[at++] = rewritten(policy, mc_view_line(input->view, line - 1u)->value, input);
  }
  qsort(values, count, sizeof *values, compare);
  *hash = 0;
  for (uint32_t i = 0; i < count; i++) *hash = hash_of(values[i], *hash);
  return true;
}

static bool hash_one(const mc_hash_policy *policy, mc_input *input, uint64_t *hash) {
  mc_slice value = MC_ABSENT;
  switch (policy->kind) {
    case MC_HASH_HEADER:
      if (policy->source == MC_SOURCE_LINES && !mc_slots_joined(input->slots, policy->slot)) {
        return hash_lines(policy, input, hash);
      }
      value = mc_input_value(input, policy->source, policy->slot);
      if (value.data) value = rewritten(policy, value, input);
      break;
    case MC_HASH_COOKIE:
      if (!mc_cookie_find(input, policy->slot, policy->name, &value) || value.size == 0) return false;
      break;
    case MC_HASH_SOURCE_IP:
      value = input->view->client;
      break;
    case MC_HASH_QUERY:
      if (!mc_query_find(input->view->query, policy->name, &value)) return false;
      break;
  }
  if (!value.data) return false;
  *hash = hash_of(value, 0);
  return true;
}

bool mc_action_hash(const mc_action *action, mc_input *input, uint64_t *hash) {
  bool any = false;
  *hash = 0;
  for (uint32_t i = 0; i < action->hash_policy_count; i++) {
    uint64_t one;
    if (hash_one(&action->hash_policies[i], input, &one)) {
      *hash = any ? ((*hash << 1) | (*hash >> 63)) ^ one : one;
      any = true;
    }
    if (any && action->hash_policies[i].terminal) break;
  }
  return any;
}
