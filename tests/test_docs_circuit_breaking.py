"""The Python of docs/circuit-breaking.md does what its comments say."""

from __future__ import annotations

from typing import Any

from docs_support import DOCS, python

PAGE = DOCS / "circuit-breaking.md"
DOCUMENT = PAGE.read_text()
BLOCKS = python(PAGE)


def test_overflow_and_the_room_that_is_left() -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS[0], names)
    exec(BLOCKS[1], names)
    second, third = names["second"], names["third"]
    said = f'("{second.outcome.name}", {second.status}, "{second.flags}")'
    assert f"(second.outcome.name, second.status, second.flags)  # {said}" in DOCUMENT
    assert f'second.details  # "{second.details}"' in DOCUMENT
    assert second.response_headers({})["x-envoy-overloaded"] == "true"
    assert third.outcome.name == "FORWARD"
    shown = str(names["breakers"]["requests"]).replace("'", '"')
    assert f'breakers["requests"]  # {shown}' in DOCUMENT
