"""The connection manager's options of the model as the core's specs."""

import ipaddress

from cpython.bytes cimport PyBytes_AS_STRING
from libc.string cimport memcpy

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore.model import EscapedSlashes, Underscores

cdef dict SLASHES = {
    EscapedSlashes.KEEP_UNCHANGED: MC_SLASHES_KEEP,
    EscapedSlashes.REJECT_REQUEST: MC_SLASHES_REJECT,
    EscapedSlashes.UNESCAPE_AND_REDIRECT: MC_SLASHES_REDIRECT,
    EscapedSlashes.UNESCAPE_AND_FORWARD: MC_SLASHES_FORWARD,
}
cdef dict UNDERSCORES = {
    Underscores.ALLOW: MC_UNDERSCORES_ALLOW,
    Underscores.REJECT_REQUEST: MC_UNDERSCORES_REJECT,
    Underscores.DROP_HEADER: MC_UNDERSCORES_DROP,
}
cdef dict TRACERS = {"": MC_TRACER_NONE, "zipkin": MC_TRACER_ZIPKIN, "opentelemetry": MC_TRACER_OPENTELEMETRY}


cdef int options_spec(Specs specs, object options, mc_http_options *out) except -1:
    cdef mc_cidr *cidrs
    cdef tuple ranges
    cdef bytes packed
    out.normalize_path = options.normalize_path
    out.merge_slashes = options.merge_slashes
    out.escaped_slashes = SLASHES[options.escaped_slashes]
    out.underscores = UNDERSCORES[options.underscores]
    out.strip_matching_host_port = options.strip_matching_host_port
    out.strip_any_host_port = options.strip_any_host_port
    out.strip_trailing_host_dot = options.strip_trailing_host_dot
    out.use_remote_address = options.use_remote_address
    out.skip_xff_append = options.skip_xff_append
    out.append_x_forwarded_port = options.append_x_forwarded_port
    out.suppress_envoy_headers = options.suppress_envoy_headers
    out.xff_num_trusted_hops = options.xff_num_trusted_hops
    out.scheme_to_overwrite = specs.optional(options.scheme_to_overwrite)
    out.via = specs.optional(options.via)
    out.generate_request_id = options.generate_request_id
    out.preserve_external_request_id = options.preserve_external_request_id
    out.always_set_request_id_in_response = options.always_set_request_id_in_response
    if options.tracing is not None:
        out.tracing = _tracing(specs, options.tracing)
        out.keep_trace_reason = not options.tracing.pack_trace_reason
    out.upgrades = upgrades_spec(specs, options.upgrades)
    out.upgrade_count = <uint32_t> len(options.upgrades)
    out.has_internal_cidrs = options.internal_cidrs is not None
    if options.internal_cidrs is None:
        return 0
    ranges = options.internal_cidrs  # none given: the core's own notion of private addresses
    cidrs = <mc_cidr *> specs.array(len(ranges), sizeof(mc_cidr))
    for i, text in enumerate(ranges):
        network = ipaddress.ip_network(text, strict=False)
        four = network.version == 4
        packed = (b"\0" * 10 + b"\xff\xff" if four else b"") + network.network_address.packed
        memcpy(cidrs[i].address, PyBytes_AS_STRING(packed), 16)
        cidrs[i].bits = network.prefixlen + (96 if four else 0)
    out.internal_cidrs = cidrs
    out.internal_cidr_count = <uint32_t> len(ranges)
    return 0


cdef const mc_tracing_spec *_tracing(Specs specs, object options) except NULL:
    cdef mc_tracing_spec *out = <mc_tracing_spec *> specs.array(1, sizeof(mc_tracing_spec))
    out.tracer = TRACERS[options.provider]
    out.w3c = options.trace_context == "USE_B3_WITH_W3C_PROPAGATION"
    out.shared_span_context = options.shared_span_context
    out.long_ids = options.trace_id_128bit
    out.outbound = options.outbound
    out.spawn_upstream_span = options.spawn_upstream_span
    out.any_id = not options.use_request_id
    out.names_spans = bool(options.operation)
    shares_of(options.sampling, &out.shares)
    return out


cdef const mc_upgrade *upgrades_spec(Specs specs, tuple upgrades) except NULL:
    cdef mc_upgrade *out = <mc_upgrade *> specs.array(len(upgrades), sizeof(mc_upgrade))
    for i, (protocol, enabled) in enumerate(upgrades):
        out[i].protocol = specs.text(protocol)
        out[i].enabled = enabled
    return out


cdef void shares_of(object sampling, mc_sampling_shares *out):
    out.client.numerator, out.client.denominator = sampling.client.numerator, sampling.client.denominator
    out.random.numerator, out.random.denominator = sampling.random.numerator, sampling.random.denominator
    out.overall.numerator, out.overall.denominator = sampling.overall.numerator, sampling.overall.denominator
