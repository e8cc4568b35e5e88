"""Clusters of the model as the core's specs."""

from meshcore._concurrency_spec cimport concurrency_spec
from meshcore._core cimport *
from meshcore._outlier_spec cimport outlier_spec
from meshcore._spec cimport Specs, label_text

from meshcore.model import (
    CircuitBreakers,
    ClientSideWeighted,
    Discovery,
    HealthStatus,
    LeastRequest,
    Maglev,
    PeakEwma,
    Policy,
    RingHash,
    SlowStart,
    check_parameters,
)

# Envoy's update_merge_window where none is given.
cdef double MERGE_WINDOW = 1.0

# CLUSTER_PROVIDED has no endpoints to choose among.
cdef dict POLICIES = {
    Policy.ROUND_ROBIN: MC_POLICY_ROUND_ROBIN,
    Policy.RANDOM: MC_POLICY_RANDOM,
    Policy.RING_HASH: MC_POLICY_RING_HASH,
    Policy.MAGLEV: MC_POLICY_MAGLEV,
    Policy.LEAST_REQUEST: MC_POLICY_LEAST_REQUEST,
    Policy.PEAK_EWMA: MC_POLICY_PEAK_EWMA,
    Policy.CLIENT_SIDE_WEIGHTED_ROUND_ROBIN: MC_POLICY_CLIENT_SIDE_WEIGHTED_ROUND_ROBIN,
}
cdef dict FALLBACKS = {
    "NOT_DEFINED": MC_FALLBACK_UNDEFINED,
    "NO_FALLBACK": MC_FALLBACK_NONE,
    "ANY_ENDPOINT": MC_FALLBACK_ANY,
    "DEFAULT_SUBSET": MC_FALLBACK_DEFAULT,
    "KEYS_SUBSET": MC_FALLBACK_KEYS,
}
HEALTH = {
    HealthStatus.UNKNOWN: MC_HEALTHY,
    HealthStatus.HEALTHY: MC_HEALTHY,
    HealthStatus.DEGRADED: MC_DEGRADED,
    HealthStatus.UNHEALTHY: MC_UNHEALTHY,
    HealthStatus.TIMEOUT: MC_UNHEALTHY,
    HealthStatus.DRAINING: MC_DRAINING,
}


cdef dict STATUSES = {
    HealthStatus.UNKNOWN: MC_STATUS_UNKNOWN,
    HealthStatus.HEALTHY: MC_STATUS_HEALTHY,
    HealthStatus.UNHEALTHY: MC_STATUS_UNHEALTHY,
    HealthStatus.DRAINING: MC_STATUS_DRAINING,
    HealthStatus.TIMEOUT: MC_STATUS_TIMEOUT,
    HealthStatus.DEGRADED: MC_STATUS_DEGRADED,
}


cdef int cluster_spec(Specs specs, object cluster, mc_cluster_spec *out) except -1:
    out.name = specs.text(cluster.name)
    _localities(specs, cluster, out)
    _endpoints(specs, cluster, out)
    _balance(cluster, &out.balance)
    _zone(specs, cluster, &out.balance)
    _subsets(specs, cluster.subsets, out)
    _thresholds(specs, cluster, out)
    out.override_headers = _override_headers(specs, cluster.override_headers)
    for status in cluster.common_lb.override_host_status:
        out.session_statuses |= STATUSES[status]
    out.drop_millionths = 1_000_000 * cluster.drop_overload.numerator // cluster.drop_overload.denominator
    out.outlier = outlier_spec(specs, cluster.outlier_detection)
    out.concurrency = _concurrency(specs, cluster.concurrency)
    window = cluster.common_lb.update_merge_window
    out.merge_window_ns = nanoseconds(MERGE_WINDOW if window is None else window)
    return 0


