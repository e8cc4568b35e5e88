from libc.stdint cimport uint32_t

from meshcore._core cimport mc_attempt, mc_decision

# In the shape of what is given, with the pairs that it is for the lines that have not changed.


cdef list text_pairs(object pairs)
# Of an attempt, to its endpoint; NULL: of the latest.
cdef object request_lines(const mc_decision *decision, const mc_attempt *attempt, object given, tuple pairs)
# Of the copy that a mirror policy makes.
cdef object mirror_lines(const mc_decision *decision, uint32_t policy, object given, tuple pairs)
# Of an answer: an upstream's with these headers and status, or with None of them our own with this body.
cdef object response_lines(const mc_decision *decision, object headers, object status, bytes body, object given)
