"""The Python of docs/rate-limits.md does what its comments say."""

from __future__ import annotations

from typing import Any

from docs_support import DOCS, python

PAGE = DOCS / "rate-limits.md"
DOCUMENT = PAGE.read_text()
BLOCKS = python(PAGE)


def test_the_examples() -> None:
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(block, names)
    shown = f"({names['allowed']}, {names['remaining']}, {names['retry_after']})"
    assert f"(allowed, remaining, retry_after)  # {shown}" in DOCUMENT
    # Tokens come while the example runs.
    assert 98_800 <= names["tokens"].peek("team-a").remaining <= 100_000
    assert 0 <= names["wait"] <= 0.5
