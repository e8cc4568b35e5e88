"""Decides on the requests that come to an ASGI app. Those that are for the app, and ask for nothing else, go there
from here; the others go aside.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memcmp

from meshcore._request cimport MC_LISTS_STAY, PyList_CheckExact, PyList_GET_ITEM, PyList_GET_SIZE
from meshcore.decision cimport Decision
from meshcore.integrations._asgi_answer cimport Answer, Served, answer_of
from meshcore.integrations._asgi_scope cimport target_in
from meshcore.integrations._fields cimport (
    Field, PyDict_CheckExact, PyObject, Word, field_of, given, given_or, is_word, word_of,
)
from meshcore.integrations._member cimport port_in

from meshcore.integrations._inbound import MARK

__all__ = ["Entry"]

cdef bytes mark = MARK.encode()
cdef Py_ssize_t mark_size = len(mark)
cdef const char *mark_text = mark

cdef Field *TYPE = field_of("type")
cdef Field *CLIENT = field_of("client")
cdef Field *HEADERS = field_of("headers")
cdef Field *HTTP_VERSION = field_of("http_version")
cdef Field *METHOD = field_of("method")
cdef Field *SCHEME = field_of("scheme")

cdef Word *HTTP = word_of("http")
cdef Word *HTTP_1_1 = word_of("1.1")

#: By ASGI's ``http_version``.
cdef dict protocols = {"1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"}


cdef inline bint is_mark(PyObject *name) noexcept:
    if not PyBytes_CheckExact(<object> name) or PyBytes_GET_SIZE(<object> name) != mark_size:
        return False
    return not memcmp(PyBytes_AS_STRING(<object> name), mark_text, mark_size)


cdef bint names_a_caller(object lines) except -1:
    """Whether the caller says that it is in the mesh."""
    cdef Py_ssize_t i
    cdef PyObject *line  # borrowed: nothing runs here that could let go of it
    if not MC_LISTS_STAY or not PyList_CheckExact(lines):
        return is_marked(lines)
    for i in range(PyList_GET_SIZE(lines)):
        line = PyList_GET_ITEM(lines, i)
        if not PyTuple_CheckExact(<object> line) or not PyTuple_GET_SIZE(<object> line):
            return is_marked(lines)
        if is_mark(PyTuple_GET_ITEM(<object> line, 0)):
            return True
    return False


cdef bint is_marked(object lines) except -1:
    """The same of lines of whatever shape."""
    for line in lines:
        name = line[0]
        if is_mark(<PyObject *> name):
            return True
    return False


cdef class Entry(Served):
    def __call__(self, scope, receive, send):
        if not PyDict_CheckExact(scope):
            scope = dict(scope)
        kind = given(<dict> scope, TYPE)
        if is_word(<PyObject *> kind, HTTP) and self.mesh.started is True:
            return answer_of(self, <dict> scope, receive, send)
        return self._other(scope, receive, send)

    cdef int begin(self, Answer answer) except -1:
        cdef dict scope = answer._scope
        client = given_or(scope, CLIENT, None)
        scheme = given_or(scope, SCHEME, None)
        source, port = None, 0
        if client:
            source, port = client[0], client[1]
        version = given(scope, HTTP_VERSION)
        headers = given(scope, HEADERS)
        if not isinstance(headers, (list, tuple)):  # they may be there to be read once
            headers = list(headers)
            answer._scope = scope = {**scope, "headers": headers}
        cdef bint called = names_a_caller(headers) and source in self.mesh.callers
        cdef tuple served = self.served()
        cdef list told = self.told(headers)
        if told is not None:
            headers = told
            answer._scope = scope = {**scope, "headers": told}
        cdef Decision decision = self._engine.decided(
            given(scope, METHOD),
            target_in(scope),
            headers,
            scheme or "http",
            source,
            port_in(port),
            "HTTP/1.1" if is_word(<PyObject *> version, HTTP_1_1) else protocols.get(version) or f"HTTP/{version}",
            called,
            served,
        )
        if told is not None or not self.is_plain(decision, called):
            return answer.hand_over(self._aside(decision, scope, answer._receive, answer._send, called))
        self.name(decision, called)
        return answer.serve(decision, not called)