cdef int unchecked(object cluster, mc_cluster_spec *out) except -1:
    """Endpoints that are new and to be checked are unhealthy until they have been."""
    cdef mc_endpoint_spec *at = <mc_endpoint_spec *> out.endpoints
    if cluster.health_check is None:
        return 0
    cdef mc_health first = MC_DRAINING if cluster.common_lb.ignore_new_hosts_until_first_hc else MC_UNHEALTHY
    for endpoint in cluster.endpoints:
        if endpoint.health_check is None or not endpoint.health_check.disabled:
            at.unchecked = first
        at += 1
    return 0


cdef const mc_concurrency_spec *_concurrency(Specs specs, object controller) except? NULL:
    """NULL for None."""
    cdef mc_concurrency_spec *out
    if controller is None:
        return NULL
    out = <mc_concurrency_spec *> specs.array(1, sizeof(mc_concurrency_spec))
    concurrency_spec(controller, out)
    return out


cdef mc_names _override_headers(Specs specs, tuple headers) except *:
    cdef mc_names out
    out.at = specs.names(headers)
    out.count = <uint32_t> len(headers)
    return out


cdef int _localities(Specs specs, object cluster, mc_cluster_spec *out) except -1:
    cdef mc_locality_spec *localities = <mc_locality_spec *> specs.array(
        len(cluster.localities), sizeof(mc_locality_spec))
    for i, group in enumerate(cluster.localities):
        localities[i].region = specs.text(group.locality.region)
        localities[i].zone = specs.text(group.locality.zone)
        localities[i].sub_zone = specs.text(group.locality.sub_zone)
        localities[i].priority = group.priority
        localities[i].weight = group.weight or 0
    out.localities = localities
    out.locality_count = <uint32_t> len(cluster.localities)
    return 0


cdef int _endpoints(Specs specs, object cluster, mc_cluster_spec *out) except -1:
    cdef size_t count = sum([len(group.endpoints) for group in cluster.localities])
    cdef mc_endpoint_spec *endpoints = <mc_endpoint_spec *> specs.array(count, sizeof(mc_endpoint_spec))
    cdef mc_endpoint_spec *at = endpoints
    # What a name was resolved from is the endpoint's hostname in Envoy, where none is given.
    cdef bint list_as_any = cluster.subsets is not None and cluster.subsets.list_as_any
    cdef bint resolved = cluster.discovery in (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS)
    cdef bint by_hostname = cluster.common_lb.use_hostname_for_hashing
    for i, group in enumerate(cluster.localities):
        for endpoint in group.endpoints:
            at.address = specs.text(endpoint.authority)
            hostname = endpoint.hostname or (endpoint.address if resolved else "")
            at.hostname = specs.optional(hostname)
            at.hash_key = specs.text(_hash_key(endpoint, hostname if by_hostname else endpoint.authority))
            at.health = HEALTH[endpoint.health]
            at.status = STATUSES[endpoint.health]
            at.weight = endpoint.weight
            at.locality = <uint32_t> i
            _labels(specs, endpoint.metadata, list_as_any, at)
            at += 1
    out.endpoints = endpoints
    out.endpoint_count = <uint32_t> count
    return 0


cdef str _hash_key(object endpoint, str otherwise):
    """What is hashed for an endpoint: ``hash_key`` of its envoy.lb metadata, where that is a text."""
    for key, value in endpoint.metadata:
        if key == "hash_key" and value and isinstance(value, str):
            return value
    return otherwise


cdef int _labels(Specs specs, tuple metadata, bint list_as_any, mc_endpoint_spec *out) except -1:
    """``list_as_any``: a list is a label for each of its values, or an absent value where it is empty."""
    cdef mc_label *labels
    pairs = []
    for key, value in metadata:
        if list_as_any and isinstance(value, list):
            pairs += [(key, label_text(one)) for one in value] or [(key, None)]
        else:
            pairs.append((key, label_text(value)))
    labels = <mc_label *> specs.array(len(pairs), sizeof(mc_label))
    for i, (key, text) in enumerate(pairs):
        labels[i].key = specs.text(key)
        labels[i].value = specs.optional("") if text is None else specs.text(text)
    out.labels = labels
    out.label_count = <uint32_t> len(pairs)
    return 0


