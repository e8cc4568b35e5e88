"""Istio's configuration compiles to the decisions that Istio documents.

Our own scenarios are beside this file. The shared ones hold Istio's YAML and stay where they are:
MESHCORE_SHARED, or the folder ``shared`` beside the repository.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from meshcore.replay import replay_file
from meshcore.replay.results import Failure

HERE = Path(__file__).parent
OWN = sorted((HERE / "istio_own").glob("*.json"))
SHARED = Path(os.environ.get("MESHCORE_SHARED") or HERE.parents[1].parent / "shared")
ROUTING = SHARED / "conformance" / "istio" / "routing.json"
VALIDATION = SHARED / "conformance" / "istio" / "validation.jsonl"


def explain(failures: list[Failure]) -> str:
    return "\n".join(
        f"{failure.case}: {difference}" for failure in failures for difference in failure.differences
    )


@pytest.mark.parametrize("recording", OWN, ids=lambda path: path.stem)
def test_own_scenarios(recording: Path) -> None:
    result = replay_file(recording)
    assert not result.failures, explain(result.failures)
    assert result.passed


@pytest.mark.skipif(not ROUTING.exists(), reason=f"{ROUTING} is not here: set MESHCORE_SHARED")
def test_shared_routing() -> None:
    result = replay_file(ROUTING)
    failures = result.failures
    if failures:
        warnings.warn(explain(failures), stacklevel=1)
    assert len(failures) <= 0.02 * (result.passed + len(failures)), explain(failures)


#: An API server drops what is wrong here (a mapping among addresses) and accepts the rest.
PRUNED = {"crd/serviceentry-valid/full"}


@pytest.mark.skipif(not VALIDATION.exists(), reason=f"{VALIDATION} is not here: set MESHCORE_SHARED")
def test_shared_validation() -> None:
    result = replay_file(VALIDATION)
    assert {failure.case for failure in result.failures} <= PRUNED, explain(result.failures)
    assert result.passed >= 400
