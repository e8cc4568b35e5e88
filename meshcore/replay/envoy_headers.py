"""Compare header lines as the recordings state them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshcore.replay.drive import Observation
from meshcore.replay.placeholders import same_lines, same_text
from meshcore.replay.upstream import Pairs

__all__ = ["compare_request_headers", "compare_response_headers", "values_of"]

#: Never listed: the authority is compared by itself, and a length belongs to the connection.
_NEVER_LISTED = frozenset({"host", "content-length"})
#: Without ``full_headers`` these are left out where the proxy added them.
_SELDOM_LISTED = frozenset({"x-forwarded-proto", "x-envoy-expected-rq-timeout-ms", "x-request-id"})
_RESPONSE_IGNORED = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "location",  # compared by itself
        "server",
        "transfer-encoding",
        "x-envoy-upstream-service-time",
    }
)
_TIMEOUT = "x-envoy-expected-rq-timeout-ms"


def values_of(lines: Pairs) -> dict[str, list[str]]:
    """Values by lower-case name, in order."""
    values: dict[str, list[str]] = {}
    for name, value in lines:
        values.setdefault(name.decode().lower(), []).append(value.decode(errors="replace"))
    return values


@dataclass(frozen=True, slots=True)
class Edits:
    """The difference between the headers sent and those received upstream."""

    added: dict[str, list[str]]
    changed: dict[str, list[str]]
    removed: list[str]


def _edits(observed: Observation, full: bool) -> Edits:
    sent, received = values_of(observed.sent), values_of(observed.received)
    for name in _NEVER_LISTED:
        sent.pop(name, None)
        received.pop(name, None)
    hidden = frozenset() if full else _SELDOM_LISTED
    return Edits(
        added={name: lines for name, lines in received.items() if name not in sent and name not in hidden},
        changed={name: lines for name, lines in received.items() if name in sent and sent[name] != lines},
        removed=sorted(name for name in sent if name not in received),
    )


def compare_request_headers(
    expect: Mapping[str, Any], observed: Observation, *, full: bool, complete: bool
) -> Iterator[str]:
    """Compare the edits of the request's headers.

    ``full``: every difference is listed. ``complete``: a list that is left out is empty.
    """
    edits = _edits(observed, full)
    for key, actual in (("request_headers_added", edits.added), ("request_headers_changed", edits.changed)):
        if key in expect or complete:
            yield from _compare_values(key, expect.get(key) or {}, actual, observed)
    if "request_headers_removed" in expect or complete:
        removed = sorted(expect.get("request_headers_removed") or ())
        if removed != edits.removed:
            yield f"request_headers_removed: expected {removed}, got {edits.removed}"
    if "upstream_header_order" in expect:
        yield from _compare_order(expect["upstream_header_order"], observed, full)


def _compare_values(
    key: str, expected: Mapping[str, list[str]], actual: Mapping[str, list[str]], observed: Observation
) -> Iterator[str]:
    for name in sorted({*expected, *actual}):
        want, got = expected.get(name), actual.get(name)
        if want is None:
            yield f"{key}: {name}: expected nothing, got {got}"
        elif got is None:
            yield f"{key}: {name}: expected {want}, got nothing"
        elif not same_lines(want, got) and not _time_left(name, want, got, observed):
            yield f"{key}: {name}: expected {want}, got {got}"


def _time_left(name: str, want: Sequence[str], got: Sequence[str], observed: Observation) -> bool:
    """A retried request tells what was left of its timeout, which depends on the time it took."""
    if name != _TIMEOUT or len(observed.attempts) < 2 or len(want) != 1 or len(got) != 1:
        return False
    if not want[0].isdecimal() or not got[0].isdecimal():
        return False
    most = (observed.timeout or 0) * 1000
    return int(want[0]) - 200 <= int(got[0]) <= most


def _compare_order(expected: Sequence[Sequence[str]], observed: Observation, full: bool) -> Iterator[str]:
    """Every line received upstream, in order; the proxy writes ``host`` first."""
    sent = values_of(observed.sent)
    lines = [("host", observed.authority)]
    for raw_name, raw_value in observed.received:
        name = raw_name.decode().lower()
        hidden = not full and name in _SELDOM_LISTED and name not in sent
        if name not in _NEVER_LISTED and not hidden:
            lines.append((name, raw_value.decode(errors="replace")))
    want = [(name.lower(), value) for name, value in expected if name.lower() != "content-length"]
    same = len(want) == len(lines) and all(
        name == got and same_text(value, text) for (name, value), (got, text) in zip(want, lines, strict=True)
    )
    if not same:
        yield f"upstream_header_order: expected {want}, got {lines}"


def compare_response_headers(expect: Mapping[str, Any], observed: Observation) -> Iterator[str]:
    """Compare the answer's headers, content-type only where it was recorded or is the route's own."""
    if "location" in expect:
        yield from _compare_location(expect["location"], observed)
    if "response_headers" not in expect:
        return
    expected = {name.lower(): lines for name, lines in (expect["response_headers"] or {}).items()}
    actual = {
        name: lines for name, lines in values_of(observed.response).items() if name not in _RESPONSE_IGNORED
    }
    expected.pop("location", None)
    if "content-type" not in expected and observed.kind != "direct_response":
        actual.pop("content-type", None)
    yield from _compare_values("response_headers", expected, actual, observed)


def _compare_location(expected: str | None, observed: Observation) -> Iterator[str]:
    lines = values_of(observed.response).get("location")
    actual = observed.location if lines is None else ",".join(lines)
    if expected is None:
        if actual is not None:
            yield f"location: expected none, got {actual!r}"
    elif not same_text(expected, actual):
        yield f"location: expected {expected!r}, got {actual!r}"
