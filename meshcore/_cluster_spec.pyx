"""Clusters of the model as the core's specs."""

import json

from meshcore._core cimport *
from meshcore._spec cimport Specs

from meshcore.model import Discovery, HealthStatus, Policy

# The policies that the core has; others are round robin yet (config/enforcement.py warns of them).
cdef dict POLICIES = {
    Policy.ROUND_ROBIN: MC_POLICY_ROUND_ROBIN,
    Policy.RANDOM: MC_POLICY_RANDOM,
}
cdef dict HEALTH = {
    HealthStatus.UNKNOWN: MC_HEALTHY,
    HealthStatus.HEALTHY: MC_HEALTHY,
    HealthStatus.DEGRADED: MC_DEGRADED,
    HealthStatus.UNHEALTHY: MC_UNHEALTHY,
    HealthStatus.TIMEOUT: MC_UNHEALTHY,
    HealthStatus.DRAINING: MC_DRAINING,
}


cdef int cluster_spec(Specs specs, object cluster, mc_cluster_spec *out) except -1:
    out.name = specs.text(cluster.name)
    _localities(specs, cluster, out)
    _endpoints(specs, cluster, out)
    _balance(cluster, &out.balance)
    return 0


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
    cdef bint resolved = cluster.discovery in (Discovery.STRICT_DNS, Discovery.LOGICAL_DNS)
    for i, group in enumerate(cluster.localities):
        for endpoint in group.endpoints:
            at.address = specs.text(endpoint.authority)
            at.hostname = specs.optional(endpoint.hostname or (endpoint.address if resolved else ""))
            at.hash_key = specs.optional("")
            at.health = HEALTH[endpoint.health]
            at.weight = endpoint.weight
            at.locality = <uint32_t> i
            _labels(specs, endpoint.metadata, at)
            at += 1
    out.endpoints = endpoints
    out.endpoint_count = <uint32_t> count
    return 0


cdef int _labels(Specs specs, tuple metadata, mc_endpoint_spec *out) except -1:
    cdef mc_label *labels = <mc_label *> specs.array(len(metadata), sizeof(mc_label))
    for i, (key, value) in enumerate(metadata):
        labels[i].key = specs.text(key)
        # A text stays as it is; anything else must not look like one.
        labels[i].value = specs.text(value if isinstance(value, str) else "\0" + json.dumps(value, sort_keys=True))
    out.labels = labels
    out.label_count = <uint32_t> len(metadata)
    return 0


cdef int _balance(object cluster, mc_balance_spec *out) except -1:
    common = cluster.common_lb
    threshold = common.healthy_panic_threshold
    out.policy = POLICIES.get(cluster.policy, MC_POLICY_ROUND_ROBIN)
    out.panic_percent = 50 if threshold is None else <uint32_t> min(100, int(threshold + 0.5))
    out.overprovisioning_percent = cluster.overprovisioning_factor
    out.fail_traffic_on_panic = common.fail_traffic_on_panic
    out.locality_weighted = common.locality_weighted
    return 0
