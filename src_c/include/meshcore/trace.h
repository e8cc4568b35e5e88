/* Trace contexts: what a request says of the trace that it belongs to, in any of the formats in use, and the same
 * for the next request.
 *
 * What is malformed is treated as its specification says (trace/, one file for each format), and counted.
 */
#ifndef MESHCORE_TRACE_H
#define MESHCORE_TRACE_H

#include "meshcore/base.h"

/* How tracers write it. Each is a set of header names. */
typedef enum mc_trace_format {
  MC_TRACE_B3_SINGLE, /* b3 */
  MC_TRACE_B3_MULTI,  /* x-b3-* */
  MC_TRACE_W3C,       /* traceparent, tracestate */
  MC_TRACE_JAEGER,    /* uber-trace-id, uberctx-* */
  MC_TRACE_DATADOG,   /* x-datadog-* */
  MC_TRACE_XRAY,      /* x-amzn-trace-id */
  MC_TRACE_CLOUD,     /* x-cloud-trace-context */
  MC_TRACE_OT,        /* ot-tracer-* */
  MC_TRACE_BAGGAGE,   /* baggage: W3C's; it has no ids */
  MC_TRACE_REQUEST_ID /* x-request-id; likewise */
} mc_trace_format;

enum { MC_TRACE_FORMATS = 10 };

/* Some of them. Of those that a request has, the first whose ids are well-formed counts. */
typedef struct mc_trace_formats {
  uint8_t order[MC_TRACE_FORMATS]; /* mc_trace_format, each once */
  uint8_t count;
} mc_trace_formats;

/* Whether the trace is recorded. */
typedef enum mc_sampling {
  MC_SAMPLING_DEFER, /* nobody has decided: whoever is asked next may */
  MC_SAMPLING_DENY,
  MC_SAMPLING_ACCEPT,
  MC_SAMPLING_DEBUG, /* accepted, and to be recorded whatever samplers say */
} mc_sampling;

/* W3C's trace-flags, level 2; and one of our own: where the sampling is MC_SAMPLING_DENY, a user said so, which Datadog
 * tells apart. */
enum { MC_TRACE_FLAG_SAMPLED = 1, MC_TRACE_FLAG_RANDOM = 2, MC_TRACE_FLAG_USER_DENIED = 4 };

typedef struct mc_span_context {
  uint64_t trace_high, trace_low; /* both 0: the request has no ids, though it may say other things */
  uint64_t span_id;   /* of the caller's span; 0: unknown, which only X-Ray and x-cloud-trace-context allow */
  uint64_t parent_id; /* of the span above it; 0: unknown, or none */
  mc_sampling sampling;
  uint8_t flags;   /* MC_TRACE_FLAG_RANDOM and MC_TRACE_FLAG_USER_DENIED alone */
  bool short_id;   /* the trace id has 64 bits */
  int8_t format;   /* where ids and sampling come from; -1: nowhere */
  /* Texts for those who come next; data NULL: none. They lie in the request, or in the scratch. */
  mc_slice tracestate, baggage; /* as one line, within their bounds */
  mc_slice request_id;
  mc_slice datadog_origin, datadog_tags;
  mc_slice xray; /* a line of X-Ray that has fields of its own beside the ids */
  /* The ids' 16 or 32 digits where they lie already as they are written, so that they need not be; NULL: nowhere. */
  const char *trace_digits, *span_digits, *parent_digits;
} mc_span_context;

/* Of W3C's tracestate and baggage. What is beyond is left out, members as a whole. */
enum { MC_TRACESTATE_MEMBERS = 32, MC_TRACESTATE_BYTES = 512, MC_BAGGAGE_MEMBERS = 64, MC_BAGGAGE_BYTES = 8192 };
/* A longer x-request-id is none. */
enum { MC_REQUEST_ID_BYTES = 256 };

/* What was not as it should be, by many threads at once. */
typedef struct mc_trace_counts mc_trace_counts;

