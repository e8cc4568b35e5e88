"""What all probes are: one connection to one host, sans I/O.

A driver connects, sends what ``begin()`` gives, and hands in what comes, until there is a verdict. What
stands in ``outgoing()`` after any of these calls is to be sent. While ``reusable``, the connection serves
the next check as well, and whatever happens on it meanwhile goes to ``rest()``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from meshcore.health.verdict import Failure, Verdict

__all__ = ["Probe", "Target", "broken"]

#: Bytes of an answer that are kept where the configuration sets no bound.
MOST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """One host as its checks see it."""

    cluster: str
    endpoint: str  #: as the engine names it
    address: str  #: what to connect to: an IP, a name or the path of a unix socket
    port: int  #: 0: a unix socket
    authority: str  #: what to ask for
    secure: bool  #: over TLS


class Probe(ABC):
    """The side of a check that speaks the protocol."""

    def __init__(self) -> None:
        self.reusable = False

    @abstractmethod
    def begin(self) -> Verdict | None:
        """Start a check on a connection that is open; a verdict where being open is enough."""

    @abstractmethod
    def outgoing(self) -> bytes:
        """Take what is to be sent now."""

    @abstractmethod
    def feed(self, data: bytes) -> Verdict | None:
        """What came, b"" where the host closed the connection; None: more is needed."""

    def rest(self, data: bytes) -> Verdict | None:
        """What came between two checks. Most often nothing but the end, for which one connects anew."""
        self.reusable = False
        return None


def broken(reason: str) -> Verdict:
    """The connection came to nothing."""
    return Verdict(Failure.NETWORK, reason)
