/* The lines of a request that speak of its trace, and the formats that read them.
 *
 * A reader gets the lines, and fills ids and sampling of a context that is all zero. */
#ifndef MC_TRACE_LINES_H
#define MC_TRACE_LINES_H

#include "base/arena.h"
#include "base/slice.h"

typedef struct mc_trace_lines {
  const mc_header *headers; /* lines of the request: at least those of MC_LIST_NAMES */
  uint32_t count;
  uint32_t seen;     /* bit by mc_trace_name: there is such a line */
  uint32_t disputed; /* likewise: there are several, and they disagree */
  mc_slice values[MC_TRACE_NAMES]; /* of the first such line, without blanks around it; only where it is seen */
} mc_trace_lines;

#define MC_NAME_BIT(name) (UINT32_C(1) << (name))

/* Names whose lines are read one by one: a list may go on in another line. */
enum {
  MC_LIST_NAMES = MC_NAME_BIT(MC_NAME_TRACESTATE) | MC_NAME_BIT(MC_NAME_BAGGAGE) | MC_NAME_BIT(MC_NAME_JAEGER_BAGGAGE)
};

/* Names of lines whose texts a context may keep. */
enum {
  MC_TEXT_NAMES = MC_LIST_NAMES | MC_NAME_BIT(MC_NAME_REQUEST_ID) | MC_NAME_BIT(MC_NAME_DATADOG_ORIGIN) |
                  MC_NAME_BIT(MC_NAME_DATADOG_TAGS) | MC_NAME_BIT(MC_NAME_XRAY)
};

/* Whose names they are: of all formats, by their numbers. */
extern const uint32_t mc_trace_format_names[MC_TRACE_FORMATS];

/* MC_READ_IDS: the context has ids. MC_READ_SAMPLING: it has none, but says whether to record. */
typedef enum mc_trace_read { MC_READ_NOTHING, MC_READ_MALFORMED, MC_READ_SAMPLING, MC_READ_IDS } mc_trace_read;

static inline bool mc_trace_has(const mc_trace_lines *lines, mc_trace_name name) {
  return lines->seen & MC_NAME_BIT(name);
}

/* The value of a line; absent where there is none. */
static inline mc_slice mc_trace_value(const mc_trace_lines *lines, mc_trace_name name) {
  return mc_trace_has(lines, name) ? lines->values[name] : MC_ABSENT;
}

static inline bool mc_trace_blank(char c) { return c == ' ' || c == '\t'; }

static inline mc_slice mc_trace_trim(mc_slice text) {
  /* Nearly no text has any: what is above a blank is looked at but once. */
  if (text.size && text.data[0] > ' ' && text.data[text.size - 1] > ' ') return text;
  while (text.size && mc_trace_blank(text.data[0])) text = mc_slice_from(text, 1);
  while (text.size && mc_trace_blank(text.data[text.size - 1])) text.size--;
  return text;
}

/* Whether a text is one to be passed on: visible characters and blanks, and no more than so many. */
static inline bool mc_trace_text_ok(mc_slice text, size_t most) {
  for (size_t i = 0; i < text.size; i++) {
    if (text.data[i] < 0x20 || text.data[i] > 0x7e) return false;
  }
  return text.size > 0 && text.size <= most;
}

/* One more line of a name that is asked for. */
static inline void mc_trace_lines_add(mc_trace_lines *lines, mc_trace_name name, mc_slice value) {
  value = mc_trace_trim(value);
  if (!mc_trace_has(lines, name)) {
    lines->seen |= MC_NAME_BIT(name);
    lines->values[name] = value;
  } else if (!mc_slice_equal(value, lines->values[name])) {
    lines->disputed |= MC_NAME_BIT(name);
  }
}

/* As mc_trace_extract(), of lines that were found already: of no other names than those of the formats. The digits of
 * B3's ids lie where they came. Without lines of MC_LIST_NAMES it needs no scratch. out is all zero. */
mc_code mc_trace_read_lines(const mc_trace_lines *lines, const mc_trace_formats *formats, mc_scratch *scratch,
                            mc_trace_counts *counts, mc_span_context *out);

mc_trace_read mc_b3_single_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_b3_multi_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_traceparent_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_jaeger_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_datadog_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_xray_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_cloud_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_ot_read(const mc_trace_lines *lines, mc_span_context *out);

#endif
