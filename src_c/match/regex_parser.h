/* The state of a pattern's reading, shared by the files that read its parts. */
#ifndef MC_MATCH_REGEX_PARSER_H
#define MC_MATCH_REGEX_PARSER_H

#include "match/regex_class.h"
#include "match/regex_code.h"

enum { MC_RX_FOLD_CASE = 1, MC_RX_MULTI_LINE = 2, MC_RX_DOT_ALL = 4, MC_RX_UNGREEDY = 8 };
enum { MC_RX_NO_GROUP = -1, MC_RX_NO_JUMP = -1 };

/* What repetition needs to know of a fragment. */
typedef struct mc_rx_shape {
  bool nullable;    /* it can match the empty text */
  uint32_t repeats; /* the largest product of the bounds of nested counted repetitions */
} mc_rx_shape;

/* An open group, or the pattern as a whole. */
typedef struct mc_rx_group {
  size_t opened;        /* position of the parenthesis */
  uint32_t start;       /* of its code, the SAVE included */
  uint32_t alternative; /* start of the current alternative */
  int32_t last_jump;    /* of the alternatives that are complete; each holds the way to the one before */
  int32_t capture;      /* number, or MC_RX_NO_GROUP */
  uint32_t flags;       /* outside */
  bool some_nullable;   /* among the complete alternatives */
  mc_rx_shape sequence; /* the current alternative, up to the atom */
} mc_rx_group;

typedef struct mc_rx_parser {
  mc_rx_reader in;
  mc_rx_code code;
  uint32_t flags;
  int32_t captures;
  mc_rx_group *groups; /* the innermost is last */
  uint32_t depth, room;
  /* The last thing read in the sequence, which a repetition would take. */
  bool has_atom;
  uint32_t atom_start;
  mc_rx_shape atom;
  size_t repeated_at; /* position of a repetition that was just read; SIZE_MAX otherwise */
  mc_rx_set *sets;
  uint32_t set_count, set_room;
} mc_rx_parser;

static inline mc_rx_group *mc_rx_innermost(mc_rx_parser *p) { return &p->groups[p->depth - 1]; }
/* The atom becomes part of the sequence. */
void mc_rx_settle(mc_rx_parser *p);
/* Notes the failure, and is false. */
bool mc_rx_out_of_memory(mc_rx_parser *p);

/* One character, in each of its cases under (?i). */
bool mc_rx_add_rune(mc_rx_parser *p, uint32_t rune, size_t position);
/* At one of * + ? {. previous: position of a repetition right before, or SIZE_MAX. */
bool mc_rx_parse_repetition(mc_rx_parser *p, size_t previous);

bool mc_rx_open_group(mc_rx_parser *p, size_t position, bool captures);
/* At a (. */
bool mc_rx_parse_open(mc_rx_parser *p);
/* Behind a |. */
void mc_rx_next_alternative(mc_rx_parser *p);
/* The innermost group becomes the atom. */
void mc_rx_close_group(mc_rx_parser *p);

#endif
