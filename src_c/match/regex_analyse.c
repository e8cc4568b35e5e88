/* What can be told of a program before it runs: sets of threads are walked as the matcher would. */
#include <stdlib.h>

#include "match/regex_walk.h"
#include "match/utf8.h"

enum { MAX_PREFIX = 256 };

typedef struct threads {
  uint32_t *places; /* consuming instructions and MATCH */
  uint32_t count;
} threads;

/* The one character that all threads take, if they all take one and the same. */
static bool common_rune(const mc_regex *regex, const threads *now, uint32_t *rune) {
  for (uint32_t i = 0; i < now->count; i++) {
    const mc_rx_inst *inst = &regex->code[now->places[i]];
    if (inst->op != MC_RX_RUNE || (i && (uint32_t)inst->x != *rune)) return false;
    *rune = (uint32_t)inst->x;
  }
  return now->count > 0;
}

/* Writes the prefix; only_match tells that the walk ended with nothing left to read. */
static size_t walk_prefix(mc_rx_walk *w, threads *now, threads *next, char *prefix, bool *only_match) {
  size_t size = 0;
  uint32_t rune = 0;
  w->step = 1;
  now->count = mc_rx_walk_follow(w, 0, now->places, 0);
  while (size < MAX_PREFIX && common_rune(w->regex, now, &rune)) {
    size += mc_rune_write(rune, prefix + size);
    w->step++;
    next->count = 0;
    for (uint32_t i = 0; i < now->count; i++) {
      next->count = mc_rx_walk_follow(w, now->places[i] + 1, next->places, next->count);
    }
    const threads swapped = *now;
    *now = *next;
    *next = swapped;
  }
  *only_match = now->count == 1 && w->regex->code[now->places[0]].op == MC_RX_MATCH;
  return size;
}

bool mc_rx_analyse(mc_regex *regex) {
  const size_t size = regex->size;
  uint32_t *memory = calloc(4 * size + 1, sizeof *memory);
  char prefix[MAX_PREFIX + 4];
  if (!memory) return false;
  mc_rx_walk w = {.regex = regex, .marks = memory, .stack = memory + size};
  threads now = {memory + 2 * size, 0}, next = {memory + 3 * size, 0};
  bool only_match = false;
  const size_t length = walk_prefix(&w, &now, &next, prefix, &only_match);
  free(memory);
  char *kept = malloc(length + 1);
  if (!kept) return false;
  memcpy(kept, prefix, length);
  regex->prefix = mc_slice_of(kept, length);
  if (only_match) {
    /* Assertions on the way may still forbid it: only a run can tell. */
    bool no_memory = false;
    regex->literal = mc_regex_full_match(regex, regex->prefix, &no_memory);
    if (no_memory) return false;
  }
  return true;
}