cdef int _zone(Specs specs, object cluster, mc_balance_spec *out) except -1:
    cdef mc_zone_spec *spec
    cdef mc_peers *peers
    known, common = cluster.peers, cluster.common_lb
    if known is None:
        return 0
    spec = <mc_zone_spec *> specs.array(1, sizeof(mc_zone_spec))
    peers = <mc_peers *> specs.array(len(known.localities), sizeof(mc_peers))
    for i, group in enumerate(known.localities):
        _name(specs, group.locality, &peers[i].locality)
        peers[i].hosts = group.hosts
        peers[i].healthy = group.healthy
        peers[i].healthy_weight = group.healthy_weight
    _name(specs, known.own, &spec.own)
    spec.peers = peers
    spec.peer_count = <uint32_t> len(known.localities)
    spec.peer_hosts = known.hosts
    spec.usable_peers = known.usable
    percent, least = common.zone_aware_routing_percent, common.zone_aware_min_cluster_size
    spec.routing_percent = 100 if percent is None else <uint32_t> min(100, int(percent + 0.5))
    spec.min_cluster_size = 6 if least is None else least
    spec.force_minimum = common.force_local_zone_min_size or 0
    spec.by_weight = common.zone_aware_by_weight
    out.zone = spec
    return 0


cdef int _name(Specs specs, object locality, mc_locality_name *out) except -1:
    out.region = specs.text(locality.region)
    out.zone = specs.text(locality.zone)
    out.sub_zone = specs.text(locality.sub_zone)
    return 0


cdef int _subsets(Specs specs, object config, mc_cluster_spec *out) except -1:
    cdef mc_subsets_spec *spec
    cdef mc_subset_selector *selectors
    if config is None:
        return 0
    spec = <mc_subsets_spec *> specs.array(1, sizeof(mc_subsets_spec))
    selectors = <mc_subset_selector *> specs.array(len(config.selectors), sizeof(mc_subset_selector))
    keyed = [selector for selector in config.selectors if selector.keys]
    for i, selector in enumerate(keyed):
        selectors[i].keys = _names(specs, selector.keys)
        selectors[i].single_host = selector.single_host_per_subset
        selectors[i].fallback = FALLBACKS[selector.fallback_policy]
        selectors[i].fallback_keys = _names(specs, selector.fallback_keys)
    spec.selectors = selectors
    spec.selector_count = <uint32_t> len(keyed)
    spec.fallback = FALLBACKS[config.fallback_policy]
    spec.default_labels = specs.labels(config.default_subset)
    spec.locality_weight_aware = config.locality_weight_aware
    spec.scale_locality_weight = config.scale_locality_weight
    spec.panic_mode_any = config.panic_mode_any
    spec.allow_redundant_keys = config.allow_redundant_keys
    spec.fallback_list = config.metadata_fallback_policy == "FALLBACK_LIST"
    out.subsets = spec
    return 0


cdef int _thresholds(Specs specs, object cluster, mc_cluster_spec *out) except -1:
    """What is not said has Envoy's default."""
    cdef mc_thresholds *thresholds = <mc_thresholds *> specs.array(MC_ROUTING_PRIORITIES, sizeof(mc_thresholds))
    for i, given in enumerate((cluster.circuit_breakers, cluster.circuit_breakers_high)):
        given = CircuitBreakers() if given is None else given
        percent, least = given.retry_budget_percent, given.retry_budget_min_concurrency
        thresholds[i].max[<int> MC_RESOURCE_CONNECTIONS] = _limit(given.max_connections, 1024)
        thresholds[i].max[<int> MC_RESOURCE_PENDING] = _limit(given.max_pending_requests, 1024)
        thresholds[i].max[<int> MC_RESOURCE_REQUESTS] = _limit(given.max_requests, 1024)
        thresholds[i].max[<int> MC_RESOURCE_RETRIES] = _limit(given.max_retries, 3)
        thresholds[i].max_host_connections = _limit(given.max_host_connections, 0xFFFFFFFF)
        thresholds[i].retry_budget = percent is not None or least is not None
        thresholds[i].budget_percent = 20 if percent is None else percent
        thresholds[i].min_retry_concurrency = _limit(least, 3)
    out.thresholds = thresholds
    return 0


