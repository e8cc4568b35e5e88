"""The Python of docs/shared-state.md does what its comments say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from meshcore.shared import state

DOCUMENT = (Path(__file__).parents[1] / "docs" / "shared-state.md").read_text()


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_folder", lambda: tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.S):
        exec(block, names)
    assert names["state"].path.name == f"meshcore-{os.geteuid()}-shop.2"
    assert names["limiter"].shared_state.path == names["state"].path
    assert names["state"].regions == 2
