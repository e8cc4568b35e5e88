"""Compare what came of a request, or of many, with a recording of Envoy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshcore.replay.drive import Observation
from meshcore.replay.envoy_headers import compare_request_headers, compare_response_headers
from meshcore.replay.placeholders import same_text
from meshcore.replay.statistics import Window, differing_counts, differing_shares, is_rotation

__all__ = ["compare_many", "compare_one"]

_TEXTS = ("kind", "details", "route", "cluster", "endpoint", "path", "authority", "method")
#: Left out of a case, these equal the request's.
_AS_SENT = ("path", "authority", "method")
#: Recorded latencies are a real client's.
_TOLERANCE_MS = 60


def compare_one(
    request: Mapping[str, Any], expect: Mapping[str, Any], observed: Observation, *, full_headers: bool
) -> Iterator[str]:
    """How one request differs from its recording."""
    wanted = dict(expect)
    forwarded = expect.get("kind") == "forward"
    if forwarded:
        for key in _AS_SENT:
            if key not in wanted and key in request:
                wanted[key] = request[key]
    for key in _TEXTS:
        if key in wanted:
            yield from _compare_text(key, wanted[key], getattr(observed, key))
    if "status" in wanted and wanted["status"] != observed.status:
        yield f"status: expected {wanted['status']}, got {observed.status}"
    if observed.kind == "forward" or observed.attempts:
        # Where the path was recorded, so was all that the upstream saw.
        complete = "path" in expect and forwarded
        yield from compare_request_headers(expect, observed, full=full_headers, complete=complete)
    yield from compare_response_headers(expect, observed)
    if "body" in wanted:
        body = observed.body.decode(errors="replace")
        if not same_text(wanted["body"] or "", body):
            yield f"body: expected {wanted['body']!r}, got {body!r}"
    if "attempts" in wanted and wanted["attempts"] != len(observed.attempts):
        yield f"attempts: expected {wanted['attempts']}, got {len(observed.attempts)}"
    if "attempt_endpoints" in wanted and set(wanted["attempt_endpoints"]) != set(observed.attempts):
        yield (
            f"attempt_endpoints: expected {sorted(set(wanted['attempt_endpoints']))},"
            f" got {sorted(set(observed.attempts))}"
        )
    if "approx_ms" in wanted:
        yield from _compare_time("approx_ms", wanted["approx_ms"], observed.seconds)


def _compare_text(key: str, expected: str | None, actual: str | None) -> Iterator[str]:
    if expected is None:
        if actual:
            yield f"{key}: expected none, got {actual!r}"
    elif not same_text(expected, actual):
        yield f"{key}: expected {expected!r}, got {actual!r}"


def _compare_time(key: str, expected: float, seconds: float) -> Iterator[str]:
    if abs(seconds * 1000 - expected) > _TOLERANCE_MS:
        yield f"{key}: expected about {expected}, got {seconds * 1000:.0f}"


def compare_many(
    request: Mapping[str, Any],
    expect: Mapping[str, Any],
    observed: Sequence[Observation],
    *,
    full_headers: bool,
    statistical: bool,
    concurrent: bool,
    window: Window | None,
) -> Iterator[str]:
    """How many requests differ from the recording of them all.

    ``window``: the endpoints' weights where a rotation hands them out.
    """
    actual = _tally(observed)
    for topic, counts in (expect.get("counts") or {}).items():
        found = actual.get(topic, Counter())
        if statistical:
            differences = differing_shares(counts, found, len(observed))
        else:
            differences = differing_counts(counts, found, window if topic == "endpoint" else None)
        yield from (f"counts of {topic}: {difference}" for difference in differences)
    if "status_sequence" in expect and not statistical:
        statuses = [item.status for item in observed]
        same = (
            Counter(statuses) == Counter(expect["status_sequence"])
            if concurrent
            else statuses == expect["status_sequence"]
        )
        if not same:
            yield f"status_sequence: expected {expect['status_sequence']}, got {statuses}"
    if "sequence" in expect and not statistical:
        yield from _compare_sequence(expect["sequence"], [item.step for item in observed])
    for index, (each, item) in enumerate(zip(expect.get("each") or (), observed, strict=False)):
        for difference in compare_one(request, each, item, full_headers=full_headers):
            yield f"request {index}: {difference}"
    if "approx_ms_max" in expect:
        longest = max((item.seconds for item in observed), default=0.0)
        yield from _compare_time("approx_ms_max", expect["approx_ms_max"], longest)


def _tally(observed: Sequence[Observation]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for item in observed:
        for topic in ("status", "cluster", "endpoint", "route", "kind"):
            value = getattr(item, topic)
            if value is not None:
                counts.setdefault(topic, Counter())[str(value)] += 1
    return counts


def _compare_sequence(expected: Sequence[str], actual: Sequence[str]) -> Iterator[str]:
    """Endpoints may begin anywhere in their rotation; anything else is exact."""
    rotating = len(set(expected)) > 1 and all(":" in step for step in expected)
    same = is_rotation(expected, actual) if rotating else list(expected) == list(actual)
    if not same:
        yield f"sequence: expected {list(expected)}, got {list(actual)}"
