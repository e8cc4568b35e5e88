/* What every text that matches must contain: one of a few literals. */
#ifndef MC_MATCH_REGEX_LITERALS_H
#define MC_MATCH_REGEX_LITERALS_H

#include "match/regex_program.h"

enum {
  MC_RX_LITERAL_LEAST = 3, /* shorter ones tell too little */
  MC_RX_LITERAL_MOST = 32,
  MC_RX_LITERALS = 64,     /* in a choice */
  MC_RX_LITERAL_CHOICES = 8,
};

typedef struct mc_rx_literal {
  uint8_t size;
  char text[MC_RX_LITERAL_MOST]; /* ASCII letters in lower case, whatever the case in the pattern */
} mc_rx_literal;

/* A text that matches contains one of these. */
typedef struct mc_rx_choice {
  uint32_t count;
  mc_rx_literal literals[MC_RX_LITERALS];
} mc_rx_choice;

/* Finds some choices, each of which holds; none for a pattern like [a-z]+. MC_OK or MC_NO_MEMORY. */
mc_code mc_rx_literals_find(const mc_regex *regex, mc_rx_choice choices[MC_RX_LITERAL_CHOICES], uint32_t *count);

#endif
