/* Which header lines belong to which format. */
#include "base/names.h"
#include "trace/lines.h"

static const char baggage_prefix[] = "uberctx-";
enum { BAGGAGE_PREFIX = sizeof baggage_prefix - 1 };

#define IS(literal, id) \
  if (mc_same_name(p, literal, sizeof(literal) - 1)) return id

mc_trace_name mc_trace_name_of(mc_slice name) {
  const char *p = name.data;
  switch (name.size) {
    case 2:
      IS("b3", MC_NAME_B3);
      break;
    case 7:
      IS("baggage", MC_NAME_BAGGAGE);
      break;
    case 10:
      IS("x-b3-flags", MC_NAME_B3_FLAGS);
      IS("tracestate", MC_NAME_TRACESTATE);
      break;
    case 11:
      IS("x-b3-spanid", MC_NAME_B3_SPAN_ID);
      IS("traceparent", MC_NAME_TRACEPARENT);
      break;
    case 12:
      IS("x-b3-traceid", MC_NAME_B3_TRACE_ID);
      IS("x-b3-sampled", MC_NAME_B3_SAMPLED);
      IS("x-request-id", MC_NAME_REQUEST_ID);
      break;
    case 13:
      IS("uber-trace-id", MC_NAME_JAEGER);
      break;
    case 14:
      IS("x-datadog-tags", MC_NAME_DATADOG_TAGS);
      break;
    case 15:
      IS("x-amzn-trace-id", MC_NAME_XRAY);
      break;
    case 16:
      IS("x-datadog-origin", MC_NAME_DATADOG_ORIGIN);
      IS("ot-tracer-spanid", MC_NAME_OT_SPAN_ID);
      break;
    case 17:
      IS("x-b3-parentspanid", MC_NAME_B3_PARENT_ID);
      IS("ot-tracer-traceid", MC_NAME_OT_TRACE_ID);
      IS("ot-tracer-sampled", MC_NAME_OT_SAMPLED);
      break;
    case 18:
      IS("x-datadog-trace-id", MC_NAME_DATADOG_TRACE_ID);
      break;
    case 19:
      IS("x-datadog-parent-id", MC_NAME_DATADOG_PARENT_ID);
      break;
    case 21:
      IS("x-cloud-trace-context", MC_NAME_CLOUD);
      break;
    case 27:
      IS("x-datadog-sampling-priority", MC_NAME_DATADOG_PRIORITY);
      break;
    default:
      break;
  }
  const bool baggage = name.size > BAGGAGE_PREFIX && mc_same_word(p, baggage_prefix, BAGGAGE_PREFIX);
  return baggage ? MC_NAME_JAEGER_BAGGAGE : MC_NAME_OTHER;
}

#undef IS

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
      [MC_NAME_JAEGER_BAGGAGE] = baggage_prefix,
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
