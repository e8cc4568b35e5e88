#include "match/domains.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/inlined.h"

enum { FEW = 4 }; /* places of the smallest table, for two names */

struct mc_domain_slot {
  mc_slice name; /* lower-case; data NULL: free */
  uint64_t hash;
  int32_t virtual_host;
};

/* Of the host in lower case, over 8 bytes at a time; the table comes from the configuration, so that nobody
 * who sends requests can make entries collide. */
MC_INLINED uint64_t hash_host(mc_slice host) {
  uint64_t hash = host.size * UINT64_C(0x9e3779b97f4a7c15);
  for (size_t at = 0; at + 8 <= host.size; at += 8) {
    hash = (hash ^ mc_word_lower(mc_word_at(host.data + at))) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 32;
  }
  uint64_t rest = 0;
  if (host.size >= 8) {
    rest = mc_word_lower(mc_word_at(host.data + host.size - 8)); /* overlaps what is in already */
  } else {
    for (size_t i = 0; i < host.size; i++) rest = rest << 8 | (unsigned char)mc_lower(host.data[i]);
  }
  hash = (hash ^ rest) * UINT64_C(0xc4ceb9fe1a85ec53);
  return hash ^ hash >> 29;
}

static void reverse(char *out, mc_slice text) {
  for (size_t i = 0; i < text.size; i++) out[text.size - 1 - i] = text.data[i];
}

static mc_code duplicate(mc_error *error, mc_slice name) {
  error->code = MC_INVALID;
  snprintf(error->message, sizeof error->message, "the domain '%.*s' is given twice", (int)name.size, name.data);
  return MC_INVALID;
}

static struct mc_domain_slot *slot_of(struct mc_domain_slot *table, uint32_t mask, mc_slice name, uint64_t hash) {
  for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
    struct mc_domain_slot *slot = &table[at];
    if (!slot->name.data || (slot->hash == hash && mc_slice_equal(slot->name, name))) return slot;
  }
}

typedef struct parts {
  mc_trie_entry *suffixes, *prefixes;
  uint32_t suffix_count, prefix_count;
} parts;

static mc_code add(mc_domains *domains, struct mc_domain_slot *table, const mc_domain_spec *spec, parts *parts,
                   mc_arena *arena, mc_error *error) {
  mc_slice name = spec->name;
  if (name.size == 1 && name.data[0] == '*') {
    if (domains->any >= 0) return duplicate(error, name);
    domains->any = spec->virtual_host;
    return MC_OK;
  }
  char *copy = mc_arena_alloc(arena, name.size, 1);
  if (!copy) return error->code = MC_NO_MEMORY;
  if (name.size && name.data[0] == '*') {
    name = mc_slice_from(name, 1);
    char *backwards = mc_arena_alloc(arena, name.size, 1);
    if (!backwards) return error->code = MC_NO_MEMORY;
    mc_slice_lower(name, copy);
    reverse(backwards, mc_slice_of(copy, name.size));
    parts->suffixes[parts->suffix_count++] =
        (mc_trie_entry){mc_slice_of(backwards, name.size), (uint32_t)spec->virtual_host, 0};
  } else if (name.size && name.data[name.size - 1] == '*') {
    name.size--;
    mc_slice_lower(name, copy);
    parts->prefixes[parts->prefix_count++] =
        (mc_trie_entry){mc_slice_of(copy, name.size), (uint32_t)spec->virtual_host, 0};
  } else {
    mc_slice_lower(name, copy);
    mc_slice lowered = mc_slice_of(copy, name.size);
    uint64_t hash = hash_host(lowered);
    struct mc_domain_slot *slot = slot_of(table, domains->mask, lowered, hash);
    if (slot->name.data) return duplicate(error, lowered);
    *slot = (struct mc_domain_slot){lowered, hash, spec->virtual_host};
  }
  return MC_OK;
}

static mc_code refuse_twice(const mc_trie_entry *sorted, uint32_t count, mc_error *error) {
  for (uint32_t i = 1; i < count; i++) {
    if (mc_slice_equal(sorted[i - 1].key, sorted[i].key)) return duplicate(error, sorted[i].key);
  }
  return MC_OK;
}

/* Moves what a table holds to its front. */
static void gather(struct mc_domain_slot *table, uint32_t mask) {
  uint32_t count = 0;
  for (uint32_t at = 0; at <= mask; at++) {
    const struct mc_domain_slot slot = table[at];
    if (!slot.name.data) continue;
    table[at].name = MC_ABSENT;
    table[count++] = slot;
  }
}

