# The C core as Cython sees it: a file for each public header, in the order of meshcore.h; then what the bindings
# share with it beyond those.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from meshcore._core.base cimport *
from meshcore._core.match cimport *
from meshcore._core.edit cimport *
from meshcore._core.rewrite cimport *
from meshcore._core.cors cimport *
from meshcore._core.fault cimport *
from meshcore._core.mirror cimport *
from meshcore._core.rate_limit cimport *
from meshcore._core.retry cimport *
from meshcore._core.session cimport *
from meshcore._core.subset cimport *
from meshcore._core.tracing cimport *
from meshcore._core.http cimport *
from meshcore._core.action cimport *
from meshcore._core.listener cimport *
from meshcore._core.balance cimport *
from meshcore._core.cluster cimport *
from meshcore._core.request cimport *
from meshcore._core.runtime cimport *
from meshcore._core.snapshot cimport *
from meshcore._core.cluster_state cimport *
from meshcore._core.filter_state cimport *
from meshcore._core.limited cimport *
from meshcore._core.outcome cimport *
from meshcore._core.decision cimport *
from meshcore._core.report cimport *
from meshcore._core.attempt cimport *
from meshcore._core.message cimport *
from meshcore._core.mirrored cimport *
from meshcore._core.explain cimport *
from meshcore._core.regex cimport *
from meshcore._core.template cimport *
from meshcore._core.route_table cimport *
from meshcore._core.key_split cimport *
from meshcore._core.picker cimport *
from meshcore._core.circuit cimport *
from meshcore._core.concurrency cimport *
from meshcore._core.outlier cimport *
from meshcore._core.limit cimport *
from meshcore._core.shared cimport *
from meshcore._core.trace cimport *

from meshcore._core.internal cimport *
from meshcore._core.platform cimport *
