"""Decides on the requests that come to an ASGI app. Those that are for the app, and ask for nothing else, go there
from here; the others go aside.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.long cimport PyLong_AsLongAndOverflow, PyLong_CheckExact
from cpython.object cimport PyObject, PyTypeObject, ternaryfunc
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint16_t
from libc.string cimport memcmp

from meshcore._core cimport mc_request
from meshcore._fastcall cimport mc_call_in_place
from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE, take_plain
from meshcore._serving cimport Serving
from meshcore._snapshot cimport Snapshot
from meshcore.decision cimport Block, Decision, begin_time, decide_now, decision_new, hold
from meshcore.integrations._asgi_answer cimport Answer, Served, answer_of
from meshcore.integrations._fields cimport (
    Field, PyDict_CheckExact, Word, field_of, given, given_or, is_word, likely, must, unlikely, value_of, word_of,
)
from meshcore.integrations._member cimport (
    Known, in_force, is_plain, is_started, known_of, lines_told, name, port_in,
)

from meshcore.integrations._asgi_scope import target_of
from meshcore.integrations._inbound import MARK

__all__ = ["Entry"]

cdef bytes mark = MARK.encode()
cdef Py_ssize_t mark_size = len(mark)
cdef const char *mark_text = mark

cdef Field TYPE = field_of("type")
cdef Field CLIENT = field_of("client")
cdef Field HEADERS = field_of("headers")
cdef Field HTTP_VERSION = field_of("http_version")
cdef Field METHOD = field_of("method")
cdef Field QUERY_STRING = field_of("query_string")
cdef Field RAW_PATH = field_of("raw_path")
cdef Field SCHEME = field_of("scheme")

cdef Word A_SCHEME = word_of("http")
cdef Word HTTP = word_of("http")
cdef Word HTTP_1_1 = word_of("1.1")

#: By ASGI's ``http_version``.
cdef dict protocols = {"1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"}


cdef inline bint is_mark(PyObject *name) noexcept:
    if unlikely(not PyBytes_CheckExact(<object> name)) or likely(PyBytes_GET_SIZE(<object> name) != mark_size):
        return False
    return not memcmp(PyBytes_AS_STRING(<object> name), mark_text, mark_size)


cdef bint names_a_caller(object lines) except -1:
    """Whether the caller says that it is in the mesh."""
    cdef Py_ssize_t i
    cdef PyObject *line  # borrowed: nothing runs here that could let go of it
    if not MC_LISTS_STAY or unlikely(not PyList_CheckExact(lines)):
        return is_marked(lines)
    for i in range(PyList_GET_SIZE(lines)):
        line = PyList_GET_ITEM(lines, i)
        if unlikely(not PyTuple_CheckExact(<object> line)) or unlikely(not PyTuple_GET_SIZE(<object> line)):
            return is_marked(lines)
        if unlikely(is_mark(PyTuple_GET_ITEM(<object> line, 0))):
            return True
    return False


cdef bint is_marked(object lines) except -1:
    """The same of lines of whatever shape."""
    for line in lines:
        name = line[0]
        if is_mark(<PyObject *> name):
            return True
    return False


cdef inline object target_in(dict scope):
    """As target_of() has it."""
    cdef PyObject *path = value_of(scope, &RAW_PATH)
    cdef PyObject *query = value_of(scope, &QUERY_STRING)
    if (
        likely(path != NULL) and likely(PyBytes_CheckExact(<object> path)) and likely(PyBytes_GET_SIZE(<object> path))
        and likely(query != NULL) and likely(PyBytes_CheckExact(<object> query))
        and likely(not PyBytes_GET_SIZE(<object> query))
    ):
        return <object> path
    return target_of(scope)


cdef tuple pair_of(object client):
    """The address and the port, where they are no tuple."""
    return (client[0], client[1]) if client else (None, 0)


cdef object scheme_of(PyObject *scheme):
    """Of another one than most requests have; NULL: it is not said."""
    return "http" if scheme == NULL or not <object> scheme else <object> scheme


cdef inline bint take_port(PyObject *port, uint16_t *out) noexcept:
    """False: it is not there as a number of one."""
    cdef int overflow
    cdef long number
    if unlikely(not PyLong_CheckExact(<object> port)):
        return False
    number = PyLong_AsLongAndOverflow(<object> port, &overflow)
    out[0] = <uint16_t> number
    return 0 <= number <= 0xFFFF


cdef inline Decision plainly_decided(
    Serving serving, Snapshot snapshot, Known known, PyObject *method, object target, object headers, PyObject *source,
    PyObject *port, bint called
):
    """As Engine.decided() does, of a request over HTTP/1.1 in the clear; None where that takes more than a look."""
    cdef Decision made = decision_new()
    cdef Block *block = made._block
    cdef mc_request *request = &block.decision.request
    request.source.data = NULL
    request.source.size = 0
    if (
        unlikely(not take_plain(method, &request.method)) or unlikely(not take_plain(<PyObject *> target, &request.target))
        or (likely(<object> source is not None) and unlikely(not take_plain(source, &request.source)))
        or unlikely(not take_port(port, &request.source_port))
    ):
        return None
    request.scheme.data, request.scheme.size = "http", 4
    request.protocol.data, request.protocol.size = "HTTP/1.1", 8
    request.authority.data = request.local.data = NULL
    request.authority.size = request.local.size = request.port = 0
    request.inbound = called
    request.served = <const unsigned char *> PyBytes_AS_STRING(<object> <PyObject *> known.own)
    decide_now(serving, snapshot, <PyObject *> headers, made)
    block.path = <PyObject *> target
    hold(block, block.path)
    hold(block, method)
    hold(block, source)
    hold(block, <PyObject *> known.own)
    return made


cdef str protocol_of(object version):
    """Of ASGI's ``http_version``."""
    return protocols.get(version) or f"HTTP/{version}"


