/* Reading groups, their alternatives and their flags. */
#include <stdlib.h>

#include "match/regex_parser.h"

bool mc_rx_open_group(mc_rx_parser *p, size_t position, bool captures) {
  if (p->depth > MC_REGEX_MAX_NESTING) {
    return mc_rx_refuse(&p->in, position, "groups are nested more than %d deep", MC_REGEX_MAX_NESTING);
  }
  if (p->depth == p->room) {
    const uint32_t room = p->room ? 2 * p->room : 8;
    mc_rx_group *grown = realloc(p->groups, room * sizeof *grown);
    if (!grown) return mc_rx_out_of_memory(p);
    p->groups = grown;
    p->room = room;
  }
  if (p->depth) mc_rx_settle(p);
  mc_rx_group *opened = &p->groups[p->depth++];
  *opened = (mc_rx_group){.opened = position,
                          .start = p->code.size,
                          .last_jump = MC_RX_NO_JUMP,
                          .capture = MC_RX_NO_GROUP,
                          .flags = p->flags,
                          .sequence = {true, 1}};
  if (captures) {
    opened->capture = p->captures++;
    if (opened->capture < MC_REGEX_GROUPS) mc_rx_code_append(&p->code, MC_RX_SAVE, 2 * opened->capture, 0);
  }
  opened->alternative = p->code.size;
  return true;
}

void mc_rx_next_alternative(mc_rx_parser *p) {
  mc_rx_settle(p);
  mc_rx_group *in = mc_rx_innermost(p);
  const int32_t length = (int32_t)(p->code.size - in->alternative);
  mc_rx_code_insert(&p->code, in->alternative, MC_RX_SPLIT, 1, length + 2);
  const int32_t jump = (int32_t)p->code.size;
  mc_rx_code_append(&p->code, MC_RX_JUMP, in->last_jump, 0);
  in->last_jump = jump;
  in->alternative = p->code.size;
  in->some_nullable = in->some_nullable || in->sequence.nullable;
  in->sequence.nullable = true;
}

void mc_rx_close_group(mc_rx_parser *p) {
  mc_rx_settle(p);
  const mc_rx_group closed = p->groups[--p->depth];
  if (p->code.failure != MC_OK) return;
  const int32_t end = (int32_t)p->code.size;
  for (int32_t jump = closed.last_jump, before; jump != MC_RX_NO_JUMP; jump = before) {
    before = p->code.items[jump].x;
    p->code.items[jump].x = end - jump;
  }
  if (closed.capture != MC_RX_NO_GROUP && closed.capture < MC_REGEX_GROUPS) {
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
static bool parse_named_group(mc_rx_parser *p, size_t start, size_t skip) {
  p->in.at += skip;
  const size_t name = p->in.at;
  while (is_name_character(mc_rx_peek(&p->in, 0))) p->in.at++;
  if (p->in.at == name || mc_rx_peek(&p->in, 0) != '>') {
    return mc_rx_refuse(&p->in, start, "invalid group name: write (?P<name>...), of ASCII letters, digits "
                        "and _");
  }
  p->in.at++;
  return mc_rx_open_group(p, start, true);
}

/* After "(?": flags, then : or ). */
static bool parse_flags(mc_rx_parser *p, size_t start) {
  uint32_t flags = p->flags;
  bool negative = false, complete = true;
  for (;;) {
    uint32_t flag = 0;
    switch (mc_rx_peek(&p->in, 0)) {
      case 'i':
        flag = MC_RX_FOLD_CASE;
        break;
      case 'm':
        flag = MC_RX_MULTI_LINE;
        break;
      case 's':
        flag = MC_RX_DOT_ALL;
        break;
      case 'U':
        flag = MC_RX_UNGREEDY;
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
        if (opens && !mc_rx_open_group(p, start, false)) return false;
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
  return mc_rx_refuse(&p->in, start, "unknown group (?...: known are (?:...), (?P<name>...), (?<name>...) "
                      "and the flags (?imsU-imsU); there are no lookarounds");
}

bool mc_rx_parse_open(mc_rx_parser *p) {
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
  return mc_rx_open_group(p, start, true);
}
