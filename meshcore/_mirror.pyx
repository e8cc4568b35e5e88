"""Copies of a request, for other clusters. The stub _mirror.pyi has the documentation."""

cimport cython
from libc.stdint cimport uint32_t

from meshcore._core cimport *
from meshcore._sealed cimport seal
from meshcore._shape cimport mirror_lines
from meshcore.decision cimport Decision


@cython.final
cdef class Mirror:
    cdef Decision _decision
    cdef uint32_t _policy
    cdef readonly str cluster, authority

    def __reduce__(self):
        raise TypeError("a Mirror cannot be pickled or copied: it is one of its decision")

    def __repr__(self):
        return f"<Mirror cluster={self.cluster!r} authority={self.authority!r}>"

    def request_headers(self):
        self._decision.draw_ids()
        return mirror_lines(
            &self._decision._block.decision, self._policy, self._decision.given(), self._decision.pairs())


seal(Mirror, "mirrors are made by Decision.mirrors")


def mirror_of(Decision decision not None, uint32_t policy, str cluster, str authority):
    """The copy of a decision's request that a policy makes."""
    cdef Mirror out = Mirror.__new__(Mirror)
    out._decision = decision
    out._policy = policy
    out.cluster = cluster
    out.authority = authority
    return out
