#include "match/trie.h"

#include <stdlib.h>

enum { WIDE = 8 }; /* from this many children on, a table of 256 ranks */

/* A node still to be made: the entries [low, high) share the first depth bytes. */
typedef struct pending {
  size_t low, high, depth;
  uint32_t node;
} pending;

typedef struct builder {
  mc_trie_entry *entries;
  mc_arena *arena;
  mc_trie_node *nodes;
  uint32_t node_count;
  pending *stack;
  size_t stack_count;
} builder;

static int compare(const void *left, const void *right) {
  const mc_trie_entry *a = left, *b = right;
  size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
  int order = size ? memcmp(a->key.data, b->key.data, size) : 0;
  if (order) return order;
  if (a->key.size != b->key.size) return a->key.size < b->key.size ? -1 : 1;
  if (a->class != b->class) return a->class < b->class ? -1 : 1;
  return (a->value > b->value) - (a->value < b->value);
}

static size_t common_prefix(mc_slice a, mc_slice b, size_t from) {
  size_t size = a.size < b.size ? a.size : b.size;
  while (from < size && a.data[from] == b.data[from]) from++;
  return from;
}

/* The lists of the entries [low, high), which have one key and are sorted by class and value. */
static mc_code add_lists(builder *b, mc_trie_node *node, size_t low, size_t high) {
  uint32_t *values = mc_arena_alloc(b->arena, high - low, sizeof *values);
  mc_trie_list *lists = mc_arena_alloc(b->arena, MC_TRIE_CLASSES, sizeof *lists);
  if (!values || !lists) return MC_NO_MEMORY;
  size_t at = low;
  for (uint8_t class = 0; class < MC_TRIE_CLASSES; class++) {
    lists[class].at = values + (at - low);
    for (; at < high && b->entries[at].class == class; at++) values[at - low] = b->entries[at].value;
    lists[class].end = values + (at - low);
  }
  node->lists = lists;
  return MC_OK;
}

static mc_code add_node(builder *b, pending job) {
  mc_trie_node *node = &b->nodes[job.node];
  mc_slice first = b->entries[job.low].key, last = b->entries[job.high - 1].key;
  /* The root keeps an empty key, since a step compares only the labels of children. */
  size_t end = job.node == 0 ? 0 : common_prefix(first, last, job.depth);
  node->label = first.data + job.depth;
  node->label_size = (uint32_t)(end - job.depth);

  size_t low = job.low;
  while (low < job.high && b->entries[low].key.size == end) low++;
  if (low > job.low) {
    mc_code code = add_lists(b, node, job.low, low);
    if (code) return code;
  }
  if (low == job.high) return MC_OK;

  uint8_t bytes[256];
  uint32_t count = 0;
  const uint32_t first_child = b->node_count;
  for (size_t start = low; start < job.high; count++) {
    uint8_t c = (uint8_t)b->entries[start].key.data[end];
    size_t stop = start + 1;
    while (stop < job.high && (uint8_t)b->entries[stop].key.data[end] == c) stop++;
    bytes[count] = c;
    b->stack[b->stack_count++] = (pending){start, stop, end, first_child + count};
    start = stop;
  }
  b->node_count += count;
  node->children = b->nodes + first_child;
  node->child_count = (uint16_t)count;
  node->wide = count >= WIDE && count <= 255; /* of 256 children, one would have the rank "none" */
  uint8_t *branch = mc_arena_alloc(b->arena, node->wide ? 256 : count, 1);
  if (!branch) return MC_NO_MEMORY;
  if (node->wide) {
    memset(branch, 255, 256);
    for (uint32_t i = 0; i < count; i++) branch[bytes[i]] = (uint8_t)i;
  } else {
    memcpy(branch, bytes, count);
  }
  node->branch = branch;
  return MC_OK;
}

mc_code mc_trie_build(mc_trie *trie, mc_trie_entry *entries, size_t count, mc_arena *arena) {
  *trie = (mc_trie){NULL};
  if (count == 0) return MC_OK;
  qsort(entries, count, sizeof *entries, compare);
  size_t keys = 1;
  for (size_t i = 1; i < count; i++) keys += !mc_slice_equal(entries[i - 1].key, entries[i].key);
  /* Each key adds at most its own node and one branching above it; and there is the root. */
  size_t most = 2 * keys + 1;
  builder b = {.entries = entries, .arena = arena, .node_count = 1};
  b.nodes = mc_arena_alloc(arena, most, sizeof *b.nodes);
  b.stack = malloc(most * sizeof *b.stack);
  mc_code code = b.nodes && b.stack ? MC_OK : MC_NO_MEMORY;
  if (!code) b.stack[b.stack_count++] = (pending){0, count, 0, 0};
  while (!code && b.stack_count) code = add_node(&b, b.stack[--b.stack_count]);
  free(b.stack);
  if (!code) trie->nodes = b.nodes;
  return code;
}
