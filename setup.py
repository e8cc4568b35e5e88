"""Build of the C core and of the Cython bindings; everything else is in pyproject.toml.

src_c/ compiles once into a static library that each extension links. Header files are
dependencies of every object, so an edited header rebuilds what it may have changed.

On CPython the Cython modules are built, and the cffi module where cffi is installed; on PyPy, which has cffi
built in, the cffi module alone.

MESHCORE_SANITIZE=address,undefined   builds with those sanitizers (and debug information)
MESHCORE_WERROR=1                     turns warnings into errors, as .ci/run does
CFLAGS=-g                             keeps debug information, for a debugger or a profiler
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_clib import build_clib
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))
CORE = "meshcore_core"


def files(*patterns: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for pattern in patterns for path in ROOT.glob(pattern))


def accepts(*flags: str, linking: bool = False) -> bool:
    """Whether the compiler knows the flags, or the linker that it runs; not where they cannot be asked."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    with tempfile.TemporaryDirectory() as folder:
        end = ["-shared", "-o", str(Path(folder) / "made")] if linking else ["-fsyntax-only"]
        ask = [*compiler, "-Werror", *flags, *end, "-x", "c", os.devnull]
        try:
            return subprocess.run(ask, capture_output=True).returncode == 0
        except OSError:
            return False


