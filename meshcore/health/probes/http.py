"""What checks over HTTP/1.1 and HTTP/2 have in common: the request's headers, and what an answer means.

Source: Envoy's source/extensions/health_checkers/http/health_checker_impl.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from meshcore.health.probes.probe import MOST, Target
from meshcore.health.probes.tcp import has_pieces
from meshcore.health.verdict import Failure, Verdict
from meshcore.match import Regex
from meshcore.model import AppendAction, HeaderValue, HttpHealthCheck, RangeMatch, StringKind, StringMatch
from meshcore.model.format import parse_format

__all__ = ["USER_AGENT", "Answer", "edited", "judge", "string_matcher"]

USER_AGENT = "Envoy/HC"
Headers = list[tuple[str, str]]


class Answer:
    """Status, headers and as much of the body as the check looks at."""

    def __init__(self, check: HttpHealthCheck, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.body = bytearray()
        self._room = (check.response_buffer_size or MOST) if check.receive else 0

    def add(self, data: bytes) -> None:
        self.body += data[: self._room - len(self.body)]


def judge(check: HttpHealthCheck, answer: Answer, matches: Callable[[str], bool] | None) -> Verdict:
    """What the answer says of the host. ``matches``: the check's ``service_name``, compiled."""
    status, headers = answer.status, answer.headers
    excluded = "x-envoy-immediate-health-check-fail" in headers

    def failed(reason: str, *, retriable: bool = False, excluded: bool = excluded) -> Verdict:
        return Verdict(Failure.ACTIVE, reason, retriable=retriable, excluded=excluded, status=status)

    if check.receive and not has_pieces(answer.body, check.receive):
        return failed(f"status {status}, without the expected body")
    if not _within(check.expected_statuses, status):
        return failed(f"status {status}", retriable=_within(check.retriable_statuses, status))
    if matches is not None:
        name = headers.get("x-envoy-upstream-healthchecked-cluster", "")
        if not matches(name):
            return failed(f"it says that it is of {name!r}", excluded=False)
    degraded = "x-envoy-degraded" in headers
    return Verdict(None, f"status {status}" + ", degraded" * degraded, degraded=degraded, status=status)


def _within(ranges: Sequence[RangeMatch], status: int) -> bool:
    return any(one.start <= status < one.end for one in ranges)


_COMPARISONS: dict[StringKind, Callable[[str, str], bool]] = {
    StringKind.EXACT: str.__eq__,
    StringKind.PREFIX: str.startswith,
    StringKind.SUFFIX: str.endswith,
    StringKind.CONTAINS: str.__contains__,
}


def string_matcher(match: StringMatch) -> Callable[[str], bool]:
    """A string match as a function."""
    if match.kind is StringKind.REGEX:
        return Regex(match.value).full_match
    wanted = _folded(match.value) if match.ignore_case else match.value
    compare = _COMPARISONS[match.kind]
    return lambda text: compare(_folded(text) if match.ignore_case else text, wanted)


def _folded(text: str) -> str:
    """ASCII letters alone."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def edited(
    headers: Headers, add: Sequence[HeaderValue], remove: Sequence[str], target: Target, protocol: str
) -> Headers:
    """Header lines with the check's own edits; what is removed goes first. Names are lower-case."""
    lines = [line for line in headers if line[0] not in remove]
    for header in add:
        value = _rendered(header.value, target, protocol)
        if not value and not header.keep_empty:
            continue
        there = any(name == header.name for name, _ in lines)
        if header.action is AppendAction.ADD_IF_ABSENT and there:
            continue
        if header.action is AppendAction.OVERWRITE_IF_EXISTS and not there:
            continue
        if header.action in (AppendAction.OVERWRITE_IF_EXISTS, AppendAction.OVERWRITE_IF_EXISTS_OR_ADD):
            lines = [line for line in lines if line[0] != header.name]
        lines.append((header.name, value))
    return lines


def _rendered(text: str, target: Target, protocol: str) -> str:
    host = target.address
    if target.port:
        host = f"[{host}]:{target.port}" if ":" in host else f"{host}:{target.port}"
    known = {"PROTOCOL": protocol, "UPSTREAM_HOST": host, "UPSTREAM_REMOTE_ADDRESS": host}
    return "".join(known[it.command] if it.command else it.text for it in parse_format(text))
