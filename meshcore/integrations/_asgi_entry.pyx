"""Decides on the requests that come to an ASGI app. Those that are for the app, and ask for nothing else, go there
from here; the others go aside.
"""

from urllib.parse import quote

cimport cython
from libc.string cimport memcmp

from meshcore._core cimport MC_FORWARD, mc_decision, mc_slice
from meshcore.decision cimport Decision
from meshcore.integrations._asgi_answer cimport answer_of

from meshcore.integrations._inbound import MARK, port_of

__all__ = ["Entry"]

cdef bytes mark = MARK.encode()
cdef Py_ssize_t mark_size = len(mark)
cdef const char *mark_text = mark

#: By ASGI's ``http_version``.
cdef dict protocols = {"1.0": "HTTP/1.0", "1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"}


cdef bint names_a_caller(Decision decision) noexcept:
    """Whether the caller says that it is in the mesh."""
    cdef mc_slice name
    for i in range(decision._block.line_count):
        name = decision._block.lines[i].name
        if name.size == <size_t> mark_size and not memcmp(name.data, mark_text, name.size):
            return True
    return False


@cython.final
cdef class Known:
    """What a configuration says of an app."""

    cdef object config
    cdef frozenset own    # clusters that are for the app
    cdef bint limits      # there are limits and nothing else
    cdef bint mirrors     # some requests are to be copied


@cython.final
cdef class Entry:
    cdef object _app, _mesh, _inbound, _aside
    cdef Known _known

    def __init__(self, app, inbound, aside):
        self._app = app
        self._mesh = inbound.mesh
        self._inbound = inbound
        self._aside = aside
        self._known = Known()

    def request(self, scope, receive, send):
        client = scope.get("client")
        source, port = client if client else (None, 0)
        version = scope["http_version"]
        cdef Decision decision = self._mesh.engine.decide(
            scope["method"],
            None,
            target_of(scope),
            scope["headers"],
            scheme=scope["scheme"],
            source=source,
            source_port=port if type(port) is int and 0 <= port <= 65535 else port_of(port),
            protocol=protocols.get(version) or f"HTTP/{version}",
        )
        cdef bint called = names_a_caller(decision)
        if not self._is_plain(decision, called):
            return self._aside(decision, scope, receive, send, called)
        return answer_of(self._app, decision, scope, receive, send, self._mesh.requests, not called, True)

    cdef bint _is_plain(self, Decision decision, bint called) except -1:
        """Whether the app is to answer, and nothing has to be done before."""
        cdef mc_decision *d = &decision._block.decision
        if d.outcome != MC_FORWARD or d.delay_ns or d.asked != NULL:
            return False
        cdef Known known = self._known
        if known.config is not decision._snapshot.config:
            known = self._look(decision._snapshot.config)
        if called:
            return True
        return not known.mirrors and (known.limits or decision.cluster in known.own)

    cdef Known _look(self, object config):
        view = self._mesh.view()
        cdef Known known = Known()
        known.config = config
        known.own = self._inbound.own()
        known.limits = view.limits_alone
        known.mirrors = view.mirrors
        self._known = known
        return known


cpdef bytes target_of(object scope):
    """The request target as it was received, as far as the server kept it."""
    path = scope.get("raw_path")
    if not path:
        path = quote(scope["path"]).encode()
    query = scope["query_string"]
    return path + b"?" + query if query else path
