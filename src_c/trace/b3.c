/* B3 (openzipkin/b3-propagation): x-b3-* and b3. Ids are taken in any case. As in its reference implementation a line
 * that is malformed makes all of the format count for nothing. */
#include "trace/lines.h"
#include "trace/writer.h"

/* Sixteen digits; *digits tells where they lie, or is NULL where they are not as we write them, with capitals. */
static bool read_id(mc_slice text, uint64_t *out, const char **digits) {
  if (text.size != 16) return false;
  const bool plain = mc_hex16_read(text.data, false, out);
  *digits = plain ? text.data : NULL;
  return plain || mc_hex16_read(text.data, true, out);
}

/* A trace id of 16 or 32 digits, not all of them 0; likewise. */
static bool read_trace_id(mc_slice text, mc_span_context *out, const char **digits) {
  if (text.size == 32) {
    const bool plain = mc_hex32_read(text.data, false, &out->trace_high, &out->trace_low);
    *digits = plain ? text.data : NULL;
    if (!plain && !mc_hex32_read(text.data, true, &out->trace_high, &out->trace_low)) return false;
  } else {
    out->short_id = true;
    if (!read_id(text, &out->trace_low, digits)) return false;
  }
  return out->trace_high | out->trace_low;
}

static bool read_state(mc_slice text, mc_sampling *out) {
  if (text.size != 1) return false;
  switch (text.data[0]) {
    case '0':
      *out = MC_SAMPLING_DENY;
      return true;
    case '1':
      *out = MC_SAMPLING_ACCEPT;
      return true;
    case 'd':
      *out = MC_SAMPLING_DEBUG;
      return true;
    default:
      return false;
  }
}

/* "1" and "0"; earlier drafts had true and false. */
static bool read_sampled(mc_slice text, mc_sampling *out) {
  if (text.size == 1) return read_state(text, out) && *out != MC_SAMPLING_DEBUG;
  *out = MC_SAMPLING_ACCEPT;
  if (mc_slice_equal_fold(text, MC_LITERAL("true"))) return true;
  *out = MC_SAMPLING_DENY;
  return mc_slice_equal_fold(text, MC_LITERAL("false"));
}

enum {
  IDS = MC_NAME_BIT(MC_NAME_B3_TRACE_ID) | MC_NAME_BIT(MC_NAME_B3_SPAN_ID) | MC_NAME_BIT(MC_NAME_B3_PARENT_ID),
  ALL = IDS | MC_NAME_BIT(MC_NAME_B3_SAMPLED) | MC_NAME_BIT(MC_NAME_B3_FLAGS),
};

mc_trace_read mc_b3_multi_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!(lines->seen & ALL)) return MC_READ_NOTHING;
  if (lines->disputed & ALL) return MC_READ_MALFORMED;
  const mc_slice sampled = mc_trace_value(lines, MC_NAME_B3_SAMPLED);
  const mc_slice flags = mc_trace_value(lines, MC_NAME_B3_FLAGS);
  if (sampled.data && !read_sampled(sampled, &out->sampling)) return MC_READ_MALFORMED;
  if (mc_slice_equal(flags, MC_LITERAL("1"))) out->sampling = MC_SAMPLING_DEBUG;
  if (!mc_trace_has(lines, MC_NAME_B3_TRACE_ID) && out->sampling) return MC_READ_SAMPLING; /* whatever spans there are */
  if (!(lines->seen & IDS)) return MC_READ_NOTHING;
  const mc_slice parent = mc_trace_value(lines, MC_NAME_B3_PARENT_ID);
  if (!read_trace_id(mc_trace_value(lines, MC_NAME_B3_TRACE_ID), out, &out->trace_digits) ||
      !read_id(mc_trace_value(lines, MC_NAME_B3_SPAN_ID), &out->span_id, &out->span_digits) || !out->span_id) {
    return MC_READ_MALFORMED;
  }
  if (parent.data && !read_id(parent, &out->parent_id, &out->parent_digits)) return MC_READ_MALFORMED;
  out->parent_digits = NULL; /* a child has another parent */
  return MC_READ_IDS;
}

