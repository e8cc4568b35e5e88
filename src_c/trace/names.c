/* Which header lines belong to which format. */
#include "trace/names.h"

#include "trace/lines.h"

mc_trace_name mc_trace_name_of(mc_slice name) { return mc_trace_name_at(name.data, name.size); }

mc_slice mc_trace_name_text(mc_trace_name name) {
  static const char *const names[MC_TRACE_NAMES] = {
      [MC_NAME_OTHER] = "",
      [MC_NAME_B3] = "b3",
      [MC_NAME_B3_TRACE_ID] = "x-b3-traceid",
      [MC_NAME_B3_SPAN_ID] = "x-b3-spanid",
      [MC_NAME_B3_PARENT_ID] = "x-b3-parentspanid",
      [MC_NAME_B3_SAMPLED] = "x-b3-sampled",
      [MC_NAME_B3_FLAGS] = "x-b3-flags",
      [MC_NAME_TRACEPARENT] = "traceparent",
      [MC_NAME_TRACESTATE] = "tracestate",
      [MC_NAME_JAEGER] = "uber-trace-id",
      [MC_NAME_JAEGER_BAGGAGE] = MC_TRACE_UBERCTX,
      [MC_NAME_DATADOG_TRACE_ID] = "x-datadog-trace-id",
      [MC_NAME_DATADOG_PARENT_ID] = "x-datadog-parent-id",
      [MC_NAME_DATADOG_PRIORITY] = "x-datadog-sampling-priority",
      [MC_NAME_DATADOG_ORIGIN] = "x-datadog-origin",
      [MC_NAME_DATADOG_TAGS] = "x-datadog-tags",
      [MC_NAME_XRAY] = "x-amzn-trace-id",
      [MC_NAME_CLOUD] = "x-cloud-trace-context",
      [MC_NAME_OT_TRACE_ID] = "ot-tracer-traceid",
      [MC_NAME_OT_SPAN_ID] = "ot-tracer-spanid",
      [MC_NAME_OT_SAMPLED] = "ot-tracer-sampled",
      [MC_NAME_BAGGAGE] = "baggage",
      [MC_NAME_REQUEST_ID] = "x-request-id",
  };
  return mc_slice_of(names[name], strlen(names[name]));
}

#define BIT(name) MC_NAME_BIT(MC_NAME_##name)

const uint32_t mc_trace_format_names[MC_TRACE_FORMATS] = {
    [MC_TRACE_B3_SINGLE] = BIT(B3),
    [MC_TRACE_B3_MULTI] = BIT(B3_TRACE_ID) | BIT(B3_SPAN_ID) | BIT(B3_PARENT_ID) | BIT(B3_SAMPLED) | BIT(B3_FLAGS),
    [MC_TRACE_W3C] = BIT(TRACEPARENT) | BIT(TRACESTATE),
    [MC_TRACE_JAEGER] = BIT(JAEGER) | BIT(JAEGER_BAGGAGE),
    [MC_TRACE_DATADOG] = BIT(DATADOG_TRACE_ID) | BIT(DATADOG_PARENT_ID) | BIT(DATADOG_PRIORITY) |
                         BIT(DATADOG_ORIGIN) | BIT(DATADOG_TAGS),
    [MC_TRACE_XRAY] = BIT(XRAY),
    [MC_TRACE_CLOUD] = BIT(CLOUD),
    [MC_TRACE_OT] = BIT(OT_TRACE_ID) | BIT(OT_SPAN_ID) | BIT(OT_SAMPLED),
    [MC_TRACE_BAGGAGE] = BIT(BAGGAGE),
    [MC_TRACE_REQUEST_ID] = BIT(REQUEST_ID),
};

#undef BIT

uint32_t mc_trace_names(const mc_trace_formats *formats) {
  uint32_t names = 0;
  for (uint8_t i = 0; i < formats->count; i++) names |= mc_trace_format_names[formats->order[i]];
  return names;
}

void mc_trace_ask(uint32_t names, mc_trace_asked *out) {
  *out = (mc_trace_asked){.names = names & ~MC_NAME_BIT(MC_NAME_OTHER), .prefix = SIZE_MAX};
  for (int name = MC_NAME_OTHER + 1; name < MC_TRACE_NAMES; name++) {
    if (!(names & MC_NAME_BIT(name))) continue;
    const mc_slice text = mc_trace_name_text((mc_trace_name)name);
    if (name == MC_NAME_JAEGER_BAGGAGE) {
      out->prefix = text.size;
    } else {
      out->ends[text.size - 1] |= UINT32_C(1) << (text.data[text.size - 1] & 31);
    }
  }
}
