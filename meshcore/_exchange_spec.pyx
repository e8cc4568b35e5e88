"""What of the model decides about a request's attempts and their time, as the core's specs."""

from libc.stdint cimport UINT64_MAX, uint32_t, uint64_t

from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._match_spec cimport headers_spec
from meshcore._spec cimport Specs

from meshcore.model import DEFAULT_ROUTE_TIMEOUT, DEFAULT_STREAM_IDLE_TIMEOUT

# Envoy's defaults, in seconds.
cdef double BACK_OFF_BASE = 0.025
cdef double RESET_MAX_INTERVAL = 300.0


cdef uint64_t or_unset(object seconds) except? 0:
    return UINT64_MAX if seconds is None else nanoseconds(seconds)


cdef uint64_t or_none(object seconds) except? 0:
    return 0 if seconds is None else nanoseconds(seconds)


cdef const mc_retry_spec *retry_spec(Specs specs, object policy) except NULL:
    cdef mc_retry_spec *out = <mc_retry_spec *> specs.array(1, sizeof(mc_retry_spec))
    cdef uint32_t *codes = <uint32_t *> specs.array(len(policy.retriable_status_codes), sizeof(uint32_t))
    cdef mc_reset_header *resets = <mc_reset_header *> specs.array(
        len(policy.rate_limited_reset_headers), sizeof(mc_reset_header))
    cdef mc_labels *omit = <mc_labels *> specs.array(len(policy.omit_host_metadata), sizeof(mc_labels))
    base = BACK_OFF_BASE if policy.back_off_base is None else policy.back_off_base
    longest = policy.rate_limited_max_interval
    out.on = mc_retry_on_parse(specs.text(",".join(policy.retry_on)))
    out.retries = policy.num_retries
    out.base_ns = nanoseconds(base) or 1
    out.max_ns = nanoseconds(10 * base if policy.back_off_max is None else policy.back_off_max) or 1
    for i, code in enumerate(policy.retriable_status_codes):
        codes[i] = code
    out.status_codes = codes
    out.status_code_count = <uint32_t> len(policy.retriable_status_codes)
    out.headers = headers_spec(specs, policy.retriable_headers)
    out.header_count = <uint32_t> len(policy.retriable_headers)
    out.request_headers = headers_spec(specs, policy.retriable_request_headers)
    out.request_header_count = <uint32_t> len(policy.retriable_request_headers)
    for i, (name, form) in enumerate(policy.rate_limited_reset_headers):
        resets[i].name = specs.text(name)
        resets[i].timestamp = form == "UNIX_TIMESTAMP"
    out.reset_headers = resets
    out.reset_header_count = <uint32_t> len(policy.rate_limited_reset_headers)
    out.reset_max_ns = nanoseconds(RESET_MAX_INTERVAL if longest is None else longest)
    out.avoid_previous_hosts = policy.avoid_previous_hosts
    for i, labels in enumerate(policy.omit_host_metadata):
        omit[i] = specs.labels(labels)
    out.omit = omit
    out.omit_count = <uint32_t> len(policy.omit_host_metadata)
    out.host_attempts = policy.host_selection_max_attempts
    out.priority_frequency = policy.previous_priorities_frequency or 0
    return out


cdef const mc_timeout_spec *timeout_spec(Specs specs, object action, object retries) except NULL:
    cdef mc_timeout_spec *out = <mc_timeout_spec *> specs.array(1, sizeof(mc_timeout_spec))
    out.request_ns = nanoseconds(DEFAULT_ROUTE_TIMEOUT if action.timeout is None else action.timeout)
    if retries is not None:
        out.per_try_ns = or_none(retries.per_try_timeout)
        out.per_try_idle_ns = or_none(retries.per_try_idle_timeout)
    out.idle_ns = or_unset(action.idle_timeout)
    out.stream_limits = action.stream_limits
    out.stream_ns = or_unset(action.max_stream_duration)
    out.grpc_header_max_ns = or_unset(action.grpc_timeout_header_max)
    out.grpc_header_offset_ns = or_none(action.grpc_timeout_header_offset)
    out.grpc_max_ns = or_unset(action.max_grpc_timeout)
    out.grpc_offset_ns = or_none(action.grpc_timeout_offset)
    return out


cdef int exchange_spec(Specs specs, object action, object host, mc_action_spec *out) except -1:
    """Of a route that forwards, in its virtual host, whose policies hold where the route has none."""
    retries = host.retry_policy if action.retry_policy is None else action.retry_policy
    hedges = host.hedge_policy if action.hedge_policy is None else action.hedge_policy
    if retries is not None:
        out.retry = retry_spec(specs, retries)
    if hedges is not None:
        out.hedge.initial_requests = hedges.initial_requests
        out.hedge.on_per_try_timeout = hedges.hedge_on_per_try_timeout
        if hedges.additional_request_chance is not None:
            out.hedge.numerator = hedges.additional_request_chance.numerator
            out.hedge.denominator = hedges.additional_request_chance.denominator
    out.timeouts = timeout_spec(specs, action, retries)
    out.count_attempts = host.include_request_attempt_count
    out.tell_attempts = host.include_attempt_count_in_response
    out.tell_timeouts = host.include_is_timeout_retry_header
    return 0


cdef int exchange_options(object options, mc_http_options *out) except -1:
    """Of a listener: limits of the routes that say nothing."""
    idle = options.stream_idle_timeout
    out.respect_expected_rq_timeout = options.respect_expected_rq_timeout
    out.stream_idle_ns = nanoseconds(DEFAULT_STREAM_IDLE_TIMEOUT if idle is None else idle)
    out.max_stream_ns = or_none(options.max_stream_duration)
    return 0
