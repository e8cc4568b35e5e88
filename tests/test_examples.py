"""The examples do what they say, each by its one command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_bookinfo_as_fastapi_services() -> None:
    for library in ("fastapi", "uvicorn", "httpx"):
        pytest.importorskip(library)
    said = run("examples/fastapi-bookinfo/run.py")
    assert said.count("ok  ") == 5
    assert "FAIL" not in said
