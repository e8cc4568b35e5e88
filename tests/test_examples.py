"""The examples do what they say, each by its one command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=EXAMPLES.parent,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    return done.stdout


@pytest.mark.parametrize(
    ("example", "rows", "libraries"),
    [
        pytest.param("fastapi-bookinfo", 5, ("fastapi", "uvicorn", "httpx"), id="fastapi-bookinfo"),
        pytest.param("llm-gateway", 15, ("fastapi", "uvicorn", "httpx"), id="llm-gateway"),
        pytest.param("flask-requests", 6, ("flask", "requests"), id="flask-requests"),
    ],
)
def test_an_example_keeps_its_promises(example: str, rows: int, libraries: tuple[str, ...]) -> None:
    for library in libraries:
        pytest.importorskip(library)
    assert run(f"examples/{example}/run.py").count("✓") == rows


@pytest.mark.parametrize("folder", sorted(path.parent.name for path in EXAMPLES.glob("*/run.py")))
def test_an_example_is_explained_and_found(folder: str) -> None:
    assert (EXAMPLES / folder / "README.md").exists()
    for page in ("README.md", "docs/mesh.md"):
        assert f"examples/{folder}" in (EXAMPLES.parent / page).read_text()
