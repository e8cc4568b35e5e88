from libc.stdint cimport int32_t

from meshcore._core cimport mc_report
from meshcore._snapshot cimport Snapshot

cdef mc_report report_of(
    Snapshot snapshot, int32_t cluster, object latency, object headers, object now_ns
) except *
