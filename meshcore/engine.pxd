from meshcore._serving cimport Serving
from meshcore.decision cimport Decision as Decided


cdef class Engine:
    cdef Serving _serving
    cdef list _notes  # one item, what annotates clusters(): it is replaced atomically, with the GIL and without

    # decide() of what compiled code knows of a request, by the engine's own clock and chance.
    cdef Decided decided(
        self, object method, object path, object headers, object scheme, object source, object source_port,
        object protocol, bint inbound, tuple served
    )
