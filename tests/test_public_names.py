"""What ``import meshcore`` offers, and what it costs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import meshcore


@pytest.mark.parametrize("name", meshcore.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(meshcore, name) is not None
    assert name in dir(meshcore)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Engin'"):
        meshcore.Engin  # noqa: B018


def test_importing_the_package_loads_neither_loaders_nor_engine() -> None:
    heavy = "yaml", "msgspec", "meshcore.engine"
    code = f"import sys, meshcore; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"


def test_sources_that_are_not_compiled_say_so(tmp_path: Path) -> None:
    sources = Path(meshcore.__file__).parent
    ignored = shutil.ignore_patterns("*.so", "*.pyd", "*.c", "__pycache__")
    shutil.copytree(sources, tmp_path / "meshcore", ignore=ignored)
    for name in ("Engine", "RouteTable"):
        # -S: an editable install would lend its compiled modules.
        code = f"from meshcore import {name}"
        run = subprocess.run([sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 1
        assert "is not compiled in" in run.stderr.splitlines()[-1]
        assert "run 'pip install -e .' here" in run.stderr.splitlines()[-1]
