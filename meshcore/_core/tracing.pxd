# Which requests are traced, and what of that goes upstream.

from meshcore._core.base cimport mc_fraction


cdef extern from "meshcore/tracing.h" nogil:
    ctypedef struct mc_sampling_shares:
        mc_fraction client
        mc_fraction random
        mc_fraction overall

    ctypedef enum mc_tracer:
        MC_TRACER_NONE
        MC_TRACER_ZIPKIN
        MC_TRACER_OPENTELEMETRY

    ctypedef struct mc_tracing_spec:
        mc_tracer tracer
        bint w3c
        bint shared_span_context
        bint long_ids
        bint outbound
        bint spawn_upstream_span
        bint any_id
        bint names_spans
        mc_sampling_shares shares

    ctypedef enum mc_trace_reason:
        MC_NOT_TRACED

    const char *mc_trace_reason_name(mc_trace_reason reason)