/* Cuts what comes before the next hyphen off. */
static mc_slice cut(mc_slice *text) {
  const size_t end = mc_slice_find(*text, 0, '-');
  const mc_slice part = mc_slice_head(*text, end);
  *text = end < text->size ? mc_slice_from(*text, end + 1) : MC_ABSENT;
  return part;
}

mc_trace_read mc_b3_single_read(const mc_trace_lines *lines, mc_span_context *out) {
  if (!mc_trace_has(lines, MC_NAME_B3)) return MC_READ_NOTHING;
  if (lines->disputed & MC_NAME_BIT(MC_NAME_B3)) return MC_READ_MALFORMED;
  mc_slice rest = lines->values[MC_NAME_B3];
  if (read_state(rest, &out->sampling)) return MC_READ_SAMPLING;
  const mc_slice trace = cut(&rest);
  const char *digits; /* they lie among others, and are written anew */
  if (!rest.data || !read_trace_id(trace, out, &digits) || !read_id(cut(&rest), &out->span_id, &digits) ||
      !out->span_id) {
    return MC_READ_MALFORMED;
  }
  /* Either of the last two may be absent, as in the reference implementation. */
  if (rest.data && rest.size != 16 && !read_state(cut(&rest), &out->sampling)) return MC_READ_MALFORMED;
  return rest.data && !read_id(rest, &out->parent_id, &digits) ? MC_READ_MALFORMED : MC_READ_IDS;
}

/* Of digits that are there already, maybe. */
static void known_id_line(mc_trace_writer *w, mc_trace_name name, uint64_t id, const char *digits) {
  if (digits) {
    mc_write_value(w, name, mc_slice_of(digits, 16));
  } else {
    mc_write_id_line(w, name, id);
  }
}

static void trace_id_line(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (c->trace_digits) {
    mc_write_value(w, MC_NAME_B3_TRACE_ID, mc_slice_of(c->trace_digits, c->short_id ? 16 : 32));
    return;
  }
  char *start = w->at;
  mc_write_trace_id(w);
  mc_write_line(w, MC_NAME_B3_TRACE_ID, start);
}

void mc_b3_multi_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  if (c->span_id) {
    trace_id_line(w);
    known_id_line(w, MC_NAME_B3_SPAN_ID, c->span_id, c->span_digits);
    if (c->parent_id) known_id_line(w, MC_NAME_B3_PARENT_ID, c->parent_id, c->parent_digits);
  }
  if (c->sampling == MC_SAMPLING_DEBUG) {
    mc_write_value(w, MC_NAME_B3_FLAGS, MC_LITERAL("1"));
  } else if (c->sampling != MC_SAMPLING_DEFER) {
    mc_write_value(w, MC_NAME_B3_SAMPLED, mc_trace_accepted(c) ? MC_LITERAL("1") : MC_LITERAL("0"));
  }
}

void mc_b3_single_write(mc_trace_writer *w) {
  const mc_span_context *c = w->context;
  static const char states[] = {[MC_SAMPLING_DENY] = '0', [MC_SAMPLING_ACCEPT] = '1', [MC_SAMPLING_DEBUG] = 'd'};
  char *start = w->at;
  if (c->span_id) {
    mc_write_trace_id(w);
    *w->at++ = '-';
    mc_write_id(w, c->span_id);
    if (c->sampling != MC_SAMPLING_DEFER) *w->at++ = '-';
  }
  if (c->sampling != MC_SAMPLING_DEFER) {
    *w->at++ = states[c->sampling];
    /* Without a state there is no place for a parent. */
    if (c->span_id && c->parent_id) {
      *w->at++ = '-';
      mc_write_id(w, c->parent_id);
    }
  }
  if (w->at > start) mc_write_line(w, MC_NAME_B3, start);
}
