"""src_c/request_path.txt: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = re.findall(r"^(?!#)\S+$", (ROOT / "src_c" / "request_path.txt").read_text(), flags=re.MULTILINE)


def text_of(folder: str, *endings: str) -> str:
    return "\n".join(
        path.read_text() for end in endings for path in sorted((ROOT / folder).rglob(f"*.{end}"))
    )


C = text_of("src_c", "c", "h")
CYTHON = text_of("meshcore", "pyx", "pxd", "pxi")


@pytest.mark.parametrize("name", NAMES)
def test_there_is_such_a_function(name: str) -> None:
    if name.startswith("__pyx_tp_"):
        assert f"cdef class {name.rpartition('_')[2]}" in CYTHON
    elif name.startswith("__pyx_f_*_"):
        own = name.removeprefix("__pyx_f_*_")
        if length := re.match(r"\d+", own):  # of the class's name
            own = own[length.end() + int(length[0]) + 1 :]
        assert re.search(rf"cdef .*\b{own}\(", CYTHON)
    else:
        assert re.search(rf"\b{name}\(", C + CYTHON)
