"""Limiters under threads, and processes that are killed: the C test of it, for longer."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CORE = Path(__file__).parent.parent / "src_c"
PROGRAM = CORE / "build" / "plain" / "tests" / "test_table_shared"


@pytest.mark.stress
@pytest.mark.parametrize("workers", [1, 4, 16])
def test_no_window_has_more_for_many_rounds(workers: int) -> None:
    if not shutil.which("make") or not shutil.which("cc"):
        pytest.skip("needs make and a C compiler")
    build = ["make", "-s", "-C", str(CORE), "check", "ONLY=table_shared"]
    subprocess.run(build, check=True, capture_output=True)
    run = subprocess.run(
        [PROGRAM, str(1600 // max(workers, 4)), str(workers)], capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stdout
