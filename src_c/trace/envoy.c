#include "trace/envoy.h"

#include "trace/hex.h"

static int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = mc_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What Envoy makes of the whole text by strtoull(text, .., 16): blanks and 0x may stand before the digits, no sign. */
static bool read_loosely(mc_slice text, uint64_t *out) {
  size_t at = 0;
  while (at < text.size && (text.data[at] == ' ' || (text.data[at] >= '\t' && text.data[at] <= '\r'))) at++;
  if (at + 2 < text.size && text.data[at] == '0' && mc_lower(text.data[at + 1]) == 'x' && digit_of(text.data[at + 2]) >= 0) {
    at += 2;
  }
  if (at == text.size) return false;
  uint64_t value = 0;
  for (; at < text.size; at++) {
    const int digit = digit_of(text.data[at]);
    if (digit < 0 || value >> 60) return false;
    value = value << 4 | (uint64_t)digit;
  }
  *out = value;
  return true;
}

bool mc_request_id_number(mc_slice id, uint64_t *out) {
  uint32_t number;
  if (id.size < 8) return false;
  if (!mc_hex8_read(id.data, true, &number)) return read_loosely(mc_slice_head(id, 8), out);
  *out = number;
  return true;
}

static bool is_hex(mc_slice text) {
  for (size_t i = 0; i < text.size; i++) {
    if (digit_of(text.data[i]) < 0) return false;
  }
  return true;
}

static bool is_zeros(mc_slice text) {
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] != '0') return false;
  }
  return true;
}

bool mc_traceparent_take(mc_slice text, mc_traceparent *out) {
  if (text.size != 55 || text.data[2] != '-' || text.data[35] != '-' || text.data[52] != '-') return false;
  const mc_slice version = mc_slice_head(text, 2), flags = mc_slice_from(text, 53);
  out->trace_id = mc_slice_of(text.data + 3, 32);
  out->span_id = mc_slice_of(text.data + 36, 16);
  if (!is_hex(version) || !is_hex(out->trace_id) || !is_hex(out->span_id) || !is_hex(flags)) return false;
  out->sampled = digit_of(flags.data[1]) & 1;
  return !is_zeros(out->trace_id) && !is_zeros(out->span_id);
}

/* Where the state of a b3 line of that size stands; -1: it has none. */
static int state_at(size_t size) {
  switch (size) {
    case 1:
      return 0;
    case 35: /* 64 bits, and with a parent */
    case 52:
      return 34;
    case 51: /* 128 bits, and with a parent */
    case 68:
      return 50;
    default:
      return -1;
  }
}

static mc_sampling state_of(char c) {
  if (c == '0') return MC_SAMPLING_DENY;
  return c == '1' || c == 'd' ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DEFER;
}

static bool is_state(char c) { return state_of(c) != MC_SAMPLING_DEFER; }

static mc_trace_read read_single(mc_slice text, mc_span_context *out) {
  enum { LEAST = 33, MOST = 68 };
  const char *p = text.data;
  const int state = state_at(text.size);
  if (state >= 0) out->sampling = state_of(p[state]);
  if (text.size == 1) return is_state(p[0]) ? MC_READ_SAMPLING : MC_READ_MALFORMED;
  if (text.size < LEAST || text.size > MOST) return MC_READ_MALFORMED;
  const size_t low = text.size > 32 && p[32] == '-' ? 16 : 0;
  if (text.size < low + LEAST || p[low + 16] != '-') return MC_READ_MALFORMED;
  if (low && !read_loosely(mc_slice_of(p, 16), &out->trace_high)) return MC_READ_MALFORMED;
  if (!read_loosely(mc_slice_of(p + low, 16), &out->trace_low) ||
      !read_loosely(mc_slice_of(p + low + 17, 16), &out->span_id)) {
    return MC_READ_MALFORMED;
  }
  size_t at = low + LEAST;
  if (at == text.size) return MC_READ_IDS;
  if (at + 1 == text.size || p[at] != '-') return MC_READ_MALFORMED;
  at++;
  if (at + 1 < text.size && p[at + 1] != '-') return MC_READ_MALFORMED;
  if (!is_state(p[at])) return MC_READ_MALFORMED;
  at++;
  if (at == text.size) return MC_READ_IDS;
  if (text.size != at + 17) return MC_READ_MALFORMED;
  return read_loosely(mc_slice_from(text, at + 1), &out->parent_id) ? MC_READ_IDS : MC_READ_MALFORMED;
}

static bool read_trace_id(mc_slice text, mc_span_context *out) {
  if (text.size == 32) {
    if (!read_loosely(mc_slice_head(text, 16), &out->trace_high)) return false;
    text = mc_slice_from(text, 16);
  }
  return read_loosely(text, &out->trace_low);
}

static mc_trace_read read_w3c(mc_slice text, mc_span_context *out) {
  mc_traceparent parent;
  if (!mc_traceparent_take(text, &parent)) return MC_READ_NOTHING;
  if (!read_trace_id(parent.trace_id, out) || !read_loosely(parent.span_id, &out->span_id)) return MC_READ_NOTHING;
  out->sampling = parent.sampled ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DENY;
  return MC_READ_IDS;
}

mc_trace_read mc_zipkin_read(const mc_tracer_values *values, bool w3c, mc_span_context *out) {
  *out = (mc_span_context){.format = -1};
  if (values->b3.data) return read_single(values->b3, out);
  mc_span_context fallback = {.format = -1};
  const bool falls_back = w3c && values->traceparent.data && read_w3c(values->traceparent, &fallback) == MC_READ_IDS;
  out->sampling = fallback.sampling; /* of ids of B3, too, where x-b3-sampled says nothing */
  if (values->sampled.data) {
    const bool sampled = mc_slice_equal(values->sampled, MC_LITERAL("1")) || mc_slice_equal(values->sampled, MC_LITERAL("true"));
    out->sampling = sampled ? MC_SAMPLING_ACCEPT : MC_SAMPLING_DENY;
  }
  if (values->trace_id.data && values->span_id.data) {
    if (!read_trace_id(values->trace_id, out) || !read_loosely(values->span_id, &out->span_id)) return MC_READ_MALFORMED;
    if (values->parent_id.size && !read_loosely(values->parent_id, &out->parent_id)) return MC_READ_MALFORMED;
    return MC_READ_IDS;
  }
  if (falls_back) {
    if (out->sampling == MC_SAMPLING_ACCEPT) fallback.sampling = MC_SAMPLING_ACCEPT; /* either of them is enough */
    *out = fallback;
    return MC_READ_IDS;
  }
  return out->sampling ? MC_READ_SAMPLING : MC_READ_NOTHING;
}
