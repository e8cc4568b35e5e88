/* From a pattern to a program, in one pass and without recursion: open groups are on a stack. */
#include <stdlib.h>

#include "match/regex_parser.h"
#include "match/utf8.h"

bool mc_rx_out_of_memory(mc_rx_parser *p) {
  p->code.failure = MC_NO_MEMORY;
  return false;
}

void mc_rx_settle(mc_rx_parser *p) {
  if (!p->has_atom) return;
  mc_rx_shape *sequence = &mc_rx_innermost(p)->sequence;
  sequence->nullable = sequence->nullable && p->atom.nullable;
  if (p->atom.repeats > sequence->repeats) sequence->repeats = p->atom.repeats;
  p->has_atom = false;
}

static void begin_atom(mc_rx_parser *p, bool nullable) {
  mc_rx_settle(p);
  p->has_atom = true;
  p->atom_start = p->code.size;
  p->atom = (mc_rx_shape){nullable, 1};
}

static void add_simple(mc_rx_parser *p, mc_rx_op op, uint32_t x) {
  begin_atom(p, op == MC_RX_ASSERT);
  mc_rx_code_append(&p->code, op, (int32_t)x, 0);
}

/* ---------------------------------------------------------------- characters */

/* Takes the ranges, which are tidy. */
static bool add_set(mc_rx_parser *p, mc_rx_ranges *ranges) {
  if (ranges->no_memory) {
    mc_rx_ranges_free(ranges);
    return mc_rx_out_of_memory(p);
  }
  if (p->set_count == p->set_room) {
    const uint32_t room = p->set_room ? 2 * p->set_room : 4;
    mc_rx_set *grown = realloc(p->sets, room * sizeof *grown);
    if (!grown) {
      mc_rx_ranges_free(ranges);
      return mc_rx_out_of_memory(p);
    }
    p->sets = grown;
    p->set_room = room;
  }
  mc_rx_set *set = &p->sets[p->set_count];
  *set = (mc_rx_set){{0, 0}, ranges->items, ranges->count, false};
  for (uint32_t i = 0; i < ranges->count; i++) {
    const mc_rx_range range = ranges->items[i];
    for (uint32_t c = range.low; c <= range.high && c < 128; c++) {
      set->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
    }
    if (range.low <= 0x80 && range.high == MC_RUNE_MAX) set->all_beyond_ascii = true;
  }
  add_simple(p, MC_RX_SET, p->set_count++);
  return true;
}

bool mc_rx_add_rune(mc_rx_parser *p, uint32_t rune, size_t position) {
  uint32_t others[MC_RX_FOLDS], count = 0;
  if (p->flags & MC_RX_FOLD_CASE && !mc_rx_fold(rune, others, &count)) {
    return mc_rx_refuse(&p->in, position, "unsupported: (?i) of a character that is not Latin (up to "
                        "U+017F), Greek or Cyrillic");
  }
  if (!count) {
    add_simple(p, MC_RX_RUNE, rune);
    return true;
  }
  mc_rx_ranges ranges = {0};
  mc_rx_ranges_add(&ranges, rune, rune);
  for (uint32_t i = 0; i < count; i++) mc_rx_ranges_add(&ranges, others[i], others[i]);
  mc_rx_ranges_tidy(&ranges);
  return add_set(p, &ranges);
}

static bool parse_class(mc_rx_parser *p) {
  mc_rx_ranges ranges = {0};
  if (mc_rx_read_class(&p->in, p->flags & MC_RX_FOLD_CASE, &ranges)) return add_set(p, &ranges);
  mc_rx_ranges_free(&ranges);
  return ranges.no_memory ? mc_rx_out_of_memory(p) : false;
}

/* After "\Q". */
static bool parse_quoted(mc_rx_parser *p) {
  while (mc_rx_more(&p->in) && !mc_rx_looks_at(&p->in, MC_LITERAL("\\E"))) {
    const size_t position = p->in.at;
    if (!mc_rx_add_rune(p, mc_rx_next_rune(&p->in), position)) return false;
  }
  if (mc_rx_more(&p->in)) p->in.at += 2;
  return true;
}

