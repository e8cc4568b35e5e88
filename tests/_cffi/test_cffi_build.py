"""What cffi is told of the core, and what the core's public header has."""

from __future__ import annotations

import re

import pytest

from meshcore._cffi.build import HEADERS, INCLUDE, declarations, with_included

if not all(header.exists() for header in HEADERS):
    pytest.skip("the core's headers are only in the source tree", allow_module_level=True)


def functions(text: str) -> set[str]:
    return set(re.findall(r"^[\w *]+?\**(mc_\w+)\(", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M))


PARTS = [part for header in HEADERS for part in with_included(header)]


def test_every_header_is_read_behind_those_that_it_includes() -> None:
    assert sorted(PARTS) == sorted([*HEADERS, *INCLUDE.glob("meshcore/*.h")])
    for place, part in enumerate(PARTS):
        assert set(with_included(part)) <= set(PARTS[: place + 1])


def test_every_declaration_is_taken() -> None:
    found = [functions(part.read_text()) for part in PARTS]
    assert {"mc_route_table_new", "mc_regex_compile", "mc_entropy_new", "mc_decide"} <= set().union(*found)
    assert [functions(declarations(part.read_text())) for part in PARTS] == found


def test_every_function_is_bound() -> None:
    core = pytest.importorskip("meshcore._cffi._core", reason="the cffi backend is not installed")
    bound = set(dir(core.lib))
    for part in PARTS:
        assert functions(part.read_text()) - bound == set()
    assert "mc_mix64" in bound


def test_comments_and_directives_go() -> None:
    text = (
        "#ifndef A\n#define A\n#include <b.h>\n/* one\n two */\n#define SIZE 4\nint f(void); /* g(void) */\n"
    )
    assert declarations(text).split() == ["#define", "SIZE", "4", "int", "f(void);"]
