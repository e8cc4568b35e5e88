"""The Python of docs/tracing.md does what its comments say."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = (Path(__file__).parents[1] / "docs" / "tracing.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_the_examples(block: str) -> None:
    names: dict[str, Any] = {}
    exec(block, names)
    shown = re.findall(r"^(\S.*?)  # (.*)$", block, re.MULTILINE)
    assert shown
    for expression, value in shown:
        assert eval(expression, names) == ast.literal_eval(value), expression
