# Trace contexts: what a request says of the trace that it belongs to, in any of the formats in use, and the
# same for the next request.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from meshcore._core.base cimport c_bool, mc_code, mc_header, mc_scratch, mc_slice


cdef extern from "meshcore/trace.h" nogil:
    ctypedef enum mc_trace_format:
        MC_TRACE_B3_MULTI
        MC_TRACE_W3C
        MC_TRACE_BAGGAGE

    enum:
        MC_TRACE_FORMATS
        MC_TRACE_NAMES
        MC_TRACE_FLAG_SAMPLED
        MC_TRACE_FLAG_RANDOM
        MC_TRACE_FLAG_USER_DENIED
        MC_UUID_TEXT

    ctypedef struct mc_trace_formats:
        uint8_t *order
        uint8_t count

    ctypedef enum mc_sampling:
        MC_SAMPLING_DEFER
        MC_SAMPLING_DENY
        MC_SAMPLING_ACCEPT
        MC_SAMPLING_DEBUG

    ctypedef struct mc_span_context:
        uint64_t trace_high
        uint64_t trace_low
        uint64_t span_id
        uint64_t parent_id
        mc_sampling sampling
        uint8_t flags
        c_bool short_id
        signed char format
        mc_slice tracestate
        mc_slice baggage
        mc_slice request_id
        mc_slice datadog_origin
        mc_slice datadog_tags
        mc_slice xray
        const char *trace_digits
        const char *span_digits
        const char *parent_digits

    ctypedef struct mc_trace_counts:
        pass

    mc_trace_counts *mc_trace_counts_new()
    void mc_trace_counts_free(mc_trace_counts *counts)
    uint64_t mc_trace_counts_malformed(const mc_trace_counts *counts, mc_trace_format format)
    uint64_t mc_trace_counts_truncated(const mc_trace_counts *counts, mc_trace_format format)
    mc_code mc_trace_extract(const mc_header *headers, uint32_t count, const mc_trace_formats *formats,
                             mc_scratch *scratch, mc_trace_counts *counts, mc_span_context *out)
    void mc_span_context_new(const uint64_t *random, c_bool short_id, mc_sampling sampling, mc_span_context *out)
    void mc_span_context_child(const mc_span_context *parent, const uint64_t *random, mc_span_context *out)
    void mc_span_context_named(const mc_span_context *context, const mc_span_context *span, mc_span_context *out)

    ctypedef enum mc_trace_name:
        MC_NAME_OTHER
        MC_NAME_B3
        MC_NAME_B3_TRACE_ID
        MC_NAME_B3_SPAN_ID
        MC_NAME_B3_PARENT_ID
        MC_NAME_B3_SAMPLED
        MC_NAME_TRACEPARENT
        MC_NAME_JAEGER_BAGGAGE

    mc_trace_name mc_trace_name_of(mc_slice name)
    mc_slice mc_trace_name_text(mc_trace_name name)
    uint32_t mc_trace_names(const mc_trace_formats *formats)

    ctypedef struct mc_trace_line:
        mc_trace_name id
        mc_slice name
        mc_slice value

    mc_code mc_trace_inject(const mc_span_context *context, const mc_trace_formats *formats, mc_scratch *scratch,
                            const mc_trace_line **lines, uint32_t *count)
    void mc_uuid_write(const uint64_t *random, char *out)
