from meshcore._core cimport mc_timeouts
from meshcore.decision cimport Decision


# The environ of the request as the route makes it. spelt: as lines_in() tells, or True.
cdef dict environ_for_app(Decision decision, dict environ, bint spelt, const mc_timeouts *timeouts)
