"""Header lines between the two connections: what belongs to one hop only.

Source: RFC 9110 section 7.6.1, RFC 9112 section 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Head", "Line", "closes", "end_to_end", "head_bytes", "malformed", "read_head"]

Line = tuple[bytes, bytes]

#: Meant for the next hop only, named by Connection or not.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
#: Connection cannot remove these: a hop before us vouches for them (CVE-2024-45410, CVE-2022-1388),
#: or the message cannot be understood without them.
PROTECTED = frozenset({b"content-length", b"forwarded", b"host", b"via", b"x-real-ip", b"x-request-id"})
PROTECTED_PREFIXES = (b"x-forwarded-", b"x-envoy-")

#: What may surround a value, and no other white space: to one reader it might be part of the value.
_BLANKS = b" \t"
#: A tab is none.
_CONTROLS = bytes([*range(9), *range(10, 32), 127])


@dataclass(slots=True)
class Head:
    """The header lines of a message, sorted out."""

    lines: list[Line]  #: what may pass to the other connection, in order, repeated lines kept
    fields: dict[bytes, bytes]  #: the first value of each header, by lower-case name
    size: int  #: bytes on the wire
    length: bytes | None  #: the value of Content-Length
    codings: list[bytes]  #: the values of Transfer-Encoding, lower-case
    upgrade: bytes | None  #: the protocol that the sender asks to change to, lower-case

    @property
    def unknown_coding(self) -> bool:
        """Is there a Transfer-Encoding other than "chunked"?

        The parser refuses a Transfer-Encoding beside a Content-Length, and lengths that are repeated
        or malformed; what it lets through are codings that we would have to decode in order to forward.
        """
        return self.codings not in ([], [b"chunked"])


def read_head(headers: Sequence[Line]) -> Head:
    """Take the lines of this hop out.

    This runs before the engine decides, so that rules, rewrites and the upstream see the same
    headers, and so that ``Connection`` cannot name a header which the engine adds afterwards.
    """
    fields = {name.lower(): value for name, value in reversed(headers)}
    if len(fields) == len(headers) and HOP_BY_HOP.isdisjoint(fields):  # as most are: nothing is to be done
        size = len(b"".join(fields)) + len(b"".join(fields.values())) + 4 * len(fields)
        return Head(list(headers), fields, size, _length(fields), [], None)
    lines: list[Line] = []
    named: set[bytes] = set()
    codings: list[bytes] = []
    upgrade = b""
    size = 0
    for line in headers:
        name, value = line
        size += len(name) + len(value) + 4
        name = name.lower()
        if name not in HOP_BY_HOP:
            lines.append(line)
        elif name == b"connection":
            named.update(token.strip() for token in value.lower().split(b","))
        elif name == b"transfer-encoding":
            codings.append(value.strip(_BLANKS).lower())
        elif name == b"upgrade":
            upgrade = value.strip(_BLANKS).lower()
    # h2c is to be ignored where it is not spoken, as Envoy does.
    asked = upgrade if b"upgrade" in named and upgrade not in (b"", b"h2c") else None
    named = {name for name in named if name not in PROTECTED and not name.startswith(PROTECTED_PREFIXES)}
    if named:
        lines = [line for line in lines if line[0].lower() not in named]
    return Head(lines, fields, size, _length(fields), codings, asked)


def _length(fields: dict[bytes, bytes]) -> bytes | None:
    length = fields.get(b"content-length")
    return length if length is None else length.strip(_BLANKS)


def end_to_end(headers: Sequence[Line]) -> list[Line]:
    """The lines that may pass to the other connection."""
    return read_head(headers).lines


def closes(headers: Iterable[Line]) -> bool:
    """Whether the sender says that the connection ends with the message."""
    return any(
        name.lower() == b"connection" and b"close" in map(bytes.strip, value.lower().split(b","))
        for name, value in headers
    )


def malformed(status: int, headers: Iterable[Line]) -> bool:
    """Whether an answer's head is none, as Envoy judges: there is no such status, or it says of a body where
    there cannot be any."""
    if status == 204 or 100 <= status < 200:
        return any(
            name.lower() == b"transfer-encoding" or (name.lower() == b"content-length" and value != b"0")
            for name, value in headers
        )
    return status < 100


def head_bytes(start: bytes, lines: Sequence[Line]) -> bytes:
    """A head as it goes out, whatever bytes its values are made of.

    Raises:
        ValueError: a control character is in it, which could end a line.
    """
    head = b"\r\n".join([start, *map(b": ".join, lines), b"", b""])
    if len(head.translate(None, _CONTROLS)) != len(head) - 2 * (len(lines) + 2):
        raise ValueError("a control character is in a head")
    return head
