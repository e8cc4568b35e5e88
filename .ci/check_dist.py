"""Looks into an sdist and a wheel: is all there, is nothing there that was generated or should be hidden?

python .ci/check_dist.py dist/*.tar.gz dist/*.whl
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def check_sdist(path: str) -> list[str]:
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {str(source.relative_to(ROOT)) for source in (ROOT / "src_c").rglob("*.[ch]")}
    wanted = {name for name in wanted if not name.startswith("src_c/build/")}
    wanted |= {"src_c/Makefile", "setup.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}
    wanted |= {f"tests/c/{name}" for name in ("check.h", "check.c")}
    problems = [f"the sdist lacks {name}" for name in sorted(wanted - names)]
    generated = [name for name in names if re.fullmatch(r"meshcore/.*\.(c|so|pyc)|(src_c/)?build/.*", name)]
    return problems + [f"the sdist holds {name}, which a build makes" for name in sorted(generated)]


def exported(library: Path) -> list[str]:
    command = ["nm", "-D", "--defined-only", "--format=posix", str(library)]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in listing.splitlines()]


def check_wheel(path: str) -> list[str]:
    problems = []
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        names = set(archive.namelist())
        extensions = [name for name in names if name.endswith(".so")]
        if not extensions:
            problems.append("the wheel has no compiled module")
        for name in extensions:
            module = name.partition(".")[0]
            private = Path(module).name.startswith("_")
            if not private and f"{module}.pyi" not in names:
                problems.append(f"the wheel lacks {module}.pyi beside {name}")
            library = Path(archive.extract(name, folder))
            entry = f"PyInit_{Path(module).name}"
            problems += [f"{name} exports {symbol}" for symbol in exported(library) if symbol != entry]
    if "meshcore/py.typed" not in names:
        problems.append("the wheel lacks meshcore/py.typed")
    stray = [name for name in names if name.endswith((".c", ".h", ".pyx")) or name.startswith("tests/")]
    return problems + [f"the wheel holds {name}" for name in sorted(stray)]


def main(paths: list[str]) -> int:
    problems = []
    for path in paths:
        problems += check_wheel(path) if path.endswith(".whl") else check_sdist(path)
    for problem in problems:
        print(problem)
    print(f"{len(paths)} distributions looked into, {len(problems)} problems")
    return 1 if problems or len(paths) < 2 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
