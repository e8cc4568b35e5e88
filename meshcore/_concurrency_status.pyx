"""How limiters of adaptive concurrency stand, as Python shows it."""

from meshcore._core cimport *
from meshcore._snapshot cimport Snapshot

from meshcore._concurrency import seconds_of
from meshcore.model import AdaptiveConcurrency, GradientController


cdef int add_concurrency(Snapshot snapshot, Py_ssize_t cluster, dict into) except -1:
    """Add what there is to say to the description of a cluster."""
    cdef mc_concurrency_status status
    controller = (<object> snapshot.config).clusters[cluster].concurrency
    if controller is None:
        return 0
    mc_snapshot_concurrency(snapshot.snapshot, <int32_t> cluster, snapshot.now(), &status)
    into["concurrency"] = described(&status, controller)
    return 0


cdef list listeners_concurrency(Snapshot snapshot):
    """Of each listener that has the filter."""
    cdef mc_concurrency_status status
    found = []
    for i, listener in enumerate((<object> snapshot.config).listeners):
        for _, config in listener.filters:
            if isinstance(config, AdaptiveConcurrency):
                mc_snapshot_listener_concurrency(snapshot.snapshot, <int32_t> i, snapshot.now(), &status)
                found.append({"listener": listener.name, **described(&status, config.controller)})
    return found


cdef object described(const mc_concurrency_status *status, object controller):
    about = {"limit": status.limit, "in_flight": status.in_flight, "refused": status.refused}
    if isinstance(controller, GradientController):
        about["gradient"] = status.gradient
        about["headroom"] = status.headroom
        about["min_rtt"] = seconds_of(status.min_rtt_us)
        about["sample_rtt"] = seconds_of(status.sample_rtt_us)
        about["measuring"] = bool(status.measuring)
    return about
