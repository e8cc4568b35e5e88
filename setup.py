"""Build of the C core and of the Cython bindings; everything else is in pyproject.toml.

src_c/ compiles once into a static library that each extension links. Header files are
dependencies of every object, so an edited header rebuilds what it may have changed.

MESHCORE_SANITIZE=address,undefined   builds with those sanitizers (and debug information)
MESHCORE_WERROR=1                     turns warnings into errors, as .ci/run does
"""

from __future__ import annotations

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib

ROOT = Path(__file__).parent
CORE = "meshcore_core"


def relative(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


SOURCES = relative("src_c/*.c") + relative("src_c/*/*.c")
HEADERS = relative("src_c/*/*.h") + relative("src_c/*/*.def")
SANITIZE = os.environ.get("MESHCORE_SANITIZE", "")
FLAGS = ["-std=c11", "-O3", "-fvisibility=hidden", "-fPIC"]
WARNINGS = ["-Wall", "-Wextra"] + (["-Werror"] if os.environ.get("MESHCORE_WERROR") else [])
LINK: list[str] = []
if SANITIZE:
    FLAGS += ["-g", "-O1", "-fno-omit-frame-pointer", f"-fsanitize={SANITIZE}"]
    LINK += [f"-fsanitize={SANITIZE}"]


class BuildCore(build_clib):
    """build_clib, but rebuilding when a header is newer than the library."""

    def build_libraries(self, libraries):  # type: ignore[no-untyped-def]
        library = Path(self.build_clib) / f"lib{CORE}.a"
        newest = max((ROOT / name).stat().st_mtime for name in (*SOURCES, *HEADERS, "setup.py"))
        if library.exists() and library.stat().st_mtime > newest:
            return
        library.unlink(missing_ok=True)
        super().build_libraries(libraries)


def extension(path: str) -> Extension:
    return Extension(
        path[: -len(".pyx")].replace("/", "."),
        [path],
        include_dirs=["src_c/include"],
        libraries=[CORE],
        depends=[*SOURCES, *HEADERS],
        # Cython's generated code is not ours to keep clean of unused-function warnings.
        extra_compile_args=[*FLAGS, "-Wall"],
        extra_link_args=LINK,
    )


setup(
    libraries=[
        (
            CORE,
            {
                "sources": SOURCES,
                "include_dirs": ["src_c/include", "src_c"],
                "cflags": [*FLAGS, *WARNINGS],
            },
        )
    ],
    ext_modules=cythonize(
        [extension(path) for path in relative("meshcore/*.pyx")],
        language_level=3,
        compiler_directives={"embedsignature": True, "binding": False},
    ),
    cmdclass={"build_clib": BuildCore},
)
