/* A radix trie from byte strings to sorted lists of numbers, immutable once built.
 *
 * It is built at once from all entries: sorted by key, the entries below a node are one range, the
 * node's label is what the first and the last of that range have in common, and its children are the
 * groups of the next byte. Nodes lie in one array, children of a node side by side, so that a walk
 * touches few cache lines: at most one node for each branching along the text.
 *
 *        ""                     keys /api, /api/v1, /api/v2, /static
 *        └─ "/"
 *           ├─ "api"            <- list of /api
 *           │  └─ "/v"
 *           │     ├─ "1"        <- list of /api/v1
 *           │     └─ "2"
 *           └─ "static"
 */
#ifndef MC_MATCH_TRIE_H
#define MC_MATCH_TRIE_H

#include "base/arena.h"
#include "base/slice.h"

/* An entry belongs to one of a few classes; a node keeps one list for each. What a class means is
 * the caller's (an exact key, a prefix, ...). */
enum { MC_TRIE_CLASSES = 3 };

typedef struct mc_trie_entry {
  mc_slice key; /* must outlive the trie */
  uint32_t value;
  uint8_t class;
} mc_trie_entry;

typedef struct mc_trie_list {
  const uint32_t *at, *end; /* ascending */
} mc_trie_list;

typedef struct mc_trie_node {
  const char *label; /* bytes after the parent's key; the first byte chose this node */
  const uint8_t *branch; /* child_count first bytes; or, if wide, 256 ranks (255: none) */
  const struct mc_trie_node *children;
  const mc_trie_list *lists; /* MC_TRIE_CLASSES lists; NULL: no entry has this key */
  uint32_t label_size;
  uint16_t child_count;
  bool wide;
} mc_trie_node;

typedef struct mc_trie {
  const mc_trie_node *nodes; /* nodes[0] is the root, with the empty key; NULL: the trie is empty */
} mc_trie;

/* Sorts entries in place. MC_NO_MEMORY where memory is out. */
mc_code mc_trie_build(mc_trie *trie, mc_trie_entry *entries, size_t count, mc_arena *arena);

/* One step of a walk: from a node whose key ends at *depth, to the child that text continues into.
 * NULL where none does. On success *depth is the end of the child's key. */
static inline const mc_trie_node *mc_trie_step(const mc_trie_node *node, mc_slice text, size_t *depth) {
  size_t at = *depth;
  if (at >= text.size) return NULL;
  uint8_t c = (uint8_t)text.data[at];
  uint32_t rank = 0;
  if (node->wide) {
    rank = node->branch[c];
    if (rank == 255) return NULL;
  } else {
    while (rank < node->child_count && node->branch[rank] != c) rank++;
    if (rank == node->child_count) return NULL;
  }
  const mc_trie_node *child = &node->children[rank];
  /* Its first byte is c; most nodes of a dense trie have no other. That is guessed, so that the byte of the next step
   * need not wait for the node of this one. */
  if (child->label_size == 1) {
    *depth = at + 1;
    return child;
  }
  if (child->label_size > text.size - at) return NULL;
  if (!mc_slice_same(child->label, text.data + at, child->label_size)) return NULL;
  *depth = at + child->label_size;
  return child;
}

#endif
