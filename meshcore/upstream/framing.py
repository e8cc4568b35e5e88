"""What says where a body ends, and all else that is of one connection: no edit may change it.

A route's edits are for whoever reads a message. Were they to name another length than the body has, the rest
of the body would be the next message over the same connection (RFC 9112 section 11.2). Envoy sends what an
edit made of Content-Length; here the body's own framing holds.
"""

from __future__ import annotations

from collections.abc import Iterable

from meshcore.upstream.headers import Line

__all__ = ["OF_CONNECTION", "framed", "framed_answer", "framing_of", "length_of"]

#: Of an answer, what is between two neighbours: who writes to the connection adds it.
OF_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_OWN = OF_CONNECTION | {b"content-length"}


def length_of(headers: Iterable[Line]) -> bytes | None:
    """The value of Content-Length; None: there is none."""
    for name, value in headers:
        if len(name) == 14 and name.lower() == b"content-length":
            return value
    return None


def framing_of(headers: Iterable[Line]) -> tuple[bytes | None, bytes | None]:
    """What ``framed()`` is to be told of a request with these lines."""
    length = coding = None
    for name, value in headers:
        size = len(name)
        if size == 14 and name.lower() == b"content-length":
            length = value
        elif size == 17 and name.lower() == b"transfer-encoding":
            coding = value
    return length, coding or (b"chunked" if length not in (None, b"0") else None)


def framed(headers: Iterable[Line], length: bytes | None, coding: bytes | None = None) -> list[Line]:
    """A request's lines with the body's own framing as their only one, whatever an edit made of it.

    Args:
        length: of the body, as Content-Length told it before the edits.
        coding: the Transfer-Encoding by which it goes where no length is left, as in Envoy where a route
            removes that; None: whoever sends it sees to that.
    """
    lines = []
    for line in headers:
        size = len(line[0])
        if size == 14 and line[0].lower() == b"content-length":
            if line[1] != length:
                continue
            coding = None
        elif size == 17 and line[0].lower() == b"transfer-encoding":
            continue
        lines.append(line)
    if coding is not None:
        lines.append((b"transfer-encoding", coding))
    return lines


def framed_answer(headers: Iterable[Line], came: Iterable[Line]) -> list[Line]:
    """An answer's lines, of which those that frame it, or are of one connection, are as they ``came``, or are
    not there: whatever an edit made of them, whoever sends the answer adds what is missing."""
    own = {(name, line[1]) for line in came if (name := line[0].lower()) in _OWN}
    return [line for line in headers if (name := line[0].lower()) not in _OWN or (name, line[1]) in own]
