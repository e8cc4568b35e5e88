"""What active health checks say of endpoints, and where endpoints stand all in all."""

from meshcore._core cimport *
from meshcore._snapshot cimport Snapshot

from meshcore._cluster_spec import HEALTH

cdef dict NAMES = {
    MC_HEALTHY: "HEALTHY", MC_DEGRADED: "DEGRADED", MC_UNHEALTHY: "UNHEALTHY", MC_DRAINING: "DRAINING"}
cdef tuple REASONS = (
    (MC_FAILING_USER, "user"), (MC_FAILING_EJECTED, "outlier detection"), (MC_FAILING_HEALTH_CHECK, "health check"))


cdef bint take_words(Snapshot snapshot, Py_ssize_t number, object words) except -1:
    """What checks say, by endpoint; endpoints that are gone meanwhile are passed over. True where any is news."""
    cdef bint news = False, detects = mc_snapshot_detects(snapshot.snapshot, <int32_t> number)
    cdef dict places = {address: i for i, address in enumerate(snapshot.endpoints[number]) if address in words}
    for address, health in words.items():
        place = places.get(address)
        if place is not None:
            news |= mc_snapshot_check(snapshot.snapshot, <int32_t> number, place, HEALTH[health])
            if detects and HEALTH[health] in (MC_HEALTHY, MC_DEGRADED):
                mc_snapshot_check_passed(snapshot.snapshot, <int32_t> number, place, snapshot.now())
    return news


cdef bint take_words_back(Snapshot snapshot, Py_ssize_t number) except -1:
    """Nothing is said any longer."""
    cdef bint news = False
    cdef int32_t i
    for i in range(<int32_t> len(snapshot.endpoints[number])):
        news |= mc_snapshot_check(snapshot.snapshot, <int32_t> number, i, MC_HEALTHY)
    return news


cdef dict standing(Snapshot snapshot, int32_t number, int32_t endpoint):
    cdef uint32_t failing = mc_snapshot_failing(snapshot.snapshot, number, endpoint)
    return {
        "health": NAMES[mc_snapshot_health(snapshot.snapshot, number, endpoint)],
        "failing": [reason for bit, reason in REASONS if failing & <uint32_t> bit],
    }


cdef dict checks_of(object describe, str cluster, str endpoint):
    """What the checker knows of an endpoint; nothing where nobody checks it."""
    found = None if describe is None else describe(cluster, endpoint)
    return {} if found is None else {"health_check": found}
