/* The machine: all threads of a program go through the text in step, best first. */
#ifndef MC_MATCH_REGEX_RUN_H
#define MC_MATCH_REGEX_RUN_H

#include "match/regex_program.h"

#define MC_RX_UNSET SIZE_MAX
enum { MC_RX_RUN_INLINE = 768 };

#define MC_RX_NO_SLOT UINT32_MAX

/* A place to go on at later; or, on the way back, a slot to set to what it was. */
typedef struct mc_rx_waiting {
  uint32_t place;
  uint32_t slot; /* or MC_RX_NO_SLOT */
  size_t old;
} mc_rx_waiting;

typedef struct mc_rx_threads {
  uint32_t *places; /* consuming instructions and MATCH, best first */
  size_t *slots;    /* slot_count for each */
  uint32_t count;
} mc_rx_threads;

typedef struct mc_rx_run {
  const mc_regex *regex;
  uint32_t slot_count; /* positions that each thread keeps: two for each group wanted */
  mc_rx_threads now, next;
  uint32_t *marks; /* the generation in which an instruction was last reached */
  uint32_t generation;
  mc_rx_waiting *stack;
  size_t *fresh; /* the slots of a thread that starts */
  uint64_t steps; /* instructions gone through, ever: what tests hold to be linear */
  uint64_t *dead; /* NULL, or bits for (position, instruction): no match is reached from there */
  size_t dead_words; /* for each position */
  void *heap;
  uint64_t block[MC_RX_RUN_INLINE];
} mc_rx_run;

/* Memory for any number of matches; most programs fit into the run itself. False where memory is out.
 * groups: how many to report, 0 for none. */
bool mc_rx_run_open(mc_rx_run *run, const mc_regex *regex, uint32_t groups);
void mc_rx_run_close(mc_rx_run *run);
/* From here on searches, all in one text, remember where threads came to nothing behind the match, so
 * that no later search goes there again: then all of them together are linear. False where memory is out. */
bool mc_rx_run_remember(mc_rx_run *run, size_t text_size);

/* The whole text; slots (of slot_count) may be NULL where there are none. */
bool mc_rx_run_full(mc_rx_run *run, mc_slice text, size_t *slots);
/* The first match at or after start: leftmost, and of those the one of the best thread. */
bool mc_rx_run_search(mc_rx_run *run, mc_slice text, size_t start, size_t *slots);

#endif
