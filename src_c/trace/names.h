/* Telling the names of trace headers from all others, and from each other. Inline: every line of every hop passes here. */
#ifndef MC_TRACE_NAMES_H
#define MC_TRACE_NAMES_H

#include "base/names.h"
#include "base/slice.h"

#define MC_TRACE_UBERCTX "uberctx-" /* what the names of Jaeger's baggage begin with */

enum { MC_TRACE_NAME_BYTES = 27, MC_TRACE_UBERCTX_BYTES = sizeof MC_TRACE_UBERCTX - 1 };

/* Names that are asked for, and by what nearly all others are told from them at a glance. */
typedef struct mc_trace_asked {
  uint32_t names;                     /* bit by mc_trace_name; not MC_NAME_OTHER's */
  uint32_t ends[MC_TRACE_NAME_BYTES]; /* by size, less one: what it may end with, by the bits that both cases share */
  size_t prefix;                      /* longer ones may begin with uberctx-; SIZE_MAX: nobody asks for these */
} mc_trace_asked;

void mc_trace_ask(uint32_t names, mc_trace_asked *out);

/* False: it is none of those. */
MC_INLINED bool mc_trace_name_likely(const mc_trace_asked *asked, mc_slice name) {
  const size_t last = name.size - 1; /* a name without bytes wraps around */
  if (last < MC_TRACE_NAME_BYTES && asked->ends[last] >> (name.data[last] & 31) & 1) return true;
  return name.size > asked->prefix && (name.data[0] | 0x20) == 'u' && (name.data[1] | 0x20) == 'b';
}

#define IS(literal, id) \
  if (mc_same_name(p, literal, sizeof(literal) - 1)) return id

MC_INLINED mc_trace_name mc_trace_name_at(const char *p, size_t size) {
  switch (size) {
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
  const bool baggage = size > MC_TRACE_UBERCTX_BYTES && mc_same_word(p, MC_TRACE_UBERCTX, MC_TRACE_UBERCTX_BYTES);
  return baggage ? MC_NAME_JAEGER_BAGGAGE : MC_NAME_OTHER;
}

#undef IS

#endif
