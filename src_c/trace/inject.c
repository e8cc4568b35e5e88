/* A context as header lines. */
#include "trace/lists.h"
#include "trace/writer.h"

/* The most that each format writes: its lines, and the bytes of those texts that the context does not hold. */
static const struct {
  uint8_t lines, bytes;
} room[MC_TRACE_FORMATS] = {
    [MC_TRACE_B3_SINGLE] = {1, 68}, [MC_TRACE_B3_MULTI] = {4, 64}, [MC_TRACE_W3C] = {2, 55},
    [MC_TRACE_JAEGER] = {1, 54},    [MC_TRACE_DATADOG] = {5, 40},  [MC_TRACE_XRAY] = {1, 76},
    [MC_TRACE_CLOUD] = {1, 57},     [MC_TRACE_OT] = {3, 48},       [MC_TRACE_BAGGAGE] = {1, 0},
    [MC_TRACE_REQUEST_ID] = {1, 0},
};

static mc_code write_format(mc_trace_writer *w, mc_trace_format format) {
  switch (format) {
    case MC_TRACE_B3_SINGLE:
      mc_b3_single_write(w);
      break;
    case MC_TRACE_B3_MULTI:
      mc_b3_multi_write(w);
      break;
    case MC_TRACE_W3C:
      mc_traceparent_write(w);
      break;
    case MC_TRACE_JAEGER:
      return mc_jaeger_write(w);
    case MC_TRACE_DATADOG:
      return mc_datadog_write(w);
    case MC_TRACE_XRAY:
      return mc_xray_write(w);
    case MC_TRACE_CLOUD:
      mc_cloud_write(w);
      break;
    case MC_TRACE_OT:
      mc_ot_write(w);
      break;
    case MC_TRACE_BAGGAGE:
      if (w->context->baggage.size) mc_write_value(w, MC_NAME_BAGGAGE, w->context->baggage);
      break;
    case MC_TRACE_REQUEST_ID:
      if (w->context->request_id.size) mc_write_value(w, MC_NAME_REQUEST_ID, w->context->request_id);
      break;
  }
  return MC_OK;
}

mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                        const mc_trace_line **lines, uint32_t *count) {
  size_t most = context->baggage.size ? MC_BAGGAGE_MEMBERS : 0, bytes = 0;
  for (uint8_t i = 0; i < formats->count; i++) {
    most += room[formats->order[i]].lines;
    bytes += room[formats->order[i]].bytes;
  }
  mc_trace_writer w = {.context = context, .scratch = scratch};
  w.lines = mc_scratch_alloc(scratch, most * sizeof *w.lines + bytes);
  if (!w.lines) return MC_NO_MEMORY;
  w.at = (char *)(w.lines + most);
  for (uint8_t i = 0; i < formats->count; i++) {
    const mc_code code = write_format(&w, formats->order[i]);
    if (code) return code;
  }
  *lines = w.lines;
  *count = w.count;
  return MC_OK;
}
