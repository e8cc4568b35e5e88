"""The components on PyPy: the modules that run on each backend, in an interpreter of their own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODULES = sorted(
    str(path.relative_to(TESTS))
    for path in TESTS.rglob("test_*.py")
    if 'usefixtures("each_backend")' in path.read_text() and path != Path(__file__)
)
OTHERS = ["test_backend.py", "_cffi/test_cffi_build.py"]


@pytest.mark.pypy
def test_the_components_on_pypy() -> None:
    python = os.environ.get("MESHCORE_PYPY")
    if not python:
        pytest.skip(
            "MESHCORE_PYPY names no PyPy with meshcore-engine, pytest and hypothesis (tests/README.md)"
        )
    assert {"test_balance.py", "test_match_route_table.py", "test_split.py"} <= set(MODULES)
    # Not from the root, where the package's own folder would be imported: it has nothing built for PyPy.
    run = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *MODULES, *OTHERS],
        cwd=TESTS,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"[1-9]\d* passed", run.stdout)
    assert "failed" not in run.stdout
