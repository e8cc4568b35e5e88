"""meshcore._docstrings: compiled classes say at run time what their stubs say."""

from __future__ import annotations

import importlib
import inspect
import pydoc
import re
from pathlib import Path

import pytest

import meshcore
from meshcore._docstrings import documentation, documented

PACKAGE = Path(__file__).parents[1] / "meshcore"
STUBS = sorted(path.stem for path in PACKAGE.glob("*.pyi"))


def docstring(module: object, name: str) -> str:
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    return inspect.cleandoc(found.__doc__ or "")


@pytest.mark.parametrize("name", STUBS)
def test_compiled_modules_say_what_their_stubs_say(name: str) -> None:
    module = importlib.import_module(f"meshcore.{name}")
    source = (PACKAGE / f"{name}.pyx").read_text()
    wanted = documentation((PACKAGE / f"{name}.pyi").read_text())
    _, *parts = re.split(r"^(?:cdef )?class (\w+)", source, flags=re.MULTILINE)
    bodies = dict(zip(parts[::2], parts[1::2], strict=True))
    # What is no property, but a field of an extension type, can have none of its own.
    defined = [
        each
        for each in wanted
        for owner, _, own in [each.rpartition(".")]
        if own in bodies or f"def {own}(" in bodies.get(owner, source)
    ]
    assert defined
    for each in defined:
        assert docstring(module, each) == wanted[each], each


def test_what_help_shows() -> None:
    bucket = pydoc.render_doc(meshcore.TokenBucket, renderer=pydoc.plaintext)
    assert "gains ``tokens_per_fill`` in each" in bucket
    assert "reserve(self, /, cost=1, *, max_wait=None)" in bucket
    decide = pydoc.render_doc(meshcore.Engine.decide, renderer=pydoc.plaintext)
    assert "scheme='http'" in decide
    assert "the request target as received" in decide
    assert list(inspect.signature(meshcore.RateLimiter).parameters)[:2] == ["max_tokens", "tokens_per_fill"]


SOURCE = """import x

# Of a room.
@final
cdef class Room:
    cdef int _doors

    def __cinit__(self, doors, *, wide=(1, 2)):
        self._doors = doors

    @property
    def doors(self):
        return self._doors

    def enter(
        self, who: str, times: int = 1
    ):
        raise ValueError
"""
STUB = '''
class Room:
    """A room\\'s doors.

    Second.
    """
    def __init__(self, doors: int, *, wide: tuple[int, int] = (1, 2)) -> None:
        """So many."""
    @property
    def doors(self) -> int:
        """How many."""
    def enter(self, who: str, times: int = 1) -> None:
        """Go in."""
'''


def test_statements_keep_their_lines() -> None:
    before, after = (text.split("\n") for text in (SOURCE, documented(SOURCE, STUB)))
    assert len(after) == len(before)
    for number in (1, 7, 9, 13, 18):
        assert after[number - 1] == before[number - 1]
    assert after[4] == r'''    "Room(doors, *, wide=(1, 2))\n--\n\nA room's doors.\n\nSecond.\n\nSo many."'''
    assert after[11] == "        'How many.'"
    assert after[16] == "        'Go in.'"


def test_a_stub_says_what_it_says() -> None:
    assert documentation(STUB) == {
        "Room": "A room's doors.\n\nSecond.\n\nSo many.",
        "Room.doors": "How many.",
        "Room.enter": "Go in.",
    }


def test_without_a_line_to_take() -> None:
    with pytest.raises(ValueError, match="no blank line above Room"):
        documented("cdef class Room:\n    def enter(self):\n        pass\n", STUB)
