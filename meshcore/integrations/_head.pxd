# The head of an app's answer, whatever the app speaks: what a decision is told of it, and whether it changes that. Inline:
# every request passes here.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint16_t

from meshcore._core cimport (
    MC_FAILURE_NONE, c_bool, mc_decision, mc_decision_answer_names, mc_decision_answer_stays, mc_decision_learns,
    mc_decision_report, mc_header, mc_result,
)
from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, take_plain_pair
from meshcore.decision cimport Decision
from meshcore.integrations._fields cimport likely, unlikely

cdef enum:
    LINES_LOOKED_AT = 32


cdef inline bint told_plainly(Decision decision, object status, int *number) except -1:
    """Tell a decision the status, and note it, where nothing hangs on the header lines; False: that is not so."""
    cdef mc_decision *d = &decision._block.decision
    cdef mc_result result
    cdef c_bool again = False
    cdef long given
    if unlikely(type(status) is not int):
        return False
    given = status
    if (
        unlikely(given < 100) or unlikely(given > 999) or unlikely(d.retries) or unlikely(mc_decision_learns(d, 0))
        or unlikely(mc_decision_answer_names(d, <uint16_t> given))
    ):
        return False
    result.failure = MC_FAILURE_NONE
    result.status = <uint16_t> given
    result.grpc_status = -1
    result.header_count = 0
    if unlikely(d.detects):
        result.report.now_ns = decision._snapshot.now()
        result.report.latency_ns = 0
    if unlikely(mc_decision_report(d, 0, &result, False, 0, &again)):
        raise MemoryError
    number[0] = <int> given
    return True


cdef inline int tell(Decision decision, object status, object headers) except -1:
    """As Decision.report() does, which has more to ask where it is given header lines that may matter. ``headers``:
    a list or a tuple."""
    cdef int number
    if unlikely(not told_plainly(decision, status, &number)):
        decision.report(status=status, headers=headers, replayable=False)
    return 0


cdef inline bint take_pair(PyObject *pair, mc_header *out) noexcept:
    """As take_plain_pair() does; of bytes, as ASGI has them, by the shortest way."""
    cdef PyObject *name
    cdef PyObject *value
    if likely(PyTuple_CheckExact(<object> pair)) and likely(PyTuple_GET_SIZE(<object> pair) == 2):
        name, value = PyTuple_GET_ITEM(<object> pair, 0), PyTuple_GET_ITEM(<object> pair, 1)
        if likely(PyBytes_CheckExact(<object> name)) and likely(PyBytes_CheckExact(<object> value)):
            out.name.data = PyBytes_AS_STRING(<object> name)
            out.name.size = <size_t> PyBytes_GET_SIZE(<object> name)
            out.value.data = PyBytes_AS_STRING(<object> value)
            out.value.size = <size_t> PyBytes_GET_SIZE(<object> value)
            return True
    return take_plain_pair(pair, out)


cdef inline bint stays(Decision decision, object headers) noexcept:
    """Whether the route leaves the header lines of an answer as they are."""
    cdef mc_header lines[LINES_LOOKED_AT]
    cdef Py_ssize_t i, count
    if not MC_LISTS_STAY or unlikely(not PyList_CheckExact(headers)):
        return False
    if unlikely(PyList_GET_SIZE(headers) > LINES_LOOKED_AT):
        return False
    count = PyList_GET_SIZE(headers)
    for i in range(count):
        if unlikely(not take_pair(PyList_GET_ITEM(headers, i), &lines[i])):
            return False
    return mc_decision_answer_stays(&decision._block.decision, lines, count)
