"""Faults of the model as the core's specs."""

from meshcore._core cimport *
from meshcore._match_spec cimport headers_spec
from meshcore._spec cimport Specs

from meshcore.model import FaultPolicy, ForwardAction


cdef const mc_fault_spec *fault_spec(Specs specs, object policy) except? NULL:
    """NULL where the policy is None."""
    cdef mc_fault_spec *out
    if policy is None:
        return NULL
    out = <mc_fault_spec *> specs.array(1, sizeof(mc_fault_spec))
    delay, abort, rate = policy.delay, policy.abort, policy.response_rate_limit
    if delay is not None:
        # Whole milliseconds, as Envoy counts them; the float may lie a hair below.
        milliseconds = 0 if delay.fixed is None else round(delay.fixed * 1_000_000_000) // 1_000_000
        _part(delay.fraction, delay.header_controlled, milliseconds, &out.delay)
    if abort is not None:
        out.abort_is_grpc = not abort.header_controlled and abort.http_status is None
        status = abort.grpc_status if out.abort_is_grpc else abort.http_status
        _part(abort.fraction, abort.header_controlled, status or 0, &out.abort)
    if rate is not None:
        _part(rate.fraction, rate.kbps is None, rate.kbps or 0, &out.rate)
    out.upstream_cluster = specs.text(policy.upstream_cluster)
    _number(policy.max_active_faults, &out.max_active)
    _concerned(specs, policy, out)
    _override(policy.runtime, &out.runtime)
    _downstreams(specs, policy.downstream_clusters, out)
    return out


cdef int route_faults(Specs specs, object route, mc_action_spec *out) except -1:
    """The policies of a route and of its weighted clusters, whose specs are there already."""
    out.fault = fault_spec(specs, route.fault)
    if not isinstance(route.action, ForwardAction) or route.action.weighted_clusters is None:
        return 0
    # The array is ours; it is constant to the core alone.
    cdef mc_weighted_cluster_spec *clusters = <mc_weighted_cluster_spec *> out.clusters
    for i, one in enumerate(route.action.weighted_clusters.clusters):
        clusters[i].fault = filter_fault(specs, one.typed_per_filter_config)
    return 0


cdef const mc_fault_spec *filter_fault(Specs specs, tuple configs) except? NULL:
    """The fault filter's policy in a typed_per_filter_config; NULL: none."""
    for _, config in configs:
        if isinstance(config, FaultPolicy):
            return fault_spec(specs, config)
    return NULL


cdef int _part(object fraction, bint by_header, uint64_t value, mc_fault_part_spec *out) except -1:
    out.given = True
    out.by_header = by_header
    out.value = value
    _fraction(fraction, &out.share)
    return 0


cdef int _fraction(object fraction, mc_fraction *out) except -1:
    if fraction is not None:
        out.numerator = fraction.numerator
        out.denominator = fraction.denominator
    return 0


cdef int _number(object value, mc_number *out) except -1:
    if value is not None:
        out.said = True
        out.value = value
    return 0


cdef int _override(object runtime, mc_fault_override *out) except -1:
    _fraction(runtime.delay_fraction, &out.delay)
    _fraction(runtime.abort_fraction, &out.abort)
    _fraction(runtime.rate_limit_fraction, &out.rate)
    _number(runtime.delay, &out.delay_ms)
    _number(runtime.http_status, &out.http_status)
    _number(runtime.grpc_status, &out.grpc_status)
    return 0


cdef int _concerned(Specs specs, object policy, mc_fault_spec *out) except -1:
    cdef mc_slice *nodes = <mc_slice *> specs.array(len(policy.downstream_nodes), sizeof(mc_slice))
    for i, node in enumerate(policy.downstream_nodes):
        nodes[i] = specs.text(node)
    out.headers = headers_spec(specs, policy.headers)
    out.header_count = <uint32_t> len(policy.headers)
    out.downstream_nodes.at = nodes
    out.downstream_nodes.count = <uint32_t> len(policy.downstream_nodes)
    return 0


cdef int _downstreams(Specs specs, tuple overrides, mc_fault_spec *out) except -1:
    cdef mc_fault_downstream *all = <mc_fault_downstream *> specs.array(len(overrides), sizeof(mc_fault_downstream))
    for i, (cluster, runtime) in enumerate(overrides):
        all[i].cluster = specs.text(cluster)
        _override(runtime, &all[i].override)
    out.downstreams = all
    out.downstream_count = <uint32_t> len(overrides)
    return 0
