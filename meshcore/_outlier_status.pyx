"""What outlier detection knows, as Python shows it."""

from meshcore._core cimport *
from meshcore._snapshot cimport Snapshot

from meshcore._outlier import status_of

cdef tuple ORIGINS = ("", "local_origin_")


cdef object host_status(str host, const mc_outlier_status *status):
    return status_of(
        host, status.ejected, mc_ejection_name(status.reason).decode(), status.left_ns, status.ejections,
        status.multiplier, [status.success_rate, status.local_origin_success_rate])


cdef list ejections_of(Snapshot snapshot, Py_ssize_t cluster, uint64_t now_ns):
    """The status of each endpoint of a cluster; none of a cluster that ejects nobody."""
    cdef mc_outlier_status status
    if not mc_snapshot_detects(snapshot.snapshot, <int32_t> cluster):
        return []
    found = []
    for number, address in enumerate(snapshot.endpoints[cluster]):
        status = mc_snapshot_outlier(snapshot.snapshot, <int32_t> cluster, number, now_ns)
        found.append(host_status(address, &status))
    return found


cdef tuple ejections_since(Snapshot snapshot, Py_ssize_t cluster, dict told, uint64_t now_ns):
    """(status of each endpoint that is ejected now, and was not at the last look; addresses of those of which it is the
    other way about); None where there is no news. ``told``: cluster -> addresses ejected at the last look."""
    cdef mc_outlier_status status
    cdef int32_t i, number = <int32_t> cluster
    name = snapshot.clusters[cluster]
    before = told.get(name, frozenset())
    if not mc_snapshot_detects(snapshot.snapshot, number):
        told.pop(name, None)
        return None
    addresses = snapshot.endpoints[cluster]
    places = [
        i for i in range(<int32_t> len(addresses))
        if mc_snapshot_failing(snapshot.snapshot, number, i) & <uint32_t> MC_FAILING_EJECTED
    ]
    now = frozenset([addresses[i] for i in places])
    if now == before:
        return None
    told[name] = now
    ejected = []
    for i in places:
        if addresses[i] not in before:
            status = mc_snapshot_outlier(snapshot.snapshot, number, i, now_ns)
            ejected.append(host_status(addresses[i], &status))
    gone = before - now
    return ejected, [address for address in addresses if address in gone]


cdef int add_ejections(Snapshot snapshot, Py_ssize_t cluster, dict into) except -1:
    """Add what there is to say to the description of a cluster, which has its endpoints already."""
    cdef mc_outlier_counts counts
    if not mc_snapshot_detects(snapshot.snapshot, <int32_t> cluster):
        return 0
    found = ejections_of(snapshot, cluster, snapshot.now())
    for status, endpoint in zip(found, into["endpoints"]):
        endpoint.update({name: value for name, value in status._asdict().items() if name != "host"})
    counts = mc_snapshot_outliers(snapshot.snapshot, <int32_t> cluster)
    names = [mc_ejection_name(<mc_ejection> reason).decode() for reason in range(MC_EJECTIONS)]
    about = {
        "ejections_active": sum([status.ejected for status in found]),
        "ejections_overflow": counts.overflow,
        "ejections_detected": {name: counts.detected[i] for i, name in enumerate(names)},
        "ejections_enforced": {name: counts.enforced[i] for i, name in enumerate(names)},
    }
    for i, origin in enumerate(ORIGINS):
        known = counts.average[i] >= 0
        about[f"{origin}success_rate_average"] = counts.average[i] if known else None
        about[f"{origin}success_rate_ejection_threshold"] = counts.threshold[i] if known else None
    into["outlier_detection"] = about
    return 0
