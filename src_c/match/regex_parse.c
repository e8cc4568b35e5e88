/* From a pattern to a program, in one pass and without recursion: open groups are on a stack. */
#include <stdlib.h>

#include "match/regex_class.h"
#include "match/regex_code.h"
#include "match/utf8.h"

enum { FOLD_CASE = 1, MULTI_LINE = 2, DOT_ALL = 4, UNGREEDY = 8 };
enum { MAX_REPEAT = 1000, NO_GROUP = -1, NO_JUMP = -1 };

/* What repetition needs to know of a fragment. */
typedef struct shape {
  bool nullable;    /* it can match the empty text */
  uint32_t repeats; /* the largest product of the bounds of nested counted repetitions */
} shape;

/* An open group, or the pattern as a whole. */
typedef struct group {
  size_t opened;         /* position of the parenthesis */
  uint32_t start;        /* of its code, the SAVE included */
  uint32_t alternative;  /* start of the current alternative */
  int32_t last_jump;     /* of the alternatives that are complete; each holds the way to the one before */
  int32_t capture;       /* number, or NO_GROUP */
  uint32_t flags;        /* outside */
  bool some_nullable;    /* among the complete alternatives */
  shape sequence;        /* the current alternative, up to the atom */
} group;

typedef struct parser {
  mc_rx_reader in;
  mc_rx_code code;
  uint32_t flags;
  int32_t captures;
  group *groups; /* the innermost is last */
  uint32_t depth, room;
  /* The last thing read in the sequence, which a repetition would take. */
  bool has_atom;
  uint32_t atom_start;
  shape atom;
  size_t repeated_at; /* position of a repetition that was just read; SIZE_MAX otherwise */
  mc_rx_set *sets;
  uint32_t set_count, set_room;
} parser;

static bool out_of_memory(parser *p) {
  p->code.failure = MC_NO_MEMORY;
  return false;
}

static group *innermost(parser *p) { return &p->groups[p->depth - 1]; }

/* The atom becomes part of the sequence. */
static void settle(parser *p) {
  if (!p->has_atom) return;
  shape *sequence = &innermost(p)->sequence;
  sequence->nullable = sequence->nullable && p->atom.nullable;
  if (p->atom.repeats > sequence->repeats) sequence->repeats = p->atom.repeats;
  p->has_atom = false;
}

static void begin_atom(parser *p, bool nullable) {
  settle(p);
  p->has_atom = true;
  p->atom_start = p->code.size;
  p->atom = (shape){nullable, 1};
}

static void add_simple(parser *p, mc_rx_op op, uint32_t x) {
  begin_atom(p, op == MC_RX_ASSERT);
  mc_rx_code_append(&p->code, op, (int32_t)x, 0);
}

/* ---------------------------------------------------------------- characters */

/* Takes the ranges, which are tidy. */
static bool add_set(parser *p, mc_rx_ranges *ranges) {
  if (ranges->no_memory) {
    mc_rx_ranges_free(ranges);
    return out_of_memory(p);
  }
  if (p->set_count == p->set_room) {
    const uint32_t room = p->set_room ? 2 * p->set_room : 4;
    mc_rx_set *grown = realloc(p->sets, room * sizeof *grown);
    if (!grown) {
      mc_rx_ranges_free(ranges);
      return out_of_memory(p);
    }
    p->sets = grown;
    p->set_room = room;
  }
  mc_rx_set *set = &p->sets[p->set_count];
  *set = (mc_rx_set){{0, 0}, ranges->items, ranges->count, false};
  for (uint32_t i = 0; i < ranges->count; i++) {
    const mc_rx_range range = ranges->items[i];
    for (uint32_t c = range.low; c <= range.high && c < 128; c++) set->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
    if (range.low <= 0x80 && range.high == MC_RUNE_MAX) set->all_beyond_ascii = true;
  }
  add_simple(p, MC_RX_SET, p->set_count++);
  return true;
}

