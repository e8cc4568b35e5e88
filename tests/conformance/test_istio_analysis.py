"""Our analyzers find what istioctl's find.

The cases hold Istio's YAML and stay where they are: MESHCORE_SHARED, or the folder ``shared`` beside
the repository. Cases of our own are in tests/analysis.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pytest

from meshcore.replay import replay_file

SHARED = Path(os.environ.get("MESHCORE_SHARED") or Path(__file__).parents[2].parent / "shared")
ANALYSIS = SHARED / "conformance" / "istio" / "analysis.json"
#: The least share of the cases that must come out as istioctl has them.
FLOOR = 0.95


@pytest.mark.skipif(not ANALYSIS.exists(), reason=f"{ANALYSIS} is not here: set MESHCORE_SHARED")
def test_shared_analysis() -> None:
    result = replay_file(ANALYSIS)
    failures = "\n".join(f"{it.case}: {'; '.join(it.differences)}" for it in result.failures)
    if failures:
        warnings.warn(failures, stacklevel=1)
    assert result.passed >= FLOOR * (result.passed + result.failed), failures