cdef uint32_t _limit(object given, uint32_t otherwise) except? 0:
    return otherwise if given is None else given


cdef mc_names _names(Specs specs, tuple names) except *:
    """Sorted as bytes, each once."""
    cdef mc_slice *slices = <mc_slice *> specs.array(len(names), sizeof(mc_slice))
    cdef mc_names out
    texts = sorted({name.encode("utf-8", "surrogateescape") for name in names})
    for i, text in enumerate(texts):
        slices[i] = specs.text(text)
    out.at = slices
    out.count = <uint32_t> len(texts)
    return out


cdef int _balance(object cluster, mc_balance_spec *out) except -1:
    common = cluster.common_lb
    threshold = common.healthy_panic_threshold
    out.policy = POLICIES.get(cluster.policy, MC_POLICY_ROUND_ROBIN)
    out.panic_percent = 50 if threshold is None else <uint32_t> min(100, int(threshold + 0.5))
    out.overprovisioning_percent = cluster.overprovisioning_factor
    out.weighted_priority_health = cluster.weighted_priority_health
    out.fail_traffic_on_panic = common.fail_traffic_on_panic
    out.locality_weighted = common.locality_weighted
    _hashing(cluster, &out.hashing)
    load_options(
        &out.load, cluster.slow_start, cluster.least_request, cluster.peak_ewma, cluster.client_side_weighted)
    return 0


cdef int _hashing(object cluster, mc_hashing_spec *out) except -1:
    ring = cluster.ring_hash or RingHash()
    maglev = cluster.maglev or Maglev()
    out.function = MC_MURMUR_HASH_2 if ring.hash_function == "MURMUR_HASH_2" else MC_XX_HASH
    out.minimum_ring_size = ring.minimum_ring_size
    out.maximum_ring_size = ring.maximum_ring_size
    out.table_size = maglev.table_size
    out.balance_factor = cluster.common_lb.hash_balance_factor or 0
    return 0


cdef uint64_t nanoseconds(double seconds):
    # Half the range is 292 years; now and a duration must add up.
    return <uint64_t> (min(max(seconds, 0.0), 9.0e9) * 1e9)


cdef int load_options(
    mc_load_options *out, object slow, object least, object peak, object weighted
) except -1:
    """The parameters of policies that go by load; None: the defaults. ValueError where one is out of range."""
    for given in (slow, least, peak, weighted):
        for problem in () if given is None else check_parameters(given):
            raise ValueError(f"{type(given).__name__}.{problem}")
    slow = SlowStart() if slow is None else slow
    least = LeastRequest() if least is None else least
    peak = PeakEwma() if peak is None else peak
    weighted = ClientSideWeighted() if weighted is None else weighted
    out.slow_start_ns = nanoseconds(slow.window)
    out.slow_start_aggression = slow.aggression
    out.slow_start_least = slow.min_weight_percent / 100
    out.choice_count = least.choice_count
    out.full_scan = least.full_scan
    out.active_request_bias = least.active_request_bias
    out.decay_ns = nanoseconds(peak.decay_time)
    out.default_latency_ns = nanoseconds(peak.default_rtt)
    out.penalty = peak.penalty_value
    out.blackout_ns = nanoseconds(weighted.blackout_period)
    out.expiration_ns = nanoseconds(weighted.weight_expiration_period)
    out.update_ns = nanoseconds(max(weighted.weight_update_period, 0.1))
    out.error_penalty = weighted.error_utilization_penalty
    return 0