def write_request_path(script: Path) -> list[str]:
    """Options for GNU ld, which puts the functions that requests run before the others by this script."""
    lines = (ROOT / "src_c" / "request_path.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    # Each where a line of the cache begins: what a request runs of it lies at its beginning.
    sections = "\n".join(f"    . = ALIGN(64); *(.text.{name} .text.{name}.*)" for name in names)
    script.parent.mkdir(exist_ok=True)
    script.write_text(f"SECTIONS {{\n  .text.requests : {{\n{sections}\n  }}\n}}\nINSERT BEFORE .text;\n")
    return ["-T", str(script)]


SOURCES = files("src_c/*.c", "src_c/*/*.c")
HEADERS = files("src_c/*.h", "src_c/*/*.h", "src_c/include/meshcore/*.h", "src_c/*/*.def")
SANITIZE = os.environ.get("MESHCORE_SANITIZE", "")
WERROR = ["-Werror"] if os.environ.get("MESHCORE_WERROR") else []
# Rings and tables come of sums in doubles that must round as Envoy's do: nothing is fused.
FLAGS = ["-std=c11", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-fPIC", *WERROR]
# GCC clears what has more than 64 bytes by a string instruction, which takes an x86 longer to begin than a
# loop takes to end.
BY_LOOPS = "-mmemset-strategy=vector_loop:256:noalign,libcall:-1:noalign"
# Calls of Python go by its address at once, not by a jump of a line of its own for each of its functions.
AT_ONCE = "-fno-plt"
LINK = ["-lm"]
FLAGS += [flag for flag in (BY_LOOPS, AT_ONCE) if accepts(flag)]
# A module takes of the core, and of what Cython writes for all cases, what it calls: the rest would lie
# between that, and a request would need more pages of memory. The linker of macOS has another name for it.
UNUSED = "-Wl,--gc-sections"
if not SANITIZE and accepts(UNUSED, linking=True):
    FLAGS += ["-ffunction-sections", "-fdata-sections"]
    LINK.append(UNUSED)
    side_by_side = write_request_path(ROOT / "build" / "request_path.ld")
    LINK += side_by_side if accepts(*side_by_side, linking=True) else []
# Python's own flags ask for debug information: a quarter of compiling, four fifths of what it makes.
if "-g" not in os.environ.get("CFLAGS", "").split():
    FLAGS.append("-g0")
if SANITIZE:
    FLAGS += ["-g", "-O1", "-fno-omit-frame-pointer", f"-fsanitize={SANITIZE}"]
    LINK += [f"-fsanitize={SANITIZE}"]


class BuildCore(build_clib):
    """build_clib on all cores, which also starts afresh when a flag or the list of sources has changed."""

    def build_libraries(self, libraries):  # type: ignore[no-untyped-def]
        recipe = Path(self.build_temp) / "recipe"
        current = repr((SOURCES, FLAGS, LINK, (ROOT / "src_c" / "request_path.txt").read_text()))
        if not recipe.exists() or recipe.read_text() != current:
            recipe.parent.mkdir(parents=True, exist_ok=True)
            recipe.write_text(current)
            (Path(self.build_clib) / f"lib{CORE}.a").unlink(missing_ok=True)
        for _, build in libraries:
            build["obj_deps"] = {"": [*HEADERS, "setup.py", str(recipe)]}
        for extension in self.distribution.ext_modules:
            extension.depends.append(str(recipe))
        compile_in_turn = self.compiler.compile
        with ThreadPoolExecutor(os.cpu_count()) as pool:

            def compile_at_once(sources: list[str], **options: Any) -> list[str]:
                made = pool.map(lambda source: compile_in_turn([source], **options), sources)
                return [path for paths in made for path in paths]

            self.compiler.compile = compile_at_once
            super().build_libraries(libraries)


class BuildExtensions(build_ext):
    """build_ext on all cores, which sees to it that the core is built first, also when it runs by itself."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.parallel is None:
            self.parallel = os.cpu_count()

    def run(self) -> None:
        self.run_command("build_clib")
        super().run()


OPTIONS = {
    "include_dirs": ["src_c/include", "src_c"],
    "libraries": [CORE],
    "depends": [*SOURCES, *HEADERS],
    # -Wextra is for our own C: generated code is not ours to keep clean of all it finds.
    "extra_compile_args": [*FLAGS, "-Wall"],
    "extra_link_args": LINK,
}


#: The Cython modules with the docstrings of their stubs, which help() shows.
DOCUMENTED = Path("build/documented")


def write_documented(path: str) -> None:
    """Unless it is there and the same: then nothing has to be compiled again."""
    from meshcore._docstrings import documented

    source, stub = (Path(path).with_suffix(ending) for ending in (".pyx", ".pyi"))
    text = source.read_text(encoding="utf-8")
    if stub.exists():
        text = documented(text, stub.read_text(encoding="utf-8"))
    written = DOCUMENTED / path
    if not written.exists() or written.read_text(encoding="utf-8") != text:
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(text, encoding="utf-8")


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """So that tracebacks name modules by the paths that they have in the source."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def cython_modules() -> list[Extension]:
    from Cython.Build import cythonize

    paths = files("meshcore/*.pyx", "meshcore/integrations/*.pyx")
    for path in paths:
        write_documented(path)
    with inside(DOCUMENTED):
        modules: list[Extension] = cythonize(
            [Extension(path[: -len(".pyx")].replace("/", "."), [path], **OPTIONS) for path in paths],
            include_path=[str(ROOT)],
            language_level=3,
            compiler_directives={
                "embedsignature": True,
                "embedsignature.format": "clinic",
                "binding": False,
            },
        )
    for module in modules:
        module.sources = [str(DOCUMENTED / source) for source in module.sources]
    return modules


def cffi_modules() -> list[Extension]:
    from meshcore._cffi.build import extension

    return [extension("build/cffi", **OPTIONS)]


#: Installers ask first for what a build needs, and for the metadata: neither depends on what Cython writes.
ASKED = sys.argv[1:2] in (["egg_info"], ["dist_info"])
MODULES = [] if ASKED or sys.implementation.name == "pypy" else cython_modules()
if not ASKED and importlib.util.find_spec("cffi"):
    MODULES += cffi_modules()

setup(
    libraries=[
        (
            CORE,
            {
                "sources": SOURCES,
                "include_dirs": ["src_c/include", "src_c"],
                "cflags": [*FLAGS, "-Wall", "-Wextra"],
            },
        )
    ],
    ext_modules=MODULES,
    cmdclass={"build_clib": BuildCore, "build_ext": BuildExtensions},
)
