#include "match/regex_class.h"

#include <stdarg.h>
#include <stdio.h>

#include "match/utf8.h"

bool mc_rx_refuse(mc_rx_reader *reader, size_t position, const char *format, ...) {
  mc_error *error = reader->error;
  error->code = MC_INVALID;
  error->position = position;
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return false;
}

uint32_t mc_rx_next_rune(mc_rx_reader *reader) {
  const mc_rune rune = mc_rune_at(reader->pattern, reader->at);
  reader->at += rune.width;
  return rune.value;
}

static bool is_octal(char c) { return c >= '0' && c <= '7'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = mc_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* After "\x". */
static bool read_hex(mc_rx_reader *reader, size_t start, uint32_t *rune) {
  uint32_t value = 0, digits = 0;
  const bool braces = mc_rx_peek(reader, 0) == '{';
  if (braces) reader->at++;
  for (int digit; (braces || digits < 2) && (digit = hex_value(mc_rx_peek(reader, 0))) >= 0; digits++) {
    value = value * 16 + (uint32_t)digit;
    if (value > MC_RUNE_MAX) return mc_rx_refuse(reader, start, "\\x{...} goes up to \\x{10FFFF}");
    reader->at++;
  }
  if (digits < (braces ? 1 : 2) || (braces && mc_rx_peek(reader, 0) != '}')) {
    return mc_rx_refuse(reader, start, "invalid escape: \\x takes two hex digits, or any number in braces, "
                        "as \\x2F and \\x{20AC}");
  }
  if (braces) reader->at++;
  *rune = value;
  return true;
}

/* Why an escape that RE2 knows, or that other engines do, is not taken. */
static bool refuse_escape(mc_rx_reader *reader, size_t start, char c) {
  if (c >= '1' && c <= '9') {
    return mc_rx_refuse(reader, start, "invalid escape \\%c: backreferences are not supported, and an octal "
                        "escape has two or three digits, as \\01%c", c, c <= '7' ? c : '7');
  }
  switch (c) {
    case 'p':
    case 'P':
      return mc_rx_refuse(reader, start, "unsupported: unicode classes such as \\%cL; name the ranges, "
                          "as [a-z\\x{E0}-\\x{FF}]", c);
    case 'C':
      return mc_rx_refuse(reader, start, "unsupported: \\C; a regex sees characters, not bytes");
    case 'Z':
      return mc_rx_refuse(reader, start, "invalid escape \\Z; the end of the text is \\z");
    case 'A':
    case 'b':
    case 'B':
    case 'z':
    case 'Q':
      return mc_rx_refuse(reader, start, "invalid escape: \\%c has no meaning inside [ ]", c);
    case 'E':
      return mc_rx_refuse(reader, start, "invalid escape: \\E without \\Q before it");
    default:
      return mc_rx_refuse(reader, start, "invalid escape \\%c", c);
  }
}

bool mc_rx_read_escape(mc_rx_reader *reader, uint32_t *rune) {
  const size_t start = reader->at++;
  if (!mc_rx_more(reader)) {
    return mc_rx_refuse(reader, start, "trailing \\; a backslash itself is \\\\");
  }
  const char c = mc_rx_peek(reader, 0);
  if ((unsigned char)c >= 0x80) return mc_rx_refuse(reader, start, "invalid escape of a non-ASCII character");
  reader->at++;
  switch (c) {
    case 'a':
      *rune = 7;
      return true;
    case 'f':
      *rune = '\f';
      return true;
    case 'n':
      *rune = '\n';
      return true;
    case 'r':
      *rune = '\r';
      return true;
    case 't':
      *rune = '\t';
      return true;
    case 'v':
      *rune = '\v';
      return true;
    case 'x':
      return read_hex(reader, start, rune);
    default:
      break;
  }
  if (c == '0' || (is_octal(c) && is_octal(mc_rx_peek(reader, 0)))) {
    uint32_t value = (uint32_t)(c - '0');
    for (int i = 0; i < 2 && is_octal(mc_rx_peek(reader, 0)); i++) {
      value = value * 8 + (uint32_t)(reader->pattern.data[reader->at++] - '0');
    }
    *rune = value;
    return true;
  }
  if (is_letter(c) || (c >= '1' && c <= '9')) return refuse_escape(reader, start, c);
  *rune = (unsigned char)c;
  return true;
}

/* A class as a whole: what it says, or everything else. */
static void add_class(mc_rx_ranges *out, mc_rx_ranges *class, bool negated) {
  mc_rx_ranges_tidy(class);
  if (negated) mc_rx_ranges_negate(class);
  for (uint32_t i = 0; i < class->count; i++) {
    mc_rx_ranges_add(out, class->items[i].low, class->items[i].high);
  }
  if (class->no_memory) out->no_memory = true;
  mc_rx_ranges_free(class);
}

bool mc_rx_read_perl_class(mc_rx_reader *reader, bool fold, mc_rx_ranges *out) {
  const char letter = mc_rx_peek(reader, 1);
  mc_rx_ranges class = {0};
  if (!is_letter(letter) || !mc_rx_ranges_add_perl(&class, mc_lower(letter), fold)) return false;
  add_class(out, &class, letter != mc_lower(letter));
  reader->at += 2;
  return true;
}

/* At "[:" inside a class. False if refused; found tells whether there is a ":]" at all. */
static bool read_posix_class(mc_rx_reader *reader, bool fold, mc_rx_ranges *out, bool *found) {
  const mc_slice rest = mc_slice_from(reader->pattern, reader->at);
  size_t end = 2;
  while (end + 1 < rest.size && !(rest.data[end] == ':' && rest.data[end + 1] == ']')) end++;
  *found = end + 1 < rest.size;
  if (!*found) return true;
  const bool negated = end > 2 && rest.data[2] == '^';
  const size_t begin = negated ? 3 : 2;
  mc_rx_ranges class = {0};
  if (!mc_rx_ranges_add_posix(&class, mc_slice_of(rest.data + begin, end - begin), fold)) {
    return mc_rx_refuse(reader, reader->at, "unknown class %.*s; known are alnum alpha ascii blank cntrl "
                        "digit graph lower print punct space upper word xdigit",
                        end < 40 ? (int)end + 2 : 40, rest.data);
  }
  add_class(out, &class, negated);
  reader->at += end + 2;
  return true;
}

static bool read_class_rune(mc_rx_reader *reader, uint32_t *rune) {
  if (mc_rx_peek(reader, 0) == '\\') return mc_rx_read_escape(reader, rune);
  *rune = mc_rx_next_rune(reader);
  return true;
}

/* One character, or a range. */
static bool read_range(mc_rx_reader *reader, bool fold, mc_rx_ranges *out) {
  const size_t start = reader->at;
  uint32_t low, high;
  if (!read_class_rune(reader, &low)) return false;
  high = low;
  const char after = mc_rx_peek(reader, 1);
  if (mc_rx_peek(reader, 0) == '-' && reader->pattern.size - reader->at >= 2 && after != ']') {
    reader->at++;
    if (!read_class_rune(reader, &high)) return false;
    if (high < low) return mc_rx_refuse(reader, start, "invalid range: its end is before its start");
  }
  if (!fold) {
    mc_rx_ranges_add(out, low, high);
  } else if (!mc_rx_ranges_add_folded(out, low, high)) {
    return mc_rx_refuse(reader, start, "unsupported: (?i) of a character that is not Latin (up to U+017F), "
                        "Greek or Cyrillic");
  }
  return true;
}

bool mc_rx_read_class(mc_rx_reader *reader, bool fold, mc_rx_ranges *out) {
  const size_t start = reader->at++;
  const bool negated = mc_rx_peek(reader, 0) == '^';
  if (negated) reader->at++;
  for (bool first = true; first || mc_rx_peek(reader, 0) != ']'; first = false) {
    if (!mc_rx_more(reader)) return mc_rx_refuse(reader, start, "missing ] for this [");
    if (mc_rx_peek(reader, 0) == '[' && mc_rx_peek(reader, 1) == ':') {
      bool found;
      if (!read_posix_class(reader, fold, out, &found)) return false;
      if (found) continue;
    }
    if (mc_rx_peek(reader, 0) == '\\' && mc_rx_read_perl_class(reader, fold, out)) continue;
    if (!read_range(reader, fold, out)) return false;
  }
  reader->at++;
  mc_rx_ranges_tidy(out);
  if (negated) mc_rx_ranges_negate(out);
  return true;
}
