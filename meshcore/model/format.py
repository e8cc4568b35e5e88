"""Envoy's substitution format strings (``%REQ(x-a?x-b):3%``), parsed once at load.

Source: Envoy documentation, "Access log > Format strings" and "Custom request/response headers".
"""

from __future__ import annotations

import os
import re
import socket
from difflib import get_close_matches

from meshcore.model._dataclass import dataclass

__all__ = ["COMMANDS", "FormatError", "Segment", "known_text", "parse_format"]

#: Commands that take no argument.
PLAIN = frozenset(
    {
        "BYTES_RECEIVED",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_DIRECT_LOCAL_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_PORT",
        "DOWNSTREAM_LOCAL_ADDRESS",
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_PORT",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_REMOTE_PORT",
        "HOSTNAME",
        "PROTOCOL",
        "RESPONSE_CODE",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "ROUTE_NAME",
        "STREAM_ID",
        "UPSTREAM_CLUSTER",
        "UPSTREAM_CLUSTER_RAW",
        "UPSTREAM_HOST",
        "UPSTREAM_HOST_NAME",
        "UPSTREAM_HOST_NAME_WITHOUT_PORT",
        "UPSTREAM_REMOTE_ADDRESS",
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "UPSTREAM_REMOTE_PORT",
        "UPSTREAM_REQUEST_ATTEMPT_COUNT",
        "VIRTUAL_CLUSTER_NAME",
    }
)
#: Commands that name a header, and perhaps an alternative.
HEADER = frozenset({"REQ", "RESP"})
#: What Envoy calls them, too.
ALIASES = {"REQUEST_HEADER": "REQ", "RESPONSE_HEADER": "RESP"}
#: Commands that name something else.
NAMED = frozenset({"ENVIRONMENT", "QUERY_PARAM"})
#: Commands of data that no filter of ours makes: they never have a value.
EMPTY = frozenset({"DYNAMIC_METADATA", "FILTER_STATE"})
COMMANDS = PLAIN | HEADER | NAMED | EMPTY | {"PATH", "START_TIME"}

#: What formats of times may have behind a percent sign; one that names several stands for them.
_TIMES = {
    **{conversion: f"%{conversion}" for conversion in "YmdHMSyjeabs"},
    **{f"{digits}f": f"%{digits}" for digits in range(1, 10)},
    **{f"E{digits}S": f"%S.%{digits}" for digits in range(1, 10)},
    "f": "%9",
    "F": "%Y-%m-%d",
    "T": "%H:%M:%S",
    "z": "+0000",
    "Ez": "+00:00",
    "Z": "UTC",
    "%": "%%",
}
_CONVERSION = re.compile(r"%(E[1-9]S|Ez|[1-9]f|.)?", re.DOTALL)
_START_TIME = "%Y-%m-%dT%H:%M:%E3SZ"

#: The headers that ``%PATH(..:WHICH)%`` reads.
_PATHS = {
    "ORIG": ("x-envoy-original-path", ""),
    "PATH": (":path", ""),
    "ORIG_OR_PATH": ("x-envoy-original-path", ":path"),
}
#: What a header's name is made of, a pseudo header's as well.
_NAME = re.compile(r":?[!#$%&'*+.^_`|~0-9A-Za-z-]*")
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
    ``%PATH(..)%`` and ``%STREAM_ID%`` come as the header that they read: ``REQ``, or ``REQ_WITHOUT_QUERY``.

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
        if found[1] == "START_TIME":
            segments += _time(found)
        else:
            segments.append(_command(found))
        at = found.end()
    if literal:
        segments.append(Segment("".join(literal)))
    return tuple(segments)


def known_text(segment: Segment) -> str:
    """``Segment.text``, or what the system says at load: its name, an environment variable ("-": none)."""
    if segment.command == "HOSTNAME":
        return socket.gethostname()
    if segment.command == "ENVIRONMENT":
        return os.environ.get(segment.text, "-")
    return segment.text


def _command(found: re.Match[str]) -> Segment:
    name, argument, limit = found.groups()
    name = ALIASES.get(name, name)
    if name not in COMMANDS:
        what = f"unknown command %{name}%, or one of Envoy's that is not served"
        near = get_close_matches(name, COMMANDS, 1, 0.8)
        raise FormatError(what + "".join(f"; did you mean %{other}%?" for other in near), found.start())
    max_length = None if limit is None else int(limit)
    if name in HEADER:
        return _header(found, name, argument or "", max_length)
    if name == "PATH":
        return _path(found, argument or "", max_length)
    if name in NAMED or name in EMPTY:
        if not argument:
            raise FormatError(f"%{name}(...)% needs a name", found.start())
        return Segment(argument, name, "", max_length)
    if name == "RESPONSE_CODE_DETAILS":
        argument = None  # whether blanks may stay; ours have none
    if argument is not None or max_length is not None:
        raise FormatError(f"%{name}% takes neither an argument nor a length", found.start())
    return Segment("x-request-id", "REQ") if name == "STREAM_ID" else Segment("", name)


def _time(found: re.Match[str]) -> list[Segment]:
    """The parts of a time, which the core writes one by one."""
    if found[3] is not None:
        raise FormatError("%START_TIME% takes no length", found.start())

    def known(conversion: re.Match[str]) -> str:
        if conversion[1] not in _TIMES:
            message = f"%START_TIME(...)%: {conversion[0]} is not a part of a time that is served"
            raise FormatError(message, found.start())
        return _TIMES[conversion[1]]

    text = _CONVERSION.sub(known, found[2] or _START_TIME)
    segments: list[Segment] = []
    for part in re.split("(%.)", text):
        if part.startswith("%"):
            segments.append(Segment("%") if part == "%%" else Segment(part[1], "START_TIME"))
        elif part:
            segments.append(Segment(part))
    return segments


def _header(found: re.Match[str], name: str, argument: str, max_length: int | None) -> Segment:
    main, *others = argument.split("?")
    if not main:
        raise FormatError(f"%{name}(...)% needs the name of a header", found.start())
    if len(others) > 1:
        raise FormatError(f"%{name}(...)% takes one alternative only", found.start())
    alternative = others[0] if others else ""
    if not _NAME.fullmatch(main) or not _NAME.fullmatch(alternative):
        raise FormatError(f"%{name}({argument})% does not name a header", found.start())
    return Segment(main.lower(), name, alternative.lower(), max_length)


def _path(found: re.Match[str], argument: str, max_length: int | None) -> Segment:
    query, _, which = argument.partition(":")
    if query not in ("", "WQ", "NQ"):
        raise FormatError(f"%PATH({argument})%: the query is WQ (with it) or NQ (without)", found.start())
    if which not in ("", *_PATHS):
        raise FormatError(f"%PATH({argument})%: the path is one of {', '.join(_PATHS)}", found.start())
    main, alternative = _PATHS[which or "ORIG_OR_PATH"]
    return Segment(main, "REQ_WITHOUT_QUERY" if query == "NQ" else "REQ", alternative, max_length)
