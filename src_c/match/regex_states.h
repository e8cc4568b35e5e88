/* The states of a program's automaton, found one from another.
 *
 * A state is a set of instructions where threads can be: those that take a character, MATCH, and the
 * assertions that depend on the character to come ($, \b and so on), which are passed or not once that is
 * known. Where there are any of the latter, what came before belongs to the state as well. */
#ifndef MC_MATCH_REGEX_STATES_H
#define MC_MATCH_REGEX_STATES_H

#include "match/regex_alphabet.h"

#define MC_RX_NO_STATE UINT32_MAX

typedef struct mc_rx_states {
  const mc_regex *regex;
  const mc_rx_alphabet *alphabet;
  mc_code failure; /* MC_LIMIT: too many states, or too much work; or MC_NO_MEMORY */
  uint32_t count, room, most;
  uint32_t words;    /* of each set */
  uint64_t *sets;    /* by state */
  uint8_t *before;   /* by state; what came before it, where that matters */
  uint32_t *table;   /* states by hash; MC_RX_NO_STATE where free */
  uint32_t table_size;
  uint64_t work; /* what may still be spent */
  void *memory;
  uint64_t *relevant, *waiting; /* instructions: that tell states apart; that wait for what is to come */
  uint64_t *now, *next;
  uint32_t *stack;
} mc_rx_states;

/* State 0 has no threads. most: states; work: steps of finding them. False where memory is out; to be
 * closed all the same. */
bool mc_rx_states_open(mc_rx_states *states, const mc_regex *regex, const mc_rx_alphabet *alphabet, uint32_t most,
                       uint64_t work);
void mc_rx_states_close(mc_rx_states *states);
/* The state after a beginning of the text. MC_RX_NO_STATE on failure, as below. */
uint32_t mc_rx_states_start(mc_rx_states *states, mc_slice beginning);
uint32_t mc_rx_states_next(mc_rx_states *states, uint32_t state, uint32_t rune);
/* How many MATCH instructions there are if the text ends there, and the x of each, ascending by place;
 * numbers may be NULL. */
uint32_t mc_rx_states_ends(mc_rx_states *states, uint32_t state, uint32_t *numbers);

#endif
