/* What a pattern compiles to: a program for a machine that runs all its threads in step with the text.
 *
 * Jumps are relative, and every fragment of a program ends by falling through. So fragments can be
 * moved and copied as they are: the parser writes the program directly, with no syntax tree between. */
#ifndef MC_MATCH_REGEX_PROGRAM_H
#define MC_MATCH_REGEX_PROGRAM_H

#include "base/slice.h"

typedef enum mc_rx_op {
  MC_RX_RUNE,       /* x: the code point */
  MC_RX_SET,        /* x: index into sets */
  MC_RX_ANY,        /* any character */
  MC_RX_ANY_BUT_NL, /* any character but \n */
  MC_RX_ASSERT,     /* x: mc_rx_assertion */
  MC_RX_SAVE,       /* x: the slot that takes the position; groups 0 to 9 only */
  MC_RX_SPLIT,      /* goes on at x, and with less priority at y */
  MC_RX_JUMP,       /* goes on at x */
  MC_RX_MATCH,
} mc_rx_op;

typedef enum mc_rx_assertion {
  MC_RX_BEGIN_TEXT,
  MC_RX_END_TEXT,
  MC_RX_BEGIN_LINE,
  MC_RX_END_LINE,
  MC_RX_WORD_BOUNDARY,
  MC_RX_NO_WORD_BOUNDARY,
} mc_rx_assertion;

typedef struct mc_rx_inst {
  mc_rx_op op;
  int32_t x, y; /* as targets: relative to the instruction itself */
} mc_rx_inst;

typedef struct mc_rx_range {
  uint32_t low, high; /* both included */
} mc_rx_range;

/* A set of code points: bits for ASCII, sorted ranges beyond. */
typedef struct mc_rx_set {
  uint64_t ascii[2];
  mc_rx_range *ranges;
  uint32_t count;
  bool all_beyond_ascii; /* holds everything from U+0080; also takes what MC_RX_IRREGULAR says */
} mc_rx_set;

typedef struct mc_rx_dfa mc_rx_dfa; /* regex_dfa.h */

struct mc_regex {
  mc_rx_inst *code;
  uint32_t size;
  mc_rx_set *sets;
  uint32_t set_count;
  uint32_t group_count;
  mc_slice prefix; /* owned */
  bool literal;
  mc_rx_dfa *dfa; /* NULL: none, or it would be too large */
};

/* Parsing: fills code, sets and group_count. */
bool mc_rx_parse(mc_slice pattern, mc_regex *regex, mc_error *error);
/* What is known of a program before it runs: fills prefix and literal. False where memory is out. */
bool mc_rx_analyse(mc_regex *regex);

static inline bool mc_rx_is_word(uint32_t rune) {
  const uint32_t lower = rune | 0x20;
  return (rune >= '0' && rune <= '9') || (lower >= 'a' && lower <= 'z') || rune == '_';
}

static inline bool mc_rx_set_has(const mc_rx_set *set, uint32_t rune) {
  if (rune < 128) return set->ascii[rune >> 6] >> (rune & 63) & 1;
  if (set->all_beyond_ascii) return true;
  uint32_t low = 0, high = set->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (rune > set->ranges[middle].high) {
      low = middle + 1;
    } else if (rune < set->ranges[middle].low) {
      high = middle;
    } else {
      return true;
    }
  }
  return false;
}

static inline bool mc_rx_takes(const mc_regex *regex, const mc_rx_inst *inst, uint32_t rune) {
  switch (inst->op) {
    case MC_RX_RUNE:
      return rune == (uint32_t)inst->x;
    case MC_RX_SET:
      return mc_rx_set_has(&regex->sets[inst->x], rune);
    case MC_RX_ANY:
      return true;
    case MC_RX_ANY_BUT_NL:
      return rune != '\n';
    default:
      return false;
  }
}

#endif
