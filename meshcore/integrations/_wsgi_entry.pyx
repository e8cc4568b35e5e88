"""Decides on the requests that come to a WSGI app. Those that are for the app, and ask for nothing else, go there from
here; the others go aside.
"""

from meshcore.decision cimport Decision, begin_time
from meshcore.integrations._fields cimport Field, PyDict_CheckExact, field_of, given, given_or
from meshcore.integrations._member cimport Known, Member, in_force, is_plain, is_started, known_of, name, port_in, told_in
from meshcore.integrations._wsgi_answer cimport answer_of
from meshcore.integrations._wsgi_came cimport Came, lines_in, target_in

from meshcore.integrations._traces import told_environ

__all__ = ["Entry"]

cdef Field METHOD = field_of("REQUEST_METHOD")
cdef Field SCHEME = field_of("wsgi.url_scheme")
cdef Field SOURCE = field_of("REMOTE_ADDR")
cdef Field SOURCE_PORT = field_of("REMOTE_PORT")
cdef Field PROTOCOL = field_of("SERVER_PROTOCOL")


cdef class Entry(Member):
    def __call__(self, environ, start_response):
        if not PyDict_CheckExact(environ):
            environ = dict(environ)
        return self._begin(<dict> environ, start_response)

    cdef object _begin(self, dict environ, object start_response):
        if not is_started(self):
            self.mesh.use()
        cdef Came came
        cdef list headers = lines_in(environ, &came)
        source = given_or(environ, &SOURCE, None)
        cdef Known known = known_of(self, in_force(self))
        cdef list told = told_in(known, headers)
        if told is not None:
            environ = told_environ(environ, headers, told)
            headers = lines_in(environ, &came)
        cdef bint called = came.marked and source in self.mesh.callers
        cdef Decision decision = self._engine.decided(
            given(environ, &METHOD),
            target_in(environ),
            headers,
            given(environ, &SCHEME),
            source,
            port_in(given_or(environ, &SOURCE_PORT, None)),
            given_or(environ, &PROTOCOL, "HTTP/1.1"),
            called,
            known.served,
        )
        begin_time(decision)
        known = known_of(self, decision._snapshot)  # it may have been swapped
        if told is not None or not is_plain(self, known, decision, called):
            return self._aside(decision, headers, environ, start_response, called)
        name(known, decision, called)
        return answer_of(self, decision, start_response, called).serve(environ, came.spelt)