cdef extern from "Python.h":
    Py_ssize_t PyVectorcall_NARGS(size_t count)
    PyTypeObject *Py_TYPE(object thing)

cdef ternaryfunc by_slot       # what an Entry is called by, where nobody has changed that
cdef Py_ssize_t vectorcall_at  # in an Entry


cdef class Entry(Served):
    cdef void *_vectorcall

    def __cinit__(self):
        self._vectorcall = <void *> &call
        if Py_TYPE(self).tp_call == by_slot:  # since Python 3.12 a class is called as its base is without that
            mc_call_in_place(<PyObject *> Py_TYPE(self), vectorcall_at)

    def __call__(self, scope, receive, send):
        return self._called_with(scope, receive, send)

    cdef object _called_with(self, object scope, object receive, object send):
        if unlikely(not PyDict_CheckExact(scope)):
            scope = dict(scope)
        if likely(is_word(must(scope, &TYPE), &HTTP)) and likely(is_started(self)):
            return answer_of(self, <dict> scope, receive, send)
        return self._other(scope, receive, send)

    cdef int begin(self, Answer answer) except -1:
        cdef dict scope = answer._scope
        # Borrowed: the scope has them until the decision does, and nothing runs meanwhile that could change it.
        cdef PyObject *method
        cdef PyObject *scheme
        cdef PyObject *version
        cdef bint told = False
        client = given_or(scope, &CLIENT, None)
        if unlikely(not PyTuple_CheckExact(client)) or unlikely(PyTuple_GET_SIZE(client) != 2):
            client = pair_of(client)
        headers = given(scope, &HEADERS)
        if unlikely(not isinstance(headers, (list, tuple))):  # they may be there to be read once
            headers = list(headers)
            answer._scope = scope = {**scope, "headers": headers}
        cdef PyObject *source = PyTuple_GET_ITEM(client, 0)
        cdef PyObject *port = PyTuple_GET_ITEM(client, 1)
        cdef bint called = unlikely(names_a_caller(headers)) and <object> source in self.mesh.callers
        cdef Snapshot snapshot = in_force(self)
        cdef Known known = known_of(self, snapshot)
        if unlikely(known.foreign is not None) or unlikely(known.running is not None):
            lines = lines_told(known, headers)
            if lines is not None:
                told = True
                headers = lines
                answer._scope = scope = {**scope, "headers": lines}
        target = target_in(scope)
        method, scheme, version = must(scope, &METHOD), value_of(scope, &SCHEME), must(scope, &HTTP_VERSION)
        cdef Decision decision
        if likely(scheme != NULL) and likely(is_word(scheme, &A_SCHEME)) and likely(is_word(version, &HTTP_1_1)):
            decision = plainly_decided(self._engine._serving, snapshot, known, method, target, headers, source, port, called)
        else:
            decision = None
        if unlikely(decision is None):
            decision = self._engine.decided(
                <object> method, target, headers, scheme_of(scheme), <object> source, port_in(<object> port),
                protocol_of(<object> version), called, known.served)
        if unlikely(decision._snapshot.config is not known.config):  # it has been swapped
            known = known_of(self, decision._snapshot)
        if unlikely(told) or unlikely(not is_plain(self, known, decision, called)):
            begin_time(decision)
            return answer.hand_over(self._aside(decision, scope, answer._receive, answer._send, called))
        name(known, decision, called)
        return answer.serve(decision, not called)


# The interpreter makes no tuple of the arguments then.
cdef object call(PyObject *entry, PyObject *const *arguments, size_t count, PyObject *names):
    cdef Py_ssize_t by_place = PyVectorcall_NARGS(count)
    if likely(by_place == 3) and likely(names == NULL) and likely(Py_TYPE(<object> entry).tp_call == by_slot):
        return (<Entry> entry)._called_with(<object> arguments[0], <object> arguments[1], <object> arguments[2])
    named = {name: <object> arguments[by_place + i] for i, name in enumerate(<tuple> names)} if names != NULL else {}
    return Py_TYPE(<object> entry).tp_call(
        <object> entry, tuple([<object> arguments[i] for i in range(by_place)]), named)


cdef Entry any_entry = Entry.__new__(Entry)
by_slot = Py_TYPE(any_entry).tp_call
vectorcall_at = <char *> &any_entry._vectorcall - <char *> <PyObject *> any_entry
mc_call_in_place(<PyObject *> Entry, vectorcall_at)
