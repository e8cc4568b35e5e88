"""The add-on for mitmproxy, in an environment of its own: what mitmproxy pins clashes with the tests'."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.mark.mitmproxy
def test_the_addon_where_mitmproxy_is() -> None:
    python = os.environ.get("MESHCORE_MITMPROXY")
    if not python:
        pytest.skip(
            "MESHCORE_MITMPROXY names no Python with mitmproxy, meshcore-engine, pytest and hypothesis "
            "(tests/README.md)"
        )
    run = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mitmproxy_addon.py"],
        cwd=TESTS,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"[1-9]\d* passed", run.stdout)
    assert "skipped" not in run.stdout
