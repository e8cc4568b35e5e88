"""Envoy's substitution format strings (``%REQ(x-a?x-b):3%``), parsed once at load.

Source: Envoy documentation, "Access log > Format strings" and "Custom request/response headers".
"""

from __future__ import annotations

import re

from meshcore.model._dataclass import dataclass

__all__ = ["COMMANDS", "FormatError", "Segment", "parse_format"]

#: Commands that take no argument.
PLAIN = frozenset(
    {
        "BYTES_RECEIVED",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_ADDRESS",
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_PORT",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "PROTOCOL",
        "RESPONSE_CODE",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_FLAGS",
        "ROUTE_NAME",
        "UPSTREAM_CLUSTER",
        "UPSTREAM_HOST",
        "UPSTREAM_REMOTE_ADDRESS",
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "UPSTREAM_REQUEST_ATTEMPT_COUNT",
        "VIRTUAL_CLUSTER_NAME",
    }
)
#: Commands that name a header, and perhaps an alternative.
HEADER = frozenset({"REQ", "RESP"})
COMMANDS = PLAIN | HEADER

_COMMAND = re.compile(r"%([A-Z][A-Z0-9_]*)(?:\(([^)]*)\))?(?::([0-9]+))?%")


class FormatError(ValueError):
    """A format string that cannot be served; ``position`` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class Segment:
    """Literal text (``command`` empty) or one command with its arguments."""

    text: str = ""
    command: str = ""
    alternative: str = ""
    max_length: int | None = None


def parse_format(text: str) -> tuple[Segment, ...]:
    """Split a format string into segments.

    For header commands ``Segment.text`` is the header's lower-case name. ``%%`` is a percent sign.

    Raises:
        FormatError: for a bare ``%``, an unknown command, or arguments that do not fit it.
    """
    segments: list[Segment] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        if text[at] != "%":
            end = text.find("%", at)
            end = len(text) if end < 0 else end
            literal.append(text[at:end])
            at = end
            continue
        if text.startswith("%%", at):
            literal.append("%")
            at += 2
            continue
        found = _COMMAND.match(text, at)
        if found is None:
            raise FormatError(f"no valid command at position {at}; write '%%' for a percent sign", at)
        if literal:
            segments.append(Segment("".join(literal)))
            literal.clear()
        segments.append(_command(found))
        at = found.end()
    if literal:
        segments.append(Segment("".join(literal)))
    return tuple(segments)


def _command(found: re.Match[str]) -> Segment:
    name, argument, limit = found.groups()
    if name not in COMMANDS:
        raise FormatError(f"unknown command %{name}%", found.start())
    max_length = None if limit is None else int(limit)
    if name in HEADER:
        main, _, alternative = (argument or "").partition("?")
        if not main:
            raise FormatError(f"%{name}(...)% needs the name of a header", found.start())
        return Segment(main.lower(), name, alternative.lower(), max_length)
    if argument is not None:
        raise FormatError(f"%{name}% takes no argument", found.start())
    return Segment("", name, "", max_length)
