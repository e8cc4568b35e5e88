"""Compare requests with a recording of Envoy in which failing endpoints are ejected.

How many requests a failing endpoint got before it disappeared, and which endpoints remained; their order
depends on the random start of Envoy's rotation. Envoy ejects on another thread than it serves on, so that one
request more than the threshold may have got through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshcore.replay.drive import Observation

__all__ = ["compare_ejections", "is_of_ejections"]

_SUITE = "17_outlier_detection"


def is_of_ejections(document: Mapping[str, Any]) -> bool:
    return document.get("suite") == _SUITE


def compare_ejections(case: Mapping[str, Any], observed: Sequence[Observation]) -> Iterator[str]:
    """How a run of requests differs from its recording."""
    expected = case["expect"]
    steps: Sequence[str] = expected["sequence"]
    actual = [one.step for one in observed]
    failing = frozenset((case.get("upstream") or {}).get("fail_hosts", ()))
    if len(actual) != len(steps):
        yield f"requests: expected {len(steps)}, got {len(actual)}"
    seen, kinds = Counter(actual), Counter(one.kind for one in observed)
    recorded, recorded_kinds = Counter(steps), Counter(expected["counts"]["kind"])
    remain, remained = _tail(steps), _tail(actual)
    # Which of those that fail is ejected, where not all of them may be, hangs on where the rotation began.
    lasting, lasted = sorted(failing & remain), sorted(failing & remained)
    if remain - failing != remained - failing or len(lasting) != len(lasted):
        yield f"endpoints that remain: expected {sorted(remain)}, got {sorted(remained)}"
    if seen.keys() != recorded.keys():
        yield f"endpoints: expected {sorted(recorded)}, got {sorted(seen)}"
    for least, most, count in zip(
        *_bounds(recorded, lasting, failing), _counts(seen, lasted, failing), strict=True
    ):
        if not least <= count <= most:
            yield f"requests to a failing endpoint: expected {least} to {most}, got {count}"
    if kinds != recorded_kinds:
        yield f"counts of kind: expected {dict(recorded_kinds)}, got {dict(kinds)}"
    for one in observed:
        wanted = _status(case, one, failing)
        if one.status != wanted:
            yield f"status of {one.step}: expected {wanted}, got {one.status}"


def _counts(counts: Counter[str], lasting: Sequence[str], failing: frozenset[str]) -> list[int]:
    """The requests of failing endpoints: of those that disappeared, then of those that did not."""
    gone = sorted(counts[endpoint] for endpoint in failing.difference(lasting))
    return gone + sorted(counts[endpoint] for endpoint in lasting)


def _bounds(
    recorded: Counter[str], lasting: Sequence[str], failing: frozenset[str]
) -> tuple[list[int], list[int]]:
    """The least and the most of each: one more or less of those that stay, since the last round is but a
    part of one."""
    counts = _counts(recorded, lasting, failing)
    gone = len(failing) - len(lasting)
    return [count - 1 for count in counts], [count + int(at >= gone) for at, count in enumerate(counts)]


def _tail(steps: Sequence[str]) -> frozenset[str]:
    """Where the last requests went: to each endpoint that was left, since they go round."""
    return frozenset(steps[-len(set(steps)) :])


def _status(case: Mapping[str, Any], one: Observation, failing: frozenset[str]) -> int | None:
    """What the client gets: the upstream's answer, or a 503 where there is none."""
    upstream = case.get("upstream") or {}
    status = upstream.get("status", 200)
    if one.endpoint in failing:
        status = upstream.get("fail_status", 503)
    return 503 if one.kind != "forward" or status == "reset" else status
