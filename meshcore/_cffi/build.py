"""What setup.py builds ``meshcore._cffi._core`` of: the core's public headers, as cffi wants to read
them.

The compiler sees the headers themselves, so that the two cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["declarations", "extension", "with_included"]

CORE = Path(__file__).parent.parent.parent / "src_c"
INCLUDE = CORE / "include"
HEADERS = (INCLUDE / "meshcore.h", CORE / "platform.h")

#: Beside them: what the bindings share with the core for draws of their own.
MORE = "uint64_t mc_mix64(uint64_t value);"
SOURCE = '#include "meshcore.h"\n#include "platform.h"\n#include "base/rng.h"\n'


def with_included(header: Path, seen: set[Path] | None = None) -> Iterator[Path]:
    """The public headers that it includes, each once, behind those that they include; and then itself."""
    seen = set() if seen is None else seen
    for name in re.findall(r'^#include "(meshcore/\w+\.h)"', header.read_text(), flags=re.M):
        if (included := INCLUDE / name) not in seen:
            seen.add(included)
            yield from with_included(included, seen)
    yield header


def declarations(header: str) -> str:
    """The header's declarations, without comments and without what the preprocessor alone understands."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.S)
    kept = [line for line in text.splitlines() if _wanted(line)]
    return "\n".join(kept)


def _wanted(line: str) -> bool:
    """Constants stay; guards and includes go."""
    return bool(line.strip()) and (not line.startswith("#") or re.match(r"#define \w+ \d+", line) is not None)


def extension(folder: str, **options: Any) -> Any:
    """The extension module, its C code written to a folder; the options are setuptools' for one."""
    from cffi import FFI

    builder = FFI()
    for header in HEADERS:
        for part in with_included(header):
            builder.cdef(declarations(part.read_text()))
    builder.cdef(MORE)
    builder.set_source("meshcore._cffi._core", SOURCE, **options)
    return builder.distutils_extension(folder)
