"""The Python of docs/global-limits.md does what its comments say."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from redis_server import RedisServer

pytestmark = pytest.mark.redis

DOCUMENT = (Path(__file__).parents[2] / "docs" / "global-limits.md").read_text()
BLOCKS = [
    block
    for block in re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)
    if "Redis" in block
]


def test_the_examples(server: RedisServer) -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block.replace("redis://localhost", server.url), names)
    shown = f"({names['allowed']}, {names['remaining']}, {names['retry_after']})"
    assert f"(allowed, remaining, retry_after)  # {shown}" in DOCUMENT
    assert asyncio.run(names["answer"]("192.0.2.9")) == 200
    assert f"limiter.stats().remote.asked  # {names['asked']}\n" in DOCUMENT
