"""What policies learn of an answer."""

from meshcore._cluster_spec cimport nanoseconds
from meshcore._core cimport *
from meshcore._given cimport time_given
from meshcore._request cimport as_pairs
from meshcore._snapshot cimport Snapshot

from meshcore.orca import load_of


cdef mc_report report_of(
    Snapshot snapshot, int32_t cluster, object latency, object headers, object now_ns
) except *:
    """How long an answer took and the load that its headers tell."""
    cdef mc_report report
    options = (<object> snapshot.config).clusters[cluster].client_side_weighted
    load = None if headers is None else load_of(as_pairs(headers), () if options is None else options.metric_names)
    report.now_ns = snapshot.now() if now_ns is None else time_given(now_ns)
    report.latency_ns = 0 if latency is None else nanoseconds(latency)
    report.requests_per_second = 0 if load is None else load.qps
    report.errors_per_second = 0 if load is None else load.eps
    report.utilization = 0 if load is None else load.utilization
    return report
