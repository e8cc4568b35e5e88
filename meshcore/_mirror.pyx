"""Copies of a request, for other clusters. The stub _mirror.pyi has the documentation."""

cimport cython
from libc.stdint cimport uint32_t

from meshcore._core cimport *
from meshcore._sealed cimport seal
from meshcore._shape cimport shaped
from meshcore.decision cimport Decision


@cython.final
cdef class Mirror:
    cdef Decision _decision
    cdef uint32_t _policy
    cdef readonly str cluster, authority

    def __repr__(self):
        return f"<Mirror cluster={self.cluster!r} authority={self.authority!r}>"

    def request_headers(self):
        cdef mc_scratch scratch
        cdef const mc_header_line *lines
        cdef uint32_t count
        self._decision.draw_ids()
        mc_scratch_init(&scratch)
        try:
            if mc_decision_mirror_headers(
                &self._decision._block.decision, self._policy, &scratch, &lines, &count
            ):
                raise MemoryError
            return shaped(self._decision.given(), self._decision.pairs(), lines, count)
        finally:
            mc_scratch_reset(&scratch)


seal(Mirror, "mirrors are made by Decision.mirrors")


def mirror_of(Decision decision not None, uint32_t policy, str cluster, str authority):
    """The copy of a decision's request that a policy makes."""
    cdef Mirror out = Mirror.__new__(Mirror)
    out._decision = decision
    out._policy = policy
    out.cluster = cluster
    out.authority = authority
    return out
