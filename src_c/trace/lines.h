/* The lines of a request that speak of its trace, and the formats that read them.
 *
 * A reader gets the lines, and fills ids and sampling of a context that is all zero. */
#ifndef MC_TRACE_LINES_H
#define MC_TRACE_LINES_H

#include "base/arena.h"
#include "base/slice.h"

typedef struct mc_trace_lines {
  const mc_header *headers; /* all lines of the request, for names that may come more than once */
  uint32_t count;
  uint32_t seen;     /* bit by mc_trace_name: there is such a line */
  uint32_t disputed; /* likewise: there are several, and they disagree */
  mc_slice values[MC_TRACE_NAMES]; /* of the first such line, without blanks around it; only where it is seen */
} mc_trace_lines;

#define MC_NAME_BIT(name) (UINT32_C(1) << (name))

/* MC_READ_IDS: the context has ids. MC_READ_SAMPLING: it has none, but says whether to record. */
typedef enum mc_trace_read { MC_READ_NOTHING, MC_READ_MALFORMED, MC_READ_SAMPLING, MC_READ_IDS } mc_trace_read;

void mc_trace_lines_find(const mc_header *headers, uint32_t count, uint32_t names, mc_trace_lines *out);

static inline bool mc_trace_has(const mc_trace_lines *lines, mc_trace_name name) {
  return lines->seen & MC_NAME_BIT(name);
}

/* The value of a line; absent where there is none. */
static inline mc_slice mc_trace_value(const mc_trace_lines *lines, mc_trace_name name) {
  return mc_trace_has(lines, name) ? lines->values[name] : MC_ABSENT;
}

static inline mc_slice mc_trace_trim(mc_slice text) {
  while (text.size && (text.data[0] == ' ' || text.data[0] == '\t')) text = mc_slice_from(text, 1);
  while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t')) text.size--;
  return text;
}

mc_trace_read mc_b3_single_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_b3_multi_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_traceparent_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_jaeger_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_datadog_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_xray_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_cloud_read(const mc_trace_lines *lines, mc_span_context *out);
mc_trace_read mc_ot_read(const mc_trace_lines *lines, mc_span_context *out);

#endif
