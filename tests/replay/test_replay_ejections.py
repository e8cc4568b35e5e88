"""Comparing with recordings in which endpoints are ejected: what may differ, and what may not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from meshcore.replay.drive import Observation
from meshcore.replay.ejections import compare_ejections, is_of_ejections


def case(sequence: str, failing: str) -> dict[str, Any]:
    steps = [f"{step}:80" for step in sequence]
    return {
        "upstream": {"fail_hosts": [f"{step}:80" for step in failing]},
        "expect": {"sequence": steps, "counts": {"kind": {"forward": len(steps)}}},
    }


def seen(sequence: str, failing: str) -> list[Observation]:
    found = []
    for step in sequence:
        one = Observation("forward", 503 if step in failing else 200, "", "r", "c", f"{step}:80")
        found.append(one)
    return found


@pytest.mark.parametrize(
    ("recorded", "failing", "observed", "different"),
    [
        ("abcabcbcbcbc", "a", "bcabcabcbcbc", False),  # the rotation began elsewhere
        ("abcabcabcbcb", "a", "abcabcbcbcbc", False),  # Envoy let one more through
        ("abcabcbcbcbc", "a", "abcabcabcbcb", True),  # we did
        ("abcabcbcbcbc", "a", "abcabcabcabc", True),  # it was not ejected
        ("abcabcabcabc", "a", "abcabcbcbcbc", True),  # it ought not to be
        ("abcabcacacac", "ab", "bacbacbcbcbc", False),  # one of the two, whichever came first
        ("abcabcacacac", "ab", "abcabccccccc", True),
        ("bcbcbc", "", "bcabca", True),
    ],
)
def test_sequences(recorded: str, failing: str, observed: str, different: bool) -> None:
    assert bool(list(compare_ejections(case(recorded, failing), seen(observed, failing)))) is different


def test_statuses_are_those_of_the_endpoints() -> None:
    run = seen("abab", "a")
    run[1].status = 500
    assert list(compare_ejections(case("abab", "a"), run)) == ["status of b:80: expected 200, got 500"]


def test_kinds_count() -> None:
    recorded = case("aaaa", "")
    recorded["expect"]["sequence"] = [
        "local_reply",
        "local_reply",
        "no_healthy_upstream",
        "no_healthy_upstream",
    ]
    recorded["expect"]["counts"]["kind"] = {"local_reply": 2, "no_healthy_upstream": 2}
    kinds = ["local_reply"] * 2 + ["no_healthy_upstream"] * 2
    run = [Observation(kind, 503, "", "r", "c", None) for kind in kinds]
    assert list(compare_ejections(recorded, run)) == []
    run[2].kind = "local_reply"
    assert any(line.startswith("counts of kind") for line in compare_ejections(recorded, run))
    assert Counter(one.kind for one in run) == {"local_reply": 3, "no_healthy_upstream": 1}


def test_which_recordings_are_compared_so() -> None:
    assert is_of_ejections({"suite": "17_outlier_detection"})
    assert not is_of_ejections({"suite": "12_round_robin"})
