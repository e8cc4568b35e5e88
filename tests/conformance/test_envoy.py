"""What Envoy decided, recorded file by file, is what the engine decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshcore.replay import FileResult, replay_file

RECORDINGS = sorted((Path(__file__).parent / "envoy").glob("*.json"))


def explain(result: FileResult) -> str:
    """The failures of a file, one difference a line."""
    lines = [f"{result.failed} of {result.failed + result.passed} cases differ in {result.file}"]
    for failure in result.failures:
        lines += [f"  {failure.case}", *(f"    {difference}" for difference in failure.differences)]
    return "\n".join(lines)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_recording(recording: Path) -> None:
    result = replay_file(recording)
    assert not result.failures, explain(result)
    assert result.passed


def test_every_suite_of_the_covered_topics_is_here() -> None:
    assert len(RECORDINGS) >= 45
