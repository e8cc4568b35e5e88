/* Writing a program: fragments are appended, wrapped and repeated where they stand. */
#ifndef MC_MATCH_REGEX_CODE_H
#define MC_MATCH_REGEX_CODE_H

#include "match/regex_program.h"

typedef struct mc_rx_code {
  mc_rx_inst *items;
  uint32_t size, room;
  mc_code failure; /* MC_OK, or why nothing more is written: MC_NO_MEMORY or MC_LIMIT */
} mc_rx_code;

/* MC_RX_REPEAT_NO_MAX: no upper bound. */
enum { MC_RX_REPEAT_NO_MAX = -1 };

void mc_rx_code_append(mc_rx_code *code, mc_rx_op op, int32_t x, int32_t y);
/* Before the instruction at `at`; what follows moves by one. No jump may cross that place. */
void mc_rx_code_insert(mc_rx_code *code, uint32_t at, mc_rx_op op, int32_t x, int32_t y);
/* The fragment from start to the end of the program becomes its own repetition. nullable: it can match
 * the empty text. */
void mc_rx_code_repeat(mc_rx_code *code, uint32_t start, int32_t min, int32_t max, bool greedy,
                       bool nullable);

#endif
