/* Reading repetitions: * + ? and counts in braces. */
#include "match/regex_parser.h"

enum { MAX_REPEAT = 1000 };

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
static bool apply_repetition(mc_rx_parser *p, size_t start, int32_t min, int32_t max, size_t previous) {
  bool greedy = !(p->flags & MC_RX_UNGREEDY);
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

bool mc_rx_parse_repetition(mc_rx_parser *p, size_t previous) {
  const size_t start = p->in.at;
  int32_t min = 0, max = MC_RX_REPEAT_NO_MAX;
  switch (mc_rx_peek(&p->in, 0)) {
    case '{':
      if (!read_bounds(&p->in, &min, &max)) return mc_rx_add_rune(p, mc_rx_next_rune(&p->in), start);
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