mc_code mc_domains_build(mc_domains *domains, const mc_domain_spec *specs, uint32_t count, mc_arena *arena,
                         mc_error *error) {
  *domains = (mc_domains){.any = -1};
  *error = (mc_error){.message = "out of memory"};
  uint32_t size = 4;
  while (size < 2 * (uint64_t)count) size *= 2;
  domains->mask = size - 1;
  struct mc_domain_slot *table = mc_arena_alloc(arena, size, sizeof *table);
  parts parts = {malloc((count + (size_t)1) * sizeof *parts.suffixes),
                 malloc((count + (size_t)1) * sizeof *parts.prefixes), 0, 0};
  mc_code code = table && parts.suffixes && parts.prefixes ? MC_OK : MC_NO_MEMORY;
  domains->exact = table;
  for (uint32_t i = 0; i < count && !code; i++) code = add(domains, table, &specs[i], &parts, arena, error);
  if (!code) code = mc_trie_build(&domains->suffixes, parts.suffixes, parts.suffix_count, arena);
  if (!code) code = refuse_twice(parts.suffixes, parts.suffix_count, error);
  if (!code) code = mc_trie_build(&domains->prefixes, parts.prefixes, parts.prefix_count, arena);
  if (!code) code = refuse_twice(parts.prefixes, parts.prefix_count, error);
  free(parts.suffixes);
  free(parts.prefixes);
  if (!code && domains->mask < FEW) gather(table, domains->mask);
  if (!code && parts.suffix_count + parts.prefix_count + (domains->any >= 0) == count) domains->exact = NULL;
  return error->code = code;
}

/* The deepest entry whose key is a proper prefix of the text, and the size of that key. */
MC_INLINED int32_t longest(const mc_trie *trie, mc_slice text, size_t *size) {
  int32_t best = -1;
  size_t depth = 0;
  for (const mc_trie_node *node = trie->nodes; node && depth < text.size;
       node = mc_trie_step(node, text, &depth)) {
    if (!node->lists) continue;
    best = (int32_t)*node->lists[0].at;
    *size = depth;
  }
  return best;
}

static mc_domain_hit any_hit(const mc_domains *domains) {
  return (mc_domain_hit){domains->any, domains->any >= 0 ? MC_DOMAIN_ANY : MC_DOMAIN_NONE, 0};
}

MC_INLINED const struct mc_domain_slot *find_exact(const mc_domains *domains, mc_slice host) {
  if (domains->mask < FEW) { /* compared sooner than hashed */
    const struct mc_domain_slot *slot = domains->exact; /* they come first: see gather */
    for (; slot->name.data; slot++) {
      if (mc_slice_alike(slot->name, host)) return slot;
    }
    return NULL;
  }
  const uint64_t hash = hash_host(host);
  for (uint32_t at = (uint32_t)hash & domains->mask;; at = (at + 1) & domains->mask) {
    const struct mc_domain_slot *slot = &domains->exact[at];
    if (!slot->name.data) return NULL;
    if (slot->hash == hash && mc_slice_alike(slot->name, host)) return slot;
  }
}

MC_INLINED mc_domain_hit find(const mc_domains *domains, mc_slice host, mc_scratch *scratch, bool *no_memory) {
  if (domains->exact) {
    const struct mc_domain_slot *slot = find_exact(domains, host);
    if (slot) return (mc_domain_hit){slot->virtual_host, MC_DOMAIN_EXACT, host.size};
  }
  if (!domains->suffixes.nodes && !domains->prefixes.nodes) return any_hit(domains);
  char *space = mc_scratch_alloc(scratch, 2 * host.size);
  if (!space) {
    *no_memory = true;
    return (mc_domain_hit){-1, MC_DOMAIN_NONE, 0};
  }
  mc_slice_lower(host, space);
  mc_slice lowered = mc_slice_of(space, host.size);
  size_t size = 0;
  if (domains->suffixes.nodes) {
    reverse(space + host.size, lowered);
    int32_t found = longest(&domains->suffixes, mc_slice_of(space + host.size, host.size), &size);
    if (found >= 0) return (mc_domain_hit){found, MC_DOMAIN_SUFFIX, size};
  }
  if (domains->prefixes.nodes) {
    int32_t found = longest(&domains->prefixes, lowered, &size);
    if (found >= 0) return (mc_domain_hit){found, MC_DOMAIN_PREFIX, size};
  }
  return any_hit(domains);
}

int32_t mc_domains_find(const mc_domains *domains, mc_slice host, mc_scratch *scratch, bool *no_memory) {
  return find(domains, host, scratch, no_memory).virtual_host;
}

mc_domain_hit mc_domains_hit(const mc_domains *domains, mc_slice host, mc_scratch *scratch, bool *no_memory) {
  return find(domains, host, scratch, no_memory);
}
