"""What there is to see of a snapshot: what its filters have counted, and how its clusters stand."""

from meshcore._breakers cimport breakers_of
from meshcore._concurrency_status cimport add_concurrency
from meshcore._core cimport *
from meshcore._outlier_status cimport add_ejections
from meshcore._request cimport text_of
from meshcore._snapshot cimport Snapshot
from meshcore._standing cimport checks_of, standing


cdef list listeners_faults(Snapshot snapshot):
    """Of each listener that has the filter."""
    cdef mc_fault_counts counts
    return [
        {
            "listener": name,
            "active_faults": counts.active,
            "aborts_injected": counts.aborts,
            "delays_injected": counts.delays,
            "response_rl_injected": counts.rate_limits,
            "faults_overflow": counts.overflows,
        }
        for i, name in enumerate(snapshot.listeners)
        if mc_snapshot_faults(snapshot.snapshot, <int32_t> i, &counts)
    ]


cdef list limits_counted(Snapshot snapshot):
    """Of each local rate limit, in the order of the configuration."""
    cdef const mc_local_limit *at = mc_snapshot_limit(snapshot.snapshot, NULL)
    cdef mc_limit_counts counts
    found = []
    while at != NULL:
        counts = mc_local_limit_counts(at)
        found.append({
            "scope": text_of(mc_local_limit_scope(at)),
            "stat_prefix": text_of(mc_local_limit_name(at)),
            "enabled": counts.enabled,
            "ok": counts.ok,
            "rate_limited": counts.rate_limited,
            "enforced": counts.enforced,
        })
        at = mc_snapshot_limit(snapshot.snapshot, at)
    return found[::-1]


cdef list clusters_standing(Snapshot snapshot, object checks, object shared_state):
    """Of each cluster: its endpoints, by what the checker says (None: nobody checks), and what breakers hold."""
    if shared_state is not None:
        shared_state.reclaim()  # what the dead hold is no load
    found = []
    for i, name in enumerate(snapshot.clusters):
        endpoints = [
            {
                "address": address,
                "active_requests": mc_snapshot_active(snapshot.snapshot, i, e),
                "connections": mc_snapshot_connections(snapshot.snapshot, i, e),
                **standing(snapshot, i, e),
                **checks_of(checks, name, address),
            }
            for e, address in enumerate(snapshot.endpoints[i])
        ]
        about = {
            "name": name,
            "endpoints": endpoints,
            "circuit_breakers": breakers_of(snapshot, i),
            "shared_state": None if shared_state is None else str(shared_state.path),
        }
        add_ejections(snapshot, i, about)
        add_concurrency(snapshot, i, about)
        found.append(about)
    return found