static bool parse_backslash(mc_rx_parser *p) {
  const size_t position = p->in.at;
  switch (mc_rx_peek(&p->in, 1)) {
    case 'A':
      p->in.at += 2;
      add_simple(p, MC_RX_ASSERT, MC_RX_BEGIN_TEXT);
      return true;
    case 'z':
      p->in.at += 2;
      add_simple(p, MC_RX_ASSERT, MC_RX_END_TEXT);
      return true;
    case 'b':
      p->in.at += 2;
      add_simple(p, MC_RX_ASSERT, MC_RX_WORD_BOUNDARY);
      return true;
    case 'B':
      p->in.at += 2;
      add_simple(p, MC_RX_ASSERT, MC_RX_NO_WORD_BOUNDARY);
      return true;
    case 'Q':
      p->in.at += 2;
      return parse_quoted(p);
    default:
      break;
  }
  mc_rx_ranges ranges = {0};
  if (mc_rx_read_perl_class(&p->in, p->flags & MC_RX_FOLD_CASE, &ranges)) {
    mc_rx_ranges_tidy(&ranges);
    return add_set(p, &ranges);
  }
  uint32_t rune;
  return mc_rx_read_escape(&p->in, &rune) && mc_rx_add_rune(p, rune, position);
}

/* ---------------------------------------------------------------- the whole */

static bool parse_one(mc_rx_parser *p) {
  const size_t position = p->in.at, previous = p->repeated_at;
  p->repeated_at = SIZE_MAX;
  switch (mc_rx_peek(&p->in, 0)) {
    case '(':
      return mc_rx_parse_open(p);
    case ')':
      if (p->depth == 1) return mc_rx_refuse(&p->in, position, "unexpected ); the character itself is \\)");
      p->in.at++;
      mc_rx_close_group(p);
      return true;
    case '|':
      p->in.at++;
      mc_rx_next_alternative(p);
      return true;
    case '*':
    case '+':
    case '?':
    case '{':
      return mc_rx_parse_repetition(p, previous);
    case '[':
      return parse_class(p);
    case '\\':
      return parse_backslash(p);
    case '.':
      p->in.at++;
      add_simple(p, p->flags & MC_RX_DOT_ALL ? MC_RX_ANY : MC_RX_ANY_BUT_NL, 0);
      return true;
    case '^':
      p->in.at++;
      add_simple(p, MC_RX_ASSERT, p->flags & MC_RX_MULTI_LINE ? MC_RX_BEGIN_LINE : MC_RX_BEGIN_TEXT);
      return true;
    case '$':
      p->in.at++;
      add_simple(p, MC_RX_ASSERT, p->flags & MC_RX_MULTI_LINE ? MC_RX_END_LINE : MC_RX_END_TEXT);
      return true;
    default:
      return mc_rx_add_rune(p, mc_rx_next_rune(&p->in), position);
  }
}

static bool check_utf8(mc_rx_reader *in) {
  for (size_t at = 0; at < in->pattern.size;) {
    const mc_rune rune = mc_rune_at(in->pattern, at);
    if (rune.value > MC_RUNE_MAX) return mc_rx_refuse(in, at, "not valid UTF-8");
    at += rune.width;
  }
  return true;
}

static bool parse_all(mc_rx_parser *p) {
  if (!check_utf8(&p->in) || !mc_rx_open_group(p, 0, true)) return false;
  while (mc_rx_more(&p->in)) {
    if (!parse_one(p) || p->code.failure != MC_OK) return false;
  }
  if (p->depth > 1) return mc_rx_refuse(&p->in, mc_rx_innermost(p)->opened, "missing ) for this (");
  mc_rx_close_group(p);
  mc_rx_code_append(&p->code, MC_RX_MATCH, 0, 0);
  return p->code.failure == MC_OK;
}

bool mc_rx_parse(mc_slice pattern, mc_regex *regex, mc_error *error) {
  mc_rx_parser p = {.in = {pattern, 0, error}, .repeated_at = SIZE_MAX};
  const bool ok = parse_all(&p);
  if (p.code.failure == MC_NO_MEMORY) {
    *error = (mc_error){MC_NO_MEMORY, 0, "out of memory"};
  } else if (p.code.failure == MC_LIMIT) {
    (void)mc_rx_refuse(&p.in, p.in.at, "too large: the pattern takes more than %d instructions, counted "
                       "repetitions written out", MC_REGEX_MAX_PROGRAM);
    error->code = MC_LIMIT;
  }
  free(p.groups);
  *regex = (mc_regex){.code = p.code.items,
                      .size = p.code.size,
                      .sets = p.sets,
                      .set_count = p.set_count,
                      .group_count = (uint32_t)(p.captures ? p.captures - 1 : 0)};
  return ok;
}
