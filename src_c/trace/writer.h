/* A context that is being written into header lines, and the formats that write it.
 *
 * A format has room for what inject.c knows it to need at most; other texts come of the scratch. */
#ifndef MC_TRACE_WRITER_H
#define MC_TRACE_WRITER_H

#include "base/arena.h"
#include "base/decimal.h"
#include "trace/hex.h"

typedef struct mc_trace_writer {
  const mc_span_context *context;
  mc_scratch *scratch;
  mc_trace_line *lines;
  uint32_t count;
  char *at; /* where the next text goes */
} mc_trace_writer;

/* A line whose value began at start. */
static inline void mc_write_line(mc_trace_writer *w, mc_trace_name name, char *start) {
  w->lines[w->count++] = (mc_trace_line){name, MC_ABSENT, mc_slice_of(start, (size_t)(w->at - start))};
}

/* A line whose value is there already. */
static inline void mc_write_value(mc_trace_writer *w, mc_trace_name name, mc_slice value) {
  w->lines[w->count++] = (mc_trace_line){name, MC_ABSENT, value};
}

static inline void mc_write(mc_trace_writer *w, mc_slice text) {
  memcpy(w->at, text.data, text.size);
  w->at += text.size;
}

static inline void mc_write_id(mc_trace_writer *w, uint64_t id) {
  mc_hex16_write(id, w->at);
  w->at += 16;
}

static inline void mc_write_trace_id(mc_trace_writer *w) {
  if (!w->context->short_id) mc_write_id(w, w->context->trace_high);
  mc_write_id(w, w->context->trace_low);
}

static inline void mc_write_number(mc_trace_writer *w, uint64_t number) {
  char digits[MC_DECIMAL_DIGITS];
  mc_write(w, mc_decimal_write(number, digits));
}

static inline void mc_write_id_line(mc_trace_writer *w, mc_trace_name name, uint64_t id) {
  char *start = w->at;
  mc_write_id(w, id);
  mc_write_line(w, name, start);
}

static inline bool mc_trace_accepted(const mc_span_context *c) {
  return c->sampling == MC_SAMPLING_ACCEPT || c->sampling == MC_SAMPLING_DEBUG;
}

/* Those that may need more room return MC_OK or MC_NO_MEMORY. */
void mc_b3_single_write(mc_trace_writer *w);
void mc_b3_multi_write(mc_trace_writer *w);
void mc_traceparent_write(mc_trace_writer *w);
mc_code mc_jaeger_write(mc_trace_writer *w);
mc_code mc_datadog_write(mc_trace_writer *w);
mc_code mc_xray_write(mc_trace_writer *w);
void mc_cloud_write(mc_trace_writer *w);
void mc_ot_write(mc_trace_writer *w);

#endif
