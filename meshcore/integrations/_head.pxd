# The head of an app's answer, whatever the app speaks: what a decision is told of it, and whether it changes that. Inline:
# every request passes here.

from libc.stdint cimport uint16_t

from meshcore._core cimport (
    MC_FAILURE_NONE, c_bool, mc_decision, mc_decision_answer_names, mc_decision_answer_stays, mc_decision_learns,
    mc_decision_report, mc_header, mc_result,
)
from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, take_plain_pair
from meshcore.decision cimport Decision
from meshcore.integrations._fields cimport unlikely

cdef enum:
    LINES_LOOKED_AT = 32


cdef inline int tell(Decision decision, object status, object headers) except -1:
    """As Decision.report() does, which has more to ask where it is given header lines that may matter. ``headers``:
    a list or a tuple."""
    cdef mc_decision *d = &decision._block.decision
    cdef mc_result result
    cdef c_bool again = False
    cdef long number = status if type(status) is int else 0
    if unlikely(
        d.retries or not 100 <= number < 1000 or mc_decision_learns(d, 0)
        or mc_decision_answer_names(d, <uint16_t> number)
    ):
        decision.report(status=status, headers=headers, replayable=False)
        return 0
    result.failure = MC_FAILURE_NONE
    result.status = <uint16_t> number
    result.grpc_status = -1
    result.header_count = 0
    if d.detects:
        result.report.now_ns = decision._snapshot.now()
        result.report.latency_ns = 0
    if unlikely(mc_decision_report(d, 0, &result, False, 0, &again)):
        raise MemoryError
    return 0


cdef inline bint stays(Decision decision, object headers) noexcept:
    """Whether the route leaves the header lines of an answer as they are."""
    cdef mc_header lines[LINES_LOOKED_AT]
    cdef Py_ssize_t i, count
    if unlikely(not MC_LISTS_STAY or not PyList_CheckExact(headers) or PyList_GET_SIZE(headers) > LINES_LOOKED_AT):
        return False
    count = PyList_GET_SIZE(headers)
    for i in range(count):
        if unlikely(not take_plain_pair(PyList_GET_ITEM(headers, i), &lines[i])):
            return False
    return mc_decision_answer_stays(&decision._block.decision, lines, count)
