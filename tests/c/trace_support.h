/* A request's header lines as text, and the context that they carry. */
#ifndef MC_TRACE_SUPPORT_H
#define MC_TRACE_SUPPORT_H

#include "base/arena.h"
#include "base/slice.h"
#include "check.h"

enum { TRACE_LINES = 128 };

typedef struct traced {
  mc_code code;
  mc_span_context context;
  mc_trace_counts *counts;
  mc_scratch scratch;
} traced;

static inline mc_trace_formats one_format(mc_trace_format format) { return (mc_trace_formats){{(uint8_t)format}, 1}; }

static inline mc_trace_formats all_formats(void) {
  mc_trace_formats all = {.count = MC_TRACE_FORMATS};
  for (uint8_t i = 0; i < MC_TRACE_FORMATS; i++) all.order[i] = i;
  return all;
}

/* Lines "name: value", each ended by a line feed. */
static inline uint32_t split_lines(const char *text, mc_header *out) {
  mc_slice rest = mc_slice_of(text, strlen(text));
  uint32_t count = 0;
  while (rest.size && count < TRACE_LINES) {
    const size_t end = mc_slice_find(rest, 0, '\n');
    const mc_slice line = mc_slice_head(rest, end);
    rest = mc_slice_from(rest, end < rest.size ? end + 1 : end);
    const size_t colon = mc_slice_find(line, 0, ':');
    out[count].name = mc_slice_head(line, colon);
    out[count++].value = colon < line.size ? mc_slice_from(line, colon + 1) : MC_LITERAL("");
  }
  return count;
}

static inline void extract_text(traced *it, const char *text, mc_trace_formats formats) {
  mc_header lines[TRACE_LINES];
  const uint32_t count = split_lines(text, lines);
  it->counts = mc_trace_counts_new();
  mc_scratch_init(&it->scratch);
  it->code = mc_trace_extract(lines, count, &formats, &it->scratch, it->counts, &it->context);
}

static inline void traced_free(traced *it) {
  mc_scratch_reset(&it->scratch);
  mc_trace_counts_free(it->counts);
}

#endif
