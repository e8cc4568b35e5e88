"""What our own format can expect of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from meshcore.check.case import Expectation
from meshcore.check.seen import READERS, Seen
from meshcore.check.text import Text, read_text
from meshcore.config.findings import Findings, did_you_mean, quoted
from meshcore.config.scalar_types import BadValue, GoDuration, scalar_decoder
from meshcore.config.tree import MappingNode, ScalarNode, SequenceNode, TreeNode, describe, join_path

__all__ = ["Field", "Header", "read_expectations", "read_headers"]

_NUMBERS = frozenset({"status", "retries", "service_port"})
_DURATIONS = frozenset({"timeout"})
_HEADERS = ("request_headers", "response_headers")
_NAMES = (*READERS, *_HEADERS, "split")
_BASE, *_FORMAT = get_args(GoDuration)
_seconds = scalar_decoder(_BASE, _FORMAT)


@dataclass(frozen=True, slots=True)
class Field:
    """A part of the decision. ``wanted`` None: there must be no such thing."""

    name: str
    wanted: Text | float | None

    def difference(self, seen: Seen) -> str | None:
        got = seen.read(self.name)
        if self.wanted is None:
            return f"{self.name}: expected none, got {quoted(got)}" if got not in (None, "") else None
        if isinstance(self.wanted, Text):
            if got is not None and self.wanted.holds(str(got)):
                return None
        elif got is not None and float(got) == self.wanted:
            return None
        wanted = f"{self.wanted:g}" if isinstance(self.wanted, float) else str(self.wanted)
        return f"{self.name}: expected {wanted}, got {'none' if got in (None, '') else quoted(got)}"


@dataclass(frozen=True, slots=True)
class Header:
    """A header of the request upstream or of the answer.

    ``lines`` None: one of its lines must be as ``wanted``; otherwise all lines, in this order.
    ``wanted`` and ``lines`` None: it must be absent. ``present``: any value will do.
    """

    request: bool
    name: str
    wanted: Text | None = None
    lines: tuple[Text, ...] | None = None
    present: bool = False

    def difference(self, seen: Seen) -> str | None:
        got = seen.request_header(self.name) if self.request else seen.response_header(self.name)
        what = f"{'request' if self.request else 'response'} header {self.name}"
        shown = ", ".join(quoted(value) for value in got) or "none"
        if self.present:
            return None if got else f"{what}: expected to be there, got none"
        if self.lines is not None:
            fits = len(got) == len(self.lines) and all(
                text.holds(value) for text, value in zip(self.lines, got, strict=True)
            )
            return None if fits else f"{what}: expected {', '.join(map(str, self.lines))}, got {shown}"
        if self.wanted is None:
            return f"{what}: expected none, got {shown}" if got else None
        if any(self.wanted.holds(value) for value in got):
            return None
        return f"{what}: expected {self.wanted}, got {shown}"


def read_expectations(node: MappingNode, findings: Findings, path: str) -> tuple[Expectation, ...]:
    """The expectations of an ``expect`` mapping, ``split`` excepted."""
    found: list[Expectation] = []
    for name, value in node.entries.items():
        full = join_path(path, name)
        if name in _HEADERS:
            found += read_headers(value, findings, full, request=name == _HEADERS[0])
        elif name in READERS:
            field = _field(name, value, findings, full)
            if field is not None:
                found.append(field)
        elif name != "split":
            message = f"unknown field {name!r}{did_you_mean(name, _NAMES)}"
            findings.error(node.key_origin(name, full), full, message)
    return tuple(found)


def _field(name: str, node: TreeNode, findings: Findings, path: str) -> Field | None:
    if isinstance(node, ScalarNode) and node.value is None:
        return Field(name, None)
    if name in _NUMBERS:
        if isinstance(node, ScalarNode) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return Field(name, float(node.value))
        findings.error(node, path, found=describe(node), expected="a whole number")
        return None
    if name in _DURATIONS:
        try:
            if not isinstance(node, ScalarNode):
                raise BadValue("", "a duration such as 1.5s", describe(node))
            return Field(name, float(_seconds(node)))
        except BadValue as bad:
            findings.error(node, path, bad.message, found=bad.found, expected=bad.expected)
            return None
    text = read_text(node, findings, path)
    return None if text is None else Field(name, text)


def read_headers(node: TreeNode, findings: Findings, path: str, *, request: bool) -> list[Header]:
    """A mapping of header names to what is expected of each."""
    if not isinstance(node, MappingNode):
        findings.error(node, path, found=describe(node), expected="a mapping of names to values")
        return []
    found = []
    for name, value in node.entries.items():
        full, lower = join_path(path, name), name.lower()
        if isinstance(value, ScalarNode) and value.value is None:
            found.append(Header(request, lower))
        elif isinstance(value, SequenceNode):
            texts = [read_text(item, findings, f"{full}[{at}]") for at, item in enumerate(value.items)]
            found.append(Header(request, lower, lines=tuple(text for text in texts if text is not None)))
        elif isinstance(value, MappingNode) and list(value.entries) == ["present"]:
            flag = value.entries["present"]
            if not isinstance(flag, ScalarNode) or not isinstance(flag.value, bool):
                findings.error(flag, f"{full}.present", found=describe(flag), expected="true or false")
                continue
            found.append(Header(request, lower, present=flag.value))
        else:
            text = read_text(value, findings, full)
            if text is not None:
                found.append(Header(request, lower, wanted=text))
    return found
