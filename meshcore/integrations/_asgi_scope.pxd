from meshcore._core cimport mc_timeouts
from meshcore.decision cimport Decision


cdef bytes target_in(dict scope)
cdef dict scope_for_app(Decision decision, dict scope, const mc_timeouts *timeouts)
