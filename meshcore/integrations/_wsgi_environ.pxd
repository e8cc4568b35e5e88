from meshcore._core cimport mc_timeouts
from meshcore.decision cimport Decision


# Header lines, in the bytes that came; repeated ones have been joined by the server.
cdef list lines_in(dict environ)

# The request target as it was received, where the server keeps it: bytes, or str of ASCII.
cdef object target_in(dict environ)

# The environ of the request as the route makes it.
cdef dict environ_for_app(Decision decision, dict environ, const mc_timeouts *timeouts)
