"""What Istio derives from documents of the Gateway API is what we derive.

The recordings hold Istio's own YAML and stay where they are: MESHCORE_SHARED, or the folder
``shared`` beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshcore.replay import replay_file

SHARED = Path(os.environ.get("MESHCORE_SHARED") or Path(__file__).parents[2].parent / "shared")
RECORDED = SHARED / "conformance" / "istio" / "gateway_api.json"
#: The share of derived rules and Gateways that must be the same.
FLOOR = 0.95


@pytest.mark.skipif(not RECORDED.exists(), reason=f"{RECORDED} is not here: set MESHCORE_SHARED")
def test_derived_rules() -> None:
    result = replay_file(RECORDED)
    wrong = "\n".join(f"{it.case}: {'; '.join(it.differences)}" for it in result.failures)
    assert result.passed >= FLOOR * (result.passed + result.failed), wrong
