"""Limiters under threads, and processes that are killed: the C tests of it, for longer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "src_c"
PROGRAMS = CORE / "build" / "plain" / "tests"


def run_longer(name: str, *arguments: int) -> None:
    if not shutil.which("make") or not shutil.which("cc"):
        pytest.skip("needs make and a C compiler")
    build = ["make", "-s", "-C", str(CORE), "check", f"ONLY={name}"]
    subprocess.run(build, check=True, capture_output=True)
    command = [PROGRAMS / f"test_{name}", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stdout


@pytest.mark.stress
@pytest.mark.parametrize("workers", [1, 4, 16])
def test_no_window_has_more_for_many_rounds(workers: int) -> None:
    run_longer("table_shared", 1600 // max(workers, 4), workers)


@pytest.mark.stress
@pytest.mark.parametrize(
    ("name", "argument"), [("held", 200), ("regions", 3), ("reclaim", 1), ("holding", 1), ("live", 5)]
)
def test_killed_before_each_instruction(name: str, argument: int) -> None:
    """Of the C tests, which kill before some of them: how many rounds, or how many instructions apart."""
    run_longer(name, argument)
