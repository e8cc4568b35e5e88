"""Bytes out, bytes back (Envoy's source/extensions/health_checkers/tcp/health_checker_impl.cc)."""

from __future__ import annotations

from collections.abc import Sequence

from meshcore.health.probes.probe import MOST, Probe, broken
from meshcore.health.verdict import Verdict
from meshcore.model import TcpHealthCheck

__all__ = ["TcpProbe", "has_pieces"]


class TcpProbe(Probe):
    """Wrong bytes are no failure by themselves: the right ones may still come, until the time is over."""

    def __init__(self, check: TcpHealthCheck, reuse: bool) -> None:
        super().__init__()
        self._check = check
        self._reuse = reuse
        self._outgoing = b""
        self._seen = bytearray()

    def begin(self) -> Verdict | None:
        self._seen.clear()
        if not self._check.receive:
            return Verdict(reason="connected")
        self._outgoing = self._check.send
        return None

    def outgoing(self) -> bytes:
        data, self._outgoing = self._outgoing, b""
        return data

    def feed(self, data: bytes) -> Verdict | None:
        self.reusable = False
        if not data:
            return broken("the connection was closed")
        self._seen += data
        if not has_pieces(self._seen, self._check.receive):
            return (
                broken(f"more than {MOST} bytes, and not the expected ones")
                if len(self._seen) > MOST
                else None
            )
        self.reusable = self._reuse
        return Verdict(reason="the expected bytes came")

    def rest(self, data: bytes) -> Verdict | None:
        """A host that closes between two checks fails one, as in Envoy."""
        if data:
            return None
        self.reusable = False
        return broken("the connection was closed")


def has_pieces(data: bytes | bytearray, pieces: Sequence[bytes]) -> bool:
    """Whether all pieces are there, one after another, with anything between them."""
    at = 0
    for piece in pieces:
        at = data.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True
