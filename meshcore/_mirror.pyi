"""Copies of a request, for other clusters."""

from typing import Any

from meshcore.decision import Decision

__all__ = ["Mirror", "mirror_of"]

class Mirror:
    """A copy of a request, for another cluster: it has the method, ``path`` and body of its decision. The
    answer to it is to be ignored."""

    @property
    def cluster(self) -> str:
        """The cluster that the copy goes to."""
    @property
    def authority(self) -> str:
        """The copy's authority: with ``-shadow`` at the end of the host, unless that is turned off."""
    def request_headers(self) -> Any:
        """The copy's header lines, in the shape that the request's came in, without ``host``.

        Those of the request as the upstream gets it, edited as the mirror policy says, with the marks that
        Envoy gives a copy: ``x-envoy-internal`` and the own address in ``x-forwarded-for``.
        """

def mirror_of(decision: Decision, policy: int, cluster: str, authority: str) -> Mirror:
    """The copy of a decision's request that a policy makes."""