/* NULL: no memory. */
mc_trace_counts *mc_trace_counts_new(void);
void mc_trace_counts_free(mc_trace_counts *counts);
/* How often a format was malformed; of the baggage, how many members. */
uint64_t mc_trace_counts_malformed(const mc_trace_counts *counts, mc_trace_format format);
/* How often members were left out for want of room: of MC_TRACE_W3C (tracestate) and MC_TRACE_BAGGAGE. */
uint64_t mc_trace_counts_truncated(const mc_trace_counts *counts, mc_trace_format format);

/* The context that header lines carry; counts may be NULL. MC_OK; MC_INVALID: they carry none at all; or
 * MC_NO_MEMORY. */
mc_code mc_trace_extract(const mc_header *headers, uint32_t count, const mc_trace_formats *formats,
                         mc_scratch *scratch, mc_trace_counts *counts, mc_span_context *out);

/* A new trace, of two random numbers for its id (of which the first counts for nothing where it is short) and one for
 * its span's. */
void mc_span_context_new(const uint64_t random[3], bool short_id, mc_sampling sampling, mc_span_context *out);
/* A span below the context's: of the same trace, or of a new one where the context has no ids. Texts are shared. */
void mc_span_context_child(const mc_span_context *parent, const uint64_t random[3], mc_span_context *out);

/* The context as it is said of another span: with that one's ids. Its parent is what the span says, or else, within a
 * trace, the span that the context was of. Texts are shared, but for a tracestate of another trace. */
void mc_span_context_named(const mc_span_context *context, const mc_span_context *span, mc_span_context *out);

/* The names of header lines that belong to formats. */
typedef enum mc_trace_name {
  MC_NAME_OTHER,
  MC_NAME_B3,
  MC_NAME_B3_TRACE_ID,
  MC_NAME_B3_SPAN_ID,
  MC_NAME_B3_PARENT_ID,
  MC_NAME_B3_SAMPLED,
  MC_NAME_B3_FLAGS,
  MC_NAME_TRACEPARENT,
  MC_NAME_TRACESTATE,
  MC_NAME_JAEGER,
  MC_NAME_JAEGER_BAGGAGE, /* each that begins with uberctx- */
  MC_NAME_DATADOG_TRACE_ID,
  MC_NAME_DATADOG_PARENT_ID,
  MC_NAME_DATADOG_PRIORITY,
  MC_NAME_DATADOG_ORIGIN,
  MC_NAME_DATADOG_TAGS,
  MC_NAME_XRAY,
  MC_NAME_CLOUD,
  MC_NAME_OT_TRACE_ID,
  MC_NAME_OT_SPAN_ID,
  MC_NAME_OT_SAMPLED,
  MC_NAME_BAGGAGE,
  MC_NAME_REQUEST_ID,
} mc_trace_name;

enum { MC_TRACE_NAMES = 23 };

mc_trace_name mc_trace_name_of(mc_slice name);
/* The name in lower case; of MC_NAME_JAEGER_BAGGAGE what all of them begin with. Static. */
mc_slice mc_trace_name_text(mc_trace_name name);
/* Whose names they are, as bits: what to take away before a context is written anew. */
uint32_t mc_trace_names(const mc_trace_formats *formats);

typedef struct mc_trace_line {
  mc_trace_name id;
  mc_slice name; /* lower-case, but for what follows uberctx- */
  mc_slice value;
} mc_trace_line;

/* The lines that tell the next one of the context. They lie in the scratch, texts of the context where they are. What
 * a format cannot say it leaves out: all of them but B3 need ids. MC_OK or MC_NO_MEMORY. */
mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                        const mc_trace_line **lines, uint32_t *count);

/* A UUID of version 4 of 128 random bits. */
enum { MC_UUID_TEXT = 36 };
void mc_uuid_write(const uint64_t random[2], char out[MC_UUID_TEXT]);

#endif
