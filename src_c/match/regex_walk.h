/* A walk through a program without a text: every assertion passes. What holds for all the ways that this
 * finds holds for those that a text leaves. */
#ifndef MC_MATCH_REGEX_WALK_H
#define MC_MATCH_REGEX_WALK_H

#include "match/regex_program.h"

typedef struct mc_rx_walk {
  const mc_regex *regex;
  uint32_t *marks; /* by instruction: the step in which it was reached; zeros at first */
  uint32_t *stack; /* room for every instruction, and one */
  uint32_t step;   /* counted up by the caller; from 1 */
  uint32_t work;   /* instructions gone through, ever */
} mc_rx_walk;

/* Appends what is reached from a place without a character, and was not in this step yet: instructions that
 * take one, and MATCH. Returns the new count. */
static inline uint32_t mc_rx_walk_follow(mc_rx_walk *walk, uint32_t from, uint32_t *places, uint32_t count) {
  uint32_t waiting = 0;
  walk->stack[waiting++] = from;
  while (waiting) {
    uint32_t at = walk->stack[--waiting];
    while (walk->marks[at] != walk->step) {
      const mc_rx_inst *inst = &walk->regex->code[at];
      walk->marks[at] = walk->step;
      walk->work++;
      if (inst->op == MC_RX_SPLIT) {
        walk->stack[waiting++] = at + (uint32_t)inst->y;
        at += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_JUMP) {
        at += (uint32_t)inst->x;
      } else if (inst->op == MC_RX_SAVE || inst->op == MC_RX_ASSERT) {
        at++;
      } else {
        places[count++] = at;
      }
    }
  }
  return count;
}

#endif