static bool add_rune(parser *p, uint32_t rune, size_t position) {
  uint32_t others[MC_RX_FOLDS], count = 0;
  if (p->flags & FOLD_CASE && !mc_rx_fold(rune, others, &count)) {
    return mc_rx_refuse(&p->in, position, "unsupported: (?i) of a character that is not Latin (up to U+017F), "
                        "Greek or Cyrillic");
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

static bool parse_class(parser *p) {
  mc_rx_ranges ranges = {0};
  if (mc_rx_read_class(&p->in, p->flags & FOLD_CASE, &ranges)) return add_set(p, &ranges);
  mc_rx_ranges_free(&ranges);
  return ranges.no_memory ? out_of_memory(p) : false;
}

/* After "\Q". */
static bool parse_quoted(parser *p) {
  while (mc_rx_more(&p->in) && !mc_rx_looks_at(&p->in, MC_LITERAL("\\E"))) {
    const size_t position = p->in.at;
    if (!add_rune(p, mc_rx_next_rune(&p->in), position)) return false;
  }
  if (mc_rx_more(&p->in)) p->in.at += 2;
  return true;
}

static bool parse_backslash(parser *p) {
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
  if (mc_rx_read_perl_class(&p->in, p->flags & FOLD_CASE, &ranges)) {
    mc_rx_ranges_tidy(&ranges);
    return add_set(p, &ranges);
  }
  uint32_t rune;
  return mc_rx_read_escape(&p->in, &rune) && add_rune(p, rune, position);
}

/* ---------------------------------------------------------------- repetition */

/* A count without leading zeros and with at most nine digits, as in RE2. */
static bool read_count(const mc_rx_reader *in, size_t *at, int32_t *count) {
  const size_t start = *at;
  int32_t value = 0;
  for (char c; *at < in->pattern.size && (c = in->pattern.data[*at]) >= '0' && c <= '9'; ++*at) {
    if (*at - start == 9) return false;
    value = value * 10 + (c - '0');
  }
  *count = value;
  return *at > start && !(*at - start > 1 && in->pattern.data[start] == '0');
}

/* At a {. False, and nothing is read, where it is no repetition: then it is an ordinary character. */
static bool read_bounds(mc_rx_reader *in, int32_t *min, int32_t *max) {
  size_t at = in->at + 1;
  const mc_slice text = in->pattern;
  if (!read_count(in, &at, min)) return false;
  *max = *min;
  if (at < text.size && text.data[at] == ',') {
    at++;
    *max = MC_RX_REPEAT_NO_MAX;
    if (at < text.size && text.data[at] != '}' && !read_count(in, &at, max)) return false;
  }
  if (at >= text.size || text.data[at] != '}') return false;
  in->at = at + 1;
  return true;
}

/* The repetition from start to the reader's place, with bounds. */
static bool apply_repetition(parser *p, size_t start, int32_t min, int32_t max, size_t previous) {
  bool greedy = !(p->flags & UNGREEDY);
  if (mc_rx_peek(&p->in, 0) == '?') {
    p->in.at++;
    greedy = !greedy;
  }
  const mc_slice op = {p->in.pattern.data + start, p->in.at - start};
  if (previous != SIZE_MAX) {
    return mc_rx_refuse(&p->in, previous, "a repetition of a repetition: put parentheses around the first");
  }
  if (min > MAX_REPEAT || max > MAX_REPEAT || (max != MC_RX_REPEAT_NO_MAX && max < min)) {
    return mc_rx_refuse(&p->in, start, "invalid repetition %.*s: bounds go up to %d, the lower one first",
                        (int)op.size, op.data, MAX_REPEAT);
  }
  if (!p->has_atom) {
    return mc_rx_refuse(&p->in, start, "nothing to repeat before %.*s; the character itself is \\%c",
                        (int)op.size, op.data, op.data[0]);
  }
  const uint32_t times = (uint32_t)(max == MC_RX_REPEAT_NO_MAX ? min : max);
  if (min > 1 || max > 1) {
    if (times > 1) p->atom.repeats *= times;
    if (p->atom.repeats > MAX_REPEAT) {
      return mc_rx_refuse(&p->in, start, "nested repetitions multiply to more than %d", MAX_REPEAT);
    }
  }
  mc_rx_code_repeat(&p->code, p->atom_start, min, max, greedy, p->atom.nullable);
  if (min == 0) p->atom.nullable = true;
  p->repeated_at = start;
  return true;
}

/* At one of * + ? {. */
static bool parse_repetition(parser *p, size_t previous) {
  const size_t start = p->in.at;
  int32_t min = 0, max = MC_RX_REPEAT_NO_MAX;
  switch (mc_rx_peek(&p->in, 0)) {
    case '{':
      if (!read_bounds(&p->in, &min, &max)) return add_rune(p, mc_rx_next_rune(&p->in), start);
      return apply_repetition(p, start, min, max, previous);
    case '+':
      min = 1;
      break;
    case '?':
      max = 1;
      break;
    default:
      break;
  }
  p->in.at++;
  return apply_repetition(p, start, min, max, previous);
}

/* ---------------------------------------------------------------- groups */

static bool open_group(parser *p, size_t position, bool captures, uint32_t flags_outside) {
  if (p->depth > MC_REGEX_MAX_NESTING) {
    return mc_rx_refuse(&p->in, position, "groups are nested more than %d deep", MC_REGEX_MAX_NESTING);
  }
  if (p->depth == p->room) {
    const uint32_t room = p->room ? 2 * p->room : 8;
    group *grown = realloc(p->groups, room * sizeof *grown);
    if (!grown) return out_of_memory(p);
    p->groups = grown;
    p->room = room;
  }
  if (p->depth) settle(p);
  group *opened = &p->groups[p->depth++];
  *opened = (group){position, p->code.size, 0, NO_JUMP, NO_GROUP, flags_outside, false, {true, 1}};
  if (captures) {
    opened->capture = p->captures++;
    if (opened->capture < MC_REGEX_GROUPS) mc_rx_code_append(&p->code, MC_RX_SAVE, 2 * opened->capture, 0);
  }
  opened->alternative = p->code.size;
  return true;
}

/* At a |. */
static void next_alternative(parser *p) {
  settle(p);
  group *in = innermost(p);
  const int32_t length = (int32_t)(p->code.size - in->alternative);
  mc_rx_code_insert(&p->code, in->alternative, MC_RX_SPLIT, 1, length + 2);
  const int32_t jump = (int32_t)p->code.size;
  mc_rx_code_append(&p->code, MC_RX_JUMP, in->last_jump, 0);
  in->last_jump = jump;
  in->alternative = p->code.size;
  in->some_nullable = in->some_nullable || in->sequence.nullable;
  in->sequence.nullable = true;
}

/* The group becomes the atom. */
static void close_group(parser *p) {
  settle(p);
  const group closed = p->groups[--p->depth];
  if (p->code.failure != MC_OK) return;
  const int32_t end = (int32_t)p->code.size;
  for (int32_t jump = closed.last_jump, before; jump != NO_JUMP; jump = before) {
    before = p->code.items[jump].x;
    p->code.items[jump].x = end - jump;
  }
  if (closed.capture != NO_GROUP && closed.capture < MC_REGEX_GROUPS) {
    mc_rx_code_append(&p->code, MC_RX_SAVE, 2 * closed.capture + 1, 0);
  }
  p->flags = closed.flags;
  p->has_atom = true;
  p->atom_start = closed.start;
  p->atom = closed.sequence;
  p->atom.nullable = p->atom.nullable || closed.some_nullable;
}

static bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (mc_lower(c) >= 'a' && mc_lower(c) <= 'z') || c == '_';
}

/* At "(?<" or "(?P<". Names mean nothing here but must be right. */
static bool parse_named_group(parser *p, size_t start, size_t skip) {
  p->in.at += skip;
  const size_t name = p->in.at;
  while (is_name_character(mc_rx_peek(&p->in, 0))) p->in.at++;
  if (p->in.at == name || mc_rx_peek(&p->in, 0) != '>') {
    return mc_rx_refuse(&p->in, start, "invalid group name: write (?P<name>...), of ASCII letters, digits and _");
  }
  p->in.at++;
  return open_group(p, start, true, p->flags);
}

/* After "(?": flags, then : or ). */
static bool parse_flags(parser *p, size_t start) {
  uint32_t flags = p->flags;
  bool negative = false, complete = true;
  for (;;) {
    uint32_t flag = 0;
    switch (mc_rx_peek(&p->in, 0)) {
      case 'i':
        flag = FOLD_CASE;
        break;
      case 'm':
        flag = MULTI_LINE;
        break;
      case 's':
        flag = DOT_ALL;
        break;
      case 'U':
        flag = UNGREEDY;
        break;
      case '-':
        if (negative) goto refused;
        negative = true;
        complete = false;
        p->in.at++;
        continue;
      case ':':
      case ')': {
        if (!complete) goto refused;
        const bool opens = mc_rx_peek(&p->in, 0) == ':';
        p->in.at++;
        if (opens && !open_group(p, start, false, p->flags)) return false;
        p->flags = flags;
        return true;
      }
      default:
        goto refused;
    }
    flags = negative ? flags & ~flag : flags | flag;
    complete = true;
    p->in.at++;
  }
refused:
  return mc_rx_refuse(&p->in, start, "unknown group (?...: known are (?:...), (?P<name>...), (?<name>...) and the "
                      "flags (?imsU-imsU); there are no lookarounds");
}

/* At a (. */
static bool parse_open(parser *p) {
  const size_t start = p->in.at;
  const mc_rx_reader *in = &p->in;
  if (mc_rx_looks_at(in, MC_LITERAL("(?P<"))) return parse_named_group(p, start, 4);
  if (mc_rx_looks_at(in, MC_LITERAL("(?<")) && mc_rx_peek(in, 3) != '=' && mc_rx_peek(in, 3) != '!') {
    return parse_named_group(p, start, 3);
  }
  if (mc_rx_looks_at(in, MC_LITERAL("(?"))) {
    p->in.at += 2;
    return parse_flags(p, start);
  }
  p->in.at++;
  return open_group(p, start, true, p->flags);
}

/* ---------------------------------------------------------------- the whole */

static bool parse_one(parser *p) {
  const size_t position = p->in.at, previous = p->repeated_at;
  p->repeated_at = SIZE_MAX;
  switch (mc_rx_peek(&p->in, 0)) {
    case '(':
      return parse_open(p);
    case ')':
      if (p->depth == 1) return mc_rx_refuse(&p->in, position, "unexpected ); the character itself is \\)");
      p->in.at++;
      close_group(p);
      return true;
    case '|':
      p->in.at++;
      next_alternative(p);
      return true;
    case '*':
    case '+':
    case '?':
    case '{':
      return parse_repetition(p, previous);
    case '[':
      return parse_class(p);
    case '\\':
      return parse_backslash(p);
    case '.':
      p->in.at++;
      add_simple(p, p->flags & DOT_ALL ? MC_RX_ANY : MC_RX_ANY_BUT_NL, 0);
      return true;
    case '^':
      p->in.at++;
      add_simple(p, MC_RX_ASSERT, p->flags & MULTI_LINE ? MC_RX_BEGIN_LINE : MC_RX_BEGIN_TEXT);
      return true;
    case '$':
      p->in.at++;
      add_simple(p, MC_RX_ASSERT, p->flags & MULTI_LINE ? MC_RX_END_LINE : MC_RX_END_TEXT);
      return true;
    default:
      return add_rune(p, mc_rx_next_rune(&p->in), position);
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

static bool parse_all(parser *p) {
  if (!check_utf8(&p->in) || !open_group(p, 0, true, 0)) return false;
  while (mc_rx_more(&p->in)) {
    if (!parse_one(p) || p->code.failure != MC_OK) return false;
  }
  if (p->depth > 1) return mc_rx_refuse(&p->in, innermost(p)->opened, "missing ) for this (");
  close_group(p);
  mc_rx_code_append(&p->code, MC_RX_MATCH, 0, 0);
  return p->code.failure == MC_OK;
}

bool mc_rx_parse(mc_slice pattern, mc_regex *regex, mc_error *error) {
  parser p = {.in = {pattern, 0, error}, .repeated_at = SIZE_MAX};
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
