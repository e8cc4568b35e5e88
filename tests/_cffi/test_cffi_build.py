"""What cffi is told of the core, and what the core's public header has."""

from __future__ import annotations

import re

import pytest

from meshcore._cffi.build import HEADER, declarations

if not HEADER.exists():
    pytest.skip("the core's header is only in the source tree", allow_module_level=True)


def functions(text: str) -> set[str]:
    return set(re.findall(r"^[\w *]+?\**(mc_\w+)\(", re.sub(r"/\*.*?\*/", "", text, flags=re.S), flags=re.M))


def test_every_declaration_is_taken() -> None:
    header = HEADER.read_text()
    found = functions(header)
    assert {"mc_route_table_new", "mc_route_table_match", "mc_regex_compile"} <= found
    assert functions(declarations(header)) == found


def test_every_function_is_bound() -> None:
    core = pytest.importorskip("meshcore._cffi._core", reason="the cffi backend is not installed")
    bound = set(dir(core.lib))
    assert functions(HEADER.read_text()) - bound == set()
    assert "mc_mix64" in bound


def test_comments_and_directives_go() -> None:
    text = (
        "#ifndef A\n#define A\n#include <b.h>\n/* one\n two */\n#define SIZE 4\nint f(void); /* g(void) */\n"
    )
    assert declarations(text).split() == ["#define", "SIZE", "4", "int", "f(void);"]
