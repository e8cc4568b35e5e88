#include "match/regex_alphabet.h"

#include <stdlib.h>

#include "match/utf8.h"

enum { MAX_RANGES = 896, ASCII = 128, ATOMS = ASCII + MAX_RANGES };

/* An atom is an ASCII character or a range beyond; a question is what a program may ask of one. */
typedef struct builder {
  const mc_regex *regex;
  uint32_t runes[ATOMS]; /* the first character of each atom; those of ranges sorted in the end */
  uint8_t class_of[ATOMS];
  uint32_t atom_count, class_count;
} builder;

static bool add_start(builder *b, uint32_t rune) {
  if (rune < ASCII) return true;
  if (b->atom_count == ATOMS) return false;
  b->runes[b->atom_count++] = rune;
  return true;
}

static int compare(const void *left, const void *right) {
  const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

static void sort_starts(builder *b) {
  qsort(b->runes + ASCII, b->atom_count - ASCII, sizeof *b->runes, compare);
  uint32_t kept = ASCII + 1;
  for (uint32_t i = kept; i < b->atom_count; i++) {
    if (b->runes[i] != b->runes[kept - 1]) b->runes[kept++] = b->runes[i];
  }
  b->atom_count = kept;
}

/* A set that holds all beyond ASCII tells nothing apart there. */
static bool find_atoms(builder *b) {
  for (uint32_t c = 0; c < ASCII; c++) b->runes[c] = c;
  b->atom_count = ASCII;
  bool ok = add_start(b, ASCII);
  for (uint32_t i = 0; i < b->regex->size && ok; i++) {
    const mc_rx_inst *inst = &b->regex->code[i];
    if (inst->op == MC_RX_RUNE) ok = add_start(b, (uint32_t)inst->x) && add_start(b, (uint32_t)inst->x + 1);
  }
  for (uint32_t i = 0; i < b->regex->set_count && ok; i++) {
    const mc_rx_set *set = &b->regex->sets[i];
    for (uint32_t r = 0; r < set->count && ok && !set->all_beyond_ascii; r++) {
      ok = add_start(b, set->ranges[r].low) && add_start(b, set->ranges[r].high + 1);
    }
  }
  if (ok) sort_starts(b);
  return ok;
}

typedef bool (*question)(const builder *b, const mc_rx_inst *inst, uint32_t rune);

static bool is_taken(const builder *b, const mc_rx_inst *inst, uint32_t rune) {
  return mc_rx_takes(b->regex, inst, rune);
}
static bool is_newline(const builder *b, const mc_rx_inst *inst, uint32_t rune) {
  return (void)b, (void)inst, rune == '\n';
}
static bool is_word(const builder *b, const mc_rx_inst *inst, uint32_t rune) {
  return (void)b, (void)inst, mc_rx_is_word(rune);
}

/* Splits the classes by the answer to a question. */
static bool refine(builder *b, question ask, const mc_rx_inst *inst) {
  enum { UNKNOWN, YES, NO };
  uint8_t first[MC_RX_MAX_CLASSES + 1] = {UNKNOWN}; /* answer in a class */
  uint8_t other[MC_RX_MAX_CLASSES + 1] = {0};       /* the class of those that answer otherwise */
  for (uint32_t atom = 0; atom < b->atom_count; atom++) {
    const uint8_t class = b->class_of[atom];
    const uint8_t answer = ask(b, inst, b->runes[atom]) ? YES : NO;
    if (first[class] == UNKNOWN) first[class] = answer;
    if (first[class] == answer) continue;
    if (!other[class]) {
      if (b->class_count == MC_RX_MAX_CLASSES) return false;
      other[class] = (uint8_t)++b->class_count;
    }
    b->class_of[atom] = other[class];
  }
  return true;
}

/* Each different question once. */
static bool find_classes(builder *b, bool *seen_sets) {
  bool seen_runes[ASCII] = {false}, newline = false, word = false, ok = true;
  memset(b->class_of, 1, sizeof b->class_of);
  b->class_count = 1;
  for (uint32_t i = 0; i < b->regex->size && ok; i++) {
    const mc_rx_inst *inst = &b->regex->code[i];
    bool none = false;
    bool *seen = &none;
    if (inst->op == MC_RX_RUNE && inst->x < ASCII) seen = &seen_runes[inst->x];
    if (inst->op == MC_RX_SET) seen = &seen_sets[inst->x];
    if (inst->op < MC_RX_ASSERT && !*seen) ok = refine(b, is_taken, inst);
    *seen = true;
    if (inst->op != MC_RX_ASSERT) continue;
    newline |= inst->x == MC_RX_BEGIN_LINE || inst->x == MC_RX_END_LINE;
    word |= inst->x == MC_RX_WORD_BOUNDARY || inst->x == MC_RX_NO_WORD_BOUNDARY;
  }
  return ok && (!newline || refine(b, is_newline, NULL)) && (!word || refine(b, is_word, NULL));
}

static mc_code fill(const builder *b, mc_rx_alphabet *alphabet, uint32_t *sample) {
  const uint32_t ranges = b->atom_count - ASCII;
  alphabet->starts = malloc(ranges * (sizeof *alphabet->starts + 1));
  if (!alphabet->starts) return MC_NO_MEMORY;
  alphabet->classes = (uint8_t *)(alphabet->starts + ranges);
  alphabet->range_count = ranges;
  alphabet->class_count = b->class_count;
  memcpy(alphabet->starts, b->runes + ASCII, ranges * sizeof *alphabet->starts);
  memcpy(alphabet->classes, b->class_of + ASCII, ranges);
  memcpy(alphabet->ascii, b->class_of, ASCII);
  for (uint32_t atom = b->atom_count; atom-- > 0;) sample[b->class_of[atom]] = b->runes[atom];
  return MC_OK;
}

mc_code mc_rx_alphabet_build(mc_rx_alphabet *alphabet, const mc_regex *regex,
                             uint32_t sample[MC_RX_MAX_CLASSES + 1]) {
  alphabet->starts = NULL;
  bool *seen_sets = calloc(regex->set_count + (size_t)1, sizeof *seen_sets);
  if (!seen_sets) return MC_NO_MEMORY;
  builder b = {.regex = regex};
  const bool fits = find_atoms(&b) && find_classes(&b, seen_sets);
  free(seen_sets);
  return fits ? fill(&b, alphabet, sample) : MC_LIMIT;
}

void mc_rx_alphabet_clear(mc_rx_alphabet *alphabet) {
  free(alphabet->starts);
  alphabet->starts = NULL;
}
